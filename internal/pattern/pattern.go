// Package pattern is the language of event patterns, which EventBridge has for rules and, with a
// few differences, SNS for filter policies. It is pure: no database, no clock.
//
// A pattern is a JSON object like the events that it is for. Where an event has a value, the
// pattern has a list of what that value may be: texts, numbers, true, false, null, or an object of
// one operator. What the pattern doesn't name may be anything. Names join by dots, in patterns and
// in events: {"a":{"b":1}} and {"a.b":1} say the same.
//
// Where AWS's documents leave a question open, the answer is that of event-ruler, the matcher that
// AWS has published: a number is equal as a number and as a text; what a pattern asks of an
// array's element it asks of one and the same; an empty array is absent.
//
// [Compile] reads a pattern, or says in AWS's words what is wrong with it. [Pattern.Matches] tries
// it, and a [Set] tries many patterns on an event that is read once and only where one of them
// looks.
package pattern

import (
	"maps"
	"slices"
)

// Dialect is whose language a pattern is in.
type Dialect int

// The dialects. SNS matches attributes of a message as an object of its own, one level deep.
const (
	EventBridge Dialect = iota
	SNSAttributes
	SNSBody
)

// Pattern is a pattern that was read. It may be used by many at once.
type Pattern struct {
	alternatives []alternative // one of them has to match: what $or multiplies
	wildcards    int           // operators of that name
	own          *Set          // of this pattern alone
}

// alternative is what has to be true of an event at a time, in order of path.
type alternative []field

// field is what one field of an event may be.
type field struct {
	path       string // its names, joined by dots
	conditions []condition
	absent     bool // it may be absent
}

// Compile reads a pattern. An error is an [Error] in AWS's words, or for SNS [ErrNested].
func Compile(text string, dialect Dialect) (*Pattern, error) {
	c := compiler{reader: newReader(text), dialect: dialect}
	if err := c.compile(); err != nil {
		return nil, err
	}
	p := &Pattern{alternatives: c.alternatives, wildcards: c.wildcards}
	p.own = NewSet(p)
	return p, nil
}

// Matches reports whether an event is as the pattern says. What is no JSON object matches nothing;
// whether parts that the pattern doesn't look at are valid JSON isn't checked.
func (p *Pattern) Matches(event []byte) bool {
	return len(p.own.Match(event)) > 0
}

// Wildcards is how many wildcard operators the pattern has: EventBridge has a quota of rules with
// any.
func (p *Pattern) Wildcards() int { return p.wildcards }

// Texts returns, in order, the texts that the pattern names literally for a field, by its path.
func (p *Pattern) Texts(path string) []string {
	all := map[string]bool{}
	for _, a := range p.alternatives {
		for _, f := range a {
			if f.path != path {
				continue
			}
			for _, c := range f.conditions {
				if texts, ok := c.(oneOf); ok {
					maps.Copy(all, texts)
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}
