// Package shape holds AWS's constraints by shape name. One table to a service gives the validation
// and its sentences, the OpenAPI schema, the comparison with the SDK, and the malformed cases of
// the tests.
//
// A member of an input says which shape it is and whether it must be there:
//
//	KeyId string `shape:"KeyIdType,required"`
//
// Optional scalars are pointers, so that an empty string is not an absent one.
// Required ones are plain. A member that clients fill in by themselves, so that a request may come
// again, says idempotencyToken in the place of required, as AWS's models do.
package shape

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"
)

// Shape is one row of a service's table: the constraints of its model, by their AWS names.
type Shape struct {
	// runes of a string, bytes of a blob, entries of a list or map, value of an
	// integer; Max 0 is no limit
	Min, Max  int
	Pattern   string   // as the model writes it: it is part of the message
	RE2       string   // Pattern for Go's regexp where the model's is Java's own syntax
	Enum      []string // the values allowed
	Sensitive bool     // its value is never echoed, logged or recorded
	Member    string   // shape of a list's elements
	Key       string   // shape of a map's keys
	Value     string   // shape of a map's values
	Range     bool     // a range of values: Min and Max bound an integer even where one of them is 0

	// Refusal is all that is said of a text with characters that Pattern doesn't allow, or with
	// none: a sentence with %s for the member.
	Refusal string
}

// Words are how a service words what others say in AWS's usual sentences. The zero value is usual.
type Words struct {
	// Terse: neither the value nor the values allowed are quoted, and of an element of a list that
	// breaks a constraint it is said, too, that it must not be null.
	Terse bool

	// MissingParameter: what lacks in a structure within the request is missed as a parameter of
	// the form, and nothing else is said then.
	MissingParameter bool

	// Parameters are the inputs by their types' names whose own members are missed likewise.
	Parameters []string
}

// Table holds the shapes of one service by name.
type Table map[string]Shape

// rule is a Shape made ready to check values.
type rule struct {
	Shape
	name    string
	words   Words
	pattern *regexp.Regexp
	member  *rule
	key     *rule
	value   *rule
}

func (t Table) rule(name string, w Words) *rule {
	s, ok := t[name]
	if !ok {
		panic("shape: no shape is called " + name)
	}
	r := &rule{Shape: s, name: name, words: w}
	if s.Pattern != "" {
		p := s.Pattern
		if s.RE2 != "" {
			p = s.RE2
		}
		r.pattern = pattern(p)
	}
	for _, part := range []struct {
		name string
		to   **rule
	}{{s.Member, &r.member}, {s.Key, &r.key}, {s.Value, &r.value}} {
		if part.name != "" {
			*part.to = t.rule(part.name, w)
		}
	}
	return r
}

// patterns has what pattern has compiled, by its text.
var patterns sync.Map

// pattern compiles the pattern of a shape once: hundreds of members have few shapes between them.
func pattern(text string) *regexp.Regexp {
	if known, ok := patterns.Load(text); ok {
		return known.(*regexp.Regexp)
	}
	made, _ := patterns.LoadOrStore(text, regexp.MustCompile(`\A(?:`+text+`)\z`))
	return made.(*regexp.Regexp)
}

// breaches returns what a scalar breaks, each as AWS says it.
func (r *rule) breaches(v reflect.Value) []string {
	switch v.Kind() {
	case reflect.String:
		return r.text(v.String())
	case reflect.Int32, reflect.Int64:
		return r.bounds(int(v.Int()), "value")
	case reflect.Slice, reflect.Map:
		return r.bounds(v.Len(), "length")
	}
	return nil
}

func (r *rule) text(s string) (out []string) {
	if r.Enum != nil {
		for _, e := range r.Enum {
			if s == e {
				return nil
			}
		}
		return []string{r.enumerated()}
	}
	out = r.bounds(utf8.RuneCountInString(s), "length")
	if r.pattern != nil && !r.pattern.MatchString(s) {
		out = append(out, r.patterned())
	}
	return out
}

func (r *rule) enumerated() string {
	if r.words.Terse {
		return "Member must satisfy enum value set"
	}
	return "Member must satisfy enum value set: [" + strings.Join(r.Enum, ", ") + "]"
}

func (r *rule) patterned() string {
	return "Member must satisfy regular expression pattern: " + r.Pattern
}

// element returns all that an element of a list or map is held to, if it breaks any of it (recorded
// of Parameter Store's labels). A terse service adds that it must be there (recorded of IAM's tag
// keys).
func (r *rule) element(v reflect.Value) []string {
	broken := r.breaches(v)
	if broken == nil || r.Enum != nil {
		return broken
	}
	all := []string{}
	if r.Max != 0 {
		all = append(all, atMost("length", r.Max))
	}
	if r.Min != 0 {
		all = append(all, atLeast("length", r.Min))
	}
	if r.pattern != nil {
		all = append(all, r.patterned())
	}
	if r.words.Terse {
		all = append(all, notNull)
	}
	return all
}

// refused reports whether a text has characters that it must not have, or none, and its shape has
// words of its own for that.
func (r *rule) refused(s string) bool {
	if r.Refusal == "" || utf8.RuneCountInString(s) > r.Max {
		return false
	}
	return s == "" || !r.pattern.MatchString(s)
}

func (r *rule) bounds(n int, what string) (out []string) {
	if (r.Max != 0 || r.Range) && n > r.Max {
		out = append(out, atMost(what, r.Max))
	}
	if (r.Min != 0 || r.Range) && n < r.Min {
		out = append(out, atLeast(what, r.Min))
	}
	return out
}

func atMost(what string, n int) string {
	return fmt.Sprintf("Member must have %s less than or equal to %d", what, n)
}

func atLeast(what string, n int) string {
	return fmt.Sprintf("Member must have %s greater than or equal to %d", what, n)
}

// IdempotencyToken returns the member of a struct type by which a request that comes again is
// known, or nothing.
func IdempotencyToken(typ reflect.Type) string {
	for i := range typ.NumField() {
		f := typ.Field(i)
		if _, option, _ := strings.Cut(f.Tag.Get("shape"), ","); option == "idempotencyToken" {
			return f.Name
		}
	}
	return ""
}
