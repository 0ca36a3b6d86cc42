// Package publickey is what KMS does with the public half of a key on this host: reading it in its
// one encoding, verifying signatures, encrypting, and making the pairs of GenerateDataKeyPair,
// whose private half goes to the caller by AWS's contract. None of it needs the token.
package publickey

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"errors"

	"claviger/internal/lattice"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// Names of AWS's model that the code decides on: key specs, and algorithms.
const (
	SpecEd25519   = "ECC_NIST_EDWARDS25519"
	SpecSecp256k1 = "ECC_SECG_P256K1"

	OAEPSHA1   = "RSAES_OAEP_SHA_1"
	OAEPSHA256 = "RSAES_OAEP_SHA_256"
	Ed25519    = "ED25519_SHA_512"
	Ed25519PH  = "ED25519_PH_SHA_512"
	MLDSA      = "ML_DSA_SHAKE_256"
)

// What the names of asymmetric key specs stand for: modulus bits and curves.
var (
	ModulusBits = map[string]int{"RSA_2048": 2048, "RSA_3072": 3072, "RSA_4096": 4096}
	curves      = map[string]elliptic.Curve{"ECC_NIST_P256": elliptic.P256(),
		"ECC_NIST_P384": elliptic.P384(), "ECC_NIST_P521": elliptic.P521()}
)

// ErrMalformed says that bytes are no public key of a spec, or not in its one encoding.
var ErrMalformed = errors.New("this is no public key of the spec")

// Parse reads a DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) that must hold a key of a spec:
// *rsa.PublicKey, *ecdsa.PublicKey, *secp256k1.PublicKey, ed25519.PublicKey,
// *lattice.VerificationKey or *lattice.EncapsulationKey. Only one encoding of a key is taken:
// points are uncompressed (SEC 1 section 2.3.3) and on the curve, infinity is no key, and curves
// are named, not described.
func Parse(spec string, der []byte) (crypto.PublicKey, error) {
	if spec == SpecSecp256k1 {
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
		fits = key.N.BitLen() == ModulusBits[spec]
	case *ecdsa.PublicKey:
		fits = key.Curve == curves[spec]
	case ed25519.PublicKey:
		fits = spec == SpecEd25519
	}
	if !fits {
		return nil, ErrMalformed
	}
	if canonical, err := x509.MarshalPKIXPublicKey(key); err != nil || !bytes.Equal(canonical, der) {
		return nil, ErrMalformed
	}
	return key, nil
}

// x509 knows no secp256k1 (SEC 2). Its keys have one length each, so their DER is a constant before
// the values.
var (
	// SubjectPublicKeyInfo {{id-ecPublicKey, secp256k1}, the point}
	secp256k1SPKI = unhex("3056301006072a8648ce3d020106052b8104000a034200")
	// PrivateKeyInfo (RFC 5208) {0, {id-ecPublicKey, secp256k1}, ECPrivateKey (RFC 5915) {1, 32 bytes,
	// [1] the point}}
	secp256k1PKCS8 = unhex("308184020100301006072a8648ce3d020106052b8104000a046d306b0201010420")
	secp256k1Point = unhex("a144034200")
)

// unhex is for constants only: it panics.
func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// parseSecp256k1 takes the one encoding that has the constant prefix and an uncompressed point.
func parseSecp256k1(der []byte) (crypto.PublicKey, error) {
	point, ok := bytes.CutPrefix(der, secp256k1SPKI)
	if !ok || len(point) != secp256k1.PubKeyBytesLenUncompressed ||
		point[0] != secp256k1.PubKeyFormatUncompressed {
		return nil, ErrMalformed
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
	return bytes.Join([][]byte{secp256k1PKCS8, d, secp256k1Point, point}, nil),
		append(bytes.Clone(secp256k1SPKI), point...)
}
