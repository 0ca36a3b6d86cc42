package pattern

import (
	"regexp"
	"testing"
	"unicode/utf8"
)

// FuzzCompile holds what every pattern has to keep: it is read without a panic and twice alike,
// what is accepted is a pattern of RE2's within the bounds, and a value may be anything.
func FuzzCompile(f *testing.F) {
	for _, s := range []string{`^\d{1,4}$`, `[a-z&&[^b]]+`, `\Qa\E*`, `(?xi) a # b`, `(?<n>a|b){2,1500}?`,
		`\p{Lu}\R\x{1F642}\uD83D\uDE42\cA\012`, `[\v-\x20&&&&a]`, `(?iu:ß[k-s])$`, `(?dm)^a$`, `\b\w+\b`,
		`x{2}{3}|`, `(?-i`, `[[[`, `a*+`, "(?x)[ ^a#\n]", `\`} {
		f.Add(s, "ab1")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		first, err := translate(text)
		second, again := translate(text)
		if first != second || (err == nil) != (again == nil) {
			t.Fatalf("%q is %q and then %q", text, first, second)
		}
		if err != nil {
			if first != "" || !utf8.ValidString(err.Error()) {
				t.Fatalf("%q is refused with %q: %q", text, err, first)
			}
			return
		}
		if _, err := regexp.Compile(first); err != nil || len(first) > 2*mostText {
			t.Fatalf("%q is accepted, and RE2 says %v", text, err)
		}
		p, err := Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		p.Matches(value)
	})
}
