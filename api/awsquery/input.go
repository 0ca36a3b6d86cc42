package awsquery

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"claviger/internal/wire"
)

// input says how the parameters of one type of input become its JSON document. It is worked out
// once, from the type.
type input struct {
	typ     reflect.Type   // without pointers
	members []member       // of a structure
	byName  map[string]int // places in members
	inner   *input         // of a list's elements, or of a map's values
	step    string         // between the name of a list or map and the index: member, entry or none
	key     string         // what a map calls the key of an entry
	value   string         // and its value
}

type member struct {
	name string // as on the wire
	*input
}

// inputOf reads the fields of a type. A field tagged query:"flattened" is a list or map whose
// indices follow its name at once, by the trait xmlFlattened of its model. A map tagged
// query:"Name" calls keys and values Name and Value, by the trait xmlName of its model.
func inputOf(t reflect.Type) *input { return read(t, false, false) }

func read(t reflect.Type, flattened, named bool) *input {
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
		in.inner, in.step = read(t.Elem(), false, false), "member"
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String:
		in.inner, in.step = read(t.Elem(), false, false), "entry"
		in.key, in.value = "key", "value"
		if named {
			in.key, in.value = "Name", "Value"
		}
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
		in.members = append(in.members, member{f.name, read(f.Type, f.flattened, f.named)})
	}
}

// field is a field of a structure by its name on the wire.
type field struct {
	reflect.StructField
	name      string
	flattened bool
	named     bool // a map whose entries have a Name and a Value
	omitted   bool // from an output, while it is zero
	unlisted  bool // from an output, while it is a list or map without entries
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
			unlisted := strings.Contains(options, "omitempty") &&
				(f.Type.Kind() == reflect.Slice || f.Type.Kind() == reflect.Map)
			if !yield(field{f, name, f.Tag.Get("query") == "flattened",
				f.Tag.Get("query") == "Name", omitted, unlisted}) {
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
	case part == in.key && len(rest.steps) == 0:
		return e.key, nil
	case part == in.value:
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
