// Package wire reads and writes the scalars of AWS's JSON 1.1 protocol: strict about case,
// duplicates and UTF-8, indifferent to unknown members, null the same as absent.
package wire

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"claviger/internal/fault"
)

// How deeply objects and lists may nest in a request, and how many values there may be in one. No
// AWS shape comes near either. Without them a body of a megabyte would cost a hundred times that,
// before any limit of a shape is looked at.
const (
	MaxDepth  = 32
	MaxValues = 10000 // objects, lists and what is in them; an empty one counts twice
)

// Time is an instant as AWS JSON 1.1 writes it: a number of seconds since the
// epoch, to the millisecond.
type Time struct{ time.Time }

// At returns t for output, or nil for the zero time, so that an absent date is an absent member.
func At(t time.Time) *Time {
	if t.IsZero() {
		return nil
	}
	return &Time{t}
}

// MarshalJSONTo implements [json.MarshalerTo].
func (t Time) MarshalJSONTo(e *jsontext.Encoder) error {
	ms := t.UnixMilli()
	b := make([]byte, 0, 16)
	if ms < 0 {
		b, ms = append(b, '-'), -ms
	}
	b = strconv.AppendInt(b, ms/1000, 10)
	if frac := ms % 1000; frac != 0 {
		b = fmt.Appendf(b, ".%03d", frac)
	}
	return e.WriteValue(b)
}

// UnmarshalJSONFrom implements [json.UnmarshalerFrom]. A string is refused, as AWS refuses it.
func (t *Time) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	tok, err := d.ReadToken()
	switch {
	case err != nil:
		return err
	case tok.Kind() == 'n':
		*t = Time{}
		return nil
	case tok.Kind() != '0':
		return unfit(mismatch(tok.Kind(), "Timestamp"))
	}
	sec, err := tok.Float()
	if err != nil || math.Abs(sec) > 253402300799 { // year 9999
		return unfit("The number is no Timestamp")
	}
	t.Time = time.UnixMilli(int64(math.Round(sec * 1000))).UTC()
	return nil
}

// integers are read as AWS's serializer reads them: a fraction is cut off, an overflow is held at
// the limit.
var integers = json.WithUnmarshalers(json.JoinUnmarshalers(
	json.UnmarshalFromFunc(func(d *jsontext.Decoder, v *int32) error {
		n, err := integer(d)
		*v = int32(min(max(n, math.MinInt32), math.MaxInt32))
		return err
	}),
	json.UnmarshalFromFunc(func(d *jsontext.Decoder, v *int64) (err error) {
		*v, err = integer(d)
		return err
	}),
))

func integer(d *jsontext.Decoder) (int64, error) {
	tok, err := d.ReadToken()
	switch {
	case err != nil:
		return 0, err
	case tok.Kind() == 'n':
		return 0, nil
	case tok.Kind() != '0':
		return 0, unfit(mismatch(tok.Kind(), "Integer"))
	}
	n, _ := tok.Int() // cut off and held at the limits by itself; the error only says that it was
	return n, nil
}

var decoding = json.JoinOptions(integers, json.MatchCaseInsensitiveNames(false),
	json.RejectUnknownMembers(false),
	jsontext.AllowDuplicateNames(false), jsontext.AllowInvalidUTF8(false))

// Decode reads body, which must be exactly one JSON object, into the struct that dst points to.
// What can't be read is a fault of kind Invalid with the code SerializationException; its message
// names the member and the types, never the value.
func Decode(body []byte, dst any) error {
	switch depth, values := extent(body); {
	case depth > MaxDepth:
		return serialization(fmt.Sprintf("The request is nested more than %d levels deep.", MaxDepth),
			nil)
	case values > MaxValues:
		return serialization(fmt.Sprintf("The request holds more than %d values.", MaxValues), nil)
	case jsontext.Value(body).Kind() != '{':
		return serialization("", nil)
	}
	err := json.Unmarshal(body, dst, decoding)
	if err == nil {
		return nil
	}
	var conversion *json.SemanticError
	if errors.As(err, &conversion) {
		conversion.JSONValue = nil // the cause goes to a log, and the value may be a secret
		return serialization(explain(conversion), err)
	}
	return serialization("", err)
}

