package shape_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/internal/shape"
	"claviger/internal/wire"
)

// table has a shape for each constraint that a model knows.
var table = shape.Table{
	"Text":        {},
	"Name":        {Min: 2, Max: 5},
	"Long":        {Max: 1 << 20, Pattern: `^a+$`},
	"Word":        {Pattern: `[a-z]+`},
	"Java":        {Pattern: `[\u0020-\u00FF]*`, RE2: `[\x{20}-\x{FF}]*`},
	"Either":      {Pattern: `^a|b$`},
	"Color":       {Enum: []string{"RED", "GREEN"}},
	"Secret":      {Min: 3, Max: 5, Pattern: `[a-z]+`, Sensitive: true},
	"Blob":        {Min: 1, Max: 4},
	"SecretBlob":  {Min: 1, Max: 4, Sensitive: true},
	"Number":      {Min: 1, Max: 1000},
	"FromZero":    {Min: 0, Max: 9, Range: true},
	"BelowZero":   {Min: -9, Max: 0, Range: true},
	"Anything":    {},
	"Flag":        {},
	"Names":       {Min: 1, Max: 2, Member: "Name"},
	"Secrets":     {Max: 1, Member: "Secret"},
	"Context":     {Max: 2, Key: "Name", Value: "Word"},
	"SecretMap":   {Max: 1, Key: "Text", Value: "Secret"},
	"SecretNames": {Max: 1, Key: "Secret", Value: "Text"},
	"Pairs":       {Max: 2, Member: "Pair"},
	"Pair":        {},
	"PairMap":     {Max: 12, Key: "Text", Value: "Pair"},
	"Date":        {},
}

type pair struct {
	Key    string `shape:"Name,required"`
	Secret string `shape:"Secret"`
}

type everything struct {
	Text        *string           `shape:"Text"`
	Name        *string           `shape:"Name"`
	Long        *string           `shape:"Long"`
	Word        *string           `shape:"Word"`
	Java        *string           `shape:"Java"`
	Either      *string           `shape:"Either"`
	Color       *string           `shape:"Color"`
	Secret      *string           `shape:"Secret"`
	Blob        []byte            `shape:"Blob"`
	SecretBlob  []byte            `shape:"SecretBlob"`
	Number      *int32            `shape:"Number"`
	FromZero    *int64            `shape:"FromZero"`
	BelowZero   *int32            `shape:"BelowZero"`
	Anything    *int32            `shape:"Anything"`
	Flag        *bool             `shape:"Flag"`
	Names       []string          `shape:"Names"`
	Secrets     []string          `shape:"Secrets"`
	Context     map[string]string `shape:"Context"`
	SecretMap   map[string]string `shape:"SecretMap"`
	SecretNames map[string]string `shape:"SecretNames"`
	Pairs       []pair            `shape:"Pairs"`
	Pair        *pair             `shape:"Pair"`
	PairMap     map[string]pair   `shape:"PairMap"`
	Date        *wire.Time        `shape:"Date"`
}

// validate returns the sentences that v earns in a request with this body.
func validate(t *testing.T, v any, body string) []string {
	t.Helper()
	err := table.Compile(reflect.TypeOf(v), shape.Words{}).Validate(v,
		func(p string) bool { return wire.Present([]byte(body), p) })
	if err == nil {
		return nil
	}
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Invalid || f.Code != "ValidationException" {
		t.Fatalf("answered %v, want a ValidationException", err)
	}
	head, rest, _ := strings.Cut(f.Message, ": ")
	found := strings.Split(rest, "; ")
	want := fmt.Sprintf("%d validation errors detected", len(found))
	if len(found) == 1 {
		want = "1 validation error detected"
	}
	if head != want {
		t.Errorf("the message begins %q, want %q", head, want)
	}
	return found
}

