package awsquery

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"claviger/internal/wire"

	"github.com/go-json-experiment/json/jsontext"
)

// write appends the value of a place as JSON.
func (in *input) write(b []byte, at string, n *node) ([]byte, error) {
	switch {
	case in.byName != nil:
		return in.writeMembers(b, at, n)
	case in.inner != nil && n.value != "":
		return nil, misplaced(at)
	case in.inner != nil:
		return in.writeElements(b, at, n)
	}
	return in.writeScalar(b, at, n.value)
}

func (in *input) writeMembers(b []byte, at string, n *node) (_ []byte, err error) {
	if n.value != "" {
		return nil, misplaced(at)
	}
	b = append(b, '{')
	first := len(b)
	for i, m := range n.members {
		if m == nil {
			continue
		}
		if len(b) > first {
			b = append(b, ',')
		}
		name := in.members[i].name
		b, _ = jsontext.AppendQuote(b, name)
		if b, err = in.members[i].write(append(b, ':'), below(at, name), m); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func below(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

// writeElements appends a list or a map. Without any entry it is the empty one, which the SDKs
// write as a parameter without a value.
func (in *input) writeElements(b []byte, at string, n *node) (_ []byte, err error) {
	isMap := in.typ.Kind() == reflect.Map
	b = append(b, map[bool]byte{false: '[', true: '{'}[isMap])
	for i := 1; i <= len(n.elements); i++ {
		e, here := n.elements[i], below(at, strconv.Itoa(i))
		if e == nil {
			return nil, malformed("There is no '%s': indices run without gaps", quoted(here))
		}
		if i > 1 {
			b = append(b, ',')
		}
		if isMap {
			if !e.key.given {
				return nil, malformed("'%s' has no key", quoted(here))
			}
			if b, err = jsontext.AppendQuote(b, e.key.value); err != nil {
				return nil, notText(here)
			}
			b = append(b, ':')
		}
		if isScalar(in.inner.typ) && !e.value.given {
			b = append(b, "null"...) // of a map: in a list nothing else makes an element
			continue
		}
		if b, err = in.inner.write(b, here, e.value); err != nil {
			return nil, err
		}
	}
	return append(b, map[bool]byte{false: ']', true: '}'}[isMap]), nil
}

func notText(at string) error { return malformed("The value of '%s' is not UTF-8", quoted(at)) }

// writeScalar appends what a parameter without parts says. AWS has no text for a value of the wrong
// type, and reads integers with a plus sign and leading zeros.
func (in *input) writeScalar(b []byte, at, value string) ([]byte, error) {
	switch t := in.typ; {
	case t == reflect.TypeFor[wire.Time]():
		v, err := time.Parse(time.RFC3339, value)
		if err != nil {
			return nil, malformed("")
		}
		return append(b, seconds(v)...), nil
	case t.Kind() == reflect.Bool && (value == "true" || value == "false"):
		return append(b, value...), nil
	case t.Kind() == reflect.Bool:
		return nil, malformed("")
	case t.Kind() == reflect.Float64:
		v, err := strconv.ParseFloat(value, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, malformed("")
		}
		return strconv.AppendFloat(b, v, 'g', -1, 64), nil
	case t.Kind() == reflect.String || isBlob(t):
		b, err := jsontext.AppendQuote(b, value)
		if err != nil {
			return nil, notText(at)
		}
		return b, nil
	}
	if value == "" {
		return nil, malformed("missing value for decimal type")
	}
	v, err := strconv.ParseInt(value, 10, in.typ.Bits())
	if err != nil {
		return nil, malformed("")
	}
	return strconv.AppendInt(b, v, 10), nil
}

// seconds writes a time as the JSON document has it: seconds since 1970, to the millisecond.
func seconds(t time.Time) string {
	ms := t.UnixMilli()
	sign := ""
	if ms < 0 {
		sign, ms = "-", -ms
	}
	return fmt.Sprintf("%s%d.%03d", sign, ms/1000, ms%1000)
}
