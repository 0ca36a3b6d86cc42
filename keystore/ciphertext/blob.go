// Package ciphertext is the format of what a symmetric KMS key encrypts, and of the additional data
// that binds it to its key, its material and the caller's encryption context.
package ciphertext

import (
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"claviger/internal/custody"
	"claviger/keystore/key"

	"github.com/google/uuid"
)

// Blob is a ciphertext of a symmetric key. As bytes it is:
//
//	 0  1 byte    version: 1 of a single-Region key, 2 of a multi-Region key
//	 1  16 bytes  key id: the UUID's bytes, or what the hex digits after mrk- stand for
//	17  32 bytes  material id
//	49  12 bytes  IV      ┐
//	61  n bytes   ciphertext │ as the token made them by AES-256-GCM
//	    16 bytes  tag     ┘
//
// The header is not secret. It is bound by the additional data, which holds the ids again, in full:
// the same 16 bytes under the other version name another key. The versions differ in two bits, so
// that no flip of one makes a blob of the other form. Nothing in it says where it was made: a key
// related to the one that made it opens it, by the same id.
type Blob struct {
	KeyID      string
	MaterialID string
	Sealed     []byte
}

// Versions of the format, and lengths in bytes: of what is before the sealed text, and of what
// sealing adds to a plaintext.
const (
	singleRegion = 1 // versions
	multiRegion  = 2

	HeaderSize = 1 + 16 + key.MaterialIDSize
	Overhead   = 12 + 16
)

// Encode returns the bytes that a caller gets.
func (b Blob) Encode() []byte {
	out := make([]byte, 0, HeaderSize+len(b.Sealed))
	if digits, ok := strings.CutPrefix(b.KeyID, key.MultiRegionPrefix); ok {
		out, _ = hex.AppendDecode(append(out, multiRegion), []byte(digits))
	} else {
		id := uuid.MustParse(b.KeyID)
		out = append(append(out, singleRegion), id[:]...)
	}
	out, _ = hex.AppendDecode(out, []byte(b.MaterialID))
	return append(out, b.Sealed...)
}

// Parse reads a ciphertext. Whatever is wrong with it is one and the same error.
func Parse(b []byte) (Blob, error) {
	if len(b) <= HeaderSize+Overhead {
		return Blob{}, custody.ErrForged
	}
	out := Blob{MaterialID: hex.EncodeToString(b[17:HeaderSize]), Sealed: b[HeaderSize:]}
	switch b[0] {
	case singleRegion:
		out.KeyID = uuid.UUID(b[1:17]).String()
	case multiRegion:
		out.KeyID = key.MultiRegionPrefix + hex.EncodeToString(b[1:17])
	default:
		return Blob{}, custody.ErrForged
	}
	return out, nil
}

// Purpose separates what is sealed by one material: nothing that was sealed for one of them opens
// as another.
type Purpose string

// The purposes of seals.
const (
	ForCaller  Purpose = "claviger kms 1"      // what a caller encrypts
	ForDataKey Purpose = "claviger data key 1" // a wrapped data key, under the KMS key
	ForValue   Purpose = "claviger value 1"    // another service's value, under the data key
)

// AdditionalData returns the additional authenticated data of a seal: purpose, ids and context,
// each part with its length before it, the context in order of its keys.
func AdditionalData(purpose Purpose, keyID, material string, context map[string]string) []byte {
	b := make([]byte, 0, 192)
	for _, s := range []string{string(purpose), keyID, material} {
		b = lengthAnd(b, s)
	}
	switch len(context) {
	case 0:
	case 1:
		for k, v := range context {
			b = lengthAnd(lengthAnd(b, k), v)
		}
	default:
		for _, k := range slices.Sorted(maps.Keys(context)) {
			b = lengthAnd(lengthAnd(b, k), context[k])
		}
	}
	return b
}

// lengthAnd appends s with its length before it, so that no two lists of parts are the same bytes.
func lengthAnd(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}
