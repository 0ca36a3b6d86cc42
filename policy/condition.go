package policy

import (
	"encoding/base64"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// comparison is how an operator compares one value of a request with one of the policy. Known is
// false if either can't be read as what the operator compares: then the condition is not met, not
// even a negated one.
type comparison func(v *operand, got string, r *scope) (same, known bool)

// operator is a condition operator without its quantifier and its IfExists ("IAM JSON policy
// elements: Condition operators" of the IAM user guide).
type operator struct {
	compare   comparison
	negated   bool
	variables bool // its values may hold policy variables
	wildcards bool
}

// operators are all that there are but Null, which compares nothing.
var operators = map[string]operator{
	"StringEquals":              {compare: equal, variables: true},
	"StringNotEquals":           {compare: equal, variables: true, negated: true},
	"StringEqualsIgnoreCase":    {compare: equalFold, variables: true},
	"StringNotEqualsIgnoreCase": {compare: equalFold, variables: true, negated: true},
	"StringLike":                {compare: equal, variables: true, wildcards: true},
	"StringNotLike":             {compare: equal, variables: true, wildcards: true, negated: true},
	"NumericEquals":             {compare: numeric(func(order int) bool { return order == 0 })},
	"NumericNotEquals": {compare: numeric(func(order int) bool { return order == 0 }),
		negated: true},
	"NumericLessThan":          {compare: numeric(func(order int) bool { return order < 0 })},
	"NumericLessThanEquals":    {compare: numeric(func(order int) bool { return order <= 0 })},
	"NumericGreaterThan":       {compare: numeric(func(order int) bool { return order > 0 })},
	"NumericGreaterThanEquals": {compare: numeric(func(order int) bool { return order >= 0 })},
	"DateEquals":               {compare: date(func(order int) bool { return order == 0 })},
	"DateNotEquals": {compare: date(func(order int) bool { return order == 0 }),
		negated: true},
	"DateLessThan":          {compare: date(func(order int) bool { return order < 0 })},
	"DateLessThanEquals":    {compare: date(func(order int) bool { return order <= 0 })},
	"DateGreaterThan":       {compare: date(func(order int) bool { return order > 0 })},
	"DateGreaterThanEquals": {compare: date(func(order int) bool { return order >= 0 })},
	"Bool":                  {compare: boolean},
	"BinaryEquals":          {compare: binary},
	"IpAddress":             {compare: address},
	"NotIpAddress":          {compare: address, negated: true},
	"ArnEquals":             {compare: arnLike, variables: true, wildcards: true},
	"ArnLike":               {compare: arnLike, variables: true, wildcards: true},
	"ArnNotEquals":          {compare: arnLike, variables: true, wildcards: true, negated: true},
	"ArnNotLike":            {compare: arnLike, variables: true, wildcards: true, negated: true},
}

// quantifier says how many of the values of a key must meet the condition.
type quantifier int

const (
	unquantified quantifier = iota
	forAllValues
	forAnyValue
)

// test is a compiled [Condition].
type test struct {
	operator
	null     bool // the operator is Null
	ifExists bool
	set      quantifier
	key      key
	operands []operand
}

// operand is a value of a policy, read as its operator reads values.
type operand struct {
	text    pattern
	arn     arnPattern
	known   bool // number, time, address or bytes could be read
	number  float64
	time    time.Time
	address netip.Prefix
	bytes   string
}

// splitOperator takes the quantifier and IfExists off the name of an operator.
func splitOperator(name string) (base string, set quantifier, ifExists bool) {
	base = name
	if rest, ok := strings.CutPrefix(base, "ForAllValues:"); ok {
		base, set = rest, forAllValues
	} else if rest, ok := strings.CutPrefix(base, "ForAnyValue:"); ok {
		base, set = rest, forAnyValue
	}
	base, ifExists = strings.CutSuffix(base, "IfExists")
	return base, set, ifExists
}

func isOperator(name string) bool {
	base, _, ifExists := splitOperator(name)
	if base == "Null" {
		return !ifExists
	}
	_, ok := operators[base]
	return ok
}

// compile reads a condition of a document of the given version: in that of 2008 variables are text.
func (c *Condition) compile(version string) test {
	base, set, ifExists := splitOperator(c.Operator)
	t := test{operator: operators[base], null: base == "Null", ifExists: ifExists, set: set,
		key: compileKey(c.Key)}
	x := syntax{wildcards: t.wildcards, variables: t.variables && version == Version2012}
	for _, text := range c.Values {
		t.operands = append(t.operands, newOperand(base, text, x))
	}
	return t
}

func newOperand(operator, text string, x syntax) operand {
	o := operand{}
	switch {
	case strings.HasPrefix(operator, "Arn"):
		o.arn = x.compileARN(text, 0)
	case strings.HasPrefix(operator, "Numeric"):
		o.number, o.known = parseNumber(text)
	case strings.HasPrefix(operator, "Date"):
		o.time, o.known = parseTime(text)
	case strings.HasSuffix(operator, "IpAddress"):
		o.address, o.known = parsePrefix(text)
	case operator == "BinaryEquals":
		o.bytes, o.known = parseBinary(text)
	default:
		o.text = x.compile(text)
	}
	return o
}

// holds reports whether a request meets the condition.
func (t *test) holds(r *scope) bool {
	values, present := r.lookup(&t.key)
	if t.null {
		return t.holdsNull(present)
	}
	if len(values) == 0 {
		return t.holdsAbsent()
	}
	for _, got := range values {
		met := t.met(got, r)
		if t.set == forAllValues && !met {
			return false
		}
		if t.set != forAllValues && met {
			return true
		}
	}
	return t.set == forAllValues
}

// holdsNull: "true" asks for a key that is absent, "false" for one that is there.
func (t *test) holdsNull(present bool) bool {
	for i := range t.operands {
		want := t.operands[i].text.literal
		if present && strings.EqualFold(want, "false") || !present && strings.EqualFold(want, "true") {
			return true
		}
	}
	return false
}

// holdsAbsent: a key that is absent equals nothing, and so meets what is negated. That every one of
// no values meets a condition is true, whatever it is.
func (t *test) holdsAbsent() bool {
	switch {
	case t.ifExists:
		return true
	case t.set == unquantified:
		return t.negated
	}
	return t.set == forAllValues
}

// met reports whether one value of the request fits one of the policy's or, if negated, none.
func (t *test) met(got string, r *scope) bool {
	readable := true
	for i := range t.operands {
		same, known := t.compare(&t.operands[i], got, r)
		if known && same {
			return !t.negated
		}
		readable = readable && known
	}
	return t.negated && readable
}

func equal(v *operand, got string, r *scope) (same, known bool) {
	same, _ = v.text.match(got, r)
	return same, true
}

func equalFold(v *operand, got string, r *scope) (same, known bool) {
	return v.text.matchFold(got, r), true
}

func arnLike(v *operand, got string, r *scope) (same, known bool) {
	same, _ = v.arn.match(got, r)
	return same && isARN(got), true
}

// isARN reports whether s is written as an ARN.
func isARN(s string) bool {
	return strings.HasPrefix(s, "arn:") && strings.Count(s, ":") >= segments-1
}

func numeric(want func(order int) bool) comparison {
	return func(v *operand, got string, _ *scope) (same, known bool) {
		n, ok := parseNumber(got)
		if !ok || !v.known {
			return false, false
		}
		switch {
		case n < v.number:
			return want(-1), true
		case n > v.number:
			return want(1), true
		}
		return want(0), true
	}
}

// parseNumber reads a decimal number: strconv knows more kinds of numbers than IAM does.
func parseNumber(s string) (float64, bool) {
	if strings.Trim(s, "0123456789.+-eE") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

func date(want func(order int) bool) comparison {
	return func(v *operand, got string, _ *scope) (same, known bool) {
		t, ok := parseTime(got)
		if !ok || !v.known {
			return false, false
		}
		return want(t.Compare(v.time)), true
	}
}

// The forms of a date ("W3C note on date and time formats"), but for seconds since 1970.
var timeForms = []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05",
	"2006-01-02", "2006-01", "2006"}

func parseTime(s string) (time.Time, bool) {
	for _, form := range timeForms {
		if len(s) == 4 || strings.Contains(s, "-") {
			if t, err := time.Parse(form, s); err == nil {
				return t, true
			}
		}
	}
	seconds, ok := parseNumber(s)
	return time.Unix(int64(seconds), 0), ok && len(s) != 4
}

// boolean compares with a text that must be true or false in any case.
func boolean(v *operand, got string, _ *scope) (same, known bool) {
	return strings.EqualFold(v.text.literal, got), true
}

func binary(v *operand, got string, _ *scope) (same, known bool) {
	b, ok := parseBinary(got)
	return b == v.bytes, ok && v.known
}

func parseBinary(s string) (string, bool) {
	b, err := base64.StdEncoding.DecodeString(s)
	return string(b), err == nil
}

// address: addresses of one family are in no network of the other.
func address(v *operand, got string, _ *scope) (same, known bool) {
	a, err := netip.ParseAddr(got)
	if err != nil || !v.known {
		return false, false
	}
	return v.address.Contains(a.Unmap()), true
}

// parsePrefix reads a network, or one address.
func parsePrefix(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}
