package policy

import (
	"slices"
	"strings"
)

// ContextKeys returns the condition keys that a document asks for, in conditions and as variables,
// as they are written and in order. Two that differ in case alone are one, and stand as the first.
func (d *Document) ContextKeys() []string {
	var out []string
	seen := map[string]bool{}
	add := func(k key) {
		if folded := strings.ToLower(k.name); !seen[folded] {
			seen[folded] = true
			out = append(out, k.name)
		}
	}
	for i := range d.rules {
		r := &d.rules[i]
		for j := range r.resources {
			r.resources[j].variables(add)
		}
		for j := range r.tests {
			t := &r.tests[j]
			add(t.key)
			for k := range t.operands {
				t.operands[k].text.variables(add)
				t.operands[k].arn.variables(add)
			}
		}
	}
	slices.Sort(out)
	return out
}

// variables hands on the keys whose values are part of the pattern.
func (p *pattern) variables(add func(key)) {
	for _, part := range p.parts {
		if part.variable != nil {
			add(part.variable.key)
		}
	}
}

func (p *arnPattern) variables(add func(key)) {
	if p.whole != nil {
		p.whole.variables(add)
	}
	if p.segment == nil {
		return
	}
	for i := range p.segment {
		p.segment[i].variables(add)
	}
}

// Readable reports whether the operator of a condition can read a value as what it compares:
// NumericEquals a number, DateEquals a date. Operators of texts read everything.
func Readable(operator, value string) bool {
	c := Condition{Operator: operator, Key: "aws:Any", Values: []string{value}}
	return c.isReadable()
}
