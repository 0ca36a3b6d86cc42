package op_test

import (
	"testing"

	"claviger/internal/op"
)

func TestClip_TextOfClients_IsShortAndUTF8(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""}, {"abcd", "abcd"}, {"abcde", "abcd"}, {"abü", "abü"}, {"abcü", "abc\uFFFD"},
		{"a\xffb", "a\uFFFDb"},
	} {
		if got := op.Clip(c.text, 4); got != c.want {
			t.Errorf("%q became %q, want %q", c.text, got, c.want)
		}
	}
}
