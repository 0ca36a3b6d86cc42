package publickey

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	secp256k1ecdsa "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// numbers is Ecdsa-Sig-Value (RFC 3279 section 2.2.3).
type numbers struct{ R, S *big.Int }

// signed is a signature, its key and the order of the curve.
type signed struct {
	key       crypto.PublicKey
	order     *big.Int
	signature []byte
}

// signedByECDSA is a signature of a digest by each curve.
func signedByECDSA(t *testing.T, digest []byte) map[string]signed {
	t.Helper()
	out := map[string]signed{}
	for spec, curve := range curves {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		noError(t, err)
		signature, err := ecdsa.SignASN1(rand.Reader, key, digest)
		noError(t, err)
		out[spec] = signed{&key.PublicKey, curve.Params().N, signature}
	}
	key, err := secp256k1.GeneratePrivateKey()
	noError(t, err)
	out[SpecSecp256k1] = signed{key.PubKey(), secp256k1.Params().N,
		secp256k1ecdsa.Sign(key, digest).Serialize()}
	return out
}

// TestVerifyECDSA_AnyOtherEncoding_IsRefused: the numbers are in their range and their encoding is
// DER; whoever takes more lets a signature be changed without the key.
func TestVerifyECDSA_AnyOtherEncoding_IsRefused(t *testing.T) {
	digest := sha256.Sum256([]byte("m"))
	for spec, x := range signedByECDSA(t, digest[:]) {
		var n numbers
		_, err := asn1.Unmarshal(x.signature, &n)
		noError(t, err)
		der := func(r, s *big.Int) []byte {
			b, err := asn1.Marshal(numbers{r, s})
			noError(t, err)
			return b
		}
		verify := func(signature []byte) bool {
			return verifyECDSA(x.key, crypto.SHA256, digest[:], signature)
		}
		zero, plus := new(big.Int), func(a *big.Int) *big.Int { return new(big.Int).Add(a, x.order) }
		if !verify(x.signature) || !verify(der(n.R, new(big.Int).Sub(x.order, n.S))) {
			t.Errorf("%s: a good signature, or the one with the other s, is refused", spec)
		}
		for what, bad := range map[string][]byte{
			"r of nothing":          der(zero, n.S),
			"s of nothing":          der(n.R, zero),
			"both of nothing":       der(zero, zero),
			"r beyond the order":    der(plus(n.R), n.S),
			"s beyond the order":    der(n.R, plus(n.S)),
			"r is the order":        der(x.order, n.S),
			"s is the order":        der(n.R, x.order),
			"a negative r":          der(new(big.Int).Neg(n.R), n.S),
			"a negative s":          der(n.R, new(big.Int).Neg(n.S)),
			"r and s exchanged":     der(n.S, n.R),
			"a long form of length": longForm(x.signature),
			"an indefinite length":  append(append([]byte{0x30, 0x80}, content(t, x.signature)...), 0, 0),
			"a zero in front of r":  padded(t, n),
			"something after s":     within(append(content(t, x.signature), 5, 0)),
			"a tail":                append(bytes.Clone(x.signature), 0),
			"a set":                 append([]byte{0x31}, x.signature[1:]...),
			"the bare numbers": append(n.R.FillBytes(make([]byte, 66)),
				n.S.FillBytes(make([]byte, 66))...),
			"nothing":                nil,
			"a structure of nothing": {0x30, 0},
		} {
			if verify(bad) {
				t.Errorf("%s: a signature with %s is taken", spec, what)
			}
		}
	}
}

// content returns what is inside a DER structure.
func content(t *testing.T, der []byte) []byte {
	t.Helper()
	var raw asn1.RawValue
	_, err := asn1.Unmarshal(der, &raw)
	noError(t, err)
	return slices.Clone(raw.Bytes)
}

// within is a DER sequence of something.
func within(content []byte) []byte {
	if len(content) > 0x7F {
		return append([]byte{0x30, 0x81, byte(len(content))}, content...)
	}
	return append([]byte{0x30, byte(len(content))}, content...)
}

// longForm writes the length of a DER structure with a byte more than it needs.
func longForm(der []byte) []byte {
	if der[1] < 0x80 {
		return append([]byte{der[0], 0x81}, der[1:]...)
	}
	return append([]byte{der[0], 0x82, 0}, der[2:]...)
}

// padded writes r with a zero byte that it doesn't need.
func padded(t *testing.T, n numbers) []byte {
	t.Helper()
	r, err := asn1.Marshal(n.R)
	noError(t, err)
	s, err := asn1.Marshal(n.S)
	noError(t, err)
	return within(slices.Concat([]byte{2, r[1] + 1, 0}, r[2:], s))
}

// TestVerifyRSA_AnyOtherEncoding_IsRefused: as long as the modulus, and below it.
func TestVerifyRSA_AnyOtherEncoding_IsRefused(t *testing.T) {
	digest := sha256.Sum256([]byte("m"))
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	noError(t, err)
	pss, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest[:],
		&rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	noError(t, err)
	pkcs1, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	noError(t, err)
	short, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, digest[:],
		&rsa.PSSOptions{SaltLength: 20})
	noError(t, err)
	for algorithm, signature := range map[string][]byte{"RSASSA_PSS_SHA_256": pss,
		"RSASSA_PKCS1_V1_5_SHA_256": pkcs1} {
		verify := func(signature []byte) bool {
			return Schemes[algorithm].verify(&key.PublicKey, crypto.SHA256, digest[:], signature)
		}
		if !verify(signature) {
			t.Errorf("%s: a good signature is refused", algorithm)
		}
		more := new(big.Int).Add(new(big.Int).SetBytes(signature), key.N).Bytes()
		otherScheme := map[string][]byte{"RSASSA_PSS_SHA_256": pkcs1,
			"RSASSA_PKCS1_V1_5_SHA_256": pss}[algorithm]
		for what, bad := range map[string][]byte{
			"a zero in front":    append([]byte{0}, signature...),
			"a tail":             append(bytes.Clone(signature), 0),
			"the modulus added":  more,
			"the modulus itself": key.N.Bytes(),
			"nothing":            nil,
			"zero":               make([]byte, 256),
			"one":                append(make([]byte, 255), 1),
			"the other scheme's": otherScheme,
			"a shorter salt":     short,
		} {
			if verify(bad) {
				t.Errorf("%s: %s is taken", algorithm, what)
			}
		}
	}
}

// TestVerifyEd25519_AnyOtherEncoding_IsRefused: RFC 8032 section 5.1.7 wants S below the order of
// the group.
func TestVerifyEd25519_AnyOtherEncoding_IsRefused(t *testing.T) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	noError(t, err)
	signature := ed25519.Sign(key, []byte("m"))
	verify := func(signature []byte) bool {
		return Schemes[Ed25519].verify(public, 0, []byte("m"), signature)
	}
	if !verify(signature) {
		t.Error("a good signature is refused")
	}
	order, _ := new(big.Int).SetString(
		"1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed", 16)
	s := slices.Clone(signature[32:])
	slices.Reverse(s)
	more := new(big.Int).Add(new(big.Int).SetBytes(s), order).FillBytes(make([]byte, 32))
	slices.Reverse(more)
	for what, bad := range map[string][]byte{
		"S with the order added": slices.Concat(signature[:32], more),
		"cut short":              signature[:63],
		"a tail":                 append(bytes.Clone(signature), 0),
		"zero":                   make([]byte, 64),
		"nothing":                nil,
	} {
		if verify(bad) {
			t.Errorf("%s is taken", what)
		}
	}
}
