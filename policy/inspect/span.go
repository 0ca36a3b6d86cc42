package inspect

import (
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Span is where a statement stands in the text of its document. As IAM tells it, it begins behind
// what comes before: behind the bracket that opens the list, the statement before, or, of a single
// statement that is in no list, behind its own brace.
type Span struct{ Start, End Position }

// Position is a place in a text. Lines and columns count from 1, and a column is a character.
type Position struct{ Line, Column int }

// Spans tells where the statements of a document stand, in their order. It reads the text anew, so
// that no document that is kept has to know. For a text that is no document the answer is short.
func Spans(text string) []Span {
	d := jsontext.NewDecoder(strings.NewReader(text))
	if !toStatements(d) {
		return nil
	}
	at := cursor{text: text, at: Position{Line: 1, Column: 1}}
	single := d.PeekKind() == '{'
	if !single {
		if _, err := d.ReadToken(); err != nil {
			return nil
		}
	}
	var out []Span
	for single || d.PeekKind() == '{' {
		s := Span{Start: at.moved(d.InputOffset())}
		if single {
			s.Start = at.moved(d.InputOffset() + int64(strings.IndexByte(text[d.InputOffset():], '{')) + 1)
		}
		if d.SkipValue() != nil {
			break
		}
		s.End = at.moved(d.InputOffset())
		out = append(out, s)
		if single {
			break
		}
	}
	return out
}

// toStatements reads up to the value of Statement.
func toStatements(d *jsontext.Decoder) bool {
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return false
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return false
		}
		if name.String() == "Statement" {
			return true
		}
		if d.SkipValue() != nil {
			return false
		}
	}
	return false
}

// cursor goes forward through a text.
type cursor struct {
	text   string
	offset int
	at     Position
}

// moved goes on to an offset. A line ends with LF, CR, or both.
func (c *cursor) moved(offset int64) Position {
	for c.offset < int(offset) {
		r, size := utf8.DecodeRuneInString(c.text[c.offset:])
		c.offset += size
		switch {
		case r == '\n', r == '\r' && !strings.HasPrefix(c.text[c.offset:], "\n"):
			c.at = Position{Line: c.at.Line + 1, Column: 1}
		case r != '\r':
			c.at.Column++
		}
	}
	return c.at
}
