package keystore

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

// A ciphertext of a symmetric key:
//
//	 0  1 byte    version: 1 of a single-Region key, 2 of a multi-Region key
//	 1  16 bytes  key id: the UUID's bytes, or what the hex digits behind mrk- stand for
//	17  32 bytes  material id
//	49  12 bytes  IV      ┐
//	61  n bytes   ciphertext │ as the token made them by AES-256-GCM
//	    16 bytes  tag     ┘
//
// The header is not secret. It is bound by the additional data, which holds the ids again, in full: the same 16 bytes under
// the other version name another key. The versions differ in two bits, so that no flip of one makes a blob of the other form.
// Nothing in it says where it was made: a key related to the one that made it opens it, by the same id.
type blob struct {
	keyID    string
	material string
	sealed   []byte
}

const (
	singleRegion = 1 // versions
	multiRegion  = 2

	headerSize   = 1 + 16 + key.MaterialIDSize
	sealOverhead = 12 + 16
)

func (b blob) encode() []byte {
	out := make([]byte, 0, headerSize+len(b.sealed))
	if digits, ok := strings.CutPrefix(b.keyID, key.MultiRegionPrefix); ok {
		out, _ = hex.AppendDecode(append(out, multiRegion), []byte(digits))
	} else {
		id := uuid.MustParse(b.keyID)
		out = append(append(out, singleRegion), id[:]...)
	}
	out, _ = hex.AppendDecode(out, []byte(b.material))
	return append(out, b.sealed...)
}

// parseBlob reads a ciphertext. Whatever is wrong with it is one and the same error.
func parseBlob(b []byte) (blob, error) {
	if len(b) <= headerSize+sealOverhead {
		return blob{}, custody.ErrForged
	}
	out := blob{material: hex.EncodeToString(b[17:headerSize]), sealed: b[headerSize:]}
	switch b[0] {
	case singleRegion:
		out.keyID = uuid.UUID(b[1:17]).String()
	case multiRegion:
		out.keyID = key.MultiRegionPrefix + hex.EncodeToString(b[1:17])
	default:
		return blob{}, custody.ErrForged
	}
	return out, nil
}

// additional returns the additional authenticated data of a seal: purpose, ids and context, each part with
// its length before it, the context in order of its keys.
func additional(purpose, keyID, material string, context map[string]string) []byte {
	b := make([]byte, 0, 192)
	for _, s := range []string{purpose, keyID, material} {
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

func lengthAnd(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}
