package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
)

// SigningKey signs requests of one access key for one day, Region and service. It is a secret: it prints as nothing.
type SigningKey struct {
	key [sha256.Size]byte
}

// DeriveKey derives the signing key for a scope from a secret access key: four HMACs, worth caching for the day. date is
// YYYYMMDD in UTC. It leaves no copy of the secret behind: who has it in bytes can wipe the only one.
func DeriveKey[S string | []byte](secret S, date, region, service string) SigningKey {
	key := append(append(make([]byte, 0, 4+len(secret)), "AWS4"...), secret...)
	defer clear(key)
	for _, part := range [...]string{date, region, service, terminator} {
		key = mac(key, []byte(part))
	}
	return SigningKey{[sha256.Size]byte(key)}
}

// Format keeps the key out of logs, whatever the verb.
func (SigningKey) Format(f fmt.State, _ rune) { f.Write([]byte("sigv4.SigningKey{}")) }

// mac is HMAC-SHA-256.
func mac(key, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	return h.Sum(make([]byte, 0, sha256.Size))
}
