package policy

import (
	"cmp"
	"encoding/base64"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// comparison is how an operator compares one value of a request with one of the policy.
type comparison uint8

const (
	byText comparison = iota
	byFoldedText
	byARN
	byNumber
	byTime
	byBool
	byBytes
	byAddress
)

// ordering is a set of the ways in which a value of the request may stand to that of the policy.
type ordering uint8

const (
	less ordering = 1 << iota
	equal
	greater
)

// operator is a condition operator without its quantifier and its IfExists ("IAM JSON policy
// elements: Condition operators" of the IAM user guide).
type operator struct {
	compare   comparison
	order     ordering // of numbers and times
	negated   bool
	wildcards bool
}

// operators are all that there are but Null, which compares nothing.
var operators = map[string]operator{
	"StringEquals":              {compare: byText},
	"StringNotEquals":           {compare: byText, negated: true},
	"StringEqualsIgnoreCase":    {compare: byFoldedText},
	"StringNotEqualsIgnoreCase": {compare: byFoldedText, negated: true},
	"StringLike":                {compare: byText, wildcards: true},
	"StringNotLike":             {compare: byText, wildcards: true, negated: true},
	"NumericEquals":             {compare: byNumber, order: equal},
	"NumericNotEquals":          {compare: byNumber, order: equal, negated: true},
	"NumericLessThan":           {compare: byNumber, order: less},
	"NumericLessThanEquals":     {compare: byNumber, order: less | equal},
	"NumericGreaterThan":        {compare: byNumber, order: greater},
	"NumericGreaterThanEquals":  {compare: byNumber, order: greater | equal},
	"DateEquals":                {compare: byTime, order: equal},
	"DateNotEquals":             {compare: byTime, order: equal, negated: true},
	"DateLessThan":              {compare: byTime, order: less},
	"DateLessThanEquals":        {compare: byTime, order: less | equal},
	"DateGreaterThan":           {compare: byTime, order: greater},
	"DateGreaterThanEquals":     {compare: byTime, order: greater | equal},
	"Bool":                      {compare: byBool},
	"BinaryEquals":              {compare: byBytes},
	"IpAddress":                 {compare: byAddress},
	"NotIpAddress":              {compare: byAddress, negated: true},
	"ArnEquals":                 {compare: byARN, wildcards: true},
	"ArnLike":                   {compare: byARN, wildcards: true},
	"ArnNotEquals":              {compare: byARN, wildcards: true, negated: true},
	"ArnNotLike":                {compare: byARN, wildcards: true, negated: true},
}

// variables reports whether the operator's values may hold policy variables.
func (o *operator) variables() bool { return o.compare <= byARN }

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
	known   bool // number, time, address, truth or bytes could be read
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
	x := syntax{wildcards: t.wildcards, variables: t.variables() && version == Version2012}
	for _, text := range c.Values {
		t.operands = append(t.operands, t.operand(text, x))
	}
	return t
}

func (t *test) operand(text string, x syntax) operand {
	o := operand{}
	switch t.compare {
	case byARN:
		o.arn = x.compileARN(text, 0)
	case byNumber:
		o.number, o.known = parseNumber(text)
	case byTime:
		o.time, o.known = parseTime(text)
	case byAddress:
		o.address, o.known = parsePrefix(text)
	case byBytes:
		o.bytes, o.known = parseBinary(text)
	default:
		o.text = x.compile(text)
		o.known = strings.EqualFold(text, "true") || strings.EqualFold(text, "false")
	}
	return o
}

// narrows reports whether the condition holds for principals alone that it names in full.
func (t *test) narrows() bool {
	if t.key.id != principalARN || t.null || t.negated || t.ifExists || t.set != unquantified ||
		t.compare > byARN {
		return false
	}
	for i := range t.operands {
		if !t.operands[i].text.isLiteral() || !t.operands[i].arn.isLiteral() {
			return false
		}
	}
	return true
}

// holds reports whether a request meets the condition.
func (t *test) holds(r *scope) bool {
	values, present := r.lookup(&t.key)
	if t.null {
		return t.holdsNull(present)
	}
	if len(values) == 0 {
		return t.ifExists && !present || t.holdsWithout()
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

// holdsWithout: a key without a value equals nothing, and so meets what is negated. That every one
// of no values meets a condition is true, whatever it is.
func (t *test) holdsWithout() bool {
	return t.set == forAllValues || t.set == unquantified && t.negated
}

// met reports whether one value of the request fits one of the policy's or, if negated, none.
func (t *test) met(got string, r *scope) bool {
	readable := true
	for i := range t.operands {
		same, known := t.same(&t.operands[i], got, r)
		if known && same {
			return !t.negated
		}
		readable = readable && known
	}
	return t.negated && readable
}

// same compares. Known is false if either value can't be read as what the operator compares: then
// the condition is not met, not even a negated one.
func (t *test) same(v *operand, got string, r *scope) (same, known bool) {
	known = true
	switch t.compare {
	case byText:
		same, _ = v.text.match(got, r)
	case byFoldedText:
		same = v.text.matchFold(got, r)
	case byARN:
		same, _ = v.arn.match(got, r)
		same = same && isARN(got)
	case byBool:
		same = v.known && strings.EqualFold(v.text.literal, got)
	case byNumber:
		n, ok := parseNumber(got)
		same, known = t.order.has(cmp.Compare(n, v.number)), ok && v.known
	case byTime:
		at, ok := parseTime(got)
		same, known = t.order.has(at.Compare(v.time)), ok && v.known
	case byBytes:
		b, ok := parseBinary(got)
		same, known = b == v.bytes, ok && v.known
	case byAddress:
		// Addresses of one family are in no network of the other.
		a := r.address(got)
		same, known = v.address.Contains(a), a.IsValid() && v.known
	}
	return same, known
}

// has reports whether a comparison, -1, 0 or 1, came out as one of the set.
func (o ordering) has(compared int) bool { return o>>(compared+1)&1 != 0 }

// isARN reports whether s is written as an ARN.
func isARN(s string) bool {
	return strings.HasPrefix(s, "arn:") && strings.Count(s, ":") >= segments-1
}

// parseNumber reads a decimal number: strconv knows more kinds of numbers than IAM does.
func parseNumber(s string) (float64, bool) {
	if strings.Trim(s, "0123456789.+-") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
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

func parseBinary(s string) (string, bool) {
	b, err := base64.StdEncoding.DecodeString(s)
	return string(b), err == nil
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
