package lattice

import (
	"filippo.io/mldsa"
)

// MuSize is the length of a message representative µ in bytes (FIPS 204 section 6.2).
const MuSize = 64

// VerificationKey is a public key of ML-DSA.
type VerificationKey struct{ key *mldsa.PublicKey }

func readVerification(key []byte) (PublicKey, error) {
	for _, p := range []mldsa.Parameters{mldsa.MLDSA44(), mldsa.MLDSA65(), mldsa.MLDSA87()} {
		if p.PublicKeySize() == len(key) {
			pub, err := mldsa.NewPublicKey(p, key)
			if err != nil {
				return nil, err
			}
			return &VerificationKey{pub}, nil
		}
	}
	return nil, errPublic
}

// Spec implements [PublicKey].
func (k *VerificationKey) Spec() string { return k.parameters().spec }

// Bytes implements [PublicKey].
func (k *VerificationKey) Bytes() []byte { return k.key.Bytes() }

// SPKI implements [PublicKey].
func (k *VerificationKey) SPKI() []byte { return marshal(k) }

// Verify reports whether this is a signature of a message under the empty context (FIPS 204,
// algorithm 3).
func (k *VerificationKey) Verify(message, signature []byte) bool {
	return mldsa.Verify(k.key, message, signature, nil) == nil
}

// VerifyMu reports whether this is a signature of the message whose representative is mu, of
// [MuSize] bytes: SHAKE256 over the hash of the public key, the context and the message, which the
// caller has made (FIPS 204, algorithm 7, step 6).
func (k *VerificationKey) VerifyMu(mu, signature []byte) bool {
	return len(mu) == MuSize && k.parameters().verify(k.Bytes(), mu, signature)
}

// parameters returns the numbers of the key's parameter set.
func (k *VerificationKey) parameters() *parameters {
	switch k.key.Parameters() {
	case mldsa.MLDSA44():
		return &mlDSA44
	case mldsa.MLDSA65():
		return &mlDSA65
	}
	return &mlDSA87
}
