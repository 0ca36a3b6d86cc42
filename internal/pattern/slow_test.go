package pattern_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"net"
	"regexp"
	"slices"
	"strings"
)

// A second matcher, written from the documents and knowing nothing of the first: it has the
// standard library read pattern and event into maps, multiplies $or out by recursion, makes a
// regular expression of each wildcard, and tries every choice of array elements there is.

// slowValue is a value of an event, and by array the element that it is in.
type slowValue struct {
	value any
	in    map[int]int
}

// slowly reports whether an event matches a pattern that is valid.
func slowly(patternText, eventText string) bool {
	event, ok := decode(eventText).(map[string]any)
	if !ok {
		return false
	}
	values := map[string][]slowValue{}
	arrays := 0
	flatten(event, "", map[int]int{}, &arrays, values)
	for _, alternative := range multiply(decode(patternText).(map[string]any), "") {
		paths := make([]string, 0, len(alternative))
		for path := range alternative {
			paths = append(paths, path)
		}
		slices.Sort(paths)
		if chosen(paths, alternative, values, map[int]int{}) {
			return true
		}
	}
	return false
}

func decode(text string) any {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

// flatten collects the leaves of an event. A path is empty at the event itself, and begins with a
// zero byte below it, where a member's name may be empty too.
func flatten(v any, path string, in map[int]int, arrays *int, to map[string][]slowValue) {
	switch v := v.(type) {
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			below := name
			if path != "" {
				below = strings.TrimPrefix(path, "\x00") + "." + name
			}
			flatten(v[name], "\x00"+below, in, arrays, to)
		}
	case []any:
		id := *arrays
		*arrays++
		for i, e := range v {
			inner := map[int]int{id: i}
			for a, n := range in {
				inner[a] = n
			}
			flatten(e, path, inner, arrays, to)
		}
	default:
		path = strings.TrimPrefix(path, "\x00")
		to[path] = append(to[path], slowValue{v, in})
	}
}

// multiply returns the alternatives of a pattern: the lists of conditions by path.
func multiply(p map[string]any, prefix string) []map[string][]any {
	all := []map[string][]any{{}}
	names := make([]string, 0, len(p))
	for name := range p {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		var options []map[string][]any
		switch v := p[name].(type) {
		case map[string]any:
			options = multiply(v, prefix+name+".")
		case []any:
			if name == "$or" && areObjects(v) {
				for _, o := range v {
					options = append(options, multiply(o.(map[string]any), prefix)...)
				}
			} else {
				options = []map[string][]any{{prefix + name: v}}
			}
		}
		var next []map[string][]any
		for _, a := range all {
			for _, o := range options {
				both := map[string][]any{}
				for k, v := range a {
					both[k] = v
				}
				for k, v := range o {
					both[k] = v
				}
				next = append(next, both)
			}
		}
		all = next
	}
	return all
}

var operatorNames = []string{"prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but",
	"numeric", "cidr", "exists", "exactly"}

func areObjects(list []any) bool {
	if len(list) < 2 {
		return false
	}
	for _, v := range list {
		o, ok := v.(map[string]any)
		if !ok {
			return false
		}
		for name := range o {
			if slices.Contains(operatorNames, name) {
				return false
			}
		}
	}
	return true
}

// chosen tries every value for the first path and goes on with the rest.
func chosen(paths []string, of map[string][]any, values map[string][]slowValue,
	in map[int]int) bool {
	if len(paths) == 0 {
		return true
	}
	path, conditions := paths[0], of[paths[0]]
	for _, c := range conditions {
		if isAbsence(c) {
			there := false
			for _, v := range values[path] {
				there = there || consistent(in, v.in)
			}
			if !there && chosen(paths[1:], of, values, in) {
				return true
			}
			continue
		}
		for _, v := range values[path] {
			if !consistent(in, v.in) || !meets(v.value, c) {
				continue
			}
			both := map[int]int{}
			for a, n := range in {
				both[a] = n
			}
			for a, n := range v.in {
				both[a] = n
			}
			if chosen(paths[1:], of, values, both) {
				return true
			}
		}
	}
	return false
}

