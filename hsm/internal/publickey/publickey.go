package publickey

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"claviger/internal/lattice"
)

// ParameterSet is a parameter set of ML-DSA or ML-KEM.
type ParameterSet struct {
	Spec   string // AWS's name of it
	Number uint   // PKCS#11's, one of CKP_*
}

var errNoPublic = errors.New("hsm: the device gave a public key that is none")

// RSA encodes an RSA public key of a length in bits. FIPS 186-5 section A.1.1 asks for an odd
// exponent above 2^16; what is made here has 65537, and what is imported may have another of up to
// 31 bits, as long as Go's own.
func RSA(bits int, n, e *big.Int) ([]byte, error) {
	if n.BitLen() != bits || n.Bit(0) == 0 || e.BitLen() < 17 || e.BitLen() > 31 || e.Bit(0) == 0 {
		return nil, errNoPublic
	}
	return x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n, E: int(e.Int64())})
}

// SPKI encodes a key that is as FIPS 203 and 204 encode it.
func (p *ParameterSet) SPKI(value []byte) ([]byte, error) {
	key, err := lattice.NewPublic(p.Spec, value)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoPublic, err)
	}
	return key.SPKI(), nil
}

// SPKI encodes a point as the device gave it: in a DER OCTET STRING, as PKCS#11 has it, or as some
// do without one. That it is on the curve is checked here: a device that is broken or false is no
// authority for it.
func (c *Curve) SPKI(point []byte) ([]byte, error) {
	bare := 1 + 2*c.Size
	if c == Edwards25519 {
		bare = c.Size
	}
	if len(point) != bare {
		if rest, err := asn1.Unmarshal(point, &point); err != nil || len(rest) > 0 || len(point) != bare {
			return nil, errNoPublic
		}
	}
	switch c {
	case Edwards25519:
		return x509.MarshalPKIXPublicKey(ed25519.PublicKey(point))
	case Secp256k1:
		if _, err := secp256k1.ParsePubKey(point); err != nil {
			return nil, fmt.Errorf("%w: %w", errNoPublic, err)
		}
		return secp256k1SPKI(point)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(c.std, point)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoPublic, err)
	}
	return x509.MarshalPKIXPublicKey(key)
}

// spki is SubjectPublicKeyInfo (RFC 5280 section 4.1), which package x509
// doesn't make for secp256k1.
type spki struct {
	Algorithm pkix.AlgorithmIdentifier
	PublicKey asn1.BitString
}

var oidECPublicKey = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}

// secp256k1SPKI encodes an uncompressed point of secp256k1 (RFC 5480 section 2).
func secp256k1SPKI(point []byte) ([]byte, error) {
	return asn1.Marshal(spki{
		pkix.AlgorithmIdentifier{
			Algorithm: oidECPublicKey, Parameters: asn1.RawValue{FullBytes: Secp256k1.Params()},
		},
		asn1.BitString{Bytes: point, BitLength: 8 * len(point)},
	})
}

// Parse reads the public half of a key pair: *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey,
// *secp256k1.PublicKey, *lattice.VerificationKey or *lattice.EncapsulationKey. It must be on the
// curve, or of the parameter set, or if both are nil an RSA key of so many bits.
func Parse(der []byte, bits int, curve *Curve, set *ParameterSet) (crypto.PublicKey, error) {
	switch {
	case curve == Secp256k1:
		return parseSecp256k1(der)
	case set != nil:
		return lattice.ParsePublic(set.Spec, der)
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	switch k := key.(type) {
	case *rsa.PublicKey:
		if curve == nil && k.N.BitLen() == bits {
			return k, nil
		}
	case *ecdsa.PublicKey:
		if curve != nil && curve.std == k.Curve {
			return k, nil
		}
	case ed25519.PublicKey:
		if curve == Edwards25519 {
			return k, nil
		}
	}
	return nil, errors.New("hsm: the public half is of another kind")
}

// parseSecp256k1 refuses bytes that follow: a key has one encoding, by which imported ones are
// compared.
func parseSecp256k1(der []byte) (*secp256k1.PublicKey, error) {
	var info spki
	if rest, err := asn1.Unmarshal(der, &info); err != nil || len(rest) > 0 {
		return nil, errors.New("hsm: the public half is no SubjectPublicKeyInfo")
	}
	var name asn1.ObjectIdentifier
	_, err := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &name)
	if err != nil || !name.Equal(Secp256k1.oid) || !info.Algorithm.Algorithm.Equal(oidECPublicKey) {
		return nil, errors.New("hsm: the public half is on another curve")
	}
	return secp256k1.ParsePubKey(info.PublicKey.Bytes)
}
