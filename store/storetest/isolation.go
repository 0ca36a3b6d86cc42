package storetest

import (
	"errors"
	"maps"
	"testing"

	"claviger/internal/fault"
	"claviger/store"
)

var errRefused = errors.New("refused")

// behaviour is how a request treats the transaction that it shares with others.
type behaviour struct {
	word   string
	change func(tx *store.Tx, item string) error // nil: it has only a record
	right  func(error) bool                      // whether it got the answer it deserves
}

var behaviours = []behaviour{
	{"good", func(tx *store.Tx, item string) error { return insert(item, 1)(tx) },
		func(err error) bool { return err == nil }},
	{"failing", func(tx *store.Tx, item string) error { insert(item, 1)(tx); return errRefused },
		func(err error) bool { return err == errRefused }},
	{"panicking", func(tx *store.Tx, item string) error { insert(item, 1)(tx); panic("a mistake") },
		func(err error) bool { return isKind(err, fault.Internal) }},
	{"losing", func(tx *store.Tx, item string) error {
		insert(item, 1)(tx)
		_, err := tx.Exec(rollsBackAll, "taken")
		return err
	}, func(err error) bool { return isKind(err, fault.Unavailable) }},
	{"reading", nil, func(err error) bool { return err == nil }},
}

// commit commits as such a request would.
func (b behaviour) commit(db *store.DB, item string) error {
	if b.change == nil {
		return db.Commit(nil, line(item))
	}
	return db.Commit(func(tx *store.Tx) error { return b.change(tx, item) }, line(item))
}

// testIsolation: in a batch of all kinds everybody gets what he would have got alone.
func testIsolation(t *testing.T, s *suite) {
	s.must(s.db.Commit(insert("taken", 1), nil))
	var requests []func() error
	for i := range 10 * len(behaviours) {
		b := behaviours[i%len(behaviours)]
		requests = append(requests, func() error { return b.commit(s.db, name(b.word, i)) })
	}
	want := map[string]int{}
	for i, err := range s.together(requests...) {
		b := behaviours[i%len(behaviours)]
		item := name(b.word, i)
		if !b.right(err) {
			t.Errorf("the %s request was answered %v", b.word, err)
		}
		if _, ok := s.value(item); ok != (b.word == "good") {
			t.Errorf("the change of the %s request is there: %t", b.word, ok)
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