func TestValidate_BrokenConstraint_IsToldInAWSsWords(t *testing.T) {
	for body, want := range map[string]string{
		`{"Name":"a"}`:                        "Value 'a' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 2",
		`{"Name":"äöüßéè"}`:                   "Value 'äöüßéè' at 'name' failed to satisfy constraint: Member must have length less than or equal to 5",
		`{"Name":""}`:                         "Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 2",
		`{"Word":"a1"}`:                       "Value 'a1' at 'word' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+",
		`{"Word":"a\n"}`:                      "Value 'a\n' at 'word' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+",
		`{"Java":"\u0100"}`:                   `Value 'Ā' at 'java' failed to satisfy constraint: Member must satisfy regular expression pattern: [\u0020-\u00FF]*`,
		`{"Either":"ab"}`:                     "Value 'ab' at 'either' failed to satisfy constraint: Member must satisfy regular expression pattern: ^a|b$",
		`{"Color":"red"}`:                     "Value 'red' at 'color' failed to satisfy constraint: Member must satisfy enum value set: [RED, GREEN]",
		`{"Blob":""}`:                         "Value at 'blob' failed to satisfy constraint: Member must have length greater than or equal to 1",
		`{"Blob":"MTIzNDU="}`:                 "Value at 'blob' failed to satisfy constraint: Member must have length less than or equal to 4",
		`{"Secret":"canaries"}`:               "Value at 'secret' failed to satisfy constraint: Member must have length less than or equal to 5",
		`{"Secret":"CANAR"}`:                  "Value at 'secret' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+",
		`{"SecretBlob":""}`:                   "Value at 'secretBlob' failed to satisfy constraint: Member must have length greater than or equal to 1",
		`{"Number":0}`:                        "Value '0' at 'number' failed to satisfy constraint: Member must have value greater than or equal to 1",
		`{"Number":1001}`:                     "Value '1001' at 'number' failed to satisfy constraint: Member must have value less than or equal to 1000",
		`{"FromZero":-1}`:                     "Value '-1' at 'fromZero' failed to satisfy constraint: Member must have value greater than or equal to 0",
		`{"BelowZero":1}`:                     "Value '1' at 'belowZero' failed to satisfy constraint: Member must have value less than or equal to 0",
		`{"Names":[]}`:                        "Value '[]' at 'names' failed to satisfy constraint: Member must have length greater than or equal to 1",
		`{"Names":["aa","bb","cc"]}`:          "Value '[aa, bb, cc]' at 'names' failed to satisfy constraint: Member must have length less than or equal to 2",
		`{"Names":["aa","b"]}`:                "Value '[aa, b]' at 'names' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 5, Member must have length greater than or equal to 2]",
		`{"Context":{"k":"v"}}`:               `Value '{"k":"v"}' at 'context' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 5, Member must have length greater than or equal to 2]`,
		`{"Context":{"kk":"V"}}`:              `Value '{"kk":"V"}' at 'context' failed to satisfy constraint: Map value must satisfy constraint: [Member must satisfy regular expression pattern: [a-z]+]`,
		`{"Context":{"kk":null}}`:             "Value at 'context' failed to satisfy constraint: Map value must satisfy constraint: [Member must not be null]",
		`{"Context":{"k/~k":null}}`:           "Value at 'context' failed to satisfy constraint: Map value must satisfy constraint: [Member must not be null]",
		`{"Names":["aa",null]}`:               "Value at 'names' failed to satisfy constraint: Member must satisfy constraint: [Member must not be null]",
		`{"Pair":{"Key":"k"}}`:                "Value 'k' at 'pair.key' failed to satisfy constraint: Member must have length greater than or equal to 2",
		`{"Pair":{}}`:                         "Value null at 'pair.key' failed to satisfy constraint: Member must not be null",
		`{"Pairs":[{"Key":"kk"},{"Key":""}]}`: "Value '' at 'pairs.2.member.key' failed to satisfy constraint: Member must have length greater than or equal to 2",
		`{"Pairs":[{"Key":"kk"},{}]}`:         "Value null at 'pairs.2.member.key' failed to satisfy constraint: Member must not be null",
		`{"PairMap":{"k":{}}}`:                "Value null at 'pairMap.k.member.key' failed to satisfy constraint: Member must not be null",
		`{"PairMap":{"a/~":{"Key":""}}}`:      "Value '' at 'pairMap.a/~.member.key' failed to satisfy constraint: Member must have length greater than or equal to 2",
		`{"PairMap":{"k":null}}`:              "Value at 'pairMap' failed to satisfy constraint: Map value must satisfy constraint: [Member must not be null]",
		`{"Pairs":[null]}`:                    "Value null at 'pairs.1.member.key' failed to satisfy constraint: Member must not be null",
	} {
		if got := validate(t, read(t, body), body); len(got) != 1 || got[0] != want {
			t.Errorf("%s:\n got %q\nwant %q", body, got, want)
		}
	}
}

