// Package shape holds AWS's constraints by shape name. One table to a service gives the validation
// and its sentences, the OpenAPI schema, the comparison with the SDK, and the malformed cases of
// the tests.
//
// A member of an input says which shape it is and whether it must be there:
//
//	KeyId string `shape:"KeyIdType,required"`
//
// Optional scalars are pointers, so that an empty string is not an absent one.
// Required ones are plain.
package shape

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
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
}

// Table holds the shapes of one service by name.
type Table map[string]Shape

// rule is a Shape made ready to check values.
type rule struct {
	Shape
	name    string
	pattern *regexp.Regexp
	member  *rule
	key     *rule
	value   *rule
}

func (t Table) rule(name string) *rule {
	s, ok := t[name]
	if !ok {
		panic("shape: no shape is called " + name)
	}
	r := &rule{Shape: s, name: name}
	if s.Pattern != "" {
		p := s.Pattern
		if s.RE2 != "" {
			p = s.RE2
		}
		r.pattern = regexp.MustCompile(`\A(?:` + p + `)\z`)
	}
	for _, part := range []struct {
		name string
		to   **rule
	}{{s.Member, &r.member}, {s.Key, &r.key}, {s.Value, &r.value}} {
		if part.name != "" {
			*part.to = t.rule(part.name)
		}
	}
	return r
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
		return []string{"Member must satisfy enum value set: [" + strings.Join(r.Enum, ", ") + "]"}
	}
	out = r.bounds(utf8.RuneCountInString(s), "length")
	if r.pattern != nil && !r.pattern.MatchString(s) {
		out = append(out, "Member must satisfy regular expression pattern: "+r.Pattern)
	}
	return out
}

func (r *rule) bounds(n int, what string) (out []string) {
	if (r.Max != 0 || r.Range) && n > r.Max {
		out = append(out, fmt.Sprintf("Member must have %s less than or equal to %d", what, r.Max))
	}
	if (r.Min != 0 || r.Range) && n < r.Min {
		out = append(out, fmt.Sprintf("Member must have %s greater than or equal to %d", what, r.Min))
	}
	return out
}
