package inspect

import (
	"cmp"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

func (p Position) compare(q Position) int {
	return cmp.Or(cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}

// placesOf tells where the values of a JSON text begin, each by the way to it. One that has a name
// begins with its name.
func placesOf(text string) map[jsontext.Pointer]Position {
	d := jsontext.NewDecoder(strings.NewReader(text))
	at := cursor{text: text, at: Position{Line: 1, Column: 1}}
	places := map[jsontext.Pointer]Position{}
	for {
		from := int(d.InputOffset())
		if _, err := d.ReadToken(); err != nil {
			return places
		}
		from += len(text[from:]) - len(strings.TrimLeft(text[from:], " \t\r\n,:"))
		if _, ok := places[d.StackPointer()]; !ok {
			places[d.StackPointer()] = at.moved(int64(from))
		}
	}
}

// Broken tells where a text stops to be JSON; not ok if it is.
func Broken(text string) (at Position, ok bool) {
	d := jsontext.NewDecoder(strings.NewReader(text))
	for {
		_, err := d.ReadToken()
		var syntax *jsontext.SyntacticError
		switch {
		case errors.Is(err, io.EOF):
			return at, false
		case errors.As(err, &syntax):
			c := cursor{text: text, at: Position{Line: 1, Column: 1}}
			return c.moved(min(syntax.ByteOffset, int64(len(text)))), true
		case err != nil:
			c := cursor{text: text, at: Position{Line: 1, Column: 1}}
			return c.moved(int64(len(text))), true
		}
	}
}