func consistent(a, b map[int]int) bool {
	for array, n := range a {
		if m, ok := b[array]; ok && m != n {
			return false
		}
	}
	return true
}

func isAbsence(c any) bool {
	o, ok := c.(map[string]any)
	return ok && o["exists"] == false
}

// meets reports whether a value is as one entry of a list says.
func meets(v, c any) bool {
	switch c := c.(type) {
	case map[string]any:
		for operator, operand := range c {
			return operates(v, operator, operand)
		}
	case json.Number:
		n, ok := v.(json.Number)
		if !ok {
			return false
		}
		return n == c || isComparable(n) && isComparable(c) && float(n) == float(c)
	case string:
		s, ok := v.(string)
		if ok && net.ParseIP(c) != nil && net.ParseIP(s) != nil {
			return net.ParseIP(c).Equal(net.ParseIP(s)) &&
				strings.Contains(c, ":") == strings.Contains(s, ":")
		}
		return ok && s == c
	}
	return v == c
}

func float(n json.Number) float64 {
	f, _, err := big.ParseFloat(string(n), 10, 400, big.ToNearestEven)
	if err != nil {
		return math.Inf(1)
	}
	v, _ := f.Float64()
	return v
}

func isComparable(n json.Number) bool { return math.Abs(float(n)) <= 9007199254740992 }

func operates(v any, operator string, operand any) bool {
	text, isText := v.(string)
	switch operator {
	case "exists":
		return operand == true
	case "exactly":
		return isText && text == operand
	case "prefix", "suffix":
		if o, ok := operand.(map[string]any); ok {
			return isText && affixed(operator, lower(text), lower(o["equals-ignore-case"].(string)))
		}
		return isText && affixed(operator, text, operand.(string))
	case "equals-ignore-case":
		return isText && lower(text) == lower(operand.(string))
	case "wildcard":
		return isText && wildly(operand.(string)).MatchString(text)
	case "numeric":
		return numerically(v, operand.([]any))
	case "cidr":
		_, network, _ := net.ParseCIDR(operand.(string))
		ip := net.ParseIP(text)
		return isText && ip != nil && network.Contains(ip) &&
			strings.Contains(text, ":") == strings.Contains(operand.(string), ":")
	}
	return !excluded(v, operand)
}

func lower(s string) string { return strings.ToLower(strings.ToUpper(s)) }

func affixed(operator, text, with string) bool {
	if operator == "prefix" {
		return strings.HasPrefix(text, with)
	}
	return strings.HasSuffix(text, with)
}

func wildly(text string) *regexp.Regexp {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '*':
			b.WriteString(".*")
		case text[i] == '\\':
			i++
			b.WriteString(regexp.QuoteMeta(text[i : i+1]))
		case text[i] < 0x80:
			b.WriteString(regexp.QuoteMeta(text[i : i+1]))
		default:
			b.WriteByte(text[i])
		}
	}
	return regexp.MustCompile("(?s)^" + b.String() + "$")
}

func numerically(v any, terms []any) bool {
	n, ok := v.(json.Number)
	if !ok || !isComparable(n) {
		return false
	}
	for i := 0; i < len(terms); i += 2 {
		bound := float(terms[i+1].(json.Number))
		holds := map[string]bool{"=": float(n) == bound, "<": float(n) < bound, "<=": float(n) <= bound,
			">": float(n) > bound, ">=": float(n) >= bound}
		if !holds[terms[i].(string)] {
			return false
		}
	}
	return true
}

// excluded reports whether a value is one of those that anything-but leaves out.
func excluded(v, operand any) bool {
	switch o := operand.(type) {
	case []any:
		return slices.ContainsFunc(o, func(one any) bool { return excluded(v, one) })
	case json.Number:
		n, ok := v.(json.Number)
		return ok && isComparable(n) && float(n) == float(o)
	case map[string]any:
		for operator, with := range o {
			list, ok := with.([]any)
			if !ok {
				list = []any{with}
			}
			return slices.ContainsFunc(list, func(one any) bool { return operates(v, operator, one) })
		}
	}
	return v == operand
}
