package document

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// fuzzRead reads whatever comes: it must end, and an error must not repeat more than a name.
func fuzzRead(f *testing.F, format Format, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, err := Read(format, text)
		if err != nil {
			if entries != nil {
				t.Fatalf("entries beside %v", err)
			}
			return
		}
		for _, e := range entries {
			if e.Line < 1 || !utf8.ValidString(e.Value) || e.Wrong != "" && e.Value != "" ||
				e.Kind == Scalar && format == Env {
				t.Fatalf("%+v", e)
			}
		}
	})
}

func FuzzReadEnv(f *testing.F) {
	fuzzRead(f, Env, "A=1\nexport B=\"x\ny\" # z\n", "A='x", "=", "A=\"\\\"", "\xef\xbb\xbfA=1\r\n")
}

func FuzzReadJSON(f *testing.F) {
	fuzzRead(f, JSON, `{"a": {"b": [1, "x", null]}, "c": 1.10}`, `{"a":1,"a":2}`, `[`, `{"a`)
}

func FuzzReadYAML(f *testing.F) {
	fuzzRead(f, YAML, "a: &x {b: [1, ~]}\nc: *x\n", "? a\n", "a: |\n  x\n", "a: &a [*a]\n", "<<: {}\n")
}

// FuzzWrite writes two parameters in each format and reads them again.
func FuzzWrite(f *testing.F) {
	f.Add("a", "x", "a/b", "y")
	f.Add("db", " x\n", "db-x", "\"'$\\")
	f.Fuzz(func(t *testing.T, name, text, other, more string) {
		for _, n := range []string{name, other} {
			if strings.Trim(n, "ABCabc019_.-/") != "" || n == "" || strings.Contains("/"+n+"/", "//") {
				return
			}
		}
		if name == other || !utf8.ValidString(text) || !utf8.ValidString(more) {
			return
		}
		checkRound(t, []Value{{Name: name, Text: text}, {Name: other, Text: more, List: true}})
	})
}
