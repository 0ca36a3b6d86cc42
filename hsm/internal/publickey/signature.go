package publickey

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	secp256k1ecdsa "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"claviger/internal/lattice"
)

// Verifies verifies a signature by ECDSA over a digest, or by Ed25519 or ML-DSA over a message.
// Public is what [Parse] returned.
func Verifies(public crypto.PublicKey, digest, signature []byte) bool {
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(k, digest, signature)
	case ed25519.PublicKey:
		return ed25519.Verify(k, digest, signature)
	case *lattice.VerificationKey:
		return k.Verify(digest, signature)
	case *secp256k1.PublicKey:
		sig, err := secp256k1ecdsa.ParseDERSignature(signature)
		return err == nil && sig.Verify(digest, k)
	}
	return false
}

// DERSignature is Ecdsa-Sig-Value (RFC 3279 section 2.2.3) of two numbers of at most 66 bytes.
// Package asn1 would need big integers and many allocations for it.
func DERSignature(r, s []byte) []byte {
	// The header goes in when the length is known. It has two bytes or three, so room for three is
	// left.
	der := appendInteger(appendInteger(make([]byte, 3, 160), r), s)
	if n := len(der) - 3; n > 0x7F {
		der[0], der[1], der[2] = 0x30, 0x81, byte(n)
		return der
	}
	der[1], der[2] = 0x30, byte(len(der)-3)
	return der[1:]
}

// appendInteger appends a DER INTEGER: no zero byte in front but where the number would be negative
// or nothing without.
func appendInteger(der, n []byte) []byte {
	n = bytes.TrimLeft(n, "\x00")
	if len(n) == 0 || n[0] >= 0x80 {
		return append(append(der, 0x02, byte(len(n)+1), 0), n...)
	}
	return append(append(der, 0x02, byte(len(n))), n...)
}
