package publickey

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
)

// EncryptOAEP encrypts on this host (RFC 8017 section 7.1): it takes nothing but the public key.
// The label is empty and MGF1's hash is the algorithm's own, as AWS has it.
func EncryptOAEP(public crypto.PublicKey, algorithm string, plaintext []byte) ([]byte, error) {
	hash := crypto.SHA256
	if algorithm == OAEPSHA1 {
		hash = crypto.SHA1
	}
	pub, ok := public.(*rsa.PublicKey)
	if !ok {
		return nil, ErrMalformed
	}
	return rsa.EncryptOAEP(hash.New(), rand.Reader, pub, plaintext, nil)
}
