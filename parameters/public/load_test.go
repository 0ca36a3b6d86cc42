package public

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const site = "/aws/service/site"

// put writes a file and returns its path.
func put(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load returns the tree of a text at site.
func load(t testing.TB, text string) *Trees {
	t.Helper()
	trees, err := Load(Tree{Path: site, File: put(t, "site.yaml", text)})
	if err != nil {
		t.Fatalf("%.200s\n%.200v", text, err)
	}
	return trees
}

// TestLoad_Scalars_KeepTheirWrittenText: YAML makes numbers, dates and booleans of what looks like
// them, and there is nothing of the kind here.
func TestLoad_Scalars_KeepTheirWrittenText(t *testing.T) {
	for written, want := range map[string]string{
		"1.10": "1.10", "no": "no", "on": "on", "True": "True",
		"2026-11-28": "2026-11-28", "0o17": "0o17",
		"0777": "0777", "1e3": "1e3", ".inf": ".inf", "12:30:45": "12:30:45", "1_000": "1_000",
		"12345678901234567890123": "12345678901234567890123", `"null"`: "null", "'~'": "~",
		`"a\tb"`: "a\tb", "'it''s'": "it's", "a # b": "a", "a#b": "a#b", "ami-0abc,ami-1": "ami-0abc,ami-1",
		"|\n    one\n    two":  "one\ntwo\n",
		">-\n    one\n    two": "one two", "'{{'": "{{", "'}} {{'": "}} {{",
		"é": "é", `"\U0001F511"`: "\U0001F511", "http://a/b?c=d": "http://a/b?c=d", "<<": "<<",
	} {
		p, ok := load(t, "value: "+written+"\n").Get(site + "/value")
		if !ok || p.Value != want || p.Type != String {
			t.Errorf("%s: %q, want %q", written, p.Value, want)
		}
	}
}

func TestLoad_Names_KeepTheirWrittenText(t *testing.T) {
	trees := load(t, "1.10: a\nno: b\nnull: c\n2026-11-28: d\n0x10: e\n\"quoted\": f\n-: g\n")
	for name, want := range map[string]string{"1.10": "a", "no": "b", "null": "c", "2026-11-28": "d",
		"0x10": "e", "quoted": "f", "-": "g"} {
		if p, ok := trees.Get(site + "/" + name); !ok || p.Value != want {
			t.Errorf("%s: %+v, want %q", name, p, want)
		}
	}
}

// TestLoad_Tree_HasItsParameters reads the form that the documentation shows.
func TestLoad_Tree_HasItsParameters(t *testing.T) {
	const text = `# images of the site
debian-12:
  $value: ami-0abc
  $description: the newest one
  kernel: 6.1
zones: [a, "b", 3]
deep: {er: {still: x}}
empty: {}
`
	const flow = `{"debian-12": {"$value": "ami-0abc", "$description": "the newest one",
		"kernel": "6.1"}, "zones": ["a", "b", "3"], "deep": {"er": {"still": "x"}}, "empty": {}}`
	for _, text := range []string{text, flow, "\ufeff" + text, strings.ReplaceAll(text, "\n", "\r\n"),
		"%YAML 1.1\n---\n" + text + "...\n"} {
		path := put(t, "site.yaml", text)
		changed := time.Date(2026, 1, 2, 3, 4, 5, 678_901_234, time.FixedZone("", 3600))
		if err := os.Chtimes(path, changed, changed); err != nil {
			t.Fatal(err)
		}
		trees, err := Load(Tree{Path: site, File: path})
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, p := range trees.Under("/", true, "", 100) {
			said = append(said, fmt.Sprintf("%s %s %q %q %s", p.Name, p.Type, p.Value, p.Description,
				p.Modified.Format(time.RFC3339Nano)))
		}
		want := `/aws/service/list/site String "/aws/service/site/" "" 2026-01-02T02:04:05.678Z
/aws/service/site/debian-12 String "ami-0abc" "the newest one" 2026-01-02T02:04:05.678Z
/aws/service/site/debian-12/kernel String "6.1" "" 2026-01-02T02:04:05.678Z
/aws/service/site/deep/er/still String "x" "" 2026-01-02T02:04:05.678Z
/aws/service/site/zones StringList "a,b,3" "" 2026-01-02T02:04:05.678Z`
		if got := strings.Join(said, "\n"); got != want {
			t.Errorf("%q:\n%s\nwant\n%s", text, got, want)
		}
	}
}

// TestLoad_ExampleOfTheDocument_HasTheNamesThatItSays: what people copy is right.
func TestLoad_ExampleOfTheDocument_HasTheNamesThatItSays(t *testing.T) {
	document, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(document), "\n## Public parameters\n")
	_, text, _ = strings.Cut(text, "```yaml\n")
	text, _, _ = strings.Cut(text, "```")
	const path = "/aws/service/example/images"
	trees, err := Load(Tree{Path: path, File: put(t, "images.yaml", text)})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"/debian-12": "ami-0a1b2c3d4e5f67890",
		"/debian-12/kernel": "6.10", "/proxies": "10.0.0.1,10.0.0.2"} {
		if p, ok := trees.Get(path + name); !ok || p.Value != want {
			t.Errorf("%s is %q, want %q", name, p.Value, want)
		}
	}
}

