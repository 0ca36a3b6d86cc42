package pattern

import (
	"slices"
	"strings"
)

// Bounds of a pattern as a whole.
const (
	// mostAlternatives is EventBridge's bound of what $or multiplies to.
	mostAlternatives = 1000
	// The quotas of SNS for a filter policy.
	mostKeys         = 5
	mostCombinations = 150
	mostSNSWildcards = 3 // in one operator
)

// orKey is what joins alternatives, if what is behind it can be alternatives.
const orKey = "$or"

// draft is an alternative that is being read, by path.
type draft map[string]*leaf

// leaf is a list of what a field may be.
type leaf struct {
	field
	level   int // how many objects it is in
	entries int // of its list
}

// compiler makes alternatives of what it reads.
type compiler struct {
	*reader
	dialect      Dialect
	drafts       []draft
	added        []string // the paths of leaves, in the order in which they were read
	wildcards    int
	alternatives []alternative
}

func (c *compiler) compile() error {
	t, err := c.next()
	if err != nil {
		return err
	}
	if t.kind != object {
		return c.fail("Filter is not an object")
	}
	c.drafts = []draft{{}}
	if err := c.object(scope{}); err != nil {
		return err
	}
	if c.space(); c.pos < len(c.src) {
		_, err := c.value()
		if err == nil {
			err = c.fail("Unexpected text behind the pattern")
		}
		return err
	}
	if err := c.withinSNS(); err != nil {
		return err
	}
	for _, d := range c.drafts {
		c.alternatives = append(c.alternatives, d.finish())
	}
	return nil
}

// finish puts the fields of a draft in order.
func (d draft) finish() alternative {
	a := make(alternative, 0, len(d))
	for _, l := range d {
		a = append(a, l.field)
	}
	slices.SortFunc(a, func(x, y field) int { return strings.Compare(x.path, y.path) })
	return a
}

// scope is where in a pattern an object is.
type scope struct {
	path  string
	level int
	inOr  bool
}

// below is the scope of a member.
func (s scope) below(step string) scope {
	s.path = s.join(step)
	s.level++
	return s
}

func (s scope) join(step string) string {
	if s.level == 0 {
		return step
	}
	return s.path + "." + step
}

// object reads an object's members behind its brace. A member that comes twice is what it was last.
func (c *compiler) object(at scope) error {
	members := map[string][]string{}
	for {
		t, err := c.next()
		if err != nil {
			return err
		}
		if t.kind == objectEnd {
			break
		}
		for _, path := range members[t.text] {
			c.drop(path)
		}
		before := len(c.added)
		if err := c.objectMember(at, t.text); err != nil {
			return err
		}
		members[t.text] = slices.Clone(c.added[before:])
	}
	if len(members) == 0 {
		return c.fail("Empty objects are not allowed")
	}
	return nil
}

// objectMember reads a member behind its name.
func (c *compiler) objectMember(at scope, step string) error {
	if step == orKey && c.isOr() {
		return c.or(at)
	}
	if at.inOr && operators[step] != nil {
		return c.fail("%s is Ruler reserved fieldName which cannot be used inside %s.", step, orKey)
	}
	t, err := c.next()
	switch {
	case err != nil:
		return err
	case t.kind == object && c.dialect == SNSAttributes:
		return ErrNested
	case t.kind == object:
		return c.object(at.below(step))
	case t.kind == array:
		return c.list(at.join(step), at.level+1)
	}
	return c.fail("\"%s\" must be an object or an array", step)
}

// drop forgets a field that was read before.
func (c *compiler) drop(path string) {
	for _, d := range c.drafts {
		delete(d, path)
	}
}

// isOr reports whether the value that comes next can be alternatives: at least two objects, none of
// them empty or an operator. Otherwise $or is the name of a field like any other.
func (c *compiler) isOr() bool {
	ahead := *c.reader
	ahead.open = slices.Clone(c.open)
	if t, err := ahead.next(); err != nil || t.kind != array {
		return false
	}
	depth := len(ahead.open)
	objects := 0
	for {
		t, err := ahead.next()
		switch {
		case err != nil:
			// What is wrong in an object is said when it is read as one.
			return objects > 0
		case len(ahead.open) < depth:
			return objects >= 2
		case len(ahead.open) == depth && t.kind != objectEnd:
			return false
		case len(ahead.open) == depth+1 && t.kind == object:
			objects++
		case len(ahead.open) == depth+1 && t.kind == name && operators[t.text] != nil:
			return false
		}
	}
}

// or reads alternatives: each goes on from all that there was before.
func (c *compiler) or(at scope) error {
	if _, err := c.next(); err != nil {
		return err
	}
	before := c.drafts
	var after []draft
	at.inOr = true
	for {
		t, err := c.next()
		if err != nil {
			return err
		}
		if t.kind == arrayEnd {
			c.drafts = after
			return nil
		}
		c.drafts = make([]draft, len(before))
		for i, d := range before {
			c.drafts[i] = draft{}
			for path, l := range d {
				c.drafts[i][path] = l
			}
		}
		if err := c.object(at); err != nil {
			return err
		}
		if after = append(after, c.drafts...); len(after) > mostAlternatives {
			return &Error{Reason: "Rule is too complex - try using fewer values in $or: they make more " +
				"than 1000 combinations"}
		}
	}
}

// list reads what a field may be, behind its bracket.
func (c *compiler) list(path string, level int) error {
	l := &leaf{field: field{path: path}, level: level}
	texts := map[string]bool{}
	for {
		t, err := c.next()
		if err != nil {
			return err
		}
		if t.kind == arrayEnd {
			break
		}
		if err := c.entry(t, l, texts); err != nil {
			return err
		}
	}
	if len(texts) > 0 {
		l.conditions = append(l.conditions, oneOf(texts))
	}
	if len(l.conditions) == 0 && !l.absent {
		return c.fail("Empty arrays are not allowed")
	}
	for _, d := range c.drafts {
		if d[path] != nil {
			return c.fail("Path `%s` cannot be allowed multiple times", path)
		}
		d[path] = l
	}
	c.added = append(c.added, path)
	return nil
}

// entry reads one of the values that a field may be.
func (c *compiler) entry(t token, l *leaf, texts map[string]bool) error {
	l.entries++
	switch t.kind {
	case object:
		return c.operator(l)
	case str:
		text := c.wanted(t)
		if a, ok := parseAddress(text); ok {
			l.conditions = append(l.conditions, sameAddress{text, a})
			return nil
		}
		texts[text] = true
	case number:
		l.conditions = append(l.conditions, numberOf(t.text, c.bound()))
	case isTrue, isFalse, null:
		l.conditions = append(l.conditions, literal(t.kind))
	default:
		return c.fail("Match value must be String, number, true, false, or null")
	}
	return nil
}

// withinSNS holds a filter policy to SNS's quotas.
func (c *compiler) withinSNS() error {
	if c.dialect == EventBridge {
		return nil
	}
	keys := map[string]bool{}
	combinations := 0
	for _, d := range c.drafts {
		product := 1
		for path, l := range d {
			keys[path] = true
			product = min(product*l.entries*l.level, mostCombinations+1)
		}
		combinations += product
	}
	switch {
	case len(keys) > mostKeys:
		return &Error{Reason: "Filter policy can not have more than 5 keys"}
	case combinations > mostCombinations:
		return &Error{Reason: "Filter policy is too complex"}
	}
	return nil
}
