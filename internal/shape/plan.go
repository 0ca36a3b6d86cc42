package shape

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"claviger/internal/fault"
	"claviger/internal/wire"
)

// maxBreaches is how many errors one ValidationException lists.
const maxBreaches = 10

// Plan is what a struct type's tags say, worked out once.
type Plan struct {
	typ     reflect.Type
	members []member
	words   Words
	form    bool // what lacks is missed as a parameter
}

type member struct {
	index    int
	name     string // as on the wire
	path     string // as in validation messages and records: first letter lower case
	rule     *rule
	required bool
	elem     *Plan // of a struct, or of the structs in a list or map
}

// Compile reads the tags of typ, a struct type, for a service with such words. A member without a
// tag, of a shape that the table does not know, or hidden in an embedded struct is a mistake in the
// program: it panics.
func (t Table) Compile(typ reflect.Type, w Words) *Plan {
	return t.compile(typ, w, slices.Contains(w.Parameters, typ.Name()))
}

func (t Table) compile(typ reflect.Type, w Words, form bool) *Plan {
	p := &Plan{typ: typ, words: w, form: form}
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct && f.Type.NumField() == 0 {
			continue // op.ByShape: behaviour, not a member
		}
		tag, ok := f.Tag.Lookup("shape")
		if !ok {
			panic(fmt.Sprintf("shape: %s.%s has no shape", typ, f.Name))
		}
		name, option, _ := strings.Cut(tag, ",")
		m := member{index: i, name: f.Name, path: lowerFirst(f.Name), rule: t.rule(name, w),
			required: option == "required"}
		if inner := structOf(f.Type); inner != nil {
			m.elem = t.compile(inner, w, w.MissingParameter)
		}
		p.members = append(p.members, m)
	}
	return p
}

