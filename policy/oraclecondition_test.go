package policy_test

import (
	"bytes"
	"encoding/base64"
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
)

// conditionsHold: all operators and all their keys must hold.
func (q *question) conditionsHold(r rule, ofResource bool) bool {
	operators, _ := r.of["Condition"].(map[string]any)
	for operator, keys := range operators {
		for key, values := range keys.(map[string]any) {
			if !q.holds(operator, key, texts(values), r.version, ofResource) {
				return false
			}
		}
	}
	return true
}

// negated are the operators that hold where none of their values matches, by what they negate.
var negated = map[string]string{
	"StringNotEquals":           "StringEquals",
	"StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
	"StringNotLike":             "StringLike",
	"NumericNotEquals":          "NumericEquals",
	"DateNotEquals":             "DateEquals",
	"NotIpAddress":              "IpAddress",
	"ArnNotEquals":              "ArnEquals",
	"ArnNotLike":                "ArnLike",
}

func (q *question) holds(operator, key string, values []string, version string,
	ofResource bool) bool {
	has, present := q.context(ofResource)[strings.ToLower(key)]
	if operator == "Null" {
		return slices.ContainsFunc(values, func(v string) bool {
			return strings.EqualFold(v, "true") && !present || strings.EqualFold(v, "false") && present
		})
	}
	set, base, ok := strings.Cut(operator, ":")
	if !ok {
		set, base = "", operator
	}
	base, ifExists := strings.CutSuffix(base, "IfExists")
	if ifExists && !present {
		return true
	}
	positive, not := negated[base]
	if !not {
		positive = base
	}
	// one reports whether the operator holds for one value of the request.
	one := func(v string) bool {
		if !readable(positive, v) {
			return false // what can't be read doesn't match, whatever is asked
		}
		any := slices.ContainsFunc(values, func(of string) bool {
			return q.compare(positive, v, of, version, ofResource)
		})
		return any != not
	}
	switch set {
	case "ForAllValues":
		return !slices.ContainsFunc(has, func(v string) bool { return !one(v) })
	case "ForAnyValue":
		return slices.ContainsFunc(has, one)
	}
	if len(has) == 0 {
		return not // a key without a value is to an operator what an absent one is
	}
	return slices.ContainsFunc(has, one)
}

// readable reports whether a value of the request is of the operator's type at all. Text always is,
// and a value that is no ARN matches no pattern of one, which is an answer.
func readable(operator, v string) bool {
	switch {
	case strings.HasPrefix(operator, "Numeric"):
		return number(v) != nil
	case strings.HasPrefix(operator, "Date"):
		_, ok := instant(v)
		return ok
	case operator == "IpAddress":
		_, err := netip.ParseAddr(v)
		return err == nil
	}
	return true
}

// compare is one value of the request against one of the policy.
func (q *question) compare(operator, v, of, version string, ofResource bool) bool {
	switch operator {
	case "StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike":
		pattern, ok := q.expand(of, version, ofResource)
		return ok && text(operator, v, pattern)
	case "Bool":
		return strings.EqualFold(v, of) &&
			(strings.EqualFold(of, "true") || strings.EqualFold(of, "false"))
	case "BinaryEquals":
		a, errA := base64.StdEncoding.DecodeString(v)
		b, errB := base64.StdEncoding.DecodeString(of)
		return errA == nil && errB == nil && bytes.Equal(a, b)
	case "IpAddress":
		a, _ := netip.ParseAddr(v)
		if p, err := netip.ParsePrefix(of); err == nil {
			return p.Masked().Contains(a)
		}
		p, err := netip.ParseAddr(of)
		return err == nil && a == p
	}
	if name, ok := strings.CutPrefix(operator, "Numeric"); ok {
		a, b := number(v), number(of)
		return b != nil && order(name, a.Cmp(b))
	}
	name := strings.TrimPrefix(operator, "Date")
	a, _ := instant(v)
	b, ok := instant(of)
	return ok && order(name, a.Compare(b))
}

func order(name string, c int) bool {
	switch name {
	case "Equals":
		return c == 0
	case "LessThan":
		return c < 0
	case "LessThanEquals":
		return c <= 0
	case "GreaterThan":
		return c > 0
	case "GreaterThanEquals":
		return c >= 0
	}
	panic(name)
}

func text(operator, v string, pattern []mark) bool {
	plain := ""
	for _, m := range pattern {
		plain += string(m.r)
	}
	switch operator {
	case "StringEquals":
		return v == plain
	case "StringEqualsIgnoreCase":
		return strings.EqualFold(v, plain)
	case "StringLike":
		return like(pattern, []rune(v))
	}
	parts, segments := cut(pattern), strings.SplitN(v, ":", 6)
	if len(parts) != 6 || len(segments) != 6 || segments[0] != "arn" {
		return false
	}
	for i := range parts {
		if !like(parts[i], []rune(segments[i])) {
			return false
		}
	}
	return true
}

// cut separates a pattern of an ARN into its six segments.
func cut(pattern []mark) (parts [][]mark) {
	part := []mark{}
	for _, m := range pattern {
		if m.r == ':' && len(parts) < 5 {
			parts, part = append(parts, part), []mark{}
			continue
		}
		part = append(part, m)
	}
	return append(parts, part)
}

var decimal = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)$`)

func number(s string) *big.Rat {
	if !decimal.MatchString(s) {
		return nil
	}
	r, _ := new(big.Rat).SetString(s)
	return r
}

// instant reads W3C's forms of ISO 8601 and seconds of the epoch.
func instant(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02",
		"2006-01"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	// A form of W3C's is the year alone, too. What lacks its zone is taken to be of UTC.
	for _, layout := range []string{"2006-01-02T15:04:05", "2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	n := number(s)
	if n == nil || len(s) == 4 {
		return time.Time{}, false
	}
	seconds := new(big.Int).Quo(n.Num(), n.Denom()) // what is less than one is left out
	return time.Unix(seconds.Int64(), 0), true
}