// TestLoad_WrongFile_IsRefusedByFileLineAndCause: whoever wrote the file finds the place.
func TestLoad_WrongFile_IsRefusedByFileLineAndCause(t *testing.T) {
	deep := strings.Repeat("a: {", 13) + "b: c" + strings.Repeat("}", 13)
	bomb := "a: &a [x, x]\n"
	for c := 'b'; c < 'z'; c++ {
		bomb += fmt.Sprintf("%c: &%c [*%c, *%c, *%c]\n", c, c, c-1, c-1, c-1)
	}
	for text, want := range map[string]string{
		"":                       ": this can't be read as YAML: no documents in stream",
		"# nothing\n":            ": this can't be read as YAML: no documents in stream",
		"a: 1\n---\nb: 2\n":      ": this can't be read as YAML: expected single document",
		"a: [1,\n":               ":2: this can't be read as YAML: while parsing a flow node: did not",
		"a: b: c\n":              ":1: this can't be read as YAML: mapping values",
		"a: 1\n\tb: 2\n":         ":2: this can't be read as YAML: ",
		"a: *b\n":                ":1: this can't be read as YAML: unknown anchor",
		"- a\n- b\n":             ":1: the file is no map of names",
		"just text\n":            ":1: the file is no map of names",
		"null\n":                 ":1: the file is no map of names",
		"&a {a: b}\n":            ":1: anchors and aliases",
		"a: 1\nb: &x 2\n":        ":2: anchors and aliases",
		"a: &x 1\nb: *x\n":       ":1: anchors and aliases",
		"&x a: 1\n":              ":1: anchors and aliases",
		"a: [b, &x c]\n":         ":1: anchors and aliases",
		"a: &x [b]\n":            ":1: anchors and aliases",
		"a: &x {b: c}\n":         ":1: anchors and aliases",
		bomb:                     ":1: anchors and aliases",
		"a: !!binary aGk=\n":     ":1: tags are not taken",
		"a: !!str 1\n":           ":1: tags are not taken",
		"a: ! 1\n":               ":1: tags are not taken",
		"a: !own {b: c}\n":       ":1: tags are not taken",
		"!!str a: b\n":           ":1: tags are not taken",
		"a: !!set {b}\n":         ":1: tags are not taken",
		"a: 1\nb:\n":             `:2: nothing stands here: put quotes around ""`,
		"a: null\n":              `:1: nothing stands here: put quotes around "null"`,
		"a: [b, ~]\n":            `:1: nothing stands here: put quotes around "~"`,
		"a: ''\n":                ":1: a value has one character at least",
		"a: []\n":                ":1: a value has one character at least",
		"a: [b, '']\n":           ":1: an item of a list has one character at least",
		"a:\n- b\n- 'c,d'\n":     ":3: an item of a list has no comma",
		"a: [b, [c]]\n":          ":1: a text belongs here",
		"a: [b, {c: d}]\n":       ":1: a text belongs here",
		"a: {$value: {b: c}}":    ":1: a text belongs here",
		"a: x{{ssm:b}}y\n":       ":1: a value can't name another parameter in {{ }}",
		"a: ['{{b', 'c}}']\n":    ":1: a value can't name another parameter in {{ }}",
		"a: 1\nb: 2\na: 3\n":     `:3: "a" is there twice, also in line 1`,
		"a:\n  b: 1\n  'b': 2":   `:3: "b" is there twice, also in line 2`,
		"{$value: a, $value: b}": `:1: "$value" is there twice`,
		"a b: 1\n":               `:1: "a b" is no name`,
		"a/b: 1\n":               `:1: "a/b" is no name`,
		"'': 1\n":                `:1: "" is no name`,
		"<<: {a: 1}\n":           `:1: "<<" is no name`,
		"$type: a\n":             `:1: "$type" is no name`,
		"é: 1\n":                 `:1: "é" is no name`,
		"? [a]\n: 1\n":           ":1: a name is a text",
		"a: {$description: b}":   ":1: $description is for a level with $value",
		"a: 1\nb: \xff\n":        ":2: what stands here is no UTF-8",
		"a: 1\nb: \x01\n":        ":2: a character stands here that YAML doesn't have",
		"a: 1\nb: \uffff\n":      ":2: a character stands here that YAML doesn't have",
		"a: 1\nb: \ufeff\n":      ":2: a byte order mark",
		"\xff\xfea\x00:\x00 ":    ":1: what stands here is no UTF-8",
		"a: {$value: b, $description: " + strings.Repeat("é", longestDescription+1) + "}": ":1: a desc",
		"a: " + strings.Repeat("é", mostInValue/2) + "x\n":                                ":1: a value has 8192 bytes at most",
		"a: [" + strings.Repeat("ab, ", mostInValue/3) + "cde]":                           ":1: a value has 8192 bytes at most",
		deep:                                     ":1: a hierarchy has 15 levels",
		strings.Repeat("[", 1000):                ":1: this can't be read as YAML: ",
		strings.Repeat("{a: ", 1000):             ":1: this can't be read as YAML: ",
		strings.Repeat("n", longestName) + ": a": ":1: this name is longer than 950",
		"a: 1\n" + strings.Repeat("#\n", mostInFile/2): " has more than 4194304 bytes",
	} {
		path := put(t, "site.yaml", text)
		_, err := Load(Tree{Path: site, File: path})
		if err == nil || !strings.HasPrefix(err.Error(), path+want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
		if err != nil && len(err.Error()) > len(path)+200 {
			t.Errorf("%.40q is told at length: %v", text, err)
		}
	}
}

func TestLoad_LargestFile_IsTaken(t *testing.T) {
	text := "a: {$value: " + strings.Repeat("é", mostInValue/2) + ", $description: " +
		strings.Repeat("é", longestDescription) + "}\n" + strings.Repeat("b: {", 11) + "c: d" +
		strings.Repeat("}", 11) + "\n" + strings.Repeat("n", longestName-len(site)-1) + ": e\n"
	text += strings.Repeat("#", mostInFile-len(text))
	if n := load(t, text).Len(); n != 4 { // one of them is in the list
		t.Errorf("%d parameters", n)
	}
}

// TestLoad_WhatIsNoFile_IsRefused: and nothing waits for somebody to write to a pipe.
func TestLoad_WhatIsNoFile_IsRefused(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{dir: "is no file", pipe: "is no file",
		"/dev/zero": "is no file", filepath.Join(dir, "absent"): "no such file"} {
		if _, err := Load(Tree{Path: site, File: path}); err == nil ||
			!strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestCheckPath_Elsewhere_IsRefused: a tree where accounts may write would hide what they store.
func TestCheckPath_Elsewhere_IsRefused(t *testing.T) {
	for path, want := range map[string]string{
		"":                       "is not below /aws/service",
		"/":                      "is not below /aws/service",
		"/site/images":           "is not below /aws/service",
		"/aws/service":           "is not below /aws/service",
		"/AWS/service/site":      "is not below /aws/service",
		"/aws/services/site":     "is not below /aws/service",
		"aws/service/site":       "is not below /aws/service",
		"/aws/reference/site":    "is not below /aws/service",
		"/aws/service/":          "is no path",
		"/aws/service/site/":     "is no path",
		"/aws/service//site":     "is no path",
		"/aws/service/a b":       "is no path",
		"/aws/service/list":      "can't be one itself",
		"/aws/service/list/site": "can't be one itself",
		"/aws/service" + strings.Repeat("/a", 14):          "15 levels at most, and this is one of 16",
		"/aws/service/" + strings.Repeat("a", longestName): "longer than 950",
	} {
		if err := CheckPath(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
		if _, err := Load(Tree{Path: path, File: "absent"}); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%s: loaded with %v", path, err)
		}
	}
	for _, path := range []string{site, "/aws/service/lists", "/aws/service/ami-amazon-linux-latest",
		"/aws/service/a/B.c_d-e/0"} {
		if err := CheckPath(path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestLoad_ManyTrees_AreOne: they may lie within each other, and may not say the same name twice.
func TestLoad_ManyTrees_AreOne(t *testing.T) {
	one := put(t, "one.yaml", "a: 1\nb: {c: 2}\n")
	two := put(t, "two.yaml", "\nd: 3\n")
	later := time.Now().Add(time.Hour).Truncate(time.Second)
	if err := os.Chtimes(one, later, later); err != nil {
		t.Fatal(err)
	}
	trees, err := Load(Tree{site, one}, Tree{site + "/b", two}, Tree{"/aws/service/other", two})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range trees.Under(Root, true, "", 100) {
		names = append(names, strings.TrimPrefix(p.Name, Root))
	}
	if got := strings.Join(names, " "); got != "/list/other /list/site /other/d /site/a /site/b/c /site/b/d" {
		t.Error(got)
	}
	if p, _ := trees.Get("/aws/service/list/site"); !p.Modified.Equal(later) {
		t.Errorf("the list is of %v, and the newest file of %v", p.Modified, later)
	}
	for _, twice := range []Tree{{site, one}, {"/aws/service/site/b", put(t, "3", "x: y\nc: z\n")}} {
		_, err := Load(Tree{site, one}, twice)
		if err == nil || !strings.Contains(err.Error(), twice.File+":") ||
			!strings.Contains(err.Error(), "is there twice, also in "+one+":") {
			t.Errorf("%v: %v", twice, err)
		}
	}
}
