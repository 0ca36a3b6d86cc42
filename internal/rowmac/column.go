package rowmac

import (
	"time"

	"claviger/store"

	"github.com/go-json-experiment/json"
)

// Column is one signed column of a row, and the pointer to its value.
type Column interface {
	column() string
	value() any    // what the column holds for the value: a string, a byte string or an integer
	dest() any     // where the column is scanned into
	stored() any   // what was scanned, before anybody interpreted it
	decode() error // takes the value from what was scanned
}

// plain is a column that holds its value as it is.
type plain[T any] struct {
	name string
	at   *T
}

func (c plain[T]) column() string { return c.name }
func (c plain[T]) dest() any      { return c.at }
func (c plain[T]) decode() error  { return nil }
func (c plain[T]) value() any     { return *c.at }
func (c plain[T]) stored() any    { return *c.at }

// Text is a column of text.
func Text(name string, at *string) Column { return plain[string]{name, at} }

// Integer is a column of whole numbers.
func Integer(name string, at *int64) Column { return plain[int64]{name, at} }

// Bytes is a column of bytes; nil is NULL.
func Bytes(name string, at *[]byte) Column { return plain[[]byte]{name, at} }

// word is text of a type of its own, such as a state.
type word[T ~string] struct {
	plain[T]
}

func (c word[T]) value() any  { return string(*c.at) }
func (c word[T]) stored() any { return string(*c.at) }

// Word is a column of text of a type of its own.
func Word[T ~string](name string, at *T) Column { return word[T]{plain[T]{name, at}} }

// encoded is a column that holds its value in another form.
type encoded[F, T any] struct {
	name   string
	at     *T
	form   F // as it was scanned
	encode func(T) F
	read   func(F, *T) error
}

func (c *encoded[F, T]) column() string { return c.name }
func (c *encoded[F, T]) dest() any      { return &c.form }
func (c *encoded[F, T]) decode() error  { return c.read(c.form, c.at) }
func (c *encoded[F, T]) value() any     { return c.encode(*c.at) }
func (c *encoded[F, T]) stored() any    { return c.form }

// Time is a column of times in microseconds; zero is none.
func Time(name string, at *time.Time) Column {
	return &encoded[int64, time.Time]{name: name, at: at, encode: store.Micros,
		read: func(us int64, at *time.Time) error { *at = store.FromMicros(us); return nil }}
}

// Flag is a column of 0 and 1.
func Flag(name string, at *bool) Column {
	return &encoded[int64, bool]{name: name, at: at,
		encode: func(set bool) int64 {
			if set {
				return 1
			}
			return 0
		},
		read: func(n int64, at *bool) error { *at = n != 0; return nil }}
}

// JSON is a column of JSON text: a list, an object. One value has one text, and an absent list or
// map that of an empty one.
func JSON[T any](name string, at *T) Column {
	return &encoded[string, T]{name: name, at: at, encode: JSONText[T],
		read: func(text string, at *T) error { return json.Unmarshal([]byte(text), at) }}
}

// JSONText is the text of a value in a column of [JSON], for queries that look for it.
func JSONText[T any](v T) string {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic(err) // what columns hold always has a JSON form
	}
	return string(b)
}
