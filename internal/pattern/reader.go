package pattern

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// kind is a kind of token, or of value.
type kind byte

const (
	atEnd     kind = 0
	object    kind = '{'
	objectEnd kind = '}'
	array     kind = '['
	arrayEnd  kind = ']'
	name      kind = 'n' // of a member
	str       kind = '"'
	number    kind = '0'
	isTrue    kind = 't'
	isFalse   kind = 'f'
	null      kind = 'z'
)

// token is a token of JSON.
type token struct {
	kind kind
	text string // of a name, string, number or literal, its quotes and escapes taken away
}

// reader reads a pattern token by token and knows what AWS's parser would give as the place of an
// error: that one reads a value's first token along with the name before it, and a string only when
// somebody wants its text. Programs compare these texts.
type reader struct {
	src   string
	pos   int    // what is read next
	at    int    // the place of an error
	end   int    // behind the string that was read last
	open  []kind // objects and arrays around
	fresh bool   // nothing of the innermost was read yet
	named bool   // the name of a member was read
}

func newReader(src string) *reader { return &reader{src: src} }

// fail makes an error of what was read last.
func (r *reader) fail(format string, args ...any) error {
	return &Error{Reason: fmt.Sprintf(format, args...), Where: place(r.src, r.at)}
}

// broken makes an error of the character at a place.
func (r *reader) broken(at int, expecting string) error {
	if at >= len(r.src) {
		return &Error{Reason: "Unexpected end-of-input: " + expecting, Where: place(r.src, at)}
	}
	c, _ := utf8.DecodeRuneInString(r.src[at:])
	return &Error{Reason: fmt.Sprintf("Unexpected character ('%c' (code %d)): was expecting %s", c, c,
		expecting), Where: place(r.src, at)}
}

// wanted says that the text of the token that was read last matters.
func (r *reader) wanted(t token) string {
	if t.kind == str {
		r.at = r.end
	}
	return t.text
}

func (r *reader) space() {
	for r.pos < len(r.src) && strings.IndexByte(" \t\r\n", r.src[r.pos]) >= 0 {
		r.pos++
	}
}

// next reads a token.
func (r *reader) next() (token, error) {
	r.space()
	if len(r.open) == 0 {
		return r.value()
	}
	in := r.open[len(r.open)-1]
	switch {
	case r.named:
		r.named = false
		return r.value()
	case r.pos < len(r.src) && kind(r.src[r.pos]) == in+2: // '{' and '}', '[' and ']'
		return r.close(in + 2), nil
	case !r.fresh:
		if r.pos >= len(r.src) || r.src[r.pos] != ',' {
			return token{}, r.broken(r.pos, "comma to separate entries")
		}
		r.pos++
		r.space()
	}
	r.fresh = false
	if in == object {
		return r.member()
	}
	return r.value()
}

func (r *reader) close(k kind) token {
	r.pos++
	r.at = r.pos
	r.open = r.open[:len(r.open)-1]
	r.fresh = false
	return token{kind: k}
}

// member reads the name of a member with its colon.
func (r *reader) member() (token, error) {
	if r.pos >= len(r.src) || r.src[r.pos] != '"' {
		return token{}, r.broken(r.pos, "double-quote to start field name")
	}
	text, err := r.quoted()
	if err != nil {
		return token{}, err
	}
	r.space()
	if r.pos >= len(r.src) || r.src[r.pos] != ':' {
		return token{}, r.broken(r.pos, "a colon to separate field name and value")
	}
	r.pos++
	r.space()
	r.named = true
	ahead := *r
	ahead.open = append([]kind(nil), r.open...)
	if _, err := ahead.value(); err != nil {
		return token{}, err
	}
	r.at = ahead.at
	return token{kind: name, text: text}, nil
}

// value reads the first token of a value, or all of a value that has no other.
func (r *reader) value() (token, error) {
	if r.pos >= len(r.src) {
		r.at = r.pos
		if len(r.open) == 0 {
			return token{}, nil
		}
		return token{}, r.broken(r.pos, "expected a value")
	}
	switch c := r.src[r.pos]; {
	case c == '{', c == '[':
		r.pos++
		r.at, r.fresh = r.pos, true
		r.open = append(r.open, kind(c))
		return token{kind: kind(c)}, nil
	case c == '"':
		at := r.pos + 1
		text, err := r.quoted()
		r.at, r.end = at, r.pos
		return token{kind: str, text: text}, err
	}
	return r.plain()
}

// quoted reads a string.
func (r *reader) quoted() (string, error) {
	start := r.pos
	for r.pos++; r.pos < len(r.src); r.pos++ {
		switch r.src[r.pos] {
		case '\\':
			r.pos++
		case '"':
			r.pos++
			text, err := jsontext.AppendUnquote(nil, r.src[start:r.pos])
			if err != nil {
				return "", &Error{Reason: "Unrecognized character escape or invalid UTF-8",
					Where: place(r.src, r.pos)}
			}
			return string(text), nil
		}
	}
	return "", r.broken(len(r.src), "was expecting closing quote for a string value")
}

// literals are the values that are words.
var literals = map[string]kind{"true": isTrue, "false": isFalse, "null": null}

// plain reads a number, or a word.
func (r *reader) plain() (token, error) {
	start := r.pos
	for r.pos < len(r.src) && isWord(r.src[r.pos]) {
		r.pos++
	}
	word := r.src[start:r.pos]
	r.at = r.pos
	if word == "" {
		return token{}, r.broken(start, "a valid value (JSON String, Number, Array, Object or token "+
			"'null', 'true' or 'false')")
	}
	if k, ok := literals[word]; ok {
		return token{kind: k, text: word}, nil
	}
	if v := jsontext.Value(word); v.Kind() == jsontext.KindNumber && v.IsValid() {
		return token{kind: number, text: word}, nil
	}
	return token{}, r.fail("Unrecognized token '%s': was expecting (JSON String, Number, Array, Object "+
		"or token 'null', 'true' or 'false')", word)
}

// isWord reports whether a byte can be in a number or a word.
func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' ||
		c == '+' || c == '.' || c == '_' || c == '$' || c >= utf8.RuneSelf
}
