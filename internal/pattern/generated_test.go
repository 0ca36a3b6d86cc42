package pattern_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"claviger/internal/pattern"
)

// drawn makes patterns and events of few names and values, so that they meet.
type drawn struct{ *rand.Rand }

func (d drawn) pick(from ...string) string { return from[d.IntN(len(from))] }

// name is that of a member. Some have dots, so that they come to the same as two.
func (d drawn) name() string { return d.pick("a", "b", "c", "a", "b", "c", "a.b", "b.c", "a.b.c") }

func (d drawn) text() string {
	return d.pick(`"x"`, `"X"`, `"xy"`, `"yx"`, `"xyx"`, `"Xy"`, `""`, `"1"`, `"10.0.0.1"`, `"10.0.1.9"`,
		`"::1"`, `"0:0:0:0:0:0:0:1"`, `"x*y"`, `"ä"`, `"Ä"`, `"\u0078"`, `"a\\b"`, `"ß"`)
}

func (d drawn) number() string {
	return d.pick("1", "1.0", "1e0", "0", "-1", "2.5", "10", "1E1", "300", "9007199254740992",
		"9007199254740994", "123456789012345678901234567890")
}

func (d drawn) small() string { return d.pick("1", "1.0", "0", "-1", "2.5", "10", "300") }

func (d drawn) scalar() string {
	switch d.IntN(6) {
	case 0, 1, 2:
		return d.text()
	case 3, 4:
		return d.number()
	}
	return d.pick("true", "false", "null")
}

// object has up to so many members that each makes.
func (d drawn) object(each func() string, most int) string {
	text := "{"
	seen := map[string]bool{}
	for range 1 + d.IntN(most) {
		name := d.name()
		if seen[name] {
			continue
		}
		seen[name] = true
		if len(text) > 1 {
			text += ","
		}
		text += fmt.Sprintf("%q:%s", name, each())
	}
	return text + "}"
}

func (d drawn) list(each func() string, least int) string {
	text := "["
	for i := range least + d.IntN(3) {
		if i > 0 {
			text += ","
		}
		text += each()
	}
	return text + "]"
}

// value is one of an event.
func (d drawn) value(depth int) string {
	if depth == 0 {
		return d.scalar()
	}
	below := func() string { return d.value(depth - 1) }
	switch d.IntN(6) {
	case 0, 1:
		return d.object(below, 3)
	case 2, 3:
		return d.list(below, 0)
	}
	return d.scalar()
}

func (d drawn) event() string {
	return d.object(func() string { return d.value(3) }, 4)
}

// part is a pattern's member.
func (d drawn) part(depth int) string {
	if depth > 0 && d.IntN(3) == 0 {
		return d.object(func() string { return d.part(depth - 1) }, 2)
	}
	return d.list(d.entry, 2)
}

func (d drawn) entry() string {
	if d.IntN(2) == 0 {
		return d.scalar()
	}
	switch d.IntN(9) {
	case 0:
		return `{"prefix":` + d.text() + `}`
	case 1:
		return `{"suffix":` + d.text() + `}`
	case 2:
		return fmt.Sprintf(`{%q:{"equals-ignore-case":%s}}`, d.pick("prefix", "suffix"), d.text())
	case 3:
		return `{"equals-ignore-case":` + d.text() + `}`
	case 4:
		return `{"wildcard":` + d.pick(`"x*"`, `"*x"`, `"*"`, `"x*x"`, `"*y*"`, `"x\\*y"`, `""`, `"xy"`) + `}`
	case 5:
		return `{"anything-but":` + d.butWhat() + `}`
	case 6:
		return `{"numeric":` + d.pick(`["=",1]`, `[">",0]`, `["<",2.5]`, `[">=",1,"<",10]`, `["<=",-1]`,
			`[">",-1,"<=",300]`) + `}`
	case 7:
		return `{"cidr":` + d.pick(`"10.0.0.0/24"`, `"10.0.0.0/8"`, `"::/64"`, `"10.0.0.1/32"`) + `}`
	}
	return `{"exists":` + d.pick("true", "false") + `}`
}

