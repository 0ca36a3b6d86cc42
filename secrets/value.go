package secrets

import (
	"claviger/internal/envelope"
	"crypto/sha256"
	"time"
)

// version is one version of a secret. Its value never changes, but may be
// sealed anew by another key.
type version struct {
	secretRef
	suffix   string // of the secret
	id       string // the ClientRequestToken that made it
	created  time.Time
	binary   bool // given as SecretBinary
	managed  bool // sealed by the managed key
	envelope envelope.Envelope
	digest   []byte // SHA-256 of the sealed value
	accessed int64  // the day of the last read in microseconds, as of when the row was read
}

// value is what a caller wants kept. Text and bytes are different values even if they are the same
// bytes, because each comes back in its own member.
type value struct {
	bytes  []byte
	binary bool
}

// maxValue is the quota of a value in bytes. The model's limit for a string counts characters.
const maxValue = 65536

// checkValue holds the two members of a value to the rules that shapes can't say.
func checkValue(text *string, binary []byte) error {
	switch {
	case text != nil && binary != nil:
		return errTwoValues
	case text != nil && len(*text) > maxValue:
		return errValueSize
	}
	return nil
}

// valueOf returns the value that a request holds, or nil.
func valueOf(text *string, binary []byte) *value {
	switch {
	case text != nil:
		return &value{bytes: []byte(*text)}
	case binary != nil:
		return &value{bytes: binary, binary: true}
	}
	return nil
}

// digestOf is what stands for a sealed value in the signed part of its row.
func digestOf(sealed []byte) []byte {
	d := sha256.Sum256(sealed)
	return d[:]
}
