package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"claviger/cmd/claviger/params/document"
	"claviger/parameters/parameter"
)

// said are the steps of a plan, one in a line: action, name, type, and what is special of it.
func said(p *Plan) (lines []string) {
	for _, s := range p.Steps {
		line := fmt.Sprintf("%d %s %s", s.Action, s.Name, s.Type)
		switch s.Action {
		case Create, Change:
			line += fmt.Sprintf(" %.20s %s", s.Value, s.KeyID)
		case Refuse:
			line += " " + s.Why
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

const (
	text   = document.Text
	scalar = document.Scalar
	list   = document.List
)

func entry(name, value string, kind document.Kind) document.Entry {
	return document.Entry{Name: name, Value: value, Kind: kind, Line: 1}
}

func there(name, kind, value string) Current {
	return Current{Name: name, Type: kind, Value: value, DataType: "text"}
}

func detailed(c Current, key, tier string) Current {
	c.Details = &Details{KeyID: key, Tier: tier}
	return c
}

// planning is a document, what is there, and what is to be done.
type planning struct {
	name    string
	o       Options
	entries []document.Entry
	there   []Current
	want    []string
}

func checkPlans(t *testing.T, all []planning) {
	t.Helper()
	for _, c := range all {
		if c.o.Path == "" {
			c.o.Path = "/p"
		}
		c.o.Region = "us-east-1"
		p, err := Make(c.entries, c.there, c.o)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := said(p); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

func TestMake_EachAction_IsPlanned(t *testing.T) {
	checkPlans(t, []planning{
		{"new, changed, the same and gone", Options{Overwrite: true, Delete: true},
			[]document.Entry{entry("d", "1", scalar), entry("b/x", "2", scalar), entry("c", "3", scalar)},
			[]Current{there("/p/c", "String", "3"), there("/p/b/x", "String", "1"),
				there("/p/a", "String", "0")},
			[]string{"3 /p/a String", "2 /p/b/x String 2", "0 /p/c String", "1 /p/d String 1"}},
		{"nothing goes unasked", Options{}, nil, []Current{there("/p/a", "String", "0")}, nil},
		{"nothing changes unasked", Options{}, []document.Entry{entry("a", "1", scalar)},
			[]Current{there("/p/a", "String", "0")},
			[]string{"4 /p/a String it is there with another value: --overwrite changes it"}},
		{"at the root", Options{Path: "/", Delete: true}, []document.Entry{entry("a", "1", scalar)},
			[]Current{there("/b", "String", "0")}, []string{"1 /a String 1", "3 /b String"}},
		{"what is refused doesn't go", Options{Delete: true},
			[]document.Entry{entry("a", "", scalar), {Name: "b", Wrong: "no", Line: 2}},
			[]Current{there("/p/a", "String", "0"), there("/p/b", "SecureString", "0")},
			[]string{"4 /p/a String a value has at least one character", "4 /p/b SecureString no"}},
		{"twice", Options{}, []document.Entry{entry("a/b", "1", scalar), entry("a/b", "2", scalar)}, nil,
			[]string{"1 /p/a/b String 1", "4 /p/a/b  it is in the file twice, in line 1 too"}},
		{"capitals differ", Options{}, []document.Entry{entry("a", "1", scalar)},
			[]Current{there("/p/A", "String", "1")}, []string{"1 /p/a String 1"}},
	})
}

func TestMake_Types_AreKept(t *testing.T) {
	would := func(from, to string) string {
		return "it is a " + from + " and would become a " + to + ": delete it first, with its history"
	}
	o := Options{Overwrite: true, KeyID: "k"}
	secure := Options{Overwrite: true, Secure: []string{"*password*", "/p/db/?ey"}}
	checkPlans(t, []planning{
		{"lists", o, []document.Entry{entry("a", "x,y", list)}, nil, []string{"1 /p/a StringList x,y"}},
		{"what .env can't say", o, []document.Entry{entry("a", "x,y", text), entry("b", "z", text),
			entry("c", "s", text), entry("d", "s", text)},
			[]Current{there("/p/a", "StringList", "x"), there("/p/b", "String", "z"),
				there("/p/c", "SecureString", "s")},
			[]string{"2 /p/a StringList x,y", "0 /p/b String", "0 /p/c SecureString", "1 /p/d String s"}},
		{"a SecureString stays one", o, []document.Entry{entry("a", "1", scalar)},
			[]Current{there("/p/a", "SecureString", "0")}, []string{"2 /p/a SecureString 1 k"}},
		{"a list over another", o, []document.Entry{entry("a", "x,y", list), entry("b", "x", list)},
			[]Current{there("/p/a", "String", "x,y"), there("/p/b", "SecureString", "x")},
			[]string{"4 /p/a StringList " + would("String", "StringList"),
				"4 /p/b StringList " + would("SecureString", "StringList")}},
		{"a scalar over a list", o, []document.Entry{entry("a", "x", scalar)},
			[]Current{there("/p/a", "StringList", "x")},
			[]string{"4 /p/a String " + would("StringList", "String")}},
		{"by pattern", secure, []document.Entry{entry("db/PassWord1", "x", text), entry("db/key", "x",
			scalar), entry("db/keys", "x", scalar)}, nil, []string{"1 /p/db/PassWord1 SecureString x",
			"1 /p/db/key SecureString x", "1 /p/db/keys String x"}},
		{"by pattern over a String", secure, []document.Entry{entry("password", "x", text)},
			[]Current{there("/p/password", "String", "x")},
			[]string{"4 /p/password SecureString " + would("String", "SecureString")}},
		{"a list by pattern", secure, []document.Entry{entry("password", "x,y", list)}, nil,
			[]string{"4 /p/password SecureString a list can't be a SecureString: write one text"}},
	})
}

func TestMake_Keys_AreKept(t *testing.T) {
	o := Options{Overwrite: true}
	sealed := there("/p/a", "SecureString", "0")
	checkPlans(t, []planning{
		{"the key that it has", o, []document.Entry{entry("a", "1", scalar)},
			[]Current{detailed(sealed, "alias/app", "Standard")},
			[]string{"2 /p/a SecureString 1 alias/app"}},
		{"a key that is not known", o, []document.Entry{entry("a", "1", scalar)}, []Current{sealed},
			[]string{"4 /p/a SecureString its key can't be seen, and the default key would take its " +
				"place: say --key"}},
		{"another key", Options{Overwrite: true, KeyID: "k"}, []document.Entry{entry("a", "1", scalar)},
			[]Current{sealed}, []string{"2 /p/a SecureString 1 k"}},
		{"a key is for secrets", Options{KeyID: "k", Secure: []string{"b"}},
			[]document.Entry{entry("a", "1", scalar), entry("b", "1", scalar)}, nil,
			[]string{"1 /p/a String 1", "1 /p/b SecureString 1 k"}},
		{"what can't be read is written", o, []document.Entry{entry("a", "0", scalar)},
			[]Current{detailed(Current{Name: "/p/a", Type: "SecureString", Closed: true}, "k", "Standard")},
			[]string{"2 /p/a SecureString 0 k"}},
	})
}

func TestMake_Tiers_HaveTheirSizes(t *testing.T) {
	standard, advanced := strings.Repeat("x", 4097), strings.Repeat("x", 8193)
	xs := strings.Repeat("x", 20)
	small := "4 /p/a String the value has 4097 bytes, and 4096 are the most: --tier Advanced takes " +
		"more"
	long := []document.Entry{entry("a", standard, scalar)}
	before := there("/p/a", "String", "x")
	checkPlans(t, []planning{
		{"fits", Options{}, []document.Entry{entry("a", standard[1:], scalar)}, nil,
			[]string{"1 /p/a String " + xs}},
		{"Standard by default", Options{}, long, nil, []string{small}},
		{"Standard", Options{Tier: "Standard", Default: "Advanced"}, long, nil, []string{small}},
		{"Advanced", Options{Tier: "Advanced"}, long, nil, []string{"1 /p/a String " + xs}},
		{"Intelligent", Options{Tier: "Intelligent-Tiering"}, long, nil, []string{"1 /p/a String " + xs}},
		{"by the setting", Options{Default: "Intelligent-Tiering"}, long, nil,
			[]string{"1 /p/a String " + xs}},
		{"too long for any", Options{Tier: "Advanced"},
			[]document.Entry{entry("a", advanced, scalar)}, nil, []string{"4 /p/a String the value has 8193 bytes, and 8192 are the most"}},
		{"too long for any by default", Options{}, []document.Entry{entry("a", advanced, scalar)}, nil,
			[]string{"4 /p/a String the value has 8193 bytes, and 8192 are the most"}},
		{"the most of Advanced", Options{Tier: "Advanced"},
			[]document.Entry{entry("a", advanced[1:], scalar)}, nil, []string{"1 /p/a String " + xs}},
		{"the most of Advanced in Standard", Options{},
			[]document.Entry{entry("a", advanced[1:], scalar)}, nil,
			[]string{strings.Replace(small, "4097", "8192", 1)}},
		{"stays Advanced", Options{Overwrite: true}, long,
			[]Current{detailed(before, "", "Advanced")}, []string{"2 /p/a String " + xs}},
		{"is Standard", Options{Overwrite: true}, long,
			[]Current{detailed(before, "", "Standard")}, []string{small}},
		{"no way back", Options{Overwrite: true, Tier: "Standard"},
			[]document.Entry{entry("a", "1", scalar)}, []Current{detailed(before, "", "Advanced")},
			[]string{"4 /p/a String it is Advanced, and there is no way back to Standard"}},
		{"the same is left alone", Options{Overwrite: true, Tier: "Standard"},
			[]document.Entry{entry("a", "x", scalar)}, []Current{detailed(before, "", "Advanced")},
			[]string{"0 /p/a String"}},
	})
}

// TestMake_WhatIsNotKnown_IsAskedFor: only where it makes a difference.
func TestMake_WhatIsNotKnown_IsAskedFor(t *testing.T) {
	long := entry("a", strings.Repeat("x", 5000), scalar)
	one, zero := entry("a", "1", scalar), entry("a", "0", scalar)
	plain, secret := there("/p/a", "String", "0"), there("/p/a", "SecureString", "0")
	other := there("/p/b", "String", "0")
	for name, c := range map[string]struct {
		o                Options
		e                document.Entry
		there            Current
		details, setting bool
	}{
		"new":                {Options{}, one, other, false, false},
		"changed":            {Options{}, one, plain, false, false},
		"secret":             {Options{}, one, secret, true, false},
		"secret with a key":  {Options{KeyID: "k"}, one, secret, false, false},
		"secret, unchanged":  {Options{}, zero, secret, false, false},
		"long":               {Options{}, long, other, false, true},
		"long over short":    {Options{}, long, plain, true, true},
		"long and Advanced":  {Options{Tier: "Advanced"}, long, plain, false, false},
		"made Standard":      {Options{Tier: "Standard"}, one, plain, true, false},
		"long, by a setting": {Options{Default: "Advanced"}, long, other, false, false},
	} {
		c.o.Path, c.o.Overwrite = "/p", true
		p, err := Make([]document.Entry{c.e}, []Current{c.there}, c.o)
		if err != nil || p.Details != c.details || p.Default != c.setting {
			t.Errorf("%s: %v, details %v, setting %v", name, err, p.Details, p.Default)
		}
	}
}

func TestMake_Patterns_AreLookedAt(t *testing.T) {
	p, err := Make([]document.Entry{entry("a", "1", scalar)}, nil,
		Options{Path: "/p", Secure: []string{"*word*", "A", "/P/*"}})
	if err != nil || !slices.Equal(p.Unmatched, []string{"*word*"}) || !p.Steps[0].Secret() {
		t.Errorf("%v, %+v", err, p)
	}
	if _, err := Make([]document.Entry{entry("a", "1", scalar)}, nil,
		Options{Path: "/p", Secure: []string{"[a"}}); err == nil || !strings.Contains(err.Error(), `"[a"`) {
		t.Errorf("a pattern that is none: %v", err)
	}
}

func TestMake_Values_AreWhatTheServiceTakes(t *testing.T) {
	for _, value := range []string{"", "{{ x }}", "a{{b}}c", "{{", "}}{{", "{x}", "x"} {
		want := value == "" || parameter.CheckText(value) != nil
		if got := wrongValue(value); (got != "") != want {
			t.Errorf("%q: %s", value, got)
		}
	}
}

func TestShow_EachStep_HasALine(t *testing.T) {
	p := &Plan{Steps: []Step{
		{Action: Create, Name: "/p/a", Type: "String", Value: "x"},
		{Action: Change, Name: "/p/long", Type: "StringList", Old: "o\x1b[31m", Value: "n\nm"},
		{Action: Delete, Name: "/p/c", Type: "String", Old: strings.Repeat("ä", 40)},
		{Action: Same, Name: "/p/d", Type: "String", Old: "d", Value: "d"},
		{Action: Create, Name: "/p/e", Type: "SecureString", Value: "hunter2"},
		{Action: Change, Name: "/p/f", Type: "SecureString", Value: "hunter2", Old: "hunter1"},
		{Action: Delete, Name: "/p/g", Type: "SecureString", Old: "hunter1"},
		{Action: Change, Name: "/p/h", Type: "SecureString", Value: "hunter2", Unread: true},
		{Action: Refuse, Name: "/p/i", Type: "SecureString", Line: 7, Why: "why"},
		{Action: Refuse, Name: "/p/\x1b[2J i", Why: "why"},
		{Action: Change, Name: "/p/j", Type: "String", Old: strings.Repeat("x", 100) + "1",
			Value: strings.Repeat("x", 100) + "2"},
	}}
	var b strings.Builder
	if err := p.Show(&b); err != nil {
		t.Fatal(err)
	}
	want := `+ /p/a            String        "x"
~ /p/long         StringList    "o\x1b[31m" -> "n\nm"
- /p/c            String        "` + strings.Repeat("ä", 32) + `"...
+ /p/e            SecureString  (secret)
~ /p/f            SecureString  (secret)
- /p/g            SecureString  (secret)
~ /p/h            SecureString  (secret; the old one can't be read, and so not compared)
! /p/i            SecureString  line 7: why
! "/p/\x1b[2J i"                why
~ /p/j            String        ..."xxxxxxxx1" -> ..."xxxxxxxx2"
2 to create, 4 to change, 2 to delete, 2 refused, 1 the same.
`
	if b.String() != want {
		t.Errorf("\n%s\nwant\n%s", b.String(), want)
	}
}

// TestExcerpt_LongValues_ShowWhatDiffers: no more of them than there is room for, and no character
// is cut.
func TestExcerpt_LongValues_ShowWhatDiffers(t *testing.T) {
	x := strings.Repeat("x", shown)
	for _, c := range []struct{ old, value, want string }{
		{x, x[1:] + "y", `"` + x + `" -> "` + x[1:] + `y"`},
		{x + "1", x + "2", `..."xxxxxxxx1" -> ..."xxxxxxxx2"`},
		{x, x + "2", `..."xxxxxxxx" -> ..."xxxxxxxx2"`},
		{"1" + x, "2" + x, `"1` + x[1:] + `"... -> "2` + x[1:] + `"...`},
		{strings.Repeat("é", 60) + "é", strings.Repeat("é", 60) + "è",
			`..."ééééé" -> ..."ééééè"`},
	} {
		s := Step{Action: Change, Type: parameter.String, Old: c.old, Value: c.value}
		if got := s.about(); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
	for name, want := range map[string]string{"/a~b": "/a~b", "/a b": `"/a b"`, "/ä": `"/ä"`,
		"/a\x7f": `"/a\x7f"`} {
		if got := printable(name); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
