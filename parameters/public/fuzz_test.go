package public

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var faultForm = regexp.MustCompile(`^site\.yaml(:[0-9]+)?: [^\n]+$`)

// FuzzParse reads any bytes as a tree. What is taken keeps the rules of parameters and is the same
// once it is written anew, with every text in quotes. What is refused says where.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"a: 1.10\nb: {c: no}\nd: [x, y]\n", "a: &a [x]\nb: *a\n",
		"debian-12: {$value: ami-0abc, $description: d, kernel: 6.1}\n", "a: |\n  b\n\n  c\n", "? a\n: b\n",
		"%YAML 1.1\n---\na: !!str b\n...\n", "{\"a\": \"\\u00e9\\/\", \"b\": [\"c\"]}", "a: {{b}}\n",
		"a:\n- b\n- 'c'\n# d\n", "\ufeffa: \"\\\n  b\"\r\n", "a: >-\n  b\n  c\n", "<<: {a: b}\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > mostInFile {
			t.Skip()
		}
		tree := Tree{Path: site, File: "site.yaml"}
		all, err := parse(tree, text, time.Time{})
		if err != nil {
			if !faultForm.MatchString(err.Error()) {
				t.Fatalf("%q is refused with %q", text, err)
			}
			return
		}
		trees, err := join(append(all, listed(all)...))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range trees.all {
			keepsRules(t, p)
			if got, ok := trees.Get(p.Name); !ok || got != p {
				t.Fatalf("%s is %+v and %+v", p.Name, p, got)
			}
		}
		again, err := parse(tree, written(trees), time.Time{})
		if err != nil {
			t.Fatalf("%q, written anew: %v", text, err)
		}
		if same, err := join(append(again, listed(again)...)); err != nil ||
			!slices.Equal(same.all, trees.all) {
			t.Fatalf("%q is %+v, and written anew %+v, %v", text, trees.all, same, err)
		}
	})
}

func keepsRules(t *testing.T, p Parameter) {
	t.Helper()
	segments := strings.Split(p.Name, "/")[1:]
	_, nested, _ := strings.Cut(p.Value, "{{")
	switch {
	case !strings.HasPrefix(p.Name, site) && p.Name != List+"/site",
		len(segments) > mostLevels, len(p.Name) > longestName,
		!slices.ContainsFunc(segments, segmentForm.MatchString), slices.Contains(segments, ""),
		p.Value == "" || len(p.Value) > mostInValue || !utf8.ValidString(p.Value),
		strings.Contains(nested, "}}"),
		p.Type != String && p.Type != StringList,
		utf8.RuneCountInString(p.Description) > longestDescription:
		t.Fatalf("%+v breaks a rule", p)
	}
}

// written returns trees as a file that says the same in another way.
func written(trees *Trees) []byte {
	top := &level{below: map[string]*level{}}
	for _, p := range append(trees.Under(site, true, "", trees.Len()), named(trees, site)...) {
		top.at(strings.Split(p.Name, "/")[len(strings.Split(site, "/")):]).own = p
	}
	var b strings.Builder
	top.write(&b)
	return []byte(b.String())
}

func named(trees *Trees, name string) []Parameter {
	if p, ok := trees.Get(name); ok {
		return []Parameter{p}
	}
	return nil
}

type level struct {
	own   Parameter
	below map[string]*level
}

func (l *level) at(segments []string) *level {
	for _, s := range segments {
		if l.below[s] == nil {
			l.below[s] = &level{below: map[string]*level{}}
		}
		l = l.below[s]
	}
	return l
}

// write has each text in double quotes, whose escapes are Go's as well.
func (l *level) write(b *strings.Builder) {
	b.WriteString("{")
	if l.own.Value != "" {
		value := strconv.QuoteToASCII(l.own.Value)
		if l.own.Type == StringList {
			value = "[" + strings.ReplaceAll(value, ",", `", "`) + "]"
		}
		fmt.Fprintf(b, "%q: %s, ", ownValue, value)
	}
	if l.own.Description != "" {
		fmt.Fprintf(b, "%q: %s, ", ownDescription, strconv.QuoteToASCII(l.own.Description))
	}
	for name, below := range l.below {
		fmt.Fprintf(b, "\n? %q\n: ", name)
		below.write(b)
		b.WriteString(",")
	}
	b.WriteString("}")
}
