package simulate

import (
	"encoding/base64"
	"math"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"claviger/policy"
)

// ContextEntry is a condition key with the values that conditions are to see.
type ContextEntry struct {
	ContextKeyName   *string  `shape:"ContextKeyNameType"`
	ContextKeyValues []string `shape:"ContextKeyValueListType"`
	ContextKeyType   *string  `shape:"ContextKeyTypeEnum"`
}

// contextOf reads the entries. Shapes leave open what an entry has to have; the texts are those
// that IAM is recorded with.
func contextOf(entries []ContextEntry) (policy.Values, error) {
	values, seen := policy.Values{}, map[string]bool{}
	for _, e := range entries {
		if e.ContextKeyName == nil && e.ContextKeyType == nil && len(e.ContextKeyValues) == 0 {
			continue // a request can't say that there is an entry in which nothing stands
		}
		if e.ContextKeyName == nil {
			return nil, invalid("ContextKeyName cannot be null or empty.")
		}
		name := *e.ContextKeyName
		if seen[strings.ToLower(name)] {
			return nil, invalid("Duplicate context key: %s.", name)
		}
		seen[strings.ToLower(name)] = true
		read, err := e.read(name)
		if err != nil {
			return nil, err
		}
		values[name] = read
	}
	return values, nil
}

// read returns the values of the entry as conditions see them.
func (e *ContextEntry) read(name string) ([]string, error) {
	if e.ContextKeyType == nil {
		return nil, invalid("Context key %s has invalid type null.", name)
	}
	kind, isList := strings.CutSuffix(*e.ContextKeyType, "List")
	switch n := len(e.ContextKeyValues); {
	case n == 0:
		return nil, invalid("Context values for context key %s cannot be null or empty.", name)
	case n > 1 && !isList:
		return nil, invalid("Context key %s expected a single value, but received %d.", kind, n)
	}
	read := kinds[kind]
	out := make([]string, len(e.ContextKeyValues))
	for i, text := range e.ContextKeyValues {
		value, ok := read.value(text)
		if !ok {
			return nil, invalid("Invalid context value for key %s: expected %s.", name, read.form)
		}
		out[i] = value
	}
	return out, nil
}

// kinds are the types of a key's values: what makes one, and what IAM calls it.
var kinds = map[string]struct {
	value func(string) (string, bool)
	form  string
}{
	"string":  {func(s string) (string, bool) { return s, true }, ""},
	"boolean": {truth, ""},
	"numeric": {number, "numeric format"},
	"date": {func(s string) (string, bool) { return s, policy.Readable("DateEquals", s) },
		"DateTime format"},
	"ip": {func(s string) (string, bool) { _, err := netip.ParseAddr(s); return s, err == nil },
		"IP address"},
	"binary": {func(s string) (string, bool) {
		_, err := base64.StdEncoding.DecodeString(s)
		return s, err == nil
	}, "base-64 encoded binary format"},
}

// truth takes every text: what isn't true is false.
func truth(s string) (string, bool) {
	return strconv.FormatBool(strings.EqualFold(s, "true")), true
}

var numeral = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

// number reads a number, also with an exponent, which the numbers of policies have not.
func number(s string) (string, bool) {
	if !numeral.MatchString(s) {
		return "", false
	}
	if !strings.ContainsAny(s, "eE") {
		return s, true
	}
	n, _ := strconv.ParseFloat(s, 64)
	if math.IsInf(n, 0) {
		return s, true
	}
	return strconv.FormatFloat(n, 'f', -1, 64), true
}
