package shape

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"claviger/internal/wire"
)

// Schema is the JSON Schema of a Go type in the dialect of OpenAPI 3.1 (draft 2020-12), with the
// constraints of the row of the table that the member's tag names.
//
// Lengths of blobs are those of their base64 text, as the dialect wants it; Row has them
// in bytes. Patterns are the model's, made to match the whole value where the model
// leaves that to its reader.
type Schema struct {
	Ref                  string     `json:"$ref,omitzero"`
	Description          string     `json:"description,omitzero"`
	Type                 string     `json:"type,omitzero"`
	Format               string     `json:"format,omitzero"`
	ContentEncoding      string     `json:"contentEncoding,omitzero"`
	Enum                 []string   `json:"enum,omitzero"`
	Pattern              string     `json:"pattern,omitzero"`
	MinLength            int        `json:"minLength,omitzero"`
	MaxLength            int        `json:"maxLength,omitzero"`
	Minimum              *int       `json:"minimum,omitzero"`
	Maximum              *int       `json:"maximum,omitzero"`
	MinItems             int        `json:"minItems,omitzero"`
	MaxItems             int        `json:"maxItems,omitzero"`
	MinProperties        int        `json:"minProperties,omitzero"`
	MaxProperties        int        `json:"maxProperties,omitzero"`
	Items                *Schema    `json:"items,omitzero"`
	PropertyNames        *Schema    `json:"propertyNames,omitzero"`
	AdditionalProperties *Schema    `json:"additionalProperties,omitzero"`
	Properties           Properties `json:"properties,omitzero"`
	Required             []string   `json:"required,omitzero"`

	Say           string            `json:"-"` // what a member is for
	Refused       string            `json:"-"` // the error that a member is always refused with
	RefusedValues map[string]string `json:"-"` // values that always are, with the error

	Row    Shape        `json:"-"` // the constraints as the table has them
	Shape  string       `json:"-"` // the row's name; empty for a member without a tag
	Target *Schema      `json:"-"` // what Ref refers to
	Go     reflect.Type `json:"-"` // the type that the schema was made of, pointers taken off
}

// Property is one member of a structure.
type Property struct {
	Name     string // as on the wire
	Schema   *Schema
	Required bool // in an input: must be sent; in an output: is always there
}

// Properties are the members of a structure in the order of the type.
type Properties []Property

// MarshalJSONTo implements [json.MarshalerTo]: an object that keeps the order.
func (p Properties) MarshalJSONTo(e *jsontext.Encoder) error {
	if err := e.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	for _, m := range p {
		if err := e.WriteToken(jsontext.String(m.Name)); err != nil {
			return err
		}
		if err := json.MarshalEncode(e, m.Schema); err != nil {
			return err
		}
	}
	return e.WriteToken(jsontext.EndObject)
}

// Schemas makes schemas of the types of one service. The structures below a type are named parts
// that schemas refer to.
type Schemas struct {
	Table Table
	Say   Sentences // what members are for

	// Refused has the members (XksKeyId) and values of members (KeySpec=SM2) that are always
	// refused in inputs, with the errors.
	Refused map[string]string

	Prefix string             // put before the name of a structure, e.g. "kms."
	Base   string             // where the named parts will stand, e.g. "#/components/schemas/"
	Named  map[string]*Schema // the parts, by their full names; may be shared by services
}

// Of returns the schema of typ, a struct type. It panics if two types claim one name or a type has
// no form in JSON: both are mistakes in the program.
func (s Schemas) Of(typ reflect.Type) *Schema {
	out := &Schema{Type: "object", Go: typ}
	s.members(out, typ)
	return out
}

// Name makes a schema a named part and returns a reference to it.
func (s Schemas) Name(name string, part *Schema) *Schema {
	name = s.Prefix + name
	if old := s.Named[name]; old != nil && old.Go != part.Go {
		panic(fmt.Sprintf("shape: both %s and %s are called %s", old.Go, part.Go, name))
	}
	s.Named[name] = part
	return &Schema{Ref: s.Base + name, Target: part, Go: part.Go}
}

// Sentences say what members are for, in a sentence each: by member, or by structure and member
// where it means something else there (Filter.Key).
type Sentences map[string]string

// Of returns the sentence on a member of a structure, or nothing.
func (s Sentences) Of(structure, member string) string {
	return cmp.Or(s[structure+"."+member], s[member])
}

// Add puts a member at the end of a structure.
func (s *Schema) Add(p Property) {
	s.Properties = append(s.Properties, p)
	if p.Required {
		s.Required = append(s.Required, p.Name)
	}
}

func (s Schemas) members(out *Schema, typ reflect.Type) {
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && f.Type.Kind() == reflect.Struct && name == "":
			s.members(out, f.Type)
			continue
		case !f.IsExported() || name == "-":
			continue
		case name == "":
			name = f.Name
		}
		tag, constrained := f.Tag.Lookup("shape")
		row, option, _ := strings.Cut(tag, ",")
		required := !strings.Contains(options, "omit") && f.Type.Kind() != reflect.Pointer
		if constrained {
			required = option == "required"
		}
		value := s.value(f.Type, row)
		s.describe(value, typ.Name(), name)
		if constrained {
			s.refuse(value, name)
		}
		out.Add(Property{name, value, required})
	}
}

