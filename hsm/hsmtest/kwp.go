package hsmtest

import (
	"bytes"
	"crypto/aes"
	"encoding/binary"
)

// wrapKWP wraps a key whose length is a multiple of eight bytes, and at least sixteen, by AES key wrap with padding
// (RFC 5649, section 4.1).
func wrapKWP(kek, key []byte) []byte {
	block, err := aes.NewCipher(kek)
	if err != nil {
		panic(err)
	}
	out := binary.BigEndian.AppendUint32([]byte{0xA6, 0x59, 0x59, 0xA6}, uint32(len(key)))
	out = append(out, key...)
	var b [16]byte
	n := uint64(len(key) / 8)
	for t := uint64(1); t <= 6*n; t++ {
		r := out[8*((t-1)%n+1):][:8]
		copy(b[:8], out)
		copy(b[8:], r)
		block.Encrypt(b[:], b[:])
		binary.BigEndian.PutUint64(out, binary.BigEndian.Uint64(b[:8])^t)
		copy(r, b[8:])
	}
	return out
}

// unwrapKWP undoes wrapKWP, and returns false for what wrapKWP under this key didn't make.
func unwrapKWP(kek, wrapped []byte) ([]byte, bool) {
	if len(wrapped) < 24 || len(wrapped)%8 != 0 {
		return nil, false
	}
	block, err := aes.NewCipher(kek)
	if err != nil {
		panic(err)
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
	if binary.BigEndian.Uint32(out) != 0xA65959A6 || int(binary.BigEndian.Uint32(out[4:])) != len(out)-8 {
		return nil, false
	}
	return out[8:], true
}
