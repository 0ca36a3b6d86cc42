package transformer

import (
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
func (p Path) Select(event []byte) (jsontext.Value, bool) { return p.from(&part{raw: event}) }

// from is [Path.Select] of an event that others look into, too.
func (p Path) from(event *part) (jsontext.Value, bool) {
	found := []*part{event}
	for _, s := range p.steps {
		var next []*part
		for _, v := range found {
			next = append(next, s.from(v)...)
		}
		found = next
	}
	if len(found) == 0 {
		return nil, false
	}
	if !p.many {
		return found[0].raw, true
	}
	all := make([]jsontext.Value, len(found))
	for i, v := range found {
		all[i] = v.raw
	}
	list, err := json.Marshal(all, lenient)
	return list, err == nil
}

// from returns what a step leads to.
func (s step) from(v *part) []*part {
	v.open()
	isArray := v.raw.Kind() == jsontext.KindBeginArray
	switch {
	case s.kind == '*':
		return v.inside
	case s.kind == '[':
		if isArray && s.element < len(v.inside) {
			return v.inside[s.element : s.element+1]
		}
	case !isArray:
		if member := v.members[s.name]; member != nil {
			return []*part{member}
		}
	}
	return nil
}
