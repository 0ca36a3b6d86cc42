package rotator

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Document is the value of a secret as AWS's database secrets have it: a JSON object. A changed
// copy keeps the members that nobody here knows, and their order.
type Document struct {
	names  []string
	values map[string]jsontext.Value
}

// Parse reads a secret's value.
func Parse(text []byte) (d Document, err error) {
	bad := Errorf(BadSecret, "the secret's value is no JSON object")
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	if open, err := dec.ReadToken(); err != nil || open.Kind() != '{' {
		return d, bad
	}
	d.values = map[string]jsontext.Value{}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return Document{}, bad
		}
		member := name.String() // before the decoder's memory moves on
		value, err := dec.ReadValue()
		if err != nil {
			return Document{}, bad
		}
		d.names, d.values[member] = append(d.names, member), value.Clone()
	}
	if _, err := dec.ReadToken(); err != nil {
		return Document{}, bad
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return Document{}, bad
	}
	return d, nil
}

// Text returns a member that is a string, or a number as it is written. It is empty if there is no
// such member.
func (d Document) Text(name string) string {
	v, ok := d.values[name]
	if !ok {
		return ""
	}
	switch v.Kind() {
	case '0':
		return string(v)
	case '"':
		text, _ := jsontext.AppendUnquote(nil, v)
		return string(text)
	}
	return ""
}

// Flag returns a member that is a boolean or the word for one, in whatever case, as AWS's functions
// read ssl. ok is false for anything else, and if there is no such member.
func (d Document) Flag(name string) (value, ok bool) {
	v := d.values[name]
	text := string(v)
	if v.Kind() == '"' {
		text = d.Text(name)
	}
	switch strings.ToLower(text) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

// With returns a copy with a member that is a string, in its place or at the end.
func (d Document) With(name, value string) Document {
	next := Document{names: d.names, values: map[string]jsontext.Value{}}
	for n, v := range d.values {
		next.values[n] = v
	}
	if _, ok := d.values[name]; !ok {
		next.names = append(d.names[:len(d.names):len(d.names)], name)
	}
	quoted, _ := jsontext.AppendQuote(nil, value)
	next.values[name] = quoted
	return next
}

// known are the members by which a target and a user are found, and that open nothing.
var known = []string{"engine", "host", "port", "dbname", "username", "ssl", "masterarn",
	"dbInstanceIdentifier", "dbClusterIdentifier", "key_id"}

// Credentials returns the texts and numbers of all members that may open something: those that
// aren't known to open nothing.
func (d Document) Credentials() (all []string) {
	for _, name := range d.names {
		if slices.Contains(known, name) {
			continue
		}
		dec := jsontext.NewDecoder(bytes.NewReader(d.values[name]))
		for {
			token, err := dec.ReadToken()
			if err != nil {
				break // the end: a document's values are whole
			}
			if k := token.Kind(); k == '"' || k == '0' {
				all = append(all, token.String())
			}
		}
	}
	return all
}

// Bytes returns the document as JSON.
func (d Document) Bytes() []byte {
	out := []byte{'{'}
	for i, name := range d.names {
		if i > 0 {
			out = append(out, ',')
		}
		out, _ = jsontext.AppendQuote(out, name)
		out = append(append(out, ':'), d.values[name]...)
	}
	return append(out, '}')
}
