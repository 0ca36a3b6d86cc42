package awsquery

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"claviger/internal/wire"
)

// encoder writes a value of one type as the content of an element. It is made once, from the type.
type encoder func(*document, reflect.Value)

// document is XML on its way out, set as AWS sets it: an element to a line, two blanks to a level.
type document struct {
	bytes.Buffer
	depth int
}

func (d *document) indent() {
	for range d.depth {
		d.WriteString("  ")
	}
}

// open begins an element with others inside. The attributes are written as they are.
func (d *document) open(name, attributes string) {
	d.indent()
	d.WriteString("<" + name + attributes + ">\n")
	d.depth++
}

func (d *document) close(name string) {
	d.depth--
	d.indent()
	d.WriteString("</" + name + ">\n")
}

// text writes an element that holds text. Characters that XML has no form for become U+FFFD.
func (d *document) text(name, text string) {
	d.indent()
	d.WriteString("<" + name + ">")
	_ = xml.EscapeText(d, []byte(text)) // a buffer takes everything
	d.WriteString("</" + name + ">\n")
}

// shape is how the values of a type stand in a document.
type shape struct {
	text     func(reflect.Value) string // of a scalar
	children encoder                    // of everything else
	repeated func(*document, string, reflect.Value)
}

// element writes a value under a name.
func (s shape) element(d *document, name string, v reflect.Value) {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch {
	case s.text != nil:
		d.text(name, s.text(v))
		return
	case s.repeated != nil:
		s.repeated(d, name, v)
		return
	}
	start := d.Len()
	d.open(name, "")
	inside := d.Len()
	s.children(d, v)
	if d.Len() == inside {
		d.Truncate(start)
		d.depth--
		d.indent()
		d.WriteString("<" + name + "/>\n")
		return
	}
	d.close(name)
}

// encoderOf returns what writes the members of an output. It panics if a type has no form in XML.
func encoderOf(t reflect.Type) encoder { return shapeOf(t, false).children }

func shapeOf(t reflect.Type, flattened bool) shape {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case isScalar(t):
		return shape{text: textOf(t)}
	case t.Kind() == reflect.Struct:
		return shape{children: membersOf(t)}
	case t.Kind() == reflect.Slice:
		return listOf(shapeOf(t.Elem(), false), flattened)
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String:
		return mapOf(shapeOf(t.Elem(), false), flattened)
	}
	panic(fmt.Sprintf("awsquery: %s has no form in XML", t))
}

// membersOf writes a structure: the fields in their order, without those that are absent.
func membersOf(t reflect.Type) encoder {
	type out struct {
		field
		shape
	}
	var members []out
	for f := range fieldsOf(t) {
		members = append(members, out{f, shapeOf(f.Type, f.flattened)})
	}
	return func(d *document, v reflect.Value) {
		for i := range members {
			m := &members[i]
			f := v.FieldByIndex(m.Index)
			if f.Kind() == reflect.Pointer && f.IsNil() || m.omitted && f.IsZero() ||
				m.unlisted && f.Len() == 0 {
				continue
			}
			m.element(d, m.name, f)
		}
	}
}

func listOf(inner shape, flattened bool) shape {
	each := func(d *document, name string, v reflect.Value) {
		for i := range v.Len() {
			inner.element(d, name, v.Index(i))
		}
	}
	if flattened {
		return shape{repeated: each}
	}
	return shape{children: func(d *document, v reflect.Value) { each(d, "member", v) }}
}

// mapOf writes the entries by their keys in order, so that equal answers are equal bytes.
func mapOf(inner shape, flattened bool) shape {
	each := func(d *document, name string, v reflect.Value) {
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int {
			return strings.Compare(a.String(), b.String())
		})
		for _, k := range keys {
			d.open(name, "")
			d.text("key", k.String())
			inner.element(d, "value", v.MapIndex(k))
			d.close(name)
		}
	}
	if flattened {
		return shape{repeated: each}
	}
	return shape{children: func(d *document, v reflect.Value) { each(d, "entry", v) }}
}

// worded is a scalar that says by itself how it is written here, otherwise than in JSON.
type worded interface{ QueryText() string }

// textOf returns what writes a scalar.
func textOf(t reflect.Type) func(reflect.Value) string {
	switch {
	case t.Implements(reflect.TypeFor[worded]()):
		return func(v reflect.Value) string { return v.Interface().(worded).QueryText() }
	case t == reflect.TypeFor[wire.Time]():
		return func(v reflect.Value) string { return instant(v.Interface().(wire.Time)) }
	case isBlob(t):
		return func(v reflect.Value) string { return base64.StdEncoding.EncodeToString(v.Bytes()) }
	}
	switch t.Kind() {
	case reflect.Bool:
		return func(v reflect.Value) string { return strconv.FormatBool(v.Bool()) }
	case reflect.Float64:
		return func(v reflect.Value) string { return strconv.FormatFloat(v.Float(), 'g', -1, 64) }
	case reflect.String:
		return reflect.Value.String
	}
	return func(v reflect.Value) string { return strconv.FormatInt(v.Int(), 10) }
}

// instant writes a time in ISO 8601, to the second as IAM and STS do.
func instant(t wire.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
