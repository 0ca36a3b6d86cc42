package transformer

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// part is a value of an event. What is in it is read when a path leads into it, and once: a hundred
// paths of a hundred steps read a large event as often as it is deep, and not ten thousand times.
type part struct {
	raw     jsontext.Value
	opened  bool
	inside  []*part // elements or members, in their order
	members map[string]*part
}

// open reads what is in an object or an array. What can't be read has nothing in it.
func (v *part) open() {
	if v.opened {
		return
	}
	v.opened = true
	k := v.raw.Kind()
	if k != jsontext.KindBeginObject && k != jsontext.KindBeginArray {
		return
	}
	d := jsontext.NewDecoder(bytes.NewBuffer(v.raw), lenient)
	if _, err := d.ReadToken(); err != nil {
		return
	}
	var inside []*part
	members := map[string]*part{}
	for next := d.PeekKind(); next != jsontext.KindEndObject && next != jsontext.KindEndArray; next =
		d.PeekKind() {
		var name string
		if k == jsontext.KindBeginObject {
			token, err := d.ReadToken()
			if err != nil {
				return
			}
			name = token.String()
		}
		value, err := d.ReadValue()
		if err != nil {
			return
		}
		one := &part{raw: value.Clone()}
		inside = append(inside, one)
		members[name] = one
	}
	v.inside, v.members = inside, members
}
