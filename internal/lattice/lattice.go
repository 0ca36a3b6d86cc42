// Package lattice is what this process does itself with keys of ML-DSA (FIPS 204) and ML-KEM (FIPS
// 203), by AWS's names of their parameter sets: it reads and writes public keys, verifies
// signatures, encapsulates secrets, and makes the key pairs that callers take home. The private
// half of a KMS key never comes here.
//
// ML-DSA is filippo.io/mldsa, which is the coming crypto/mldsa. It doesn't verify by a message
// representative, so that is written here; see mu.go. ML-KEM is crypto/mlkem, and
// github.com/cloudflare/circl for the one size that it lacks.
package lattice

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// PublicKey is the public half of a key pair: a [*VerificationKey] or an [*EncapsulationKey].
type PublicKey interface {
	Spec() string  // AWS's name of the parameter set, e.g. ML_DSA_65
	Bytes() []byte // pk of FIPS 204, ek of FIPS 203
	SPKI() []byte  // the same as DER SubjectPublicKeyInfo
}

var errPublic = errors.New("lattice: this is no public key of the parameter set")

// sets has the parameter sets with their keys' object identifiers under 2.16.840.1.101.3.4, NIST's
// algorithms (RFC 9881 section 2, RFC 9935 section 3), and the bytes of a public key.
var sets = map[string]struct {
	arcs [2]byte
	size int
	read func([]byte) (PublicKey, error)
}{
	"ML_DSA_44":   {[2]byte{3, 17}, 1312, readVerification},
	"ML_DSA_65":   {[2]byte{3, 18}, 1952, readVerification},
	"ML_DSA_87":   {[2]byte{3, 19}, 2592, readVerification},
	"ML_KEM_512":  {[2]byte{4, 1}, 800, readEncapsulation},
	"ML_KEM_768":  {[2]byte{4, 2}, 1184, readEncapsulation},
	"ML_KEM_1024": {[2]byte{4, 3}, 1568, readEncapsulation},
}

// Known reports whether this package has a parameter set of that name.
func Known(spec string) bool { return sets[spec].size > 0 }

// NewPublic reads a public key of a parameter set as FIPS 203 and 204 encode it. Of ML-KEM every
// number is checked to be below the modulus (FIPS 203 section 7.2).
func NewPublic(spec string, key []byte) (PublicKey, error) {
	if !Known(spec) || len(key) != sets[spec].size {
		return nil, errPublic
	}
	return sets[spec].read(key)
}

// ParsePublic reads a DER SubjectPublicKeyInfo that must hold a key of a parameter set. A key has
// one encoding only.
func ParsePublic(spec string, der []byte) (PublicKey, error) {
	if !Known(spec) {
		return nil, errPublic
	}
	key, ok := bytes.CutPrefix(der, spkiPrefix(spec))
	if !ok {
		return nil, errPublic
	}
	return NewPublic(spec, key)
}

// algorithm is the AlgorithmIdentifier of a parameter set: its parameters are absent.
func algorithm(spec string) []byte {
	arcs := sets[spec].arcs
	return []byte{0x30, 11, 0x06, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, arcs[0], arcs[1]}
}

// spkiPrefix is what stands before the key. Keys of one parameter set have one
// length, so it is a constant.
func spkiPrefix(spec string) []byte {
	bits := 1 + sets[spec].size // the first byte counts the unused bits of the last
	id := algorithm(spec)
	der := binary.BigEndian.AppendUint16([]byte{0x30, 0x82}, uint16(len(id)+4+bits))
	der = append(append(der, id...), 0x03, 0x82)
	return append(binary.BigEndian.AppendUint16(der, uint16(bits)), 0)
}

func marshal(k PublicKey) []byte { return append(spkiPrefix(k.Spec()), k.Bytes()...) }
