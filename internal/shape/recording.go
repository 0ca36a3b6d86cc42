package shape

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"claviger/internal/wire"
)

// Hidden is what a record has in the place of a value that must not be in it, in AWS's words.
const Hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"

// secrets are members that no record holds, whatever their shapes say: answers have none.
var secrets = []string{"GrantToken", "GrantTokens", "Password", "Plaintext", "PrivateKeyPlaintext",
	"RandomPassword", "SecretAccessKey", "SecretBinary", "SecretString", "SharedSecret"}

// hidden are members of which a record says that they were there.
var hidden = []string{"SessionToken"}

// Form says how the values of a structure are written into a record. The zero value is CloudTrail's
// usual form of a request.
type Form struct {
	Dates  string   // the layout of dates, of package time; empty: RFC 3339
	Answer bool     // members that aren't optional are there even if they are empty
	Only   []string // the members that are kept; nil: all
	Left   []string // members that are left out
	Hidden []string // members whose values are hidden

	// Default has the JSON that stands for a member which is absent. Behind a dollar sign and before a
	// bar it names the member whose value comes first, if that is there.
	Default map[string]string

	Named map[string]string // what members are called in a record, if otherwise
}

// Recording is how structures of one type are written into records, worked out once: in
// CloudTrail's names, without blobs and without anything sensitive.
type Recording struct {
	fields []field
	dates  string
}

// field is one member in a record.
type field struct {
	index    []int
	name     string // "keyId":
	optional bool   // absent if it is empty
	hidden   bool
	absent   string // the JSON that stands for it if it is absent
	like     []int  // the member that stands for it before that; nil: none
	write    func(r *Recording, f *field, b []byte, v reflect.Value) []byte
	elem     *Recording // of a structure, or of those in a list
}

// Recording works out how structures of a type are written into records. That a member is
// sensitive its shape says, if it has one. It panics if a form names a member that the type doesn't
// have: that is a mistake in the program.
func (t Table) Recording(typ reflect.Type, f Form) *Recording {
	for _, name := range slices.Concat(f.Only, f.Left, f.Hidden) {
		if _, ok := typ.FieldByName(name); !ok {
			panic(fmt.Sprintf("shape: a record of %s is to have or to lack %s, which is no member", typ,
				name))
		}
	}
	return t.recording(typ, f)
}

func (t Table) recording(typ reflect.Type, f Form) *Recording {
	r := &Recording{dates: f.Dates}
	if r.dates == "" {
		r.dates = time.RFC3339
	}
	for _, m := range reflect.VisibleFields(typ) {
		if t.isRecorded(m, f) {
			r.fields = append(r.fields, t.field(typ, m, f))
		}
	}
	return r
}

// isRecorded reports whether a record holds a member.
func (t Table) isRecorded(m reflect.StructField, f Form) bool {
	isPart := m.Anonymous && m.Type.Kind() == reflect.Struct // its members are visible by themselves
	if isPart || !m.IsExported() || m.Tag.Get("json") == "-" ||
		f.Only != nil && !slices.Contains(f.Only, m.Name) || slices.Contains(f.Left, m.Name) {
		return false
	}
	if f.hides(m.Name) {
		return true
	}
	typ := m.Type
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	name, _, _ := strings.Cut(m.Tag.Get("shape"), ",")
	return !isBlob(typ) && !slices.Contains(secrets, m.Name) &&
		(name == "" || !t.rule(name, Words{}).secret())
}

func (f *Form) hides(name string) bool {
	return slices.Contains(f.Hidden, name) || slices.Contains(hidden, name)
}

func (t Table) field(typ reflect.Type, m reflect.StructField, f Form) field {
	_, options, _ := strings.Cut(m.Tag.Get("json"), ",")
	name := cmp.Or(f.Named[m.Name], recordedName(m.Name))
	out := field{index: m.Index, name: `"` + name + `":`, hidden: f.hides(m.Name),
		optional: !f.Answer || strings.Contains(options, "omit"), absent: f.Default[m.Name]}
	if other, json, ok := strings.Cut(strings.TrimPrefix(out.absent, "$"), "|"); ok {
		like, found := typ.FieldByName(other)
		if !found {
			panic(fmt.Sprintf("shape: %s has no member %s", typ, other))
		}
		out.absent, out.like = json, like.Index
	}
	of := m.Type
	for of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	if inner := structOf(of); inner != nil {
		out.elem = t.recording(inner, Form{Dates: f.Dates, Answer: f.Answer})
	}
	out.write = writer(of)
	return out
}

