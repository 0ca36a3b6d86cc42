package shape_test

import (
	"encoding/base64"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"claviger/internal/shape"
	"claviger/internal/wire"
)

func schemas() shape.Schemas {
	return shape.Schemas{Table: table, Prefix: "test.", Base: "#/parts/",
		Named: map[string]*shape.Schema{}}
}

func TestSchemas_Input_HoldsTheConstraintsOfTheTable(t *testing.T) {
	s := schemas()
	doc, err := json.Marshal(s.Of(reflect.TypeFor[everything]()).Properties)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]map[string]any
	if err := json.Unmarshal(doc, &got); err != nil {
		t.Fatal(err)
	}
	type object = map[string]any
	const secret = "Sensitive: never logged, recorded or quoted in an error."
	word := object{"type": "string", "pattern": "^(?:[a-z]+)$"}
	name := object{"type": "string", "minLength": 2., "maxLength": 5.}
	hidden := object{"type": "string", "minLength": 3., "maxLength": 5., "pattern": "^(?:[a-z]+)$",
		"format": "password", "description": secret}
	for member, want := range map[string]object{
		"Text":   {"type": "string"},
		"Name":   name,
		"Long":   {"type": "string", "maxLength": float64(1 << 20), "pattern": "^a+$"},
		"Word":   word,
		"Java":   {"type": "string", "pattern": `^(?:[\u0020-\u00FF]*)$`},
		"Either": {"type": "string", "pattern": "^(?:^a|b$)$"},
		"Color":  {"type": "string", "enum": []any{"RED", "GREEN"}},
		"Secret": hidden,
		"Blob":   {"type": "string", "contentEncoding": "base64", "minLength": 4., "maxLength": 8.},
		"SecretBlob": {"type": "string", "contentEncoding": "base64", "minLength": 4., "maxLength": 8.,
			"format": "password", "description": secret},
		"Number":    {"type": "integer", "format": "int32", "minimum": 1., "maximum": 1000.},
		"FromZero":  {"type": "integer", "format": "int64", "minimum": 0., "maximum": 9.},
		"BelowZero": {"type": "integer", "format": "int32", "minimum": -9., "maximum": 0.},
		"Anything":  {"type": "integer", "format": "int32"},
		"Flag":      {"type": "boolean"},
		"Names":     {"type": "array", "minItems": 1., "maxItems": 2., "items": name},
		"Secrets":   {"type": "array", "maxItems": 1., "items": hidden},
		"Context": {"type": "object", "maxProperties": 2., "propertyNames": name,
			"additionalProperties": word},
		"SecretNames": {"type": "object", "maxProperties": 1., "propertyNames": hidden,
			"additionalProperties": object{"type": "string"}},
		"Pairs": {"type": "array", "maxItems": 2., "items": object{"$ref": "#/parts/test.pair"}},
		"Pair":  {"$ref": "#/parts/test.pair"},
		"Date": {"type": "number",
			"description": "Seconds since 1970-01-01T00:00:00Z, to the millisecond."},
	} {
		if !reflect.DeepEqual(got[member], want) {
			t.Errorf("%s:\n got %v\nwant %v", member, got[member], want)
		}
	}
	if part := s.Named["test.pair"]; part == nil || !slices.Equal(part.Required, []string{"Key"}) {
		t.Errorf("the structure below is %+v", part)
	}
}

// A blob is held to its bytes by the service and to its text by the schema: the schema may not
// refuse what the service takes.
func TestSchemas_Blob_TakesEveryLegalLength(t *testing.T) {
	for n := 1; n <= 300; n++ {
		row := shape.Table{"B": {Min: n, Max: n}}
		s := shape.Schemas{Table: row, Named: map[string]*shape.Schema{}}
		p := s.Of(reflect.TypeFor[struct {
			B []byte `shape:"B"`
		}]()).Properties[0]
		if text := base64.StdEncoding.EncodedLen(n); p.Schema.MinLength != text ||
			p.Schema.MaxLength != text {
			t.Fatalf("%d bytes are %d characters of base64; the schema wants %d to %d", n, text,
				p.Schema.MinLength, p.Schema.MaxLength)
		}
	}
}

