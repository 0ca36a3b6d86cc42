package mysql

import (
	"slices"
	"strings"
)

// token is a piece of a statement as servers print them: a word, a text in quotes, or a sign.
type token struct {
	kind byte // a quote, 'a' for a word, or the sign itself
	text string
	at   int // where it begins in the statement
	end  int
	deep int // how many parentheses it stands in
}

// is reports whether a token is a word of the language, and no name.
func (t token) is(word string) bool { return t.kind == 'a' && t.deep == 0 && t.text == word }

// isName reports whether a token is in quotes.
func (t token) isName() bool { return t.kind == '`' || t.kind == '\'' || t.kind == '"' }

type tokens []token

// begin reports whether these are the first words.
func (ts tokens) begin(words ...string) bool {
	for i, word := range words {
		if i >= len(ts) || !ts[i].is(word) {
			return false
		}
	}
	return true
}

// read cuts a statement into tokens. Where a quote isn't closed the rest is a token.
func read(s string) (ts tokens) {
	deep := 0
	for i := 0; i < len(s); {
		t := token{kind: s[i], at: i, deep: deep}
		switch c := s[i]; {
		case c == ' ':
			i++
			continue
		case c == '`' || c == '\'' || c == '"':
			t.text, i = quoted(s, i)
		case isWord(c):
			for i < len(s) && isWord(s[i]) {
				i++
			}
			t.kind, t.text = 'a', s[t.at:i]
		default:
			i++
			t.text = s[t.at:i]
			switch c {
			case '(':
				deep++
			case ')':
				deep--
			}
		}
		t.end = i
		ts = append(ts, t)
	}
	return ts
}

// isWord reports whether a byte may be in a word: all of UTF-8's longer characters may.
func isWord(c byte) bool {
	return c == '_' || c == '$' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' ||
		'A' <= c && c <= 'Z' || c >= 0x80
}

// quoted reads a text in the quotes that it begins with, and returns where it ends. A quote stands
// in it twice, and in a string after a backslash too.
func quoted(s string, at int) (text string, end int) {
	quote := s[at]
	var b strings.Builder
	for i := at + 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quote != '`' && i+1 < len(s):
			i++
		case s[i] == quote && i+1 < len(s) && s[i+1] == quote:
			i++
		case s[i] == quote:
			return b.String(), i + 1
		}
		b.WriteByte(s[i])
	}
	return b.String(), len(s)
}

// grantTo makes of a row of SHOW GRANTS the statement that does the same for another account: a
// GRANT to it, MySQL's REVOKE from it of parts, MariaDB's SET DEFAULT ROLE for it. What an older
// server or MariaDB says there of the password and of TLS is left out. is is false for what the
// account has by others: rows of its roles and of PUBLIC.
func grantTo(row string, of, to account) (statement string, is, ok bool) {
	ts := read(row)
	var before string // the word that stands before the account
	switch {
	case ts.begin("GRANT"):
		before = "TO"
	case ts.begin("REVOKE"):
		before = "FROM"
	case ts.begin("SET", "DEFAULT", "ROLE"):
		before = "FOR"
	default:
		return "", false, false
	}
	i := slices.IndexFunc(ts, func(t token) bool { return t.is(before) })
	if i < 0 || i+1 == len(ts) {
		return "", false, false
	}
	rest := ts[i+1:]
	if len(rest) < 3 || !rest[0].isName() || rest[1].kind != '@' || !rest[2].isName() ||
		rest[0].text != of.user || !strings.EqualFold(rest[2].text, of.host) {
		return "", false, true
	}
	statement = row[:ts[i].end] + " " + to.String()
	with := slices.IndexFunc(rest, func(t token) bool { return t.is("WITH") })
	if with >= 0 {
		statement += " " + row[rest[with].at:]
	}
	return statement, true, true
}