// recordedName is a member's name with a small first letter. Secrets Manager calls ARN so since
// February 2024; AWS writes it small as a whole.
func recordedName(name string) string {
	if name == "ARN" {
		return "arn"
	}
	return lowerFirst(name)
}

// document is a text that AWS query carries encoded: so do CloudTrail's records of its answers.
type document interface{ QueryText() string }

// writer returns what writes values of a type, pointers taken off.
func writer(typ reflect.Type) func(r *Recording, f *field, b []byte, v reflect.Value) []byte {
	switch {
	case typ == reflect.TypeFor[wire.Time]():
		return writeTime
	case typ.Implements(reflect.TypeFor[document]()):
		return writeDocument
	case typ == reflect.TypeFor[map[string]string]():
		return writeTexts
	}
	switch typ.Kind() {
	case reflect.String:
		return writeText
	case reflect.Struct:
		return writeStructure
	case reflect.Slice:
		return writeList(writer(typ.Elem()))
	}
	return writeOther
}

// Append appends a structure as a JSON object. It appends nothing if nothing is left.
func (r *Recording) Append(b []byte, v reflect.Value) []byte {
	start := len(b)
	b = r.append(b, v)
	if len(b) == start+2 {
		return b[:start]
	}
	return b
}

func (r *Recording) append(b []byte, v reflect.Value) []byte {
	b = append(b, '{')
	first := len(b)
	for i := range r.fields {
		f := &r.fields[i]
		value := v.FieldByIndex(f.index)
		isAbsent := f.isAbsent(value)
		if isAbsent && f.like != nil {
			value = v.FieldByIndex(f.like)
			isAbsent = f.isAbsent(value)
		}
		if isAbsent && f.absent == "" {
			continue
		}
		if len(b) > first {
			b = append(b, ',')
		}
		b = append(b, f.name...)
		switch {
		case isAbsent:
			b = append(b, f.absent...)
		case f.hidden:
			b = append(b, `"`+Hidden+`"`...)
		default:
			b = f.write(r, f, b, reflect.Indirect(value))
		}
	}
	return append(b, '}')
}

func (f *field) isAbsent(v reflect.Value) bool {
	return f.optional && v.IsZero() || v.Kind() == reflect.Pointer && v.IsNil()
}

func writeText(_ *Recording, _ *field, b []byte, v reflect.Value) []byte {
	b, _ = jsontext.AppendQuote(b, v.String())
	return b
}

func writeTime(r *Recording, _ *field, b []byte, v reflect.Value) []byte {
	t := v.Interface().(wire.Time)
	b = append(b, '"')
	return append(t.UTC().AppendFormat(b, r.dates), '"')
}

func writeDocument(_ *Recording, _ *field, b []byte, v reflect.Value) []byte {
	b, _ = jsontext.AppendQuote(b, v.Interface().(document).QueryText())
	return b
}

func writeStructure(_ *Recording, f *field, b []byte, v reflect.Value) []byte {
	return f.elem.append(b, v)
}

func writeList(element func(*Recording, *field, []byte, reflect.Value) []byte) func(*Recording,
	*field, []byte, reflect.Value) []byte {
	return func(r *Recording, f *field, b []byte, v reflect.Value) []byte {
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			b = element(r, f, b, reflect.Indirect(v.Index(i)))
		}
		return append(b, ']')
	}
}

// writeTexts writes a map in the order of its keys. Those of few are sorted in place.
func writeTexts(_ *Recording, _ *field, b []byte, v reflect.Value) []byte {
	texts := v.Interface().(map[string]string)
	var room [8]string
	keys := room[:0]
	for key := range texts {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	b = append(b, '{')
	for i, key := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b, _ = jsontext.AppendQuote(b, key)
		b, _ = jsontext.AppendQuote(append(b, ':'), texts[key])
	}
	return append(b, '}')
}

func writeOther(_ *Recording, _ *field, b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool())
	case reflect.Int, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10)
	}
	j, err := wire.Encode(v.Interface())
	if err != nil {
		return append(b, "null"...)
	}
	return append(b, j...)
}
