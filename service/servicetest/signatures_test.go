package servicetest_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"hash"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	k1ecdsa "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

var hashes = map[string]func() hash.Hash{"224": sha256.New224, "256": sha256.New,
	"384": sha512.New384, "512": sha512.New}

// hashOf is the hash that an algorithm's name ends with.
func hashOf(algorithm string) (func() hash.Hash, crypto.Hash) {
	n := algorithm[strings.LastIndex(algorithm, "_")+1:]
	return hashes[n], map[string]crypto.Hash{"224": crypto.SHA224, "256": crypto.SHA256,
		"384": crypto.SHA384, "512": crypto.SHA512}[n]
}

// publicKey reads a SubjectPublicKeyInfo with the standard library, and with OpenSSL's layout of
// secp256k1 where it can't.
func publicKey(t testing.TB, c *kms.Client, id *string) any {
	t.Helper()
	out := must(c.GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: id}))(t)
	if out.KeySpec != "ECC_SECG_P256K1" {
		return must(x509.ParsePKIXPublicKey(out.PublicKey))(t)
	}
	var info struct {
		Algorithm struct{ Algorithm, Curve asn1.ObjectIdentifier }
		Point     asn1.BitString
	}
	rest, err := asn1.Unmarshal(out.PublicKey, &info)
	if err != nil || len(rest) != 0 ||
		!info.Algorithm.Algorithm.Equal(asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}) ||
		!info.Algorithm.Curve.Equal(asn1.ObjectIdentifier{1, 3, 132, 0, 10}) {
		t.Fatalf("no SubjectPublicKeyInfo of secp256k1: %v", err)
	}
	return must(secp256k1.ParsePubKey(info.Point.Bytes))(t)
}

// verifiesElsewhere is the standard library's opinion of a signature.
func verifiesElsewhere(key any, algorithm string, digest, signature []byte) bool {
	_, h := hashOf(algorithm)
	switch key := key.(type) {
	case *rsa.PublicKey:
		if strings.Contains(algorithm, "PSS") {
			return rsa.VerifyPSS(key, h, digest, signature, &rsa.PSSOptions{SaltLength: h.Size()}) == nil
		}
		return rsa.VerifyPKCS1v15(key, h, digest, signature) == nil
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest, signature)
	case *secp256k1.PublicKey:
		s, err := k1ecdsa.ParseDERSignature(signature)
		return err == nil && s.Verify(digest, key)
	}
	return false
}

// TestSign_MessageOrDigest_VerifiesElsewhere: what is signed here verifies elsewhere and here, of a
// message and of its digest alike, and nothing else does.
func TestSign_MessageOrDigest_VerifiesElsewhere(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	for _, m := range makes {
		if m.usage != "SIGN_VERIFY" {
			continue
		}
		key := createSpecial(t, c, m.spec, m.usage)
		public := publicKey(t, c, key.KeyId)
		for _, algorithm := range m.algorithms {
			t.Run(fmt.Sprint(m.spec, "/", algorithm),
				func(t *testing.T) { signatures(t, c, key, public, algorithm) })
		}
	}
}

