package pattern

const (
	onlyValues = "Value of anything-but must be an array or single string/number value."
	onlyTexts  = "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not " +
		"supported."
	onlyAffixes   = "prefix/suffix match pattern must be a string"
	onlyWildcards = "wildcard match pattern must be a string"
	onlyScalars   = "Inside anything but list, start|null|boolean is not supported."
	noEmptyAffix  = "Null prefix/suffix not allowed"
	noMixture     = "Inside anything but list, either all values are number or string, mixed type is " +
		"not supported"
)

// anythingBut reads what a field may not be: a text or a number, a list of either, or what texts
// may not be like.
func (c *compiler) anythingBut(l *leaf) error {
	t, err := c.next()
	if err != nil {
		return err
	}
	var not anythingBut
	switch t.kind {
	case object:
		return c.nothingLike(l)
	case array:
		if err := c.inList(func(t token) error { return c.excluded(t, &not) }); err != nil {
			return err
		}
		if (len(not.texts) > 0) == (len(not.numbers) > 0) {
			return c.fail(noMixture)
		}
	case str, number:
		if err := c.excluded(t, &not); err != nil {
			return err
		}
	default:
		return c.fail(onlyValues)
	}
	l.conditions = append(l.conditions, not)
	return c.closed(tooMany)
}

// excluded adds a value that a field may not be.
func (c *compiler) excluded(t token, not *anythingBut) error {
	switch t.kind {
	case str:
		if not.texts == nil {
			not.texts = oneOf{}
		}
		not.texts[c.wanted(t)] = true
		return nil
	case number:
		n, err := c.number(t)
		if err == nil {
			not.numbers = append(not.numbers, n)
		}
		return err
	}
	return c.fail(onlyScalars)
}

// inList reads a list behind its bracket. AWS says twice where an error in one is.
func (c *compiler) inList(each func(token) error) error {
	for {
		t, err := c.next()
		if err != nil {
			return err
		}
		if t.kind == arrayEnd {
			return nil
		}
		if err := each(t); err != nil {
			if e, ok := err.(*Error); ok {
				e.Where += e.Where
			}
			return err
		}
	}
}

// nothingLike reads {"prefix": what}, or another of the operators that anything-but has, behind its
// brace.
func (c *compiler) nothingLike(l *leaf) error {
	t, err := c.next()
	if err != nil {
		return err
	}
	if t.kind != name {
		return c.fail("Anything-But expression name not found")
	}
	like := likes[t.text]
	if like.make == nil {
		return c.fail("Unsupported anything-but pattern: %s", t.text)
	}
	var not anythingBut
	each := func(t token) error {
		if t.kind != str {
			return c.fail("%s", like.otherwise)
		}
		made, err := like.make(c, c.wanted(t))
		not.like = append(not.like, made)
		return err
	}
	t, err = c.next()
	switch {
	case err != nil:
		return err
	case t.kind == array:
		err = c.inList(each)
	case t.kind == str, t.kind == number:
		err = each(t)
	default:
		err = c.fail(onlyValues)
	}
	if err != nil {
		return err
	}
	l.conditions = append(l.conditions, not)
	if err := c.closed(tooMany); err != nil {
		return err
	}
	return c.closed(tooMany)
}

// like is an operator inside of anything-but.
type like struct {
	otherwise string // what is said of anything but a text
	make      func(*compiler, string) (condition, error)
}

var likes = map[string]like{
	"prefix": {onlyAffixes, func(c *compiler, text string) (condition, error) {
		return c.someAffix(affix{text: text})
	}},
	"suffix": {onlyAffixes, func(c *compiler, text string) (condition, error) {
		return c.someAffix(affix{text: text, atEnd: true})
	}},
	"wildcard": {onlyWildcards, func(c *compiler, text string) (condition, error) {
		c.wildcards++
		parts, err := c.wild(text)
		return wild(parts), err
	}},
	ignoreCase: {onlyTexts, func(_ *compiler, text string) (condition, error) {
		return folded(text), nil
	}},
}

// someAffix refuses an empty text, which everything begins and ends with.
func (c *compiler) someAffix(a affix) (condition, error) {
	if a.text == "" {
		return nil, c.fail(noEmptyAffix)
	}
	return a, nil
}