// JSON Schema's patterns search and the service's match the whole value: both
// must say the same of it.
func TestSchemas_Pattern_MatchesTheWholeValue(t *testing.T) {
	for _, pattern := range []string{`[a-z]+`, `^[a-z]+$`, `^\!?[a-z\=\_\-]*$`, `\\!`, `^a|b$`, `a|b`,
		`^a`, `b$`} {
		p := shape.Table{"P": {Pattern: pattern}}
		typ := reflect.TypeFor[struct {
			P *string `shape:"P"`
		}]()
		schema := regexp.MustCompile(shape.Schemas{Table: p,
			Named: map[string]*shape.Schema{}}.Of(typ).Properties[0].Schema.Pattern)
		for _, v := range []string{"", "a", "b", "ab", "a1", "1b", "ba", "!a=_-", "\\!"} {
			in := struct {
				P *string `shape:"P"`
			}{&v}
			took := p.Compile(typ, shape.Words{}).Validate(in, nil) == nil
			if took != schema.MatchString(v) {
				t.Errorf("%s and %q: validation says %v and the schema %s says %v", pattern, v, took, schema,
					!took)
			}
		}
	}
}

// JSON Schema asks for ECMA-262 with the u flag, where an escape that changes nothing is an error.
func TestSchemas_Pattern_HasNoNeedlessEscapes(t *testing.T) {
	for pattern, want := range map[string]string{
		`^\!?[a-z0-9 :_@\/\+\=\.\-\!]*$`: `^!?[a-z0-9 :_@\/\+=\.\-!]*$`,
		`^\\!\d\u0020$`:                  `^\\!\d\u0020$`,
		`^\\\!$`:                         `^\\!$`,
	} {
		p := shape.Schemas{Table: shape.Table{"P": {Pattern: pattern, RE2: `x`}},
			Named: map[string]*shape.Schema{}}
		got := p.Of(reflect.TypeFor[struct {
			P string `shape:"P"`
		}]()).Properties[0].Schema.Pattern
		if got != want {
			t.Errorf("%s became %s, want %s", pattern, got, want)
		}
	}
}

func TestSchemas_Output_SaysWhatIsAlwaysThere(t *testing.T) {
	type Inner struct{ Deep []string }
	type output struct {
		Always  string
		Renamed string     `json:"other"`
		Maybe   string     `json:",omitzero"`
		Pointer *string    `json:",omitzero"`
		Date    *wire.Time `json:",omitzero"`
		Never   string     `json:"-"`
		Inner   Inner
		Stages  map[string][]string
		Inners  []Inner
	}
	s := schemas()
	got := s.Of(reflect.TypeFor[output]())
	var names []string
	for _, p := range got.Properties {
		names = append(names, p.Name)
	}
	want := []string{"Always", "other", "Maybe", "Pointer", "Date", "Inner", "Stages", "Inners"}
	if !slices.Equal(names, want) {
		t.Errorf("members %q, want %q", names, want)
	}
	want = []string{"Always", "other", "Inner", "Stages", "Inners"}
	if !slices.Equal(got.Required, want) {
		t.Errorf("always there: %q, want %q", got.Required, want)
	}
	if len(s.Named) != 1 || s.Named["test.Inner"] == nil {
		t.Errorf("the named parts are %v", s.Named)
	}
}

func TestSchemas_TwoTypesOfOneName_Panic(t *testing.T) {
	s := schemas()
	s.Name("Tag", &shape.Schema{Go: reflect.TypeFor[pair]()})
	defer func() {
		if recover() == nil {
			t.Error("two types were both called Tag")
		}
	}()
	s.Name("Tag", &shape.Schema{Go: reflect.TypeFor[everything]()})
}

// TestSchemas_TwoStructuresOfOneName_Panic: neither of two types can stand for the other, though a
// type may come as often as it likes.
func TestSchemas_TwoStructuresOfOneName_Panic(t *testing.T) {
	type Inner struct{ Deep string }
	another := func() reflect.Type {
		type Inner struct{ Other string }
		return reflect.TypeFor[struct{ Inner *Inner }]()
	}
	s := schemas()
	s.Of(reflect.TypeFor[struct{ One, Two Inner }]())
	defer func() {
		if recover() == nil {
			t.Error("two types were both called Inner")
		}
	}()
	s.Of(another())
}

// Flat is embedded, as encoding does it: its members are those of the whole.
type Flat struct{ First, Second string }

// Texts is embedded and no structure, so that it is a member by its name.
type Texts []string

func TestSchemas_EmbeddedStructure_GivesItsMembers(t *testing.T) {
	s := schemas()
	for want, typ := range map[string]reflect.Type{
		"First Second Third": reflect.TypeFor[struct {
			Flat
			Third string
		}](),
		"flat Third": reflect.TypeFor[struct {
			Flat  `json:"flat"`
			Third string
		}](),
		"Texts Third": reflect.TypeFor[struct {
			Texts
			Third string
		}](),
	} {
		var names []string
		for _, p := range s.Of(typ).Properties {
			names = append(names, p.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("members %s, want %s", got, want)
		}
	}
}