func (d drawn) butWhat() string {
	like := d.pick("prefix", "suffix")
	some := func() string { return d.pick(`"x"`, `"y"`, `"X"`, `"xy"`) }
	switch d.IntN(6) {
	case 0:
		return d.text()
	case 1:
		return d.small()
	case 2:
		return d.list(d.text, 1)
	case 3:
		return d.list(d.small, 1)
	case 4:
		return fmt.Sprintf(`{%q:%s}`, like, d.list(some, 1))
	}
	return fmt.Sprintf(`{%q:%s}`, d.pick("wildcard", "equals-ignore-case"), d.pick(`"x"`, `["x","yx"]`))
}

func (d drawn) pattern() string {
	text := d.object(func() string { return d.part(2) }, 2)
	if d.IntN(4) == 0 {
		below := func() string { return d.object(func() string { return d.part(1) }, 2) }
		return text[:len(text)-1] + `,"$or":` + d.list(below, 2) + `}`
	}
	return text
}

// TestMatches_GeneratedPatternsAndEvents_AgreeWithASlowMatcher draws pairs; with CLAVIGER_LONG=1
// ten times as many.
func TestMatches_GeneratedPatternsAndEvents_AgreeWithASlowMatcher(t *testing.T) {
	n := 60_000
	if os.Getenv("CLAVIGER_LONG") == "1" {
		n *= 10
	}
	d := drawn{rand.New(rand.NewPCG(1, 2))}
	matched, refused := 0, 0
	for range n {
		text, event := d.pattern(), d.event()
		p, err := pattern.Compile(text, pattern.EventBridge)
		if err != nil {
			refused++ // the same field twice, through dots or $or
			continue
		}
		want := slowly(text, event)
		if got := p.Matches([]byte(event)); got != want {
			t.Fatalf("%s on %s: %v, want %v", text, event, got, want)
		}
		if want {
			matched++
		}
	}
	if matched < n/25 || refused > n/4 {
		t.Errorf("of %d pairs %d match and %d are refused: too few to tell", n, matched, refused)
	}
}

// A set gives for each of its patterns what the pattern gives by itself.
func TestSet_GeneratedPatterns_AgreeWithEachByItself(t *testing.T) {
	d := drawn{rand.New(rand.NewPCG(3, 4))}
	for range 300 {
		var all []*pattern.Pattern
		var texts []string
		for len(all) < 1+d.IntN(40) {
			text := d.pattern()
			if p, err := pattern.Compile(text, pattern.EventBridge); err == nil {
				all, texts = append(all, p), append(texts, text)
			}
		}
		set := pattern.NewSet(all...)
		for range 20 {
			event := d.event()
			var want []int
			for i, p := range all {
				if p.Matches([]byte(event)) {
					want = append(want, i)
				}
			}
			if got := set.Match([]byte(event)); !slices.Equal(got, want) {
				t.Fatalf("%q on %s: %v, want %v", texts, event, got, want)
			}
		}
	}
}

// FuzzMatches: whatever the texts are, nothing breaks, and what both matchers read they agree on.
func FuzzMatches(f *testing.F) {
	d := drawn{rand.New(rand.NewPCG(5, 6))}
	for range 50 {
		f.Add(d.pattern(), d.event())
	}
	f.Fuzz(func(t *testing.T, text, event string) {
		p, err := pattern.Compile(text, pattern.EventBridge)
		if err != nil {
			return
		}
		got := p.Matches([]byte(event))
		if len(text) > 300 || len(event) > 300 || !json.Valid([]byte(event)) || !plain(text) ||
			!plain(event) {
			return
		}
		if want := slowly(text, event); got != want {
			t.Errorf("%s on %s: %v, want %v", text, event, got, want)
		}
	})
}

// plain leaves out what the standard library reads otherwise: bytes that are not UTF-8, characters
// with several lower cases, and names that come twice.
func plain(text string) bool {
	for _, r := range text {
		if r >= 0x80 {
			return false
		}
	}
	return !slices.Contains([]byte(text), 0) && !twice(text)
}

// twice reports whether an object may have a name twice, which is when it gets shorter.
func twice(text string) bool {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return true
	}
	names := 0
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case quoted && text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		case text[i] == ':' && !quoted:
			names++
		}
	}
	return names != members(v)
}

func members(v any) (n int) {
	switch v := v.(type) {
	case map[string]any:
		n = len(v)
		for _, one := range v {
			n += members(one)
		}
	case []any:
		for _, one := range v {
			n += members(one)
		}
	}
	return n
}
