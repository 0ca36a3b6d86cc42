package document

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonReader reads the tokens of a JSON document.
type jsonReader struct {
	d       *jsontext.Decoder
	text    []byte
	counted int // bytes of text whose lines are in line
	line    int
	entries []Entry
}

// readJSON reads a JSON object. Its numbers are texts as they are written.
func readJSON(text []byte) ([]Entry, error) {
	r := &jsonReader{d: jsontext.NewDecoder(bytes.NewReader(text)), text: text, line: 1}
	if r.d.PeekKind() != '{' {
		if _, err := r.d.ReadToken(); err != nil && !errors.Is(err, io.EOF) {
			return nil, r.bad(err)
		}
		return nil, wrong(1, "it is no object: { \"NAME\": \"VALUE\" }")
	}
	if err := r.object(""); err != nil {
		return nil, r.bad(err)
	}
	if _, err := r.d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, wrong(r.at(r.d.InputOffset()), "something stands behind the end of the object")
	}
	return r.entries, nil
}

// at is the line of a place, which is not before the place that was asked for last.
func (r *jsonReader) at(offset int64) int {
	end := min(int(offset), len(r.text))
	if end > r.counted {
		r.line += bytes.Count(r.text[r.counted:end], []byte("\n"))
		r.counted = end
	}
	return r.line
}

// bad says where a document isn't JSON. The library's own words have pieces of it.
func (r *jsonReader) bad(err error) error {
	s := (*jsontext.SyntacticError)(nil)
	switch {
	case errors.As(err, &s) && errors.Is(err, jsontext.ErrDuplicateName):
		return wrong(r.at(s.ByteOffset), "%.80q is there twice", s.JSONPointer.LastToken())
	case errors.Is(err, io.ErrUnexpectedEOF):
		return wrong(r.at(int64(len(r.text))), "it is not JSON: it ends too early")
	case errors.As(err, &s):
		return wrong(r.at(s.ByteOffset), "it is not JSON")
	}
	return wrong(r.at(r.d.InputOffset()), "it is not JSON")
}

// object reads the members of an object that is about to begin.
func (r *jsonReader) object(above string) error {
	if _, err := r.d.ReadToken(); err != nil {
		return err
	}
	for r.d.PeekKind() != '}' {
		key, err := r.d.ReadToken()
		if err != nil {
			return err
		}
		e := Entry{Name: joined(above, key.String()), Line: r.at(r.d.InputOffset())}
		if r.d.PeekKind() == '{' {
			if err := r.object(e.Name); err != nil {
				return err
			}
			continue
		}
		if e, err = r.value(e); err != nil {
			return err
		}
		r.entries = append(r.entries, e)
	}
	_, err := r.d.ReadToken()
	return err
}

// value reads what stands behind a key and is no object.
func (r *jsonReader) value(e Entry) (Entry, error) {
	switch r.d.PeekKind() {
	case 'n':
		e.Wrong = isNull
		return e, r.d.SkipValue()
	case '[':
		items, flat, err := r.array()
		if !flat {
			e.Wrong = isNested
			return e, err
		}
		return listOf(e, items), err
	}
	text, err := r.scalar()
	e.Kind, e.Value = Scalar, text
	return e, err
}

func (r *jsonReader) scalar() (string, error) {
	token, err := r.d.ReadToken()
	if err != nil {
		return "", err
	}
	return token.String(), nil
}

// array reads the items of an array. It is flat if there are values alone in it.
func (r *jsonReader) array() (items []string, flat bool, err error) {
	if _, err := r.d.ReadToken(); err != nil {
		return nil, false, err
	}
	for flat = true; r.d.PeekKind() != ']'; {
		switch r.d.PeekKind() {
		case '{', '[', 'n':
			flat = false
			err = r.d.SkipValue()
		default:
			item := ""
			item, err = r.scalar()
			items = append(items, item)
		}
		if err != nil {
			return nil, false, err
		}
	}
	_, err = r.d.ReadToken()
	return items, flat, err
}

func writeJSON(top *level) ([]byte, error) {
	var b bytes.Buffer
	e := jsontext.NewEncoder(&b, jsontext.WithIndent("  "))
	err := encodeLevel(e, top)
	return b.Bytes(), err
}

func encodeLevel(e *jsontext.Encoder, l *level) error {
	tokens := []jsontext.Token{jsontext.BeginObject}
	for _, m := range l.members {
		tokens = append(tokens, jsontext.String(m.key))
		switch {
		case m.below != nil:
			if err := write(e, tokens); err != nil {
				return err
			}
			if err := encodeLevel(e, m.below); err != nil {
				return err
			}
			tokens = tokens[:0]
		case m.value.List:
			tokens = append(tokens, jsontext.BeginArray)
			for _, item := range m.value.items() {
				tokens = append(tokens, jsontext.String(item))
			}
			tokens = append(tokens, jsontext.EndArray)
		default:
			tokens = append(tokens, jsontext.String(m.value.Text))
		}
	}
	return write(e, append(tokens, jsontext.EndObject))
}

func write(e *jsontext.Encoder, tokens []jsontext.Token) error {
	for _, t := range tokens {
		if err := e.WriteToken(t); err != nil {
			return err
		}
	}
	return nil
}
