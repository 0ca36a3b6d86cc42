package document

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestFormatOf_EachName_IsTold(t *testing.T) {
	for file, want := range map[string]Format{".env": Env, "/a.b/.env.local": Env, "dev.env": Env,
		"a/config.JSON": JSON, "x.yml": YAML, "x.yaml": YAML, "env": "", "x.txt": "", "-": "",
		"a.json/b": ""} {
		if got := FormatOf(file); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}

// spoken is an entry in one line.
func spoken(e Entry) string {
	kind := map[Kind]string{Text: "text", Scalar: "scalar", List: "list"}[e.Kind]
	if e.Wrong != "" {
		kind = "wrong"
	}
	return fmt.Sprintf("%d %s %s=%s%s", e.Line, kind, e.Name, e.Value, e.Wrong)
}

// reading is a document and what is read from it: an error in one line, or a line for each entry.
type reading struct {
	name, text string
	want       []string
}

func checkReadings(t *testing.T, format Format, all []reading) {
	t.Helper()
	for _, c := range all {
		entries, err := Read(format, []byte(c.text))
		got := []string{}
		for _, e := range entries {
			got = append(got, spoken(e))
		}
		if err != nil {
			got = []string{err.Error()}
		}
		if c.want == nil {
			c.want = []string{}
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n%q\nwant\n%q", c.name, got, c.want)
		}
	}
}

func TestRead_Env_KeepsWhatIsWritten(t *testing.T) {
	checkReadings(t, Env, []reading{
		{"empty", "", nil},
		{"comments", "# one\n\n   # two\n", nil},
		{"plain", "A=1.10\nB = no \n", []string{"1 text A=1.10", "2 text B=no"}},
		{"export", "export A=1\nexport\tB=2\nexport=3\nexports=4\nexport =5",
			[]string{"1 text A=1", "2 text B=2", "3 text export=3", "4 text exports=4", "5 text export=5"}},
		{"comment behind", "A=x # y\nB=x#y\nC=#z\nD= # z\nE=a\t#\n",
			[]string{"1 text A=x", "2 text B=x#y", "3 text C=#z", "4 text D=", "5 text E=a"}},
		{"dollar", "A=pa$$word\nB=\"$HOME ${HOME} \\$x\"\nC='$HOME'\n",
			[]string{"1 text A=pa$$word", "2 text B=$HOME ${HOME} $x", "3 text C=$HOME"}},
		{"equals sign", "A=b=c==\n", []string{"1 text A=b=c=="}},
		{"single quotes", `A='x "y" \n # z'` + "\n", []string{`1 text A=x "y" \n # z`}},
		{"double quotes", `A="a\tb\"c\\d\n\q" # comment` + "\nB=\"\"",
			[]string{"1 text A=a\tb\"c\\d\n\\q", "2 text B="}},
		{"lines", "A=\"one\n two\n\nthree\"\nB='x\ny'\nC=1\n",
			[]string{"1 text A=one\n two\n\nthree", "5 text B=x\ny", "7 text C=1"}},
		{"Windows", "\xef\xbb\xbfA=1\r\nB=\"x\r\ny\"\r\n", []string{"1 text A=1", "2 text B=x\ny"}},
		{"name as it is", "db/host.name-1=x\n", []string{"1 text db/host.name-1=x"}},
		{"backslash", `A=C:\new\table` + "\n", []string{`1 text A=C:\new\table`}},
		{"quote inside", "A=it's\nB=a\"b\n", []string{"1 text A=it's", "2 text B=a\"b"}},
		{"backquotes", "A=`id`\n", []string{"1 text A=`id`"}},
		{"no value", "A=\n", []string{"1 text A="}},

		{"no equals sign", "A=1\nhunter2\n", []string{"line 2: there is no = in it"}},
		{"no key", "\n=x", []string{"line 2: before the = there is no key"}},
		{"blank in key", "A B=x", []string{"line 1: before the = there is no key"}},
		{"open quotes", "\nA=\"x\n\n", []string{"line 2: its quotes are not closed"}},
		{"open single quotes", "A='x\n", []string{"line 1: its quotes are not closed"}},
		{"behind quotes", "A=\"x\ny\"z\n", []string{"line 2: something stands behind the closing quote"}},
		{"shell's way", `A='it'\''s'`, []string{"line 1: something stands behind the closing quote"}},
		{"not UTF-8", "A=1\nB=\xff\n", []string{"line 2: it is not UTF-8"}},
	})
}

func TestRead_JSON_KeepsWhatIsWritten(t *testing.T) {
	checkReadings(t, JSON, []reading{
		{"empty", "{}", nil},
		{"scalars", "{\"a\": \"x\",\n\"b\": 1.10, \"c\": 1e3,\n \"d\": true, \"e\": -0.0, \"f\": \"\"}",
			[]string{"1 scalar a=x", "2 scalar b=1.10", "2 scalar c=1e3", "3 scalar d=true",
				"3 scalar e=-0.0", "3 scalar f="}},
		{"big number", `{"a": 123456789012345678901234567890}`,
			[]string{"1 scalar a=123456789012345678901234567890"}},
		{"levels", "{\"db\": {\n\"host\": \"h\", \"x\": {\"y\": 1}}, \"e\": {}, \"p/q\": \"r\"}",
			[]string{"2 scalar db/host=h", "2 scalar db/x/y=1", "2 scalar p/q=r"}},
		{"lists", `{"a": ["x", 1.0, false], "b": [], "c": ["x,y"]}`,
			[]string{"1 list a=x,1.0,false", "1 list b=", "1 wrong c=an item of the list has a comma in " +
				"it, and a StringList is items with commas between"}},
		{"null", `{"a": null}`, []string{"1 wrong a=" + isNull}},
		{"nested lists", `{"a": [["x"]], "b": [{"c": 1}], "d": [null], "e": "f"}`,
			[]string{"1 wrong a=" + isNested, "1 wrong b=" + isNested, "1 wrong d=" + isNested,
				"1 scalar e=f"}},
		{"escapes", `{"a\u002fb": "\u00e4\n\ud83d\ude00"}`, []string{"1 scalar a/b=ä\n😀"}},

		{"nothing", "", []string{`line 1: it is no object: { "NAME": "VALUE" }`}},
		{"array", "[1]", []string{`line 1: it is no object: { "NAME": "VALUE" }`}},
		{"twice", "{\"a\": 1,\n\n\"a\": \"hunter2\"}", []string{`line 3: "a" is there twice`}},
		{"no JSON", "{\"a\":\n hunter2}", []string{"line 2: it is not JSON"}},
		{"no JSON in a list", "{\"a\": [\n hunter2]}", []string{"line 2: it is not JSON"}},
		{"too short", "{\"a\": \"x\",", []string{"line 1: it is not JSON: it ends too early"}},
		{"too long", "{\"a\": \"x\"}\n{}", []string{
			"line 2: something stands behind the end of the object"}},
		{"half a character", `{"a": "\ud83d"}`, []string{"line 1: it is not JSON"}},
	})
}

func TestRead_YAML_KeepsWhatIsWritten(t *testing.T) {
	tagged := "it has a tag, and what that would make of it is not known here"
	checkReadings(t, YAML, []reading{
		{"empty", "", nil},
		{"comment", "# x\n", nil},
		{"no map", "---\n", nil},
		{"scalars", "a: 1.10\nb: no\nc: 0x1F\nd: 2001-01-01\ne: .inf\nf: 'null'\ng: \"\"\nh: 1_000\n" +
			"i: 012\nj: yes\nk: 1:20\n", []string{"1 scalar a=1.10", "2 scalar b=no", "3 scalar c=0x1F",
			"4 scalar d=2001-01-01", "5 scalar e=.inf", "6 scalar f=null", "7 scalar g=",
			"8 scalar h=1_000", "9 scalar i=012", "10 scalar j=yes", "11 scalar k=1:20"}},
		{"levels", "db:\n  host: h # x\n  x: {y: 1}\ne: {}\np/q: r\n1: one\ntrue: t\n",
			[]string{"2 scalar db/host=h", "3 scalar db/x/y=1", "5 scalar p/q=r", "6 scalar 1=one",
				"7 scalar true=t"}},
		{"lists", "a: [x, 1.0, no]\nb:\n- y\nc: []\nd: ['x,y']\n", []string{"1 list a=x,1.0,no",
			"2 list b=y", "4 list c=", "5 wrong d=an item of the list has a comma in it, and a StringList " +
				"is items with commas between"}},
		{"null", "a:\nb: ~\nc: null\n", []string{"1 wrong a=" + isNull, "2 wrong b=" + isNull,
			"3 wrong c=" + isNull}},
		{"nested lists", "a: [[x]]\nb: [{c: d}]\ne: [~]\n", []string{"1 wrong a=" + isNested,
			"2 wrong b=" + isNested, "3 wrong e=" + isNested}},
		{"blocks", "a: |\n  x\n   y\nb: >-\n  x\n  y\nc: last\n", []string{"1 scalar a=x\n y\n",
			"4 scalar b=x y", "7 scalar c=last"}},
		{"aliases", "a: &x v\nb: *x\nc: &m {d: *x}\ne: *m\nf: [*x]\n", []string{"1 scalar a=v",
			"2 scalar b=v", "3 scalar c/d=v", "3 scalar e/d=v", "5 list f=v"}},
		{"tags", "a: !!str 1\nb: !vault hunter2\nc: !!binary aHVudGVyMg==\nd: [!x y]\n",
			[]string{"1 scalar a=1", "2 wrong b=" + tagged, "3 wrong c=" + tagged, "4 wrong d=" + tagged}},

		{"no map but a list", "- a\n", []string{"line 1: it is no map: NAME: VALUE"}},
		{"twice", "a: 1\nb: 2\na: hunter2\n", []string{`line 3: "a" is there twice, in line 1 too`}},
		{"merge", "a: &m {b: c}\nd:\n  <<: *m\n", []string{
			"line 3: maps are not merged by <<: write the keys out"}},
		{"key that is no text", "? [a]\n: b\n", []string{
			"line 1: a key is a text, and neither a map nor a list"}},
		{"no such anchor", "a: *hunter2\n", []string{"line 1: it is not YAML: unknown anchor"}},
		{"no end of a list", "a: [hunter2\nb: 2\n", []string{
			"line 2: it is not YAML: did not find expected ',' or ']'"}},
		{"two documents", "a: 1\n---\nb: 2\n", []string{
			"line 2: another document begins, and one is read"}},
	})
}

// TestRead_YAMLThatGrows_IsRefused: aliases make a million of a few lines, or go round for ever.
func TestRead_YAMLThatGrows_IsRefused(t *testing.T) {
	grows := "a: &a {x: 1, y: 2}\n"
	for c := 'b'; c < 'z'; c++ {
		grows += fmt.Sprintf("%c: &%c {x: *%c, y: *%c}\n", c, c, c-1, c-1)
	}
	lists := "l: &l [" + strings.Repeat("x,", 2000) + "x]\n"
	for i := range 2000 {
		lists += fmt.Sprintf("l%d: *l\n", i)
	}
	deep := strings.Repeat("{a: ", 1000) + "x" + strings.Repeat("}", 1000)
	for name, text := range map[string]string{"maps": grows, "lists": lists, "deep": deep,
		"round": "a: &a\n  b: *a\n"} {
		if _, err := Read(YAML, []byte(text)); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
}

func TestRead_TooLong_IsRefused(t *testing.T) {
	if _, err := Read(Env, make([]byte, mostBytes+1)); err == nil {
		t.Error("it was read")
	}
}

var written = []Value{
	{Name: "z", Text: "plain"},
	{Name: "no", Text: "no"},
	{Name: "db/port", Text: "5432"},
	{Name: "db/hosts", Text: "a,b", List: true},
	{Name: "db", Text: "x y"},
	{Name: "db-x/pem", Text: "-----BEGIN\nabc\n-----END\n"},
	{Name: "db-x/dollar", Text: "it's $HOME `id` \"q\" \\n"},
}

func TestWrite_EachFormat_IsInOrderOfNames(t *testing.T) {
	for _, c := range []struct {
		format Format
		flat   bool
		want   string
	}{
		{Env, false, "db='x y'\ndb-x/dollar=\"it's \\$HOME \\`id\\` \\\"q\\\" \\\\n\"\n" +
			"db-x/pem=\"-----BEGIN\nabc\n-----END\n\"\ndb/hosts=a,b\ndb/port=5432\nno=no\nz=plain\n"},
		{JSON, false, `{
  "db": "x y",
  "db-x": {
    "dollar": "it's $HOME ` + "`id`" + ` \"q\" \\n",
    "pem": "-----BEGIN\nabc\n-----END\n"
  },
  "db/hosts": [
    "a",
    "b"
  ],
  "db/port": "5432",
  "no": "no",
  "z": "plain"
}
`},
		{JSON, true, `{
  "db": "x y",
  "db-x/dollar": "it's $HOME ` + "`id`" + ` \"q\" \\n",
  "db-x/pem": "-----BEGIN\nabc\n-----END\n",
  "db/hosts": [
    "a",
    "b"
  ],
  "db/port": "5432",
  "no": "no",
  "z": "plain"
}
`},
		{YAML, false, `db: "x y"
db-x:
  dollar: "it's $HOME ` + "`id`" + ` \"q\" \\n"
  pem: |
    -----BEGIN
    abc
    -----END
db/hosts:
- "a"
- "b"
db/port: "5432"
"no": "no"
z: "plain"
`},
	} {
		got, err := Write(c.format, written, c.flat)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", c.format, err, got, c.want)
		}
	}
	for format, want := range map[Format]string{Env: "", JSON: "{}\n", YAML: "{}\n"} {
		if got, err := Write(format, nil, false); err != nil || string(got) != want {
			t.Errorf("nothing as %s: %v, %q", format, err, got)
		}
	}
}

// checkRound writes parameters and reads them again.
func checkRound(t *testing.T, values []Value) {
	t.Helper()
	for _, format := range Formats {
		for _, flat := range []bool{false, true} {
			text, err := Write(format, values, flat)
			if err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			entries, err := Read(format, text)
			if err != nil || len(entries) != len(values) {
				t.Fatalf("%s: %d of %d, %v\n%q", format, len(entries), len(values), err, text)
			}
			of := map[string]Entry{}
			for _, e := range entries {
				of[e.Name] = e
			}
			for _, v := range values {
				e := of[v.Name]
				if e.Value != v.Text || e.Wrong != "" || format != Env && v.List != (e.Kind == List) {
					t.Fatalf("%s: %q is %+v, want %q\n%q", format, v.Name, e, v.Text, text)
				}
			}
		}
	}
}

func TestWrite_ReadAgain_IsTheSame(t *testing.T) {
	checkRound(t, written)
	for _, text := range []string{"", " x", "x ", "\n", "\n\n", "x\n", "\nx", " x\n y\n", "x\n\ny",
		"x\ny ", "\tx\ny", "a: b", "- a", "# x", "~", "null", "1.10", "0x1F", "2001-01-01", "|", ">",
		"@x", "*x", "&x", "!x", "%x", "---", "---\nx\n", "...\nx", "#\n#", "\r", "a\r\nb", "\x00",
		"\x1b[31m", "\u2028", "\ufeff", "\u0085", "\U0001f600", "'", `"`, `\`, `\\`, "`", "$", "''",
		`""`, "a'b\"c\\d$e`f\ng",
		"export A=1", "=", "?", "? x", "<<", "y", "on", "[a]", "{a}", ",", "a,",
		strings.Repeat("x ", 3000)} {
		checkRound(t, []Value{{Name: "a", Text: text}, {Name: "a/b", Text: text},
			{Name: "l", Text: text, List: true}})
	}
}
