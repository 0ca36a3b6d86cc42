package pattern

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestCompile_WhatRE2Lacks_IsRefusedByName(t *testing.T) {
	for _, c := range []struct{ pattern, says string }{
		{`a*+`, "a possessive quantifier such as *+ at character 2: it can't be had here"},
		{`a{2}+`, "a possessive quantifier"},
		{`(a)\1`, `a back-reference \1 at character 5`},
		{`(?<n>a)\k<n>`, `a back-reference \k`},
		{`(?=a)a`, "a look-ahead (?=...) or (?!...) at character 1"},
		{`b(?!a)`, "a look-ahead (?=...) or (?!...) at character 2"},
		{`(?<=a)b`, "a look-behind"},
		{`(?<!a)b`, "a look-behind"},
		{`(?>a)`, "an atomic group"},
		{`\X`, "a grapheme"},
		{`\b{g}`, "a boundary of graphemes"},
		{`\N{DIGIT ONE}`, "a character by its name"},
		{`(?c)a`, "canonical equivalence"},
		{`\p{InGreek}`, `the property \p{InGreek}`},
		{`\p{IsEmoji}`, `the property \p{IsEmoji}`},
		{`\R+`, `a repeated \R`},
		{`a$\n`, "a $ or \\Z before what may be the end of a line at character 2"},
		{`(?m)a\n^b`, "a ^ under the flag m"},
		{`\b.*`, `\b or \B beside what may be a letter beyond ASCII`},
		{`(?:^|a){2}`, "a count of what is empty in some places only"},
		{`[ab&&]`, "an intersection && without a right side"},
		{`\uD83D`, "half of a surrogate pair, D83D"},
		{`(?:(?:a{0,99}b){0,99}c){0,99}`, "more repetitions, alternatives or large sets"},
		{strings.Repeat("a", 1025), "more than 1024 characters"},
		{"a\xff", "characters that are not UTF-8"},
	} {
		_, err := Compile(c.pattern)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.40q: %v, where it should say %s", c.pattern, err, c.says)
		}
	}
}

func TestCompile_Mistake_SaysWhatToWrite(t *testing.T) {
	for _, c := range []struct{ pattern, says string }{
		{`a(b`, `The pattern has a group that isn't closed at character 2: add a ), or write \( for ` +
			`the character.`},
		{`a)`, `The pattern has a closing parenthesis without an opening one at character 2: write \) ` +
			`for the character.`},
		{`x[a`, `The pattern has a class that isn't closed at character 2: add a ], or write \[ for ` +
			`the character.`},
		{`+1`, `The pattern has the quantifier + behind nothing that it could repeat at character 1: ` +
			`write \+ for the character.`},
		{`a{b}`, `The pattern has a { without a count at character 3: write \{ for the character.`},
		{`[z-a]`, `The pattern has a range that ends before it begins at character 4: put the lower ` +
			`character first, or write \- for the character.`},
	} {
		if _, err := Compile(c.pattern); err == nil || err.Error() != c.says {
			t.Errorf("%q: %v, where it should say %s", c.pattern, err, c.says)
		}
	}
}

