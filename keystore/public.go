package keystore

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"errors"

	"claviger/internal/custody"
	"claviger/internal/lattice"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// What the names of asymmetric key specs stand for: modulus bits and curves.
var (
	moduli = map[string]int{"RSA_2048": 2048, "RSA_3072": 3072, "RSA_4096": 4096}
	curves = map[string]elliptic.Curve{"ECC_NIST_P256": elliptic.P256(), "ECC_NIST_P384": elliptic.P384(), "ECC_NIST_P521": elliptic.P521()}
)

var errPublic = errors.New("this is no public key of the spec")

// parsePublic reads a DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) that must hold a key of a spec: *rsa.PublicKey,
// *ecdsa.PublicKey, *secp256k1.PublicKey, ed25519.PublicKey, *lattice.VerificationKey or *lattice.EncapsulationKey. Only one encoding of a key is taken: points are uncompressed
// (SEC 1 section 2.3.3) and on the curve, infinity is no key, and curves are named, not described.
func parsePublic(spec string, der []byte) (crypto.PublicKey, error) {
	if spec == keyOfSecp256k1 {
		return parseSecp256k1(der)
	}
	if lattice.Known(spec) {
		return lattice.ParsePublic(spec, der)
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	fits := false
	switch key := key.(type) {
	case *rsa.PublicKey:
		fits = key.N.BitLen() == moduli[spec]
	case *ecdsa.PublicKey:
		fits = key.Curve == curves[spec]
	case ed25519.PublicKey:
		fits = spec == keyOfCurve25519
	}
	if !fits {
		return nil, errPublic
	}
	if canonical, err := x509.MarshalPKIXPublicKey(key); err != nil || !bytes.Equal(canonical, der) {
		return nil, errPublic
	}
	return key, nil
}

// x509 knows no secp256k1 (SEC 2). Its keys have one length each, so their DER is a constant before the values.
var (
	// SubjectPublicKeyInfo {{id-ecPublicKey, secp256k1}, the point}
	secp256k1SPKI = unhex("3056301006072a8648ce3d020106052b8104000a034200")
	// PrivateKeyInfo (RFC 5208) {0, {id-ecPublicKey, secp256k1}, ECPrivateKey (RFC 5915) {1, 32 bytes, [1] the point}}
	secp256k1PKCS8 = unhex("308184020100301006072a8648ce3d020106052b8104000a046d306b0201010420")
	secp256k1Point = unhex("a144034200")
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func parseSecp256k1(der []byte) (crypto.PublicKey, error) {
	point, ok := bytes.CutPrefix(der, secp256k1SPKI)
	if !ok || len(point) != secp256k1.PubKeyBytesLenUncompressed || point[0] != secp256k1.PubKeyFormatUncompressed {
		return nil, errPublic
	}
	key, err := secp256k1.ParsePubKey(point)
	if err != nil {
		return nil, err // and not a nil key of a type
	}
	return key, nil
}

// marshalSecp256k1 returns a key pair as PKCS#8 and SubjectPublicKeyInfo.
func marshalSecp256k1(key *secp256k1.PrivateKey) (private, public []byte) {
	d, point := key.Serialize(), key.PubKey().SerializeUncompressed()
	defer clear(d)
	return bytes.Join([][]byte{secp256k1PKCS8, d, secp256k1Point, point}, nil), append(bytes.Clone(secp256k1SPKI), point...)
}

// readPublic takes the public key from the key's material, if it is a key that has one.
func (k *Key) readPublic(m custody.Material) (err error) {
	if !k.asymmetric() || m.Public == nil {
		return nil
	}
	k.public, err = parsePublic(k.Spec, m.Public)
	return err
}

// encryptOAEP encrypts on this host (RFC 8017 section 7.1): it takes nothing but the public key. The label is empty and MGF1's
// hash is the algorithm's own, as AWS has it.
func encryptOAEP(k *Key, algorithm string, plaintext []byte) ([]byte, error) {
	hash := crypto.SHA256
	if algorithm == oaepSHA1 {
		hash = crypto.SHA1
	}
	pub, ok := k.public.(*rsa.PublicKey)
	if !ok {
		return nil, errLost(k)
	}
	return rsa.EncryptOAEP(hash.New(), rand.Reader, pub, plaintext, nil)
}
