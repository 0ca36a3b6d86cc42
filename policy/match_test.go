package policy

import (
	"regexp"
	"strings"
	"testing"
)

// FuzzLike: the patterns are those that a regular expression makes of them.
func FuzzLike(f *testing.F) {
	for _, p := range []string{"", "*", "?", "kms:*", "a*b*c", "*a*", "a?c", "**", "*?", "a*?*b"} {
		f.Add(p, "kms:Encrypt")
		f.Add(p, "abc")
		f.Add(p, "aXbYcb")
	}
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 64 || len(s) > 64 {
			return
		}
		for _, text := range []string{pattern, s} {
			if strings.IndexFunc(text, func(r rune) bool { return r > 127 }) >= 0 {
				return // a regular expression knows characters, and names here are of bytes
			}
		}
		e := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
		if want := regexp.MustCompile(`(?s)\A` + e + `\z`).MatchString(s); like(pattern, s) != want {
			t.Errorf("like(%q, %q) is %v", pattern, s, !want)
		}
	})
}
