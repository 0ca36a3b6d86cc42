package secret

import (
	"crypto/sha256"
	"time"

	"claviger/internal/envelope"
	"claviger/secrets/smfault"
)

// Version is one version of a secret. Its value never changes, but may be
// sealed anew by another key.
type Version struct {
	Ref
	Suffix   string // of the secret
	ID       string // the ClientRequestToken that made it
	Created  time.Time
	Binary   bool // given as SecretBinary
	Managed  bool // sealed by the managed key
	Envelope envelope.Envelope
	Digest   []byte // SHA-256 of the sealed value
	Accessed int64  // the day of the last read in microseconds, as of when the row was read
}

// Value is what a caller wants kept. Text and bytes are different values even if they are the same
// bytes, because each comes back in its own member.
type Value struct {
	Bytes  []byte
	Binary bool
}

// maxValue is the quota of a value in bytes. The model's limit for a string counts characters.
const maxValue = 65536

// CheckValue holds the two members of a value to the rules that shapes can't say.
func CheckValue(text *string, binary []byte) error {
	switch {
	case text != nil && binary != nil:
		return smfault.TwoValues
	case text != nil && len(*text) > maxValue:
		return smfault.ValueSize
	}
	return nil
}

// ValueOf returns the value that a request holds, or nil.
func ValueOf(text *string, binary []byte) *Value {
	switch {
	case text != nil:
		return &Value{Bytes: []byte(*text)}
	case binary != nil:
		return &Value{Bytes: binary, Binary: true}
	}
	return nil
}

// DigestOf is what stands for a sealed value in the signed part of its row.
func DigestOf(sealed []byte) []byte {
	d := sha256.Sum256(sealed)
	return d[:]
}