// describe puts what a member is for before what is said of its value.
func (s Schemas) describe(value *Schema, structure, member string) {
	value.Say = s.Say.Of(structure, member)
	value.Description = strings.TrimSpace(value.Say + " " + value.Description)
}

// refuse notes what of a member is always refused, and says so.
func (s Schemas) refuse(value *Schema, member string) {
	if value.Refused = s.Refused[member]; value.Refused != "" {
		value.Description += " Always refused here: " + value.Refused + "."
	}
	for _, which := range slices.Sorted(maps.Keys(s.Refused)) {
		if name, v, ok := strings.Cut(which, "="); ok && name == member &&
			(slices.Contains(value.Enum, v) || value.Type == "boolean") {
			if value.RefusedValues == nil {
				value.RefusedValues = map[string]string{}
			}
			value.RefusedValues[v] = s.Refused[which]
			value.Description += " " + v + " is always refused here: " + s.Refused[which] + "."
		}
	}
}

// value returns the schema of a member's value. row may be empty: outputs need no constraints.
func (s Schemas) value(typ reflect.Type, row string) *Schema {
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	out := &Schema{Go: typ, Shape: row, Row: s.row(row)}
	switch {
	case typ == reflect.TypeFor[wire.Time]():
		out.Type, out.Description = "number", "Seconds since 1970-01-01T00:00:00Z, to the millisecond."
	case typ.Kind() == reflect.Struct:
		return s.structure(typ)
	case isBlob(typ):
		out.blob()
	case typ.Kind() == reflect.Slice:
		out.Type, out.MinItems, out.MaxItems = "array", out.Row.Min, out.Row.Max
		out.Items = s.value(typ.Elem(), out.Row.Member)
	case typ.Kind() == reflect.Map && typ.Key().Kind() == reflect.String:
		out.Type, out.MinProperties, out.MaxProperties = "object", out.Row.Min, out.Row.Max
		out.PropertyNames, out.AdditionalProperties = s.value(typ.Key(), out.Row.Key), s.value(typ.Elem(),
			out.Row.Value)
	default:
		out.scalar()
	}
	return out
}

func (s Schemas) row(name string) Shape {
	if name == "" {
		return Shape{}
	}
	return s.Table.rule(name, Words{}).Shape
}

// structure returns a reference to typ, or the schema itself if typ has no name.
func (s Schemas) structure(typ reflect.Type) *Schema {
	if typ.Name() == "" {
		return s.Of(typ)
	}
	made := s.Named[s.Prefix+typ.Name()]
	if made == nil || made.Go != typ {
		made = s.Of(typ)
	}
	return s.Name(typ.Name(), made)
}

func (s *Schema) blob() {
	s.Type, s.ContentEncoding = "string", "base64"
	s.MinLength, s.MaxLength = base64Length(s.Row.Min), base64Length(s.Row.Max)
	s.sensitive()
}

// base64Length is the length of n bytes in padded base64 (RFC 4648, section 4).
func base64Length(n int) int { return (n + 2) / 3 * 4 }

func (s *Schema) scalar() {
	switch s.Go.Kind() {
	case reflect.String:
		s.Type, s.Enum = "string", s.Row.Enum
		if s.Enum == nil {
			s.MinLength, s.MaxLength, s.Pattern = s.Row.Min, s.Row.Max, whole(s.Row.Pattern)
		}
		s.sensitive()
	case reflect.Bool:
		s.Type = "boolean"
	case reflect.Int:
		s.Type = "integer"
	case reflect.Int32, reflect.Int64:
		s.Type, s.Format = "integer", s.Go.Kind().String()
		s.Minimum, s.Maximum = s.Row.limits()
	case reflect.Float64:
		s.Type, s.Format = "number", "double"
	default:
		panic(fmt.Sprintf("shape: %s has no form in JSON", s.Go))
	}
}

// sensitive asks those who show a value to hide it.
func (s *Schema) sensitive() {
	if s.Row.Sensitive {
		s.Format, s.Description = "password", "Sensitive: never logged, recorded or quoted in an error."
	}
}

// limits returns the bounds of an integer's value, nil where there is none.
func (s Shape) limits() (least, most *int) {
	if s.Min != 0 || s.Range {
		least = &s.Min
	}
	if s.Max != 0 || s.Range {
		most = &s.Max
	}
	return least, most
}

// whole returns a model's pattern, which is Java's and has to match the whole value, for JSON
// Schema, which searches in the syntax of ECMA-262 with its u flag: there nothing may be escaped
// that needs no escape.
func whole(pattern string) string {
	pattern = escaped.ReplaceAllStringFunc(pattern, func(pair string) string {
		if strings.ContainsAny(pair[1:], needless) {
			return pair[1:]
		}
		return pair
	})
	anchored := strings.HasPrefix(pattern, "^") && strings.HasSuffix(pattern, "$") &&
		!strings.Contains(pattern, "|")
	if pattern == "" || anchored {
		return pattern
	}
	return "^(?:" + pattern + ")$"
}

var escaped = regexp.MustCompile(`\\.`)

// needless are the characters that ECMA-262 knows no escape of and that mean
// nothing but themselves.
const needless = " !\"#%&',:;<=>@_`~"
