package kwp

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// TestWrap_VectorOfRFC5649_Matches is the first example of RFC 5649 section 6.
func TestWrap_VectorOfRFC5649_Matches(t *testing.T) {
	kek, key := unhex(t, "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8"),
		unhex(t, "c37b7e6492584340bed12207808941155068f738")
	want := unhex(t, "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a")
	if got, err := Wrap(kek, key); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%x, %v", got, err)
	}
	if got, ok := Unwrap(kek, want); !ok || !bytes.Equal(got, key) {
		t.Errorf("%x, %v", got, ok)
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestUnwrap_AnythingElse_IsRefused changes every bit of wrapped keys of every length modulo eight.
func TestUnwrap_AnythingElse_IsRefused(t *testing.T) {
	kek := make([]byte, 32)
	for size := 9; size < 34; size++ {
		wrapped, err := Wrap(kek, make([]byte, size))
		if err != nil || len(wrapped) != (size+7)/8*8+8 {
			t.Fatalf("%d bytes became %d: %v", size, len(wrapped), err)
		}
		if key, ok := Unwrap(kek, wrapped); !ok || len(key) != size {
			t.Errorf("%d bytes came back as %d", size, len(key))
		}
		for bit := range 8 * len(wrapped) {
			wrapped[bit/8] ^= 1 << (bit % 8)
			if _, ok := Unwrap(kek, wrapped); ok {
				t.Errorf("%d bytes: bit %d was changed unnoticed", size, bit)
			}
			wrapped[bit/8] ^= 1 << (bit % 8)
		}
		if _, ok := Unwrap(make([]byte, 16), wrapped); ok {
			t.Errorf("%d bytes: another key unwraps them", size)
		}
	}
	for _, bad := range [][2]int{{0, 32}, {15, 32}, {33, 32}, {32, 8}, {32, 0}} {
		if _, err := Wrap(make([]byte, bad[0]), make([]byte, bad[1])); err == nil {
			t.Errorf("%d bytes were wrapped by a key of %d", bad[1], bad[0])
		}
	}
	for _, n := range []int{0, 8, 16, 23, 25} {
		if _, ok := Unwrap(kek, make([]byte, n)); ok {
			t.Errorf("%d bytes were unwrapped", n)
		}
	}
}