func structOf(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[wire.Time]() {
		return nil
	}
	return t
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

// Validate checks v, a struct of the plan's type, against its shapes. present tells by JSON pointer
// whether a member that holds its zero value and is no pointer stood in the request at all; it is
// asked only of such. The error is a ValidationException in AWS's words with at most ten sentences,
// or the first that stands alone.
func (p *Plan) Validate(v any, present func(pointer string) bool) error {
	c := check{present: present, words: p.words}
	c.members(p, reflect.ValueOf(v), position{})
	if c.alone != nil {
		return c.alone
	}
	if len(c.found) == 0 {
		return nil
	}
	word := "errors"
	if len(c.found) == 1 {
		word = "error"
	}
	return fault.Newf(fault.Invalid, "ValidationException", "%d validation %s detected: %s",
		len(c.found), word, strings.Join(c.found, "; "))
}

// position is where in the request a structure stands: as messages say it, as a JSON pointer, and
// as parameters of a form begin.
type position struct{ path, pointer, parameter string }

func (at position) down(m *member) position {
	return position{path: at.path + m.path + ".", pointer: at.pointer + "/" + m.name,
		parameter: at.parameter + m.name + "."}
}

func (at position) element(m *member, i int) position {
	return position{path: at.path + m.path + "." + strconv.Itoa(i+1) + ".member.",
		pointer:   at.pointer + "/" + m.name + "/" + strconv.Itoa(i),
		parameter: at.parameter + m.name + ".member." + strconv.Itoa(i+1) + "."}
}

// entry is where the structure of a map's key stands (recorded of SNS's message attributes). Of a
// form no service is known that misses a member there as a parameter.
func (at position) entry(m *member, key string) position {
	shown := clipped(key)
	return position{path: at.path + m.path + "." + shown + ".member.",
		pointer:   at.pointer + "/" + m.name + "/" + token(key),
		parameter: at.parameter + m.name + "." + shown + "."}
}

// token is a name as a reference token of a JSON pointer: RFC 6901 section 3.
func token(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

const notNull = "Member must not be null"

type check struct {
	present func(string) bool
	words   Words
	found   []string
	alone   error // the first that is said by itself
}

func (c *check) members(p *Plan, v reflect.Value, at position) {
	for i := range p.members {
		m := &p.members[i]
		f := v.Field(m.index)
		if f.Kind() == reflect.Pointer {
			if f.IsNil() {
				c.absent(p, m, at)
				continue
			}
			f = f.Elem()
		} else if f.IsZero() && c.missing(m, f, at) {
			c.absent(p, m, at)
			continue
		}
		c.value(m, f, at)
	}
}

// missing reports whether a zero value means that the member was not sent.
func (c *check) missing(m *member, f reflect.Value, at position) bool {
	switch f.Kind() {
	case reflect.Slice, reflect.Map:
		return f.IsNil()
	}
	return c.present == nil || !c.present(at.pointer+"/"+m.name)
}

func (c *check) absent(p *Plan, m *member, at position) {
	switch {
	case !m.required:
	case p.form:
		c.only(fault.Newf(fault.Invalid, "MissingParameter",
			"The request must contain the parameter %s%s.", at.parameter, m.name))
	case c.words.Terse:
		c.add("Value", at.path+m.path, notNull)
	default:
		c.add("Value null", at.path+m.path, notNull)
	}
}

// only notes an error that no other is said beside.
func (c *check) only(err error) {
	if c.alone == nil {
		c.alone = err
	}
}

func (c *check) value(m *member, v reflect.Value, at position) {
	if v.Kind() == reflect.String && m.rule.refused(v.String()) {
		c.only(fault.Newf(fault.Invalid, "ValidationException", m.rule.Refusal, at.path+m.path))
		return
	}
	if broken := m.rule.breaches(v); broken != nil {
		shown := "Value" + echo(m.rule, v)
		for _, b := range broken {
			c.add(shown, at.path+m.path, b)
		}
	}
	switch {
	case v.Kind() == reflect.Struct && m.elem != nil:
		c.members(m.elem, v, at.down(m))
	case v.Kind() == reflect.Map:
		c.entries(m, v, at)
		c.structures(m, v, at)
	case v.Kind() == reflect.Slice && m.elem != nil:
		for i := range v.Len() {
			c.members(m.elem, v.Index(i), at.element(m, i))
		}
	case v.Kind() == reflect.Slice && m.rule.member != nil:
		c.elements(m, v, at)
	}
}

func (c *check) elements(m *member, v reflect.Value, at position) {
	for i := range v.Len() {
		if c.isNull(v.Index(i), at, m, strconv.Itoa(i)) {
			c.add("Value", at.path+m.path, "Member must satisfy constraint: ["+notNull+"]")
			return
		}
		if b := m.rule.member.element(v.Index(i)); b != nil {
			c.add("Value"+echo(m.rule, v), at.path+m.path, "Member must satisfy constraint: ["+
				strings.Join(b, ", ")+"]")
			return
		}
	}
}

func (c *check) entries(m *member, v reflect.Value, at position) {
	for it := v.MapRange(); it.Next(); {
		if b := m.rule.key.element(it.Key()); b != nil {
			c.add("Value"+echo(m.rule, v), at.path+m.path, "Map keys must satisfy constraint: ["+
				strings.Join(b, ", ")+"]")
		}
		if c.isNull(it.Value(), at, m, it.Key().String()) {
			c.add("Value", at.path+m.path, "Map value must satisfy constraint: ["+notNull+"]")
			continue
		}
		if b := m.rule.value.element(it.Value()); b != nil {
			c.add("Value"+echo(m.rule, v), at.path+m.path, "Map value must satisfy constraint: ["+
				strings.Join(b, ", ")+"]")
		}
	}
}

// structures checks those in a map, in the order of their keys, so that the same is said each time.
func (c *check) structures(m *member, v reflect.Value, at position) {
	if m.elem == nil {
		return
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		return strings.Compare(a.String(), b.String())
	})
	for _, key := range keys {
		if entry := v.MapIndex(key); !c.isNull(entry, at, m, key.String()) {
			c.members(m.elem, entry, at.entry(m, key.String()))
		}
	}
}

// isNull reports whether an entry of a map or an element of a list stood in the request as null: it
// is read as the zero value, which it must not be taken for.
func (c *check) isNull(v reflect.Value, at position, m *member, entry string) bool {
	if c.present == nil || !v.IsZero() {
		return false
	}
	return !c.present(at.pointer + "/" + m.name + "/" + token(entry))
}

func (c *check) add(value, path, constraint string) {
	if len(c.found) < maxBreaches {
		c.found = append(c.found, value+" at '"+path+"' failed to satisfy constraint: "+constraint)
	}
}

// maxEcho is how many bytes of a value a sentence quotes: a message is sent back and kept in the
// audit trail, and ten quotes of a body as large as a request may be would be ten times as large.
const maxEcho = 1024

// echo returns the value as AWS quotes it, or nothing for a sensitive one, for blobs and for
// structures, whose members may be sensitive.
func echo(r *rule, v reflect.Value) string {
	if r.words.Terse || r.secret() || isBlob(v.Type()) || structOf(v.Type()) != nil {
		return ""
	}
	text := ""
	switch v.Kind() {
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = fmt.Sprint(v.Index(i).Interface())
		}
		text = "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		j, _ := json.Marshal(v.Interface())
		text = string(j)
	default:
		text = fmt.Sprint(v.Interface())
	}
	return " '" + clipped(text) + "'"
}

func clipped(text string) string {
	if len(text) > maxEcho {
		return strings.ToValidUTF8(text[:maxEcho], "") + "..."
	}
	return text
}

// secret reports whether a value of the shape or any part of it is sensitive.
func (r *rule) secret() bool {
	return r != nil && (r.Sensitive || r.member.secret() || r.key.secret() || r.value.secret())
}

func isBlob(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}
