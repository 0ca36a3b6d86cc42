package hsmtest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"strings"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	secp256k1ecdsa "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"claviger/internal/custody"
	"claviger/internal/lattice"
)

// HashOf returns the hash at the end of an algorithm's name.
func HashOf(alg custody.Algorithm) crypto.Hash {
	switch {
	case strings.HasSuffix(string(alg), "SHA_384"):
		return crypto.SHA384
	// any 64 bytes do for a representative
	case strings.HasSuffix(string(alg), "SHA_512"), alg == custody.ExternalMu:
		return crypto.SHA512
	}
	return crypto.SHA256
}

// whole reports whether an algorithm is given the message itself.
func whole(alg custody.Algorithm) bool {
	return alg == "ED25519_SHA_512" || alg == "ML_DSA_SHAKE_256"
}

// Digest returns what is given to Sign for a message: its digest, or for Ed25519
// and ML-DSA the message.
func Digest(alg custody.Algorithm, message []byte) []byte {
	if whole(alg) {
		return message
	}
	h := HashOf(alg).New()
	h.Write(message)
	return h.Sum(nil)
}

// Verified reports whether a signature is one of digest by the private half of a DER
// SubjectPublicKeyInfo, as the standard library has it, or package lattice.
func Verified(spki []byte, alg custody.Algorithm, digest, signature []byte) error {
	public, err := parse(spki)
	if err != nil {
		return err
	}
	h := HashOf(alg)
	ok := false
	switch k := public.(type) {
	case *rsa.PublicKey:
		if strings.Contains(string(alg), "PSS") {
			return rsa.VerifyPSS(k, h, digest, signature, &rsa.PSSOptions{SaltLength: h.Size()})
		}
		return rsa.VerifyPKCS1v15(k, h, digest, signature)
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(k, digest, signature)
	case *secp256k1.PublicKey:
		sig, err := secp256k1ecdsa.ParseDERSignature(signature)
		ok = err == nil && sig.Verify(digest, k)
	case *lattice.VerificationKey:
		ok = alg == custody.ExternalMu && k.VerifyMu(digest, signature) ||
			whole(alg) && k.Verify(digest, signature)
	case ed25519.PublicKey:
		options := &ed25519.Options{}
		if strings.Contains(string(alg), "PH") {
			options.Hash = crypto.SHA512
		}
		return ed25519.VerifyWithOptions(k, digest, signature, options)
	}
	if !ok {
		return fmt.Errorf("a signature of %d bytes is not one of %T", len(signature), public)
	}
	return nil
}

// secp256k1Prefix is the DER before the point in a SubjectPublicKeyInfo of secp256k1, as OpenSSL
// writes it.
var secp256k1Prefix = []byte{
	0x30, 0x56, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01,
	0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x0A, 0x03, 0x42, 0x00,
}

func parse(spki []byte) (crypto.PublicKey, error) {
	if point, is := bytes.CutPrefix(spki, secp256k1Prefix); is {
		return secp256k1.ParsePubKey(point)
	}
	for _, spec := range []string{"ML_DSA_44", "ML_DSA_65", "ML_DSA_87"} {
		if key, err := lattice.ParsePublic(spec, spki); err == nil {
			return key, nil
		}
	}
	return x509.ParsePKIXPublicKey(spki)
}
