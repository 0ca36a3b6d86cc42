package search

import (
	"encoding/binary"
	"math/bits"
)

// seed makes the hashes of one index: nobody outside can look for values that have one hash.
type seed uint64

const (
	odd1 = 0x9e3779b97f4a7c15
	odd2 = 0xd6e8feb86659fd93
	odd3 = 0xa0761d6478bd642f
)

// fold multiplies and folds both halves of the product together.
func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

// extend hashes a text behind what was hashed before.
func extend(h uint64, text []byte) uint64 {
	n := uint64(len(text))
	for len(text) >= 8 {
		h = fold(h^binary.LittleEndian.Uint64(text), odd2)
		text = text[8:]
	}
	last := n << 56
	for i, c := range text {
		last |= uint64(c) << (8 * i)
	}
	return fold(h^last, odd3)
}

// scope is the hash of an account in a Region, which every other one begins with.
func (s seed) scope(account, region []byte) uint64 {
	return extend(extend(uint64(s)^odd1, account), region)
}

// hashOf is the hash of a value of an attribute within a scope.
func hashOf(scope uint64, a Attribute, value []byte) uint64 {
	return extend(scope^(uint64(a)+1)*odd1, value)
}
