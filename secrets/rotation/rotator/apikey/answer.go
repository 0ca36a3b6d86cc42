package apikey

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// at returns the value that a pointer names.
func at(v jsontext.Value, pointer string) (jsontext.Value, bool) {
	for name := range jsontext.Pointer(pointer).Tokens() {
		switch v.Kind() {
		case '{':
			var members map[string]jsontext.Value
			if json.Unmarshal(v, &members) != nil {
				return nil, false
			}
			v = members[name]
		case '[':
			var elements []jsontext.Value
			n, err := strconv.Atoi(name)
			if err != nil || json.Unmarshal(v, &elements) != nil || n < 0 || n >= len(elements) {
				return nil, false
			}
			v = elements[n]
		default:
			return nil, false
		}
	}
	return v, v != nil
}

// find returns a text, or a number as it is written.
func find(v jsontext.Value, pointer string) (string, bool) {
	v, ok := at(v, pointer)
	if !ok {
		return "", false
	}
	switch v.Kind() {
	case '0':
		return string(v), true
	case '"':
		text, err := jsontext.AppendUnquote(nil, v)
		return string(text), err == nil && len(text) > 0
	}
	return "", false
}

func elements(v jsontext.Value, pointer string) (list []jsontext.Value, ok bool) {
	v, ok = at(v, pointer)
	if !ok || v.Kind() != '[' {
		return nil, false
	}
	return list, json.Unmarshal(v, &list) == nil
}

// isToken reports whether a key can stand in a header: visible ASCII characters.
func isToken(key string) bool {
	return key != "" && len(key) <= mostKey &&
		!strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' })
}

const mostKey = 8 << 10 // bytes
