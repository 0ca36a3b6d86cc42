package hsm

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/lattice"
)

// curve is an elliptic curve by the names of its users.
type curve struct {
	name string
	oid  asn1.ObjectIdentifier
	std  elliptic.Curve // nil where the standard library has none
	size int            // bytes of a coordinate
	hash crypto.Hash    // the one that AWS signs with on this curve
}

// RFC 5480 section 2.1.1.1, SEC 2 section 2.4.1 and RFC 8410 section 3.
var (
	p256         = &curve{"P-256", asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}, elliptic.P256(), 32, crypto.SHA256}
	p384         = &curve{"P-384", asn1.ObjectIdentifier{1, 3, 132, 0, 34}, elliptic.P384(), 48, crypto.SHA384}
	p521         = &curve{"P-521", asn1.ObjectIdentifier{1, 3, 132, 0, 35}, elliptic.P521(), 66, crypto.SHA512}
	p256k1       = &curve{"secp256k1", asn1.ObjectIdentifier{1, 3, 132, 0, 10}, nil, 32, crypto.SHA256}
	edwards25519 = &curve{"edwards25519", asn1.ObjectIdentifier{1, 3, 101, 112}, nil, 32, crypto.SHA512}
)

// params is CKA_EC_PARAMS: the DER of the curve's name.
func (c *curve) params() []byte {
	der, err := asn1.Marshal(c.oid)
	if err != nil {
		panic(err) // the table above has a name that isn't one
	}
	return der
}

// set is a parameter set of ML-DSA or ML-KEM: AWS's name of it and PKCS#11's number (CKP_*).
type set struct {
	spec   string
	number uint
}

var errNoPublic = errors.New("hsm: the device gave a public key that is none")

// readPublic returns the DER SubjectPublicKeyInfo of a public key on the token.
func readPublic(d cryptoki.Driver, s cryptoki.Session, o cryptoki.Object, f form) ([]byte, error) {
	if f.set != nil {
		return f.set.readPublic(d, s, o)
	}
	if f.curve == nil {
		v, err := d.Attributes(s, o, pkcs11.CKA_MODULUS, pkcs11.CKA_PUBLIC_EXPONENT)
		if err != nil {
			return nil, err
		}
		return rsaSPKI(f.size, new(big.Int).SetBytes(v[0]), new(big.Int).SetBytes(v[1]))
	}
	v, err := d.Attributes(s, o, pkcs11.CKA_EC_POINT)
	if err != nil {
		return nil, err
	}
	return f.curve.spki(v[0])
}

// rsaSPKI encodes an RSA public key of a length in bits. FIPS 186-5 section A.1.1 asks for an odd exponent above 2^16; what
// is made here has 65537, and what is imported may have another of up to 31 bits, as long as Go's own.
func rsaSPKI(bits int, n, e *big.Int) ([]byte, error) {
	if n.BitLen() != bits || n.Bit(0) == 0 || e.BitLen() < 17 || e.BitLen() > 31 || e.Bit(0) == 0 {
		return nil, errNoPublic
	}
	return x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n, E: int(e.Int64())})
}

// readPublic returns the DER SubjectPublicKeyInfo of a key that is as FIPS 203 and 204 encode it.
func (p *set) readPublic(d cryptoki.Driver, s cryptoki.Session, o cryptoki.Object) ([]byte, error) {
	v, err := d.Attributes(s, o, pkcs11.CKA_VALUE)
	if err != nil {
		return nil, err
	}
	key, err := lattice.NewPublic(p.spec, v[0])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoPublic, err)
	}
	return key.SPKI(), nil
}

// spki encodes a point as the device gave it: in a DER OCTET STRING, as PKCS#11 has it, or as some do without one.
func (c *curve) spki(point []byte) ([]byte, error) {
	bare := 1 + 2*c.size
	if c == edwards25519 {
		bare = c.size
	}
	if len(point) != bare {
		if rest, err := asn1.Unmarshal(point, &point); err != nil || len(rest) > 0 || len(point) != bare {
			return nil, errNoPublic
		}
	}
	switch c {
	case edwards25519:
		return x509.MarshalPKIXPublicKey(ed25519.PublicKey(point))
	case p256k1:
		if _, err := secp256k1.ParsePubKey(point); err != nil {
			return nil, fmt.Errorf("%w: %w", errNoPublic, err)
		}
		return koblitzSPKI(point)
	}
	key, err := ecdsa.ParseUncompressedPublicKey(c.std, point)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoPublic, err)
	}
	return x509.MarshalPKIXPublicKey(key)
}

// spki is SubjectPublicKeyInfo (RFC 5280 section 4.1), which package x509 doesn't make for secp256k1.
type spki struct {
	Algorithm pkix.AlgorithmIdentifier
	PublicKey asn1.BitString
}

var oidECPublicKey = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}

// koblitzSPKI encodes an uncompressed point of secp256k1 (RFC 5480 section 2).
func koblitzSPKI(point []byte) ([]byte, error) {
	return asn1.Marshal(spki{
		pkix.AlgorithmIdentifier{Algorithm: oidECPublicKey, Parameters: asn1.RawValue{FullBytes: p256k1.params()}},
		asn1.BitString{Bytes: point, BitLength: 8 * len(point)},
	})
}

// parsePublic reads the public half of a material: *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey,
// *secp256k1.PublicKey, *lattice.VerificationKey or *lattice.EncapsulationKey, of the size, curve or parameter set that the
// form asks for; nil for a secret key.
func parsePublic(f form, der []byte) (crypto.PublicKey, error) {
	if !f.pair() {
		return nil, nil
	}
	if f.curve == p256k1 {
		return parseKoblitz(der)
	}
	if f.set != nil {
		return lattice.ParsePublic(f.set.spec, der)
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	switch k := key.(type) {
	case *rsa.PublicKey:
		if f.curve == nil && k.N.BitLen() == f.size {
			return k, nil
		}
	case *ecdsa.PublicKey:
		if f.curve != nil && f.curve.std == k.Curve {
			return k, nil
		}
	case ed25519.PublicKey:
		if f.curve == edwards25519 {
			return k, nil
		}
	}
	return nil, errors.New("hsm: the public half is of another kind")
}

func parseKoblitz(der []byte) (*secp256k1.PublicKey, error) {
	var info spki
	if rest, err := asn1.Unmarshal(der, &info); err != nil || len(rest) > 0 {
		return nil, errors.New("hsm: the public half is no SubjectPublicKeyInfo")
	}
	var name asn1.ObjectIdentifier
	if _, err := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &name); err != nil || !name.Equal(p256k1.oid) || !info.Algorithm.Algorithm.Equal(oidECPublicKey) {
		return nil, errors.New("hsm: the public half is on another curve")
	}
	return secp256k1.ParsePubKey(info.PublicKey.Bytes)
}
