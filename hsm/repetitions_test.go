package hsm

import (
	"bytes"
	"crypto/rand"
	"slices"
	"testing"
)

func TestRepetitions_Drawn_AreRefusedOrTaken(t *testing.T) {
	block := func() []byte {
		b := make([]byte, testedSize)
		rand.Read(b)
		return b
	}
	a, b := block(), block()
	for what, x := range map[string]struct {
		drawn  []byte
		wanted int
		good   bool
	}{
		"blocks":                   {slices.Concat(block(), block(), block()), 48, true},
		"blocks and a part of one": {slices.Concat(block(), block(), []byte{0, 0, 0}), 35, true},
		"too few":                  {block()[:15], 16, false},
		"too many":                 {append(block(), 1), 16, false},
		"none":                     {nil, 16, false},
		"one byte":                 {bytes.Repeat([]byte{7}, 16), 16, false},
		"one byte, later":          {append(block(), make([]byte, 16)...), 32, false},
		"a block twice":            {slices.Concat(a, a), 32, false},
		"a block twice, later":     {slices.Concat(block(), b, b), 48, false},
		"a block again and again":  {bytes.Repeat(block(), 9), 144, false},
	} {
		var r repetitions
		if err := r.test(x.drawn, x.wanted); (err == nil) != x.good {
			t.Errorf("%s: %v", what, err)
		}
	}
	var r repetitions
	for i := range 2 * len(r.last) {
		if err := r.test(block(), testedSize); err != nil {
			t.Errorf("block %d: %v", i, err)
		}
	}
	if r.test(a, testedSize) != nil || r.test(block(), testedSize) != nil ||
		r.test(a, testedSize) == nil {
		t.Error("a block that was drawn before is taken")
	}
}
