package keystore

import (
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"claviger/internal/custody"

	"github.com/google/uuid"
)

// A ciphertext of a symmetric key, version 1:
//
//	 0  1 byte    version, 1
//	 1  16 bytes  key id, the UUID's bytes
//	17  32 bytes  material id
//	49  12 bytes  IV      ┐
//	61  n bytes   ciphertext │ as the token made them by AES-256-GCM
//	    16 bytes  tag     ┘
//
// The header is not secret. It is bound by the additional data, which holds the ids again.
type blob struct {
	keyID    string
	material string
	sealed   []byte
}

const (
	blobVersion  = 1
	materialSize = 32
	headerSize   = 1 + 16 + materialSize
	sealOverhead = 12 + 16
)

func (b blob) encode() []byte {
	id := uuid.MustParse(b.keyID)
	out := make([]byte, 0, headerSize+len(b.sealed))
	out = append(out, blobVersion)
	out = append(out, id[:]...)
	out, _ = hex.AppendDecode(out, []byte(b.material))
	return append(out, b.sealed...)
}

// parseBlob reads a ciphertext. Whatever is wrong with it is one and the same error.
func parseBlob(b []byte) (blob, error) {
	if len(b) <= headerSize+sealOverhead || b[0] != blobVersion {
		return blob{}, custody.ErrForged
	}
	return blob{
		keyID:    uuid.UUID(b[1:17]).String(),
		material: hex.EncodeToString(b[17:headerSize]),
		sealed:   b[headerSize:],
	}, nil
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

// isKeyID reports whether s has the form of a key id: a lower-case UUID with dashes.
func isKeyID(s string) bool {
	if len(s) != 36 || s != strings.ToLower(s) {
		return false
	}
	_, err := uuid.Parse(s)
	return err == nil
}