func TestMatches_LongCounts_AreExact(t *testing.T) {
	for _, c := range []struct {
		pattern  string
		yes, not []int
	}{
		{`[ab]{3,2500}`, []int{3, 999, 1000, 1001, 1999, 2499, 2500}, []int{0, 1, 2, 2501, 4000}},
		{`(?:a{2}){2,1250}`, []int{4, 1000, 1002, 1998, 2000, 2500}, []int{2, 3, 1001, 2499, 2502}},
		{`a{1500,}`, []int{1500, 8191}, []int{0, 1499}},
		{`a{1001}|a{2003}?`, []int{1001, 2003}, []int{1, 1000, 1002, 2002, 2004}},
		{`a(?:a{10}){5,300}`, []int{51, 1001, 3001}, []int{50, 60, 3000, 3011}},
		{`a{2,1000000}`, []int{2, 8191}, []int{1}},
	} {
		p, err := Compile(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		for _, n := range c.yes {
			if !p.Matches(strings.Repeat("a", n)) {
				t.Errorf("%s doesn't match a value of %d", c.pattern, n)
			}
		}
		for _, n := range c.not {
			if p.Matches(strings.Repeat("a", n)) {
				t.Errorf("%s matches a value of %d", c.pattern, n)
			}
		}
	}
}

func TestMatches_EveryCount_IsTheRightOne(t *testing.T) {
	// The sizes are those at which blocks begin, end and are one too many.
	for _, n := range []int{1000, 1001, 1002, 1999, 2000, 2003, 2999, 4096, 8190, 8191} {
		re, err := Compile(fmt.Sprintf("a{0,%d}", n))
		if err != nil {
			t.Fatalf("%d: %v", n, err)
		}
		for _, length := range []int{0, 1, n/2 - 1, n / 2, n - 1001, n - 1000, n - 2, n - 1, n} {
			if length >= 0 && !re.Matches(strings.Repeat("a", length)) {
				t.Errorf("up to %d doesn't match %d", n, length)
			}
		}
		if re.Matches(strings.Repeat("a", n+1)) {
			t.Errorf("up to %d matches one more", n)
		}
	}
}

func TestMatches_NotUTF8_Never(t *testing.T) {
	p, err := Compile(`(?s).*`)
	if err != nil {
		t.Fatal(err)
	}
	if p.Matches("a\xff") || !p.Matches("a\uFFFD") {
		t.Error("what isn't UTF-8 is taken for what stands in for it")
	}
}

func TestCompile_HostilePattern_IsRefusedOrCheap(t *testing.T) {
	value := strings.Repeat("a", longest-1)
	for name, pattern := range map[string]string{
		"many live":       `.*.{2990}`,
		"too many live":   `.*.{4900}`,
		"stars":           strings.Repeat(".*", 510) + "b",
		"alternatives":    "(" + strings.Repeat(".*|", 300) + ")*b",
		"nested stars":    strings.Repeat("(", 300) + "a" + strings.Repeat(")*", 300) + "b",
		"nested groups":   strings.Repeat("(", 500) + strings.Repeat(")", 500),
		"nested counts":   strings.Repeat("(", 200) + "a" + strings.Repeat("){2}", 200),
		"nested classes":  strings.Repeat("[", 1000),
		"sets":            strings.Repeat(`\pL`, 340),
		"sets in one":     "[" + strings.Repeat(`\pL`, 338) + "]",
		"sets of no case": "(?iu)[" + strings.Repeat("!-~", 330) + "]",
		"Unicode's words": "(?iU)" + strings.Repeat(`\w`, 500),
		"intersections":   "[" + strings.Repeat(`\w&&`, 200) + "a]",
	} {
		if len(pattern) > MaxLength {
			t.Fatalf("%s has %d characters", name, len(pattern))
		}
		began := time.Now()
		p, err := Compile(pattern)
		if err == nil {
			p.Matches(value)
		}
		t.Logf("%s: %v, %v", name, time.Since(began), err)
	}
	if _, err := Compile(`.*.{4900}`); err == nil {
		t.Error("a pattern with 4,900 states to follow at once is accepted")
	}
}

// TestCompile_UsualPatterns_AreAccepted has what people write to hold values to a form.
func TestCompile_UsualPatterns_AreAccepted(t *testing.T) {
	for pattern, value := range map[string]string{
		`^\d{1,4}$`:                        "8080",
		`^(dev|test|prod)$`:                "prod",
		`^ami-([0-9a-f]{8}|[0-9a-f]{17})$`: "ami-0123456789abcdef0",
		`^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}$`: "arn:aws:iam::123456789012:role/x",
		`[^@\s]+@[^@\s]+\.[a-z]{2,}`:                           "somebody@example.org",
		`^https?://[\w.-]+(:\d{1,5})?(/.*)?$`:                  "https://example.org:8443/a?b",
		`^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$`:          "01234567-89ab-cdef-0123-456789abcdef",
		`^.{1,4096}$`:                    strings.Repeat("é", 4096),
		`[\s\S]{0,8192}`:                 "a\nb",
		`(?i)^(true|false)$`:             "True",
		`^[\w.-]{1,63}(,[\w.-]{1,63})*$`: "a,b,c",
	} {
		p, err := Compile(pattern)
		if err != nil || !p.Matches(value) {
			t.Errorf("%s on %.20q: %v", pattern, value, err)
		}
	}
}
