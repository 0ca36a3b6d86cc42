package transformer

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Path is a JSON path as EventBridge has them: $, then members by name, elements by number, and *
// for all of either. There are no filters.
type Path struct {
	steps []step
	many  bool // it has a *, and so selects a list
}

// step is a member or an element.
type step struct {
	name    string
	element int
	kind    byte // '.', '[' or '*'
}

// Errors of a path.
var (
	errNoRoot  = errors.New("a JSON path begins with $")
	errBadStep = errors.New("behind $ come .name, ['name'], [number], .* and [*], and no filters")
)

// ParsePath reads a path.
func ParsePath(text string) (p Path, err error) {
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return p, errNoRoot
	}
	for rest != "" {
		var s step
		if s, rest, err = parseStep(rest); err != nil {
			return p, err
		}
		p.many = p.many || s.kind == '*'
		p.steps = append(p.steps, s)
	}
	return p, nil
}

func parseStep(text string) (s step, rest string, err error) {
	if name, ok := strings.CutPrefix(text, "."); ok {
		end := strings.IndexAny(name, ".[")
		if end < 0 {
			end = len(name)
		}
		s = step{name: name[:end], kind: '.'}
		if s.name == "*" {
			s.kind = '*'
		}
		if s.name == "" || s.kind == '.' && strings.ContainsAny(s.name, "*?()@]'\"") {
			return s, "", errBadStep
		}
		return s, name[end:], nil
	}
	inside, rest, ok := strings.Cut(strings.TrimPrefix(text, "["), "]")
	if !ok || text[0] != '[' {
		return s, "", errBadStep
	}
	if inside == "*" {
		return step{kind: '*'}, rest, nil
	}
	if n, err := strconv.ParseUint(inside, 10, 31); err == nil {
		return step{element: int(n), kind: '['}, rest, nil
	}
	if quoted := len(inside) > 2 && inside[len(inside)-1] == inside[0]; quoted &&
		(inside[0] == '\'' || inside[0] == '"') {
		return step{name: inside[1 : len(inside)-1], kind: '.'}, rest, nil
	}
	return s, "", errBadStep
}

// lenient reads an event: of members that come twice the last one counts.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// Select returns the part of an event to which the path leads, as JSON, and false if there is none.
func (p Path) Select(event []byte) (jsontext.Value, bool) {
	found := []jsontext.Value{event}
	for _, s := range p.steps {
		var next []jsontext.Value
		for _, v := range found {
			next = append(next, s.from(v)...)
		}
		found = next
	}
	if len(found) == 0 {
		return nil, false
	}
	if p.many {
		list, err := json.Marshal(found, lenient)
		return list, err == nil
	}
	return found[0], true
}

// from returns what a step leads to.
func (s step) from(v jsontext.Value) []jsontext.Value {
	switch v.Kind() {
	case jsontext.KindBeginObject:
		if s.kind == '[' {
			return nil
		}
		return s.member(v)
	case jsontext.KindBeginArray:
		var elements []jsontext.Value
		if s.kind == '.' || json.Unmarshal(v, &elements, lenient) != nil {
			return nil
		}
		if s.kind == '*' {
			return elements
		}
		if s.element < len(elements) {
			return elements[s.element : s.element+1]
		}
	}
	return nil
}

// member returns the member of the step's name, or all in their order.
func (s step) member(v jsontext.Value) (all []jsontext.Value) {
	d := jsontext.NewDecoder(bytes.NewReader(v), lenient)
	if _, err := d.ReadToken(); err != nil {
		return nil
	}
	for d.PeekKind() == jsontext.KindString {
		name, err := d.ReadToken()
		if err != nil {
			return nil
		}
		called := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil
		}
		switch {
		case s.kind == '*':
			all = append(all, value.Clone())
		case called == s.name:
			all = []jsontext.Value{value.Clone()}
		}
	}
	return all
}
