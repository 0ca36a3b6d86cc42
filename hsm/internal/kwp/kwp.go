// Package kwp is AES key wrap with padding (RFC 5649; KWP in NIST SP 800-38F) for keys longer than
// eight bytes. The device does this for keys that are on it; here it is for a key that is in this
// process and has to get onto the device.
package kwp

import (
	"bytes"
	"crypto/aes"
	"encoding/binary"
	"errors"
)

// magic is the first half of the alternative initial value (RFC 5649 section 3); the second is the
// key's length.
const magic = 0xA65959A6

// shortest is the least that comes out: a key of nine bytes, padded, and the initial value.
const shortest = 24

var errKEK = errors.New(
	"kwp: a key-encryption key has 16, 24 or 32 bytes, and what it wraps more than eight")

// Wrap wraps a key of more than eight bytes (RFC 5649 section 4.1).
func Wrap(kek, key []byte) ([]byte, error) {
	block, err := aes.NewCipher(kek)
	if err != nil || len(key) <= 8 {
		return nil, errKEK
	}
	out := binary.BigEndian.AppendUint32(make([]byte, 0, 16+len(key)), magic)
	out = append(binary.BigEndian.AppendUint32(out, uint32(len(key))), key...)
	out = append(out, make([]byte, -len(key)&7)...)
	var b [16]byte
	n := uint64(len(out)/8 - 1)
	for t := uint64(1); t <= 6*n; t++ {
		r := out[8*((t-1)%n+1):][:8]
		copy(b[:8], out)
		copy(b[8:], r)
		block.Encrypt(b[:], b[:])
		binary.BigEndian.PutUint64(out, binary.BigEndian.Uint64(b[:8])^t)
		copy(r, b[8:])
	}
	return out, nil
}

// Unwrap undoes [Wrap], and returns false for what Wrap under this key didn't make (RFC 5649
// section 4.2).
func Unwrap(kek, wrapped []byte) (key []byte, ok bool) {
	block, err := aes.NewCipher(kek)
	if err != nil || len(wrapped) < shortest || len(wrapped)%8 != 0 {
		return nil, false
	}
	out := bytes.Clone(wrapped)
	var b [16]byte
	n := uint64(len(wrapped)/8 - 1)
	for t := 6 * n; t > 0; t-- {
		r := out[8*((t-1)%n+1):][:8]
		binary.BigEndian.PutUint64(b[:8], binary.BigEndian.Uint64(out)^t)
		copy(b[8:], r)
		block.Decrypt(b[:], b[:])
		copy(out, b[:8])
		copy(r, b[8:])
	}
	size := int(binary.BigEndian.Uint32(out[4:]))
	if binary.BigEndian.Uint32(out) != magic || size > len(out)-8 || size <= len(out)-16 {
		return nil, false
	}
	padding := out[8+size:]
	return out[8:][:size], bytes.Equal(padding, make([]byte, len(padding)))
}
