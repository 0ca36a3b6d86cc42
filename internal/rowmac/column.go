package rowmac

import (
	"time"

	"claviger/store"

	"github.com/go-json-experiment/json"
)

// Column is one signed column of a row, and the pointer to its value. A row has a dozen and is read
// with every request, so that the usual ones cost no allocation of their own.
type Column struct {
	name string
	at   any   // *string, *int64, *[]byte, *time.Time, *bool, or a form
	int  int64 // what was scanned of a time or a flag
}

// form is a column that holds its value in another form.
type form interface {
	value() any    // what the column holds for the value: a string, a byte string or an integer
	dest() any     // where the column is scanned into
	stored() any   // what was scanned, before anybody interpreted it
	decode() error // takes the value from what was scanned
}

// value is what the column holds for the value: a string, a byte string or an integer.
func (c *Column) value() any {
	switch at := c.at.(type) {
	case *string:
		return *at
	case *int64:
		return *at
	case *[]byte:
		return *at
	case *time.Time:
		return store.Micros(*at)
	case *bool:
		if *at {
			return int64(1)
		}
		return int64(0)
	}
	return c.at.(form).value()
}

// dest is where the column is scanned into.
func (c *Column) dest() any {
	switch at := c.at.(type) {
	case *time.Time, *bool:
		return &c.int
	case form:
		return at.dest()
	}
	return c.at
}

// stored is what was scanned, before anybody interpreted it.
func (c *Column) stored() any {
	switch at := c.at.(type) {
	case *time.Time, *bool:
		return c.int
	case form:
		return at.stored()
	}
	return c.value()
}

// decode takes the value from what was scanned.
func (c *Column) decode() error {
	switch at := c.at.(type) {
	case *time.Time:
		*at = store.FromMicros(c.int)
	case *bool:
		*at = c.int != 0
	case form:
		return at.decode()
	}
	return nil
}

// Text is a column of text.
func Text(name string, at *string) Column { return Column{name: name, at: at} }

// Integer is a column of whole numbers.
func Integer(name string, at *int64) Column { return Column{name: name, at: at} }

// Bytes is a column of bytes; nil is NULL.
func Bytes(name string, at *[]byte) Column { return Column{name: name, at: at} }

// word is text of a type of its own, such as a state.
type word[T ~string] struct{ at *T }

func (w word[T]) value() any    { return string(*w.at) }
func (w word[T]) dest() any     { return w.at }
func (w word[T]) stored() any   { return string(*w.at) }
func (w word[T]) decode() error { return nil }

// Word is a column of text of a type of its own.
func Word[T ~string](name string, at *T) Column { return Column{name: name, at: word[T]{at}} }

// Time is a column of times in microseconds; zero is none.
func Time(name string, at *time.Time) Column { return Column{name: name, at: at} }

// Flag is a column of 0 and 1.
func Flag(name string, at *bool) Column { return Column{name: name, at: at} }

// document is a value that is held as JSON text.
type document[T any] struct {
	at   *T
	text string // as it was scanned
}

func (d *document[T]) value() any    { return JSONText(*d.at) }
func (d *document[T]) dest() any     { return &d.text }
func (d *document[T]) stored() any   { return d.text }
func (d *document[T]) decode() error { return json.Unmarshal([]byte(d.text), d.at) }

// JSON is a column of JSON text: a list, an object. One value has one text, and an absent list or
// map that of an empty one.
func JSON[T any](name string, at *T) Column {
	return Column{name: name, at: &document[T]{at: at}}
}

// JSONText is the text of a value in a column of [JSON], for queries that look for it.
func JSONText[T any](v T) string {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic(err) // what columns hold always has a JSON form
	}
	return string(b)
}
