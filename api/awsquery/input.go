package awsquery

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"claviger/internal/wire"

	"github.com/go-json-experiment/json/jsontext"
)

// input says how the parameters of one type of input become its JSON document. It is worked out
// once, from the type.
type input struct {
	typ     reflect.Type   // without pointers
	members []member       // of a structure
	byName  map[string]int // places in members
	inner   *input         // of a list's elements, or of a map's values
	step    string         // between the name of a list or map and the index: member, entry or none
}

type member struct {
	name string // as on the wire
	*input
}

// inputOf reads the fields of a type. A field tagged query:"flattened" is a list or map whose
// indices follow its name at once, by the trait xmlFlattened of its model.
func inputOf(t reflect.Type) *input { return read(t, false) }

func read(t reflect.Type, flattened bool) *input {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	in := &input{typ: t}
	switch {
	case isScalar(t):
	case t.Kind() == reflect.Struct:
		in.byName = map[string]int{}
		in.addMembers(t)
	case t.Kind() == reflect.Slice:
		in.inner, in.step = read(t.Elem(), false), "member"
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String:
		in.inner, in.step = read(t.Elem(), false), "entry"
	default:
		panic(fmt.Sprintf("awsquery: %s has no form in a query", t))
	}
	if flattened {
		in.step = ""
	}
	return in
}

func (in *input) addMembers(t reflect.Type) {
	for f := range fieldsOf(t) {
		in.byName[f.name] = len(in.members)
		in.members = append(in.members, member{f.name, read(f.Type, f.flattened)})
	}
}

// field is a field of a structure by its name on the wire.
type field struct {
	reflect.StructField
	name      string
	flattened bool
	omitted   bool // from an output, while it is zero
}

// fieldsOf walks the fields as JSON sees them, those of embedded structures included.
func fieldsOf(t reflect.Type) func(func(field) bool) {
	return func(yield func(field) bool) {
		for _, f := range reflect.VisibleFields(t) {
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !f.IsExported() || name == "-" || f.Anonymous && name == "" {
				continue
			}
			if name == "" {
				name = f.Name
			}
			omitted := strings.Contains(options, "omit")
			if !yield(field{f, name, f.Tag.Get("query") == "flattened", omitted}) {
				return
			}
		}
	}
}

func isBlob(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}

func isScalar(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int32, reflect.Int64, reflect.Int, reflect.Float64:
		return true
	}
	return isBlob(t) || t == reflect.TypeFor[wire.Time]()
}

// node is what a form says of one place of the input. Only places that the type has are made, so
// that a form costs no more than its own size.
type node struct {
	given    bool // the parameter of this very name stood in the form
	value    string
	members  []*node // of a structure, by place
	elements map[int]*element
}

// element is an entry of a list or a map. In a list there is no key.
type element struct{ key, value *node }

// document returns the JSON document of a form.
func (in *input) document(form parameters) ([]byte, error) {
	root := new(node)
	for _, p := range form {
		first, _, _ := strings.Cut(p.name, ".")
		if _, known := in.byName[first]; !known {
			continue
		}
		if strings.Count(p.name, ".") > maxSteps {
			return nil, misplaced(p.name)
		}
		way := path{strings.Split(p.name, "."), p.name, len(form)}
		at, err := in.find(root, way)
		if err != nil {
			return nil, err
		}
		if at != nil && !at.given { // the first of two counts, with AWS too
			at.given, at.value = true, p.value
		}
	}
	return in.write(nil, "", root)
}

// maxSteps is how many dots a parameter's name may have: three for each level of a document.
const maxSteps = 3 * wire.MaxDepth

// path is what is left of a parameter's name on the way down.
type path struct {
	steps []string
	name  string // the whole of it
	most  int    // parameters of the form: a list without gaps has no higher index
}

// next takes one step off. Behind the end there are steps that nothing is called.
func (p path) next() (step string, rest path) {
	if len(p.steps) == 0 {
		return "", p
	}
	step, p.steps = p.steps[0], p.steps[1:]
	return step, p
}

// find walks down to the place that a path leads to, and makes what is on the way. It returns nil
// for a name that a structure doesn't know.
func (in *input) find(n *node, way path) (*node, error) {
	if len(way.steps) == 0 {
		return n, nil
	}
	if in.byName == nil && in.inner == nil {
		return nil, misplaced(way.name)
	}
	step, rest := way.next()
	if in.byName == nil {
		return in.findElement(n, way)
	}
	i, known := in.byName[step]
	if !known {
		return nil, nil
	}
	if n.members == nil {
		n.members = make([]*node, len(in.members))
	}
	if n.members[i] == nil {
		n.members[i] = new(node)
	}
	return in.members[i].find(n.members[i], rest)
}

// findElement is find for lists and maps.
func (in *input) findElement(n *node, way path) (*node, error) {
	step, rest := way.next()
	if in.step != "" {
		if step != in.step {
			return nil, misplaced(way.name)
		}
		step, rest = rest.next()
	}
	e, err := n.element(step, way)
	if err != nil {
		return nil, err
	}
	if in.typ.Kind() != reflect.Map {
		return in.inner.find(e.value, rest)
	}
	switch part, rest := rest.next(); {
	case part == "key" && len(rest.steps) == 0:
		return e.key, nil
	case part == "value":
		return in.inner.find(e.value, rest)
	}
	return nil, misplaced(way.name)
}

// element returns the entry of an index.
func (n *node) element(index string, way path) (*element, error) {
	i, err := strconv.Atoi(index)
	if err != nil || i < 1 || strconv.Itoa(i) != index {
		return nil, malformed("'%s' in '%s' is no index: lists begin with 1",
			quoted(index), quoted(way.name))
	}
	if i > way.most {
		return nil, malformed("There are fewer elements than '%s' says: indices run without gaps",
			quoted(way.name))
	}
	if n.elements == nil {
		n.elements = map[int]*element{}
	}
	if n.elements[i] == nil {
		n.elements[i] = &element{new(node), new(node)}
	}
	return n.elements[i], nil
}

func misplaced(name string) error {
	return malformed("'%s' does not fit the type of the parameter that it names", quoted(name))
}

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