// Encode writes an output document.
func Encode(v any) ([]byte, error) { return json.Marshal(v) }

// Present reports whether body holds anything but null at a JSON pointer (RFC 6901).
func Present(body []byte, pointer string) bool { return Presence(body)(pointer) }

// Presence returns [Present] for many questions about one body. What it has read it keeps: it is
// for the few members where an empty value differs from an absent one, but a list may hold
// thousands of them.
func Presence(body []byte) func(pointer string) bool {
	document := &tree{raw: body}
	return func(pointer string) bool {
		at := document
		for name := range jsontext.Pointer(pointer).Tokens() {
			if at = at.child(name); at == nil {
				return false
			}
		}
		return jsontext.Value(at.raw).Kind() != 'n'
	}
}

// tree is a value of a document. Its parts are set apart when the first of them is asked for.
type tree struct {
	raw      []byte
	apart    bool
	members  map[string]*tree
	elements []*tree
}

// UnmarshalJSON keeps the value as it stands.
func (v *tree) UnmarshalJSON(raw []byte) error {
	v.raw = bytes.Clone(raw)
	return nil
}

// child returns a member of an object or an element of a list; nil if there is none, if it is null,
// or if v can't be read.
func (v *tree) child(name string) *tree {
	if !v.apart {
		v.apart = true
		switch jsontext.Value(v.raw).Kind() {
		case '{':
			_ = json.Unmarshal(v.raw, &v.members)
		case '[':
			_ = json.Unmarshal(v.raw, &v.elements)
		}
	}
	if i, err := strconv.Atoi(name); err == nil && 0 <= i && i < len(v.elements) {
		return v.elements[i]
	}
	return v.members[name]
}

func serialization(message string, err error) error {
	return fault.New(fault.Invalid, "SerializationException", message).Because(err)
}

// maxPointer is how long a place may be that a message tells: it may hold the caller's own names.
const maxPointer = 256

func explain(e *json.SemanticError) string {
	text := "A value can not be converted"
	var u unfit
	switch {
	case errors.As(e.Err, &u):
		text = string(u)
	case e.Err != nil && e.GoType != nil && e.GoType.String() == "[]uint8":
		text = "The value can not be converted to Blob: it is not padded standard Base64"
	case e.JSONKind != 0 && e.GoType != nil:
		text = mismatch(e.JSONKind, typeName(e.GoType))
	}
	if at := string(e.JSONPointer); at != "" && len(at) <= maxPointer {
		text += " (at " + at + ")"
	}
	return text
}

// unfit says why a value is not what its member takes, in words for the caller.
type unfit string

func (u unfit) Error() string { return string(u) }

// mismatch says what was found in the place of a value of AWS's type into.
func mismatch(found jsontext.Kind, into string) string {
	switch found {
	case '[':
		return "Start of list found where not expected"
	case '{':
		return "Start of structure or map found where not expected."
	}
	return kindName(found) + " can not be converted to " + into
}

// typeName is how AWS calls what a member of type t holds.
func typeName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "String"
	case reflect.Bool:
		return "Boolean"
	case reflect.Map:
		return "Map"
	case reflect.Slice:
		return "List"
	}
	return "Structure"
}

func kindName(k jsontext.Kind) string {
	switch k {
	case '"':
		return "STRING_VALUE"
	case '0':
		return "NUMBER_VALUE"
	case 't':
		return "TRUE_VALUE"
	case 'f':
		return "FALSE_VALUE"
	}
	return "a value"
}

// extent returns how deeply the brackets of b nest and about how many values it holds, whether or
// not b is valid JSON. Each bracket that opens begins a first value, and each comma another.
func extent(b []byte) (deepest, values int) {
	now, quoted := 0, false
	values = 1
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			now, values = now+1, values+1
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		case c == ',':
			values++
		}
	}
	return deepest, values
}