func read(t *testing.T, body string) (in everything) {
	t.Helper()
	if err := wire.Decode([]byte(body), &in); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return in
}

func TestValidate_KeptConstraints_IsAccepted(t *testing.T) {
	for _, body := range []string{
		`{}`, `{"Text":""}`, `{"Name":"ab"}`, `{"Name":"äöüßé"}`, `{"Java":"ÿ"}`, `{"Java":""}`, `{"Either":"a"}`, `{"Either":"b"}`,
		`{"Color":"GREEN"}`, `{"Blob":"MTIzNA=="}`, `{"Number":1}`, `{"Number":1000}`, `{"FromZero":0}`, `{"FromZero":9}`,
		`{"BelowZero":0}`, `{"BelowZero":-9}`, `{"Anything":-2147483648}`, `{"Anything":2147483647}`, `{"Flag":false}`,
		`{"Names":["aa","bb"]}`, `{"Context":{}}`, `{"Context":{"kk":"v"}}`, `{"SecretNames":{"key":""}}`, `{"Pairs":[]}`, `{"Pair":{"Key":"kk"}}`, `{"PairMap":{"":{"Key":"kk"}}}`, `{"Date":0}`,
	} {
		if got := validate(t, read(t, body), body); got != nil {
			t.Errorf("%s: %q", body, got)
		}
	}
}

// needs has a required member of every kind that can be empty.
type needs struct {
	Text  string            `shape:"Text,required"`
	Blob  []byte            `shape:"Blob,required"`
	Count int32             `shape:"FromZero,required"`
	Names []string          `shape:"Secrets,required"`
	Map   map[string]string `shape:"Context,required"`
}

func TestValidate_RequiredMember_MayBeEmptyButNotAbsent(t *testing.T) {
	read := func(body string) (in needs) {
		if err := wire.Decode([]byte(body), &in); err != nil {
			t.Fatal(err)
		}
		return in
	}
	for _, body := range []string{`{}`,
		`{"Text":null,"Blob":null,"Count":null,"Names":null,"Map":null}`} {
		found := validate(t, read(body), body)
		if len(found) != 5 {
			t.Errorf("%s: %d errors, want one for each member: %q", body, len(found), found)
		}
		for _, f := range found {
			if !strings.HasPrefix(f, "Value null at '") ||
				!strings.HasSuffix(f, "failed to satisfy constraint: Member must not be null") {
				t.Errorf("%s: %q", body, f)
			}
		}
	}
	body := `{"Text":"","Blob":"MQ==","Count":0,"Names":[],"Map":{}}`
	if found := validate(t, read(body), body); found != nil {
		t.Errorf("%s: %q", body, found)
	}
}

