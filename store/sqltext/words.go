// Package sqltext reads texts of SQL as far as it takes to tell their words apart.
package sqltext

import "strings"

// Words splits a statement into identifiers, placeholders and single other characters, without
// white space, comments, literals and quoted names.
func Words(text string) []string {
	var out []string
	for i := 0; i < len(text); {
		n := 1
		switch c := text[i]; {
		case c == '\'' || c == '"' || c == '`':
			n = quoted(text[i:])
		case c == '-' && strings.HasPrefix(text[i:], "--"):
			n = upTo(text[i:], "\n")
		case c == '/' && strings.HasPrefix(text[i:], "/*"):
			n = upTo(text[i:], "*/")
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		default:
			n = word(text[i:])
			out = append(out, text[i:i+n])
		}
		i += n
	}
	return out
}

// word returns the length of the identifier, number or placeholder that s begins with, or 1. SQLite
// takes $1$2, $1::x and $1(x) for names of one placeholder each; so they are one word here, which
// is then refused.
func word(s string) int {
	n := 1
	if !wordly(s[0]) && s[0] != ':' && s[0] != '@' {
		return n
	}
	for n < len(s) && wordly(s[n]) {
		n++
	}
	if s[0] == '$' && (strings.HasPrefix(s[n:], "(") || strings.HasPrefix(s[n:], "::")) {
		n++
	}
	return n
}

// wordly reports whether c is part of a name; $ is, after the first character too.
func wordly(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 ||
		'0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// quoted returns the length of the literal or quoted name that s begins with; a doubled quote stays
// inside.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] != s[0] {
			continue
		}
		if i+1 < len(s) && s[i+1] == s[0] {
			i++
			continue
		}
		return i + 1
	}
	return len(s)
}

// upTo returns the length of s up to and with end, or all of it.
func upTo(s, end string) int {
	if i := strings.Index(s, end); i >= 0 {
		return i + len(end)
	}
	return len(s)
}
