package storetest

import (
	"errors"
	"maps"
	"testing"

	"claviger/internal/fault"
	"claviger/store"
)

// killer is what takes a whole transaction along: SQL's own way to say so, and with other engines
// any error.
var killer = store.Wide(`INSERT OR ROLLBACK INTO items (name, rev, value) VALUES ($1, 1, 1)`, why)

var errRefused = errors.New("refused")

// neighbour is a kind of request that shares its transaction with others.
type neighbour struct {
	word   string
	change func(tx *store.Tx, item string) error // nil: it has only a record
	right  func(error) bool                      // whether it got the answer it deserves
}

var neighbours = []neighbour{
	{"good", func(tx *store.Tx, item string) error { return insert(item, 1)(tx) },
		func(err error) bool { return err == nil }},
	{"failing", func(tx *store.Tx, item string) error { insert(item, 1)(tx); return errRefused },
		func(err error) bool { return err == errRefused }},
	{"panicking", func(tx *store.Tx, item string) error { insert(item, 1)(tx); panic("a mistake") },
		func(err error) bool { return isKind(err, fault.Internal) }},
	{"killing", func(tx *store.Tx, item string) error {
		insert(item, 1)(tx)
		_, err := tx.Exec(killer, "taken")
		return err
	}, func(err error) bool { return isKind(err, fault.Unavailable) }},
	{"reading", nil, func(err error) bool { return err == nil }},
}

// join commits as this neighbour would.
func (n neighbour) join(db *store.DB, item string) error {
	if n.change == nil {
		return db.Commit(nil, line(item))
	}
	return db.Commit(func(tx *store.Tx) error { return n.change(tx, item) }, line(item))
}

// testBadNeighbours: in a batch of all kinds everybody gets what he would have got alone.
func testBadNeighbours(t *testing.T, s *suite) {
	s.must(s.db.Commit(insert("taken", 1), nil))
	var requests []func() error
	for i := range 10 * len(neighbours) {
		n := neighbours[i%len(neighbours)]
		requests = append(requests, func() error { return n.join(s.db, name(n.word, i)) })
	}
	want := map[string]int{}
	for i, err := range s.together(requests...) {
		n := neighbours[i%len(neighbours)]
		item := name(n.word, i)
		if !n.right(err) {
			t.Errorf("the %s request was answered %v", n.word, err)
		}
		if _, ok := s.value(item); ok != (n.word == "good") {
			t.Errorf("the change of the %s request is there: %t", n.word, ok)
		}
		want[string(line(item)(err))] = 1
	}
	if got := s.records(); !maps.Equal(got, want) {
		t.Errorf("the trail holds %v, want %v", got, want)
	}
	if err := s.db.Ready(); err != nil {
		t.Errorf("one request's mistake made the store not ready: %v", err)
	}
}
