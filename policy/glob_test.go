package policy

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzPattern: the patterns are those that a regular expression makes of them.
func FuzzPattern(f *testing.F) {
	for _, p := range []string{"", "*", "?", "kms:*", "a*b*c", "*a*", "a?c", "**", "*?", "a*?*b"} {
		f.Add(p, "kms:Encrypt")
		f.Add(p, "abc")
		f.Add(p, "aXbYcb")
	}
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern) > 64 || len(s) > 64 {
			return
		}
		if !utf8.ValidString(pattern) || !utf8.ValidString(s) {
			return // a document is valid UTF-8, and a request's names are
		}
		e := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
		p := syntax{wildcards: true}.compile(pattern)
		got, _ := p.match(s, nil)
		if want := regexp.MustCompile(`(?s)\A` + e + `\z`).MatchString(s); got != want {
			t.Errorf("%q matches %q: %v", pattern, s, got)
		}
	})
}
