package publickey

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	_ "crypto/sha1"   // crypto.SHA1
	_ "crypto/sha256" // crypto.SHA256
	_ "crypto/sha512" // crypto.SHA384 and crypto.SHA512

	"claviger/internal/custody"
	"claviger/internal/lattice"
	"claviger/keystore/kmsfault"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	secp256k1ecdsa "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// The message types of Sign and Verify.
const (
	MessageRaw    = "RAW"
	MessageDigest = "DIGEST"
	// of ML-DSA: the message representative, which the caller has made
	MessageExternalMu = "EXTERNAL_MU"
)

// Scheme is how one signing algorithm makes a message into what is signed, and how a signature is
// verified.
type Scheme struct {
	hash  crypto.Hash // 0: the message is signed as it is
	types [2]string   // the message types that the algorithm takes
	// a digest is hashed once more: AWS's ED25519_PH_SHA_512 takes it for the message of RFC 8032's
	// Ed25519ph
	again  bool
	verify func(key crypto.PublicKey, h crypto.Hash, digest, signature []byte) bool
}

// Schemes are the signing algorithms of [specs]. PSS salts are as long as the digest and PKCS#1
// v1.5 has its DigestInfo whatever the message type (API reference, Sign).
var Schemes = map[string]Scheme{
	"RSASSA_PSS_SHA_256":        {hash: crypto.SHA256, types: both, verify: verifyPSS},
	"RSASSA_PSS_SHA_384":        {hash: crypto.SHA384, types: both, verify: verifyPSS},
	"RSASSA_PSS_SHA_512":        {hash: crypto.SHA512, types: both, verify: verifyPSS},
	"RSASSA_PKCS1_V1_5_SHA_256": {hash: crypto.SHA256, types: both, verify: verifyPKCS1},
	"RSASSA_PKCS1_V1_5_SHA_384": {hash: crypto.SHA384, types: both, verify: verifyPKCS1},
	"RSASSA_PKCS1_V1_5_SHA_512": {hash: crypto.SHA512, types: both, verify: verifyPKCS1},
	"ECDSA_SHA_256":             {hash: crypto.SHA256, types: both, verify: verifyECDSA},
	"ECDSA_SHA_384":             {hash: crypto.SHA384, types: both, verify: verifyECDSA},
	"ECDSA_SHA_512":             {hash: crypto.SHA512, types: both, verify: verifyECDSA},
	Ed25519:                     {types: [2]string{MessageRaw}, verify: verifyEd25519},
	Ed25519PH: {hash: crypto.SHA512, types: [2]string{MessageDigest}, again: true,
		verify: verifyEd25519},
	MLDSA: {types: [2]string{MessageRaw, MessageExternalMu},
		verify: verifyMLDSA},
}

var both = [2]string{MessageRaw, MessageDigest}

// Check refuses a message type that the algorithm doesn't take, and a digest that is none of its
// hash.
func (s Scheme) Check(algorithm, messageType string, message []byte) error {
	switch {
	case messageType != s.types[0] && messageType != s.types[1]:
		return kmsfault.Invalid("Message type " + messageType + " is incompatible with algorithm " +
			algorithm + ".")
	case messageType == MessageDigest && len(message) != s.hash.Size():
		return kmsfault.Invalid("Digest is invalid length for algorithm " + algorithm + ".")
	case messageType == MessageExternalMu && len(message) != lattice.MuSize:
		return kmsfault.Invalid("External mu is invalid length for algorithm " + algorithm + ".")
	}
	return nil
}

// TokenAlgorithm is the name by which the token knows an algorithm over a message of a type.
func TokenAlgorithm(algorithm, messageType string) custody.Algorithm {
	if messageType == MessageExternalMu {
		return custody.ExternalMu
	}
	return custody.Algorithm(algorithm)
}

// Verifies reports whether this is a signature of a message of a type that the algorithm takes.
func (s Scheme) Verifies(key crypto.PublicKey, messageType string, message, signature []byte) bool {
	if messageType == MessageExternalMu {
		pub, ok := key.(*lattice.VerificationKey)
		return ok && pub.VerifyMu(message, signature)
	}
	return s.verify(key, s.hash, s.Digest(messageType, message), signature)
}

// Digest returns what is signed: the hash of a message, or the digest that was sent.
func (s Scheme) Digest(messageType string, message []byte) []byte {
	if s.hash == 0 || messageType == MessageDigest && !s.again {
		return message
	}
	h := s.hash.New()
	h.Write(message)
	return h.Sum(nil)
}

// verifyPSS takes salts of the digest's length only, which is what the token makes.
func verifyPSS(key crypto.PublicKey, h crypto.Hash, digest, signature []byte) bool {
	pub, ok := key.(*rsa.PublicKey)
	return ok && rsa.VerifyPSS(pub, h, digest, signature,
		&rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
}

func verifyPKCS1(key crypto.PublicKey, h crypto.Hash, digest, signature []byte) bool {
	pub, ok := key.(*rsa.PublicKey)
	return ok && rsa.VerifyPKCS1v15(pub, h, digest, signature) == nil
}

// verifyECDSA takes strict DER only. Both values of s are valid: FIPS 186-5 knows no lower half.
func verifyECDSA(key crypto.PublicKey, _ crypto.Hash, digest, signature []byte) bool {
	switch pub := key.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(pub, digest, signature)
	case *secp256k1.PublicKey:
		s, err := secp256k1ecdsa.ParseDERSignature(signature)
		return err == nil && s.Verify(digest, pub)
	}
	return false
}

func verifyMLDSA(key crypto.PublicKey, _ crypto.Hash, message, signature []byte) bool {
	pub, ok := key.(*lattice.VerificationKey)
	return ok && pub.Verify(message, signature)
}

func verifyEd25519(key crypto.PublicKey, h crypto.Hash, digest, signature []byte) bool {
	pub, ok := key.(ed25519.PublicKey)
	return ok && ed25519.VerifyWithOptions(pub, digest, signature, &ed25519.Options{Hash: h}) == nil
}
