package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
)

// SigningKey signs requests of one access key for one day, Region and service. It is a secret: it
// prints as nothing. It travels by pointer only, because the stack that a panic prints shows the
// arguments that are passed by value.
type SigningKey struct {
	key [sha256.Size]byte
}

// DeriveKey derives the signing key for a scope from a secret access key: four HMACs, worth caching
// for the day. date is YYYYMMDD in UTC. It leaves neither a copy of the secret nor a step of the
// derivation behind: the caller can wipe the only one.
func DeriveKey(secret []byte, date, region, service string) *SigningKey {
	step := append(append(make([]byte, 0, 4+len(secret)), "AWS4"...), secret...)
	for _, part := range [...]string{date, region, service, terminator} {
		next := mac(step, []byte(part))
		clear(step)
		step = next
	}
	defer clear(step)
	return &SigningKey{[sha256.Size]byte(step)}
}

// Format keeps the key out of logs, whatever the verb.
func (SigningKey) Format(f fmt.State, _ rune) { f.Write([]byte("sigv4.SigningKey{}")) }

// mac is HMAC-SHA-256.
func mac(key, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	return h.Sum(make([]byte, 0, sha256.Size))
}