func signatures(t *testing.T, c *kms.Client, key *types.KeyMetadata, public any, algorithm string) {
	a := types.SigningAlgorithmSpec(algorithm)
	verify := func(message []byte, kind types.MessageType, signature []byte) error {
		out, err := c.Verify(t.Context(),
			&kms.VerifyInput{KeyId: key.KeyId, Message: message, MessageType: kind, Signature: signature,
				SigningAlgorithm: a})
		if err == nil && (!out.SignatureValid || *out.KeyId != *key.Arn || out.SigningAlgorithm != a) {
			t.Errorf("Verify answered %+v", out)
		}
		return err
	}
	for _, message := range [][]byte{[]byte("x"), bytes.Repeat([]byte{0xA5}, 4096)} {
		newHash, h := hashOf(algorithm)
		sum := newHash()
		sum.Write(message)
		digest := sum.Sum(nil)
		for _, kind := range []types.MessageType{"", "RAW", "DIGEST"} {
			given := message
			if kind == "DIGEST" {
				given = digest
			}
			out := must(c.Sign(t.Context(),
				&kms.SignInput{KeyId: key.KeyId, Message: given, MessageType: kind, SigningAlgorithm: a}))(t)
			if *out.KeyId != *key.Arn || out.SigningAlgorithm != a {
				t.Errorf("Sign answered %s, %s", *out.KeyId, out.SigningAlgorithm)
			}
			if !verifiesElsewhere(public, algorithm, digest, out.Signature) {
				t.Errorf("a signature of %d bytes %s does not verify elsewhere", len(given), kind)
			}
			accepted(t, verify(message, "RAW", out.Signature))
			accepted(t, verify(digest, "DIGEST", out.Signature))
			for what, err := range map[string]error{
				"another message":   verify(append([]byte("y"), message[1:]...), "RAW", out.Signature),
				"the digest as RAW": verify(digest, "RAW", out.Signature),
				"cut short":         verify(message, "RAW", out.Signature[:len(out.Signature)-1]),
				"with a tail":       verify(message, "RAW", append(bytes.Clone(out.Signature), 0)),
				"a bit flipped": verify(message, "RAW",
					append([]byte{out.Signature[0] ^ 0x40}, out.Signature[1:]...)),
				"a last bit flipped": verify(message, "RAW",
					append(bytes.Clone(out.Signature[:len(out.Signature)-1]),
						out.Signature[len(out.Signature)-1]^1)),
				"no signature": verify(message, "RAW", []byte{0}),
			} {
				t.Run(what, func(t *testing.T) { refused(t, err, "KMSInvalidSignatureException", "") })
			}
		}
		for _, n := range []int{1, h.Size() - 1, h.Size() + 1, 64 - h.Size()/2} {
			_, err := c.Sign(t.Context(),
				&kms.SignInput{KeyId: key.KeyId, Message: make([]byte, n), MessageType: "DIGEST",
					SigningAlgorithm: a})
			refused(t, err, "ValidationException", "Digest is invalid length for algorithm "+algorithm+".")
			refused(t, verify(make([]byte, n), "DIGEST", []byte("x")), "ValidationException",
				"Digest is invalid length for algorithm "+algorithm+".")
		}
	}
	_, err := c.Sign(t.Context(),
		&kms.SignInput{KeyId: key.KeyId, Message: make([]byte, 64), MessageType: "EXTERNAL_MU",
			SigningAlgorithm: a})
	refused(t, err, "ValidationException", "Message type EXTERNAL_MU is incompatible with algorithm "+
		algorithm+".")
	refused(t, verify(make([]byte, 64), "EXTERNAL_MU", []byte("x")), "ValidationException",
		"Message type EXTERNAL_MU is incompatible with algorithm "+algorithm+".")
	_, err = c.Sign(t.Context(),
		&kms.SignInput{KeyId: key.KeyId, Message: make([]byte, 4097), SigningAlgorithm: a})
	refused(t, err, "ValidationException", "*")
}

// TestGenerateMac_EverySpec_VerifiesAsItStands: HMACs are those of the standard library by no key
// that anybody knows, so they are compared with one another.
func TestGenerateMac_EverySpec_VerifiesAsItStands(t *testing.T) {
	s := servicetest.Start(t)
	c := s.KMS()
	for spec, size := range map[string]int{"224": 28, "256": 32, "384": 48, "512": 64} {
		t.Run(spec, func(t *testing.T) {
			a := types.MacAlgorithmSpec("HMAC_SHA_" + spec)
			key, other := createSpecial(t, c, types.KeySpec("HMAC_"+spec),
				"GENERATE_VERIFY_MAC"), createSpecial(t, c, types.KeySpec("HMAC_"+spec), "GENERATE_VERIFY_MAC")
			generate := func(id *string, message []byte) []byte {
				out := must(c.GenerateMac(t.Context(),
					&kms.GenerateMacInput{KeyId: id, Message: message, MacAlgorithm: a}))(t)
				if out.MacAlgorithm != a || len(out.Mac) != size || id == key.KeyId && *out.KeyId != *key.Arn {
					t.Errorf("GenerateMac answered %d bytes, %s, %s", len(out.Mac), out.MacAlgorithm, *out.KeyId)
				}
				return out.Mac
			}
			verify := func(message, mac []byte) error {
				out, err := c.VerifyMac(t.Context(),
					&kms.VerifyMacInput{KeyId: key.KeyId, Message: message, Mac: mac, MacAlgorithm: a})
				if err == nil && (!out.MacValid || *out.KeyId != *key.Arn || out.MacAlgorithm != a) {
					t.Errorf("VerifyMac answered %+v", out)
				}
				return err
			}
			for _, message := range [][]byte{[]byte("x"), bytes.Repeat([]byte{0x5A}, 4096)} {
				mac := generate(key.KeyId, message)
				if !bytes.Equal(mac, generate(key.KeyId, message)) ||
					bytes.Equal(mac, generate(other.KeyId, message)) {
					t.Error("a MAC is not of its key and message alone")
				}
				accepted(t, verify(message, mac))
				for what, err := range map[string]error{
					"another message":   verify(append([]byte("y"), message[1:]...), mac),
					"another key's":     verify(message, generate(other.KeyId, message)),
					"cut short":         verify(message, mac[:size-1]),
					"with a tail":       verify(message, append(bytes.Clone(mac), 0)),
					"a bit flipped":     verify(message, append([]byte{mac[0] ^ 1}, mac[1:]...)),
					"by an empty key":   verify(message, macBy(spec, nil, message)),
					"one byte":          verify(message, []byte{0}),
					"as long as Mac is": verify(message, make([]byte, 6144)),
				} {
					t.Run(what, func(t *testing.T) { refused(t, err, "KMSInvalidMacException", "") })
				}
			}
		})
	}
}

func macBy(spec string, key, message []byte) []byte {
	h := hmac.New(hashes[spec], key)
	h.Write(message)
	return h.Sum(nil)
}