func TestValidate_SensitiveValue_IsNeverQuoted(t *testing.T) {
	const canary = "CANARY-VALUE"
	s := canary
	for name, in := range map[string]everything{
		"a string":              {Secret: &s},
		"a blob":                {SecretBlob: []byte(canary)},
		"another blob":          {Blob: []byte(canary)},
		"an element":            {Secrets: []string{canary}},
		"too many elements":     {Secrets: []string{canary, canary}},
		"a map's value":         {SecretMap: map[string]string{"k": canary}},
		"too many values":       {SecretMap: map[string]string{"k": canary, "l": canary}},
		"a map's key":           {SecretNames: map[string]string{canary: "v"}},
		"a member":              {Pair: &pair{Key: "kk", Secret: canary}},
		"a structure's members": {Pairs: []pair{{"kk", canary}, {"kk", canary}, {"kk", canary}}},
	} {
		plan := table.Compile(reflect.TypeFor[everything](), shape.Words{})
		err := plan.Validate(in, nil)
		if name != "a member" && err == nil {
			t.Errorf("%s: nothing was refused", name)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%s is quoted: %v", name, err)
		}
		if r := recorded(in, shape.Form{}); strings.Contains(r, canary) {
			t.Errorf("%s is recorded: %s", name, r)
		}
	}
}

func TestValidate_ManyErrors_AreTenSentencesOfBoundedLength(t *testing.T) {
	var in everything
	for range 20 {
		in.Pairs = append(in.Pairs, pair{Key: "k"})
	}
	if found := validate(t, in, `{}`); len(found) != 10 {
		t.Errorf("%d sentences, want 10", len(found))
	}
	in = everything{Context: map[string]string{}, PairMap: map[string]pair{}}
	for i := range 20 {
		key := fmt.Sprintf("%d%s", i, strings.Repeat("k", 1<<16))
		in.Context[key] = "V"
		if i < 10 {
			in.PairMap[key] = pair{Key: "k"}
		}
	}
	long := strings.Repeat("ä", 1<<20)
	in.Long = &long
	for _, in := range []everything{in, {PairMap: in.PairMap}} {
		err := table.Compile(reflect.TypeOf(in), shape.Words{}).Validate(in, nil)
		if n := len(err.Error()); n > 16<<10 {
			t.Errorf("the message has %d bytes", n)
		}
	}
}

func TestCompile_MistakeInTheProgram_Panics(t *testing.T) {
	type embedded struct {
		Text string `shape:"Text"`
	}
	for name, typ := range map[string]reflect.Type{
		"no tag": reflect.TypeFor[struct{ Text string }](),
		"unknown shape": reflect.TypeFor[struct {
			Text string `shape:"Nothing"`
		}](),
		"hidden members": reflect.TypeFor[struct{ embedded }](),
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: accepted", name)
				}
			}()
			table.Compile(typ, shape.Words{})
		}()
	}
}

// byShape is embedded for what it does and has no members, as op.ByShape is.
type byShape struct{}

func (byShape) Validate() error { return nil }

// text is embedded and no structure.
type text string

func TestCompile_Embedded_IsNoMemberOnlyIfEmpty(t *testing.T) {
	type input struct {
		Name *string `shape:"Name,required"`
		byShape
	}
	if found := validate(t, input{}, `{}`); len(found) != 1 {
		t.Errorf("found %q, want the one member's absence", found)
	}
	defer func() {
		if p := fmt.Sprint(recover()); !strings.HasSuffix(p, ".text has no shape") {
			t.Errorf("an embedded text: %s", p)
		}
	}()
	table.Compile(reflect.TypeFor[struct{ text }](), shape.Words{})
}

// TestValidate_LongValue_IsQuotedUpToABound: 1,024 bytes of what was sent are said back whole, and
// no more.
func TestValidate_LongValue_IsQuotedUpToABound(t *testing.T) {
	for size, end := range map[int]string{1023: "'", 1024: "'", 1025: "...'"} {
		value := strings.Repeat("b", size)
		found := validate(t, everything{Long: &value}, `{}`)
		want := "Value '" + value[:min(size, 1024)] + end + " at 'long'"
		if len(found) != 1 || !strings.HasPrefix(found[0], want) {
			t.Errorf("%d bytes: %.60q", size, found)
		}
	}
}
