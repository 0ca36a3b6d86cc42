package pattern

// operators read what is behind an operator's name, up to the brace that closes it.
var operators map[string]func(*compiler, *leaf) error

func init() {
	// Not in the declaration: what they read may be operators again.
	operators = map[string]func(*compiler, *leaf) error{
		"exactly":      (*compiler).exactly,
		"prefix":       (*compiler).prefix,
		"suffix":       (*compiler).suffix,
		ignoreCase:     (*compiler).sameFold,
		"wildcard":     (*compiler).wildcard,
		"anything-but": (*compiler).anythingBut,
		"numeric":      (*compiler).numeric,
		"cidr":         (*compiler).cidr,
		"exists":       (*compiler).exists,
	}
}

const ignoreCase = "equals-ignore-case"

// operator reads an operator behind its brace.
func (c *compiler) operator(l *leaf) error {
	t, err := c.next()
	if err != nil {
		return err
	}
	if t.kind != name {
		return c.fail("Match expression name not found")
	}
	read := operators[t.text]
	if read == nil {
		return c.fail("Unrecognized match type %s", t.text)
	}
	return read(c, l)
}

// closed reads the brace behind an operator.
func (c *compiler) closed(otherwise string) error {
	t, err := c.next()
	if err != nil {
		return err
	}
	if t.kind != objectEnd {
		return c.fail("%s", otherwise)
	}
	return nil
}

const (
	oneKey = "Only one key allowed in match expression"
	// AWS says this of anything-but as well.
	tooMany = "Too many elements in numeric expression"
)

// text reads a string and nothing else.
func (c *compiler) text(operator string) (string, error) {
	t, err := c.next()
	if err != nil {
		return "", err
	}
	if t.kind != str {
		return "", c.fail("%s match pattern must be a string", operator)
	}
	return c.wanted(t), nil
}

// only adds a condition whose operator has nothing but a text.
func (c *compiler) only(l *leaf, operator string, of func(string) (condition, error)) error {
	text, err := c.text(operator)
	if err != nil {
		return err
	}
	made, err := of(text)
	if err != nil {
		return err
	}
	l.conditions = append(l.conditions, made)
	return c.closed(oneKey)
}

func (c *compiler) exactly(l *leaf) error {
	return c.only(l, "exact", func(text string) (condition, error) {
		return oneOf{text: true}, nil
	})
}

func (c *compiler) sameFold(l *leaf) error {
	return c.only(l, ignoreCase, func(text string) (condition, error) { return folded(text), nil })
}

func (c *compiler) wildcard(l *leaf) error {
	c.wildcards++
	return c.only(l, "wildcard", func(text string) (condition, error) {
		parts, err := c.wild(text)
		return wild(parts), err
	})
}

func (c *compiler) prefix(l *leaf) error { return c.affix(l, "prefix", false) }
func (c *compiler) suffix(l *leaf) error { return c.affix(l, "suffix", true) }

// affix reads how a text begins or ends, or {"equals-ignore-case": how}.
func (c *compiler) affix(l *leaf, operator string, atEnd bool) error {
	t, err := c.next()
	switch {
	case err != nil:
		return err
	case t.kind == str:
		l.conditions = append(l.conditions, affix{text: c.wanted(t), atEnd: atEnd})
		return c.closed(oneKey)
	case t.kind != object:
		return c.fail("%s match pattern must be a string", operator)
	}
	t, err = c.next()
	if err != nil {
		return err
	}
	if t.text != ignoreCase {
		return c.fail("Unsupported %s pattern: %s", operator, t.text)
	}
	text, err := c.text(ignoreCase)
	if err != nil {
		return err
	}
	l.conditions = append(l.conditions, affix{text: text, atEnd: atEnd, fold: true})
	if err := c.closed(oneKey); err != nil {
		return err
	}
	return c.closed(oneKey)
}

func (c *compiler) cidr(l *leaf) error {
	t, err := c.next()
	if err != nil {
		return err
	}
	if t.kind != str {
		return c.fail("prefix match pattern must be a string") // AWS's text, prefix or not
	}
	network, err := parseNetwork(c.wanted(t))
	if err != nil {
		return err
	}
	l.conditions = append(l.conditions, within(network))
	return c.closed(oneKey)
}

func (c *compiler) exists(l *leaf) error {
	t, err := c.next()
	switch {
	case err != nil:
		return err
	case t.kind == isTrue:
		l.conditions = append(l.conditions, present{})
	case t.kind == isFalse:
		l.absent = true
	default:
		return c.fail("exists match pattern must be either true or false.")
	}
	return c.closed(oneKey)
}

// bound is how large numbers can be that are compared as numbers.
func (c *compiler) bound() float64 {
	if c.dialect == EventBridge {
		return mostNumber
	}
	return mostSNSNumber
}
