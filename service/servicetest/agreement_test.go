package servicetest_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// TestDeriveSharedSecret_BothSides_Agree: both sides agree, two keys of the service with one
// another and with the standard library, on as many bytes as a coordinate has; and a key that is
// not exactly one of the curve is refused.
func TestDeriveSharedSecret_BothSides_Agree(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	curves := map[types.KeySpec]ecdh.Curve{"ECC_NIST_P256": ecdh.P256(), "ECC_NIST_P384": ecdh.P384(),
		"ECC_NIST_P521": ecdh.P521()}
	derive := func(key *types.KeyMetadata, peer []byte) ([]byte, error) {
		out, err := c.DeriveSharedSecret(t.Context(),
			&kms.DeriveSharedSecretInput{KeyId: key.KeyId, PublicKey: peer, KeyAgreementAlgorithm: "ECDH"})
		if err != nil {
			return nil, err
		}
		if *out.KeyId != *key.Arn || out.KeyAgreementAlgorithm != "ECDH" || out.KeyOrigin != "AWS_KMS" {
			t.Errorf("DeriveSharedSecret answered %+v", out)
		}
		return out.SharedSecret, nil
	}
	spki := func(key any) []byte { return must(x509.MarshalPKIXPublicKey(key))(t) }
	for spec, curve := range curves {
		t.Run(string(spec), func(t *testing.T) {
			one := createSpecial(t, c, spec, "KEY_AGREEMENT")
			two := createSpecial(t, c, spec, "KEY_AGREEMENT")
			first, other := publicKey(t, c, one.KeyId).(*ecdsa.PublicKey), publicKey(t, c,
				two.KeyId).(*ecdsa.PublicKey)
			a, b := must(derive(one, spki(other)))(t), must(derive(two, spki(first)))(t)
			if !bytes.Equal(a, b) {
				t.Error("two keys of the service do not agree")
			}
			for range 8 {
				mine := must(curve.GenerateKey(rand.Reader))(t)
				want := must(mine.ECDH(must(first.ECDH())(t)))(t)
				if got := must(derive(one, spki(mine.PublicKey())))(t); !bytes.Equal(got, want) {
					t.Errorf("here %x, elsewhere %x", got, want)
				}
			}
			for what, peer := range badPeers(t, spki(other), first.Curve) {
				// Without a message: that is what the SDK makes of none.
				t.Run(what, func(t *testing.T) {
					refused(t, second(derive(one, peer)), "ValidationException", "UnknownError")
				})
			}
		})
	}
	_, err := c.DeriveSharedSecret(t.Context(),
		&kms.DeriveSharedSecretInput{KeyId: createSpecial(t, c, "ECC_NIST_P256", "KEY_AGREEMENT").KeyId,
			PublicKey: []byte("x"), KeyAgreementAlgorithm: "ECDH",
			Recipient: &types.RecipientInfo{AttestationDocument: []byte("x")}})
	refused(t, err, "UnsupportedOperationException", "*")
}

// badPeers are encodings that are near a good public key and none.
func badPeers(t testing.TB, good []byte, curve elliptic.Curve) map[string][]byte {
	t.Helper()
	size := (curve.Params().BitSize + 7) / 8
	head, point := good[:len(good)-2*size-1], good[len(good)-2*size-1:]
	with := func(point []byte) []byte { return resized(t, head, point) }
	compressed := append([]byte{2 | point[2*size]&1}, point[1:1+size]...)
	hybrid := append([]byte{6 | point[2*size]&1}, point[1:]...)
	off := bytes.Clone(point)
	off[2*size] ^= 1
	beyond := append([]byte{4}, bytes.Repeat([]byte{0xFF}, 2*size)...)
	others := map[elliptic.Curve]elliptic.Curve{elliptic.P256(): elliptic.P384(),
		elliptic.P384(): elliptic.P521(), elliptic.P521(): elliptic.P256()}
	elsewhere := must(ecdsa.GenerateKey(others[curve], rand.Reader))(t)
	modulus := must(rsa.GenerateKey(rand.Reader, 2048))(t)
	x25519 := must(ecdh.X25519().GenerateKey(rand.Reader))(t)
	return map[string][]byte{
		"of another curve":   must(x509.MarshalPKIXPublicKey(&elsewhere.PublicKey))(t),
		"RSA":                must(x509.MarshalPKIXPublicKey(&modulus.PublicKey))(t),
		"X25519":             must(x509.MarshalPKIXPublicKey(x25519.PublicKey()))(t),
		"not on the curve":   with(off),
		"beyond the field":   with(beyond),
		"zero":               with(append([]byte{4}, make([]byte, 2*size)...)),
		"infinity":           with([]byte{0}),
		"compressed":         with(compressed),
		"hybrid":             with(hybrid),
		"no point":           with(nil),
		"cut short":          good[:len(good)-1],
		"with a tail":        append(bytes.Clone(good), 0),
		"the point alone":    point,
		"a length too long":  longForm(good),
		"no key at all":      []byte("hello"),
		"an empty structure": {0x30, 0},
	}
}

// resized puts another point behind the head of a SubjectPublicKeyInfo, with
// lengths that are right.
func resized(t testing.TB, head, point []byte) []byte {
	t.Helper()
	var info struct {
		Algorithm asn1.RawValue
		Point     asn1.BitString
	}
	if _, err := asn1.Unmarshal(append(bytes.Clone(head), make([]byte, 200)...)[:len(head)+
		int(headLength(head))], &info); err != nil {
		t.Fatal(err)
	}
	info.Point = asn1.BitString{Bytes: point, BitLength: 8 * len(point)}
	return must(asn1.Marshal(info))(t)
}

// headLength is how many bytes of point a head speaks of: its BIT STRING's length without the byte
// of unused bits.
func headLength(head []byte) byte { return head[len(head)-2] - 1 }

// longForm writes the outer length of a DER structure with a byte more than it needs.
func longForm(der []byte) []byte {
	if der[1] < 0x80 {
		return append([]byte{der[0], 0x81}, der[1:]...)
	}
	return append([]byte{der[0], 0x82, 0}, der[2:]...)
}
