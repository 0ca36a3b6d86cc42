package pattern

import (
	"math"
	"strconv"
)

const (
	// mostNumber is how large a number can be that is compared as one: a float64 has no gaps between
	// whole numbers up to there.
	mostNumber    = 1 << 53
	mostSNSNumber = 1e9
)

// numeric reads an operator and a number, or the bounds of a range, lower one first.
func (c *compiler) numeric(l *leaf) error {
	t, err := c.next()
	if err != nil {
		return err
	}
	if t.kind != array {
		return c.fail("Value of numeric must be an array.")
	}
	r, err := c.bounds()
	if err != nil {
		return err
	}
	l.conditions = append(l.conditions, r)
	return c.closed(tooMany)
}

// bounds reads them behind the bracket, with the one that closes them.
func (c *compiler) bounds() (r numericRange, err error) {
	t, err := c.next()
	if err != nil {
		return r, err
	}
	if t.kind != str {
		return r, c.fail("Invalid member in numeric match: %s", shown(t))
	}
	operator := c.wanted(t)
	r = numericRange{bottom: math.Inf(-1), top: math.Inf(1)}
	switch operator {
	case "=", "<", "<=":
		return c.below(r, operator)
	case ">", ">=":
	default:
		return r, c.fail("Unrecognized numeric range operator: %s", operator)
	}
	r.openBottom = operator == ">"
	if r.bottom, err = c.operand(operator); err != nil {
		return r, err
	}
	t, err = c.next()
	if err != nil || t.kind == arrayEnd {
		return r, err
	}
	return c.above(r, t)
}

// below reads the number behind =, < or <=, which stands alone.
func (c *compiler) below(r numericRange, operator string) (numericRange, error) {
	said := operator
	if operator == "=" {
		said = "equals"
	}
	n, err := c.operand(said)
	if err != nil {
		return r, err
	}
	r.top, r.openTop = n, operator == "<"
	if operator == "=" {
		r.bottom = n
	}
	return r, c.listEnd(tooMany)
}

// above reads the upper bound of a range.
func (c *compiler) above(r numericRange, t token) (_ numericRange, err error) {
	if t.kind != str {
		return r, c.fail("Bad value in numeric range: %s", shown(t))
	}
	operator := c.wanted(t)
	if operator != "<" && operator != "<=" {
		return r, c.fail("Bad numeric range operator: %s", operator)
	}
	r.openTop = operator == "<"
	if r.top, err = c.operand(operator); err != nil {
		return r, err
	}
	if err := c.listEnd("Too many terms in numeric range expression"); err != nil {
		return r, err
	}
	if r.bottom >= r.top {
		return r, c.fail("Bottom must be less than top")
	}
	return r, nil
}

// operand reads the number behind an operator.
func (c *compiler) operand(operator string) (float64, error) {
	t, err := c.next()
	if err != nil {
		return 0, err
	}
	if t.kind != number {
		return 0, c.fail("Value of %s must be numeric", operator)
	}
	return c.number(t)
}

// number is a number that has to be one that is compared as such.
func (c *compiler) number(t token) (float64, error) {
	n, ok := parseNumber(t.text, c.bound())
	if !ok {
		limit := "9.007199254740992E15"
		if c.dialect != EventBridge {
			limit = "1.0E9"
		}
		return 0, c.fail("Value must be between -%s and %s, inclusive", limit, limit)
	}
	return n, nil
}

func (c *compiler) listEnd(otherwise string) error {
	t, err := c.next()
	if err != nil {
		return err
	}
	if t.kind != arrayEnd {
		return c.fail("%s", otherwise)
	}
	return nil
}

// shown is a token as AWS's texts show one.
func shown(t token) string {
	switch t.kind {
	case object, array, objectEnd, arrayEnd:
		return string(t.kind)
	}
	return t.text
}

// parseNumber reads a JSON number, if it isn't too large to be compared.
func parseNumber(text string, bound float64) (float64, bool) {
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil && math.Abs(n) <= bound
}
