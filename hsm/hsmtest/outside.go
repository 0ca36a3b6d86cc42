package hsmtest

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"hash"
	"strings"
	"sync"
	"testing"

	"filippo.io/mldsa"
	mldsax509 "filippo.io/mldsa/x509"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"claviger/hsm/internal/kwp"
	"claviger/internal/custody"
	"claviger/internal/lattice"
)

// Secp256k1PKCS8 is the DER before the number in PKCS#8 (RFC 5208, RFC 5915) of a private key on
// secp256k1, without its public half. Package x509 doesn't know the curve.
var Secp256k1PKCS8 = []byte{
	0x30, 0x3E, 0x02, 0x01, 0x00, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
	0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x0A, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20,
}

// PKCS8 encodes a private key of any kind in DER.
func PKCS8(key crypto.PrivateKey) ([]byte, error) {
	switch k := key.(type) {
	case *secp256k1.PrivateKey:
		return append(bytes.Clone(Secp256k1PKCS8), k.Serialize()...), nil
	case *mldsa.PrivateKey:
		return mldsax509.MarshalPKCS8PrivateKey(k)
	case *lattice.DecapsulationKey:
		return k.PKCS8(), nil
	}
	return x509.MarshalPKCS8PrivateKey(key)
}

// openGCM opens what a token sealed, with the key's bytes.
func openGCM(key, sealed, aad []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], aad)
}

// authenticate is the HMAC of data by the key's bytes.
func authenticate(hash crypto.Hash, key, data []byte) []byte {
	h := hmac.New(hash.New, key)
	h.Write(data)
	return h.Sum(nil)
}

// Envelop wraps a key as a customer does, for the public half of a pair in SubjectPublicKeyInfo. It
// returns nil for a key that is too long for the algorithm.
func Envelop(t testing.TB, spki []byte, alg custody.Algorithm, key []byte) []byte {
	t.Helper()
	kek := make([]byte, 32)
	rand.Read(kek)
	if !strings.HasPrefix(string(alg), "RSA_AES") {
		return envelop(t, spki, alg, key)
	}
	inner, err := kwp.Wrap(kek, key)
	if err != nil {
		t.Fatal(err)
	}
	return append(envelop(t, spki, alg, kek), inner...)
}

// envelop is RSAES-OAEP by the hash at the end of an algorithm's name.
func envelop(t testing.TB, spki []byte, alg custody.Algorithm, key []byte) []byte {
	t.Helper()
	public, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		t.Fatal(err)
	}
	var h hash.Hash = sha256.New()
	if strings.HasSuffix(string(alg), "SHA_1") {
		h = sha1.New()
	}
	out, err := rsa.EncryptOAEP(h, rand.Reader, public.(*rsa.PublicKey), key, nil)
	if err != nil && !errors.Is(err, rsa.ErrMessageTooLong) {
		t.Fatal(err)
	}
	return out
}

// rsaKeys are made once: the big ones take seconds.
var rsaKeys = map[string]func() *rsa.PrivateKey{
	"RSA_2048": sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) }),
	"RSA_3072": sync.OnceValue(func() *rsa.PrivateKey { return newRSA(3072) }),
	"RSA_4096": sync.OnceValue(func() *rsa.PrivateKey { return newRSA(4096) }),
}

func newRSA(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

// Outside makes a key of a kind outside the token: of a secret key its bytes, of a pair the private
// key as well. A name that begins so says the kind: an AWS key spec will do.
func Outside(t testing.TB, kind string) (key []byte, private crypto.PrivateKey) {
	t.Helper()
	spec, _, _ := strings.Cut(kind, " ")
	curves := map[string]elliptic.Curve{
		"ECC_NIST_P256": elliptic.P256(), "ECC_NIST_P384": elliptic.P384(),
		"ECC_NIST_P521": elliptic.P521(),
	}
	sizes := map[string]int{"AES_256": 32, "SYMMETRIC_DEFAULT": 32, "HMAC_SHA_224": 28,
		"HMAC_SHA_256": 32, "HMAC_SHA_384": 48, "HMAC_SHA_512": 64,
		"HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64}
	var err error
	switch {
	case sizes[spec] > 0:
		key = make([]byte, sizes[spec])
		rand.Read(key)
		return key, nil
	case curves[spec] != nil:
		private, err = ecdsa.GenerateKey(curves[spec], rand.Reader)
	case rsaKeys[spec] != nil:
		private = rsaKeys[spec]()
	default:
		private, err = secp256k1.GeneratePrivateKey()
	}
	if err == nil {
		key, err = PKCS8(private)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key, private
}
