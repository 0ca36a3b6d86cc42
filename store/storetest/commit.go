package storetest

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"claviger/internal/fault"
	"claviger/store"
)

func testChange(t *testing.T, s *suite) {
	s.must(s.db.Commit(insert("a", 7), line("a")))
	if value, ok := s.value("a"); !ok || value != 7 {
		t.Errorf("after Commit the item is %d, %t", value, ok)
	}
	s.must(s.db.Commit(nil, line("b")))
	if got := s.records(); got["a done"] != 1 || got["b done"] != 1 || len(got) != 2 {
		t.Errorf("the trail holds %v", got)
	}
	err := s.db.Row(readItem, []any{"nobody"}, new(int), new(int))
	if err != store.NoRow {
		t.Errorf("an absent row is %v, not NoRow", err)
	}
}

func testFailedChange(t *testing.T, s *suite) {
	refused := errors.New("refused")
	err := s.db.Commit(func(tx *store.Tx) error {
		return errors.Join(insert("a", 1)(tx), refused)
	}, line("a"))
	if !errors.Is(err, refused) {
		t.Errorf("Commit returned %v", err)
	}
	s.must(s.db.Commit(insert("b", 1), nil))
	if err := s.db.Commit(insert("b", 2), line("b")); !errors.Is(err, store.Exists) {
		t.Errorf("a second item of the name: %v, not Exists", err)
	}
	if _, ok := s.value("a"); ok {
		t.Error("a change that failed is there")
	}
	if got := s.records(); got["a failed"] != 1 || got["b failed"] != 1 || len(got) != 2 {
		t.Errorf("the trail holds %v", got)
	}
}

func testStale(t *testing.T, s *suite) {
	s.must(s.db.Commit(insert("a", 1), nil))
	err := s.db.Commit(func(tx *store.Tx) error {
		if err := insert("b", 1)(tx); err != nil {
			return err
		}
		return tx.Change(changeItem, 2, "a", 99)
	}, func(err error) []byte {
		if errors.Is(err, store.Stale) {
			return nil
		}
		return []byte("unexpected")
	})
	if err != store.Stale {
		t.Errorf("Commit returned %v, not Stale", err)
	}
	if _, ok := s.value("b"); ok {
		t.Error("what came before the stale change is there")
	}
	if got := s.records(); len(got) != 0 {
		t.Errorf("the trail holds %v", got)
	}
}

func testPanickingRecord(t *testing.T, s *suite) {
	results := s.together(
		func() error { return s.db.Commit(insert("a", 1), func(error) []byte { panic("no record") }) },
		func() error { return s.db.Commit(nil, func(error) []byte { panic("no record") }) },
		func() error { return s.db.Commit(insert("b", 1), line("b")) },
	)
	if !isKind(results[0], fault.Internal) || !isKind(results[1], fault.Internal) || results[2] != nil {
		t.Errorf("the answers are %v", results)
	}
	if _, ok := s.value("a"); ok {
		t.Error("a change without its record is there")
	}
	if got := s.records(); got["b done"] != 1 || len(got) != 1 {
		t.Errorf("the trail holds %v", got)
	}
}

// killer is what takes a whole transaction along: SQL's own way to say so, and with other engines any error.
var killer = store.Wide(`INSERT OR ROLLBACK INTO items (name, rev, value) VALUES ($1, 1, 1)`, why)

func testBadNeighbours(t *testing.T, s *suite) {
	s.must(s.db.Commit(insert("taken", 1), nil))
	refused := errors.New("refused")
	kinds := []struct {
		word   string
		change func(i int) func(*store.Tx) error
		right  func(error) bool
	}{
		{"good", func(i int) func(*store.Tx) error { return insert(name("good", i), i) },
			func(err error) bool { return err == nil }},
		{"failing", func(i int) func(*store.Tx) error {
			return func(tx *store.Tx) error { insert(name("failing", i), i)(tx); return refused }
		}, func(err error) bool { return err == refused }},
		{"panicking", func(i int) func(*store.Tx) error {
			return func(tx *store.Tx) error { insert(name("panicking", i), i)(tx); panic("a mistake") }
		}, func(err error) bool { return isKind(err, fault.Internal) }},
		{"killing", func(i int) func(*store.Tx) error {
			return func(tx *store.Tx) error {
				insert(name("killing", i), i)(tx)
				_, err := tx.Exec(killer, "taken")
				return err
			}
		}, func(err error) bool { return isKind(err, fault.Unavailable) }},
		{"reading", func(int) func(*store.Tx) error { return nil }, func(err error) bool { return err == nil }},
	}
	var parties []func() error
	for i := range 10 * len(kinds) {
		k := kinds[i%len(kinds)]
		parties = append(parties, func() error { return s.db.Commit(k.change(i), line(name(k.word, i))) })
	}
	want := map[string]int{}
	for i, err := range s.together(parties...) {
		k := kinds[i%len(kinds)]
		if !k.right(err) {
			t.Errorf("the %s party was answered %v", k.word, err)
		}
		if err == nil {
			want[name(k.word, i)+" done"] = 1
		} else {
			want[name(k.word, i)+" failed"] = 1
		}
		if _, ok := s.value(name(k.word, i)); ok != (k.word == "good") {
			t.Errorf("the change of the %s party is there: %t", k.word, ok)
		}
	}
	if got := s.records(); !maps.Equal(got, want) {
		t.Errorf("the trail holds %v, want %v", got, want)
	}
	if err := s.db.Ready(); err != nil {
		t.Errorf("one party's mistake made the store not ready: %v", err)
	}
}

func testLostTransaction(t *testing.T, s *suite) {
	s.must(s.db.Commit(insert("taken", 1), nil))
	err := s.db.Commit(func(tx *store.Tx) error {
		tx.Exec(killer, "taken")
		if err := insert("stowaway", 1)(tx); err == nil {
			t.Error("a statement ran after the transaction was lost")
		}
		return nil
	}, line("a"))
	if !isKind(err, fault.Unavailable) {
		t.Errorf("a party that ignored the loss of its transaction was answered %v", err)
	}
	if _, ok := s.value("stowaway"); ok {
		t.Error("a change was committed outside of any transaction")
	}
	if got := s.records(); got["a failed"] != 1 || len(got) != 1 {
		t.Errorf("the trail holds %v", got)
	}
}

func testEndedTransaction(t *testing.T, s *suite) {
	var kept *store.Tx
	s.must(s.db.Commit(func(tx *store.Tx) error { kept = tx; return nil }, nil))
	if err := insert("late", 1)(kept); err == nil {
		t.Error("a transaction was used after its end")
	}
}

func testManyWriters(t *testing.T, s *suite) {
	const writers, rounds = 64, 10
	s.must(s.db.Commit(insert("one", 0), nil))
	increment := func() error {
		var rev, value int
		if err := s.db.Row(readItem, []any{"one"}, &rev, &value); err != nil {
			return err
		}
		return s.db.Commit(func(tx *store.Tx) error { return tx.Change(changeItem, value+1, "one", rev) },
			func(err error) []byte {
				if err == store.Stale {
					return nil
				}
				return line("increment")(err)
			})
	}
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for done := 0; done < rounds; {
				s.db.Enter()
				err := increment()
				s.db.Leave()
				if err == nil {
					done++
				} else if err != store.Stale {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if value, _ := s.value("one"); value != writers*rounds {
		t.Errorf("%d increments were acknowledged and %d are there", writers*rounds, value)
	}
	if got := s.records(); got["increment done"] != writers*rounds || len(got) != 1 {
		t.Errorf("the trail holds %v", got)
	}
}

func testAfter(t *testing.T, s *suite) {
	var mu sync.Mutex
	var ran []string
	var parties []func() error
	for i := range 20 {
		change := func(tx *store.Tx) error {
			tx.After(func() {
				mu.Lock()
				defer mu.Unlock()
				if _, ok := s.value(name("item", i)); !ok {
					t.Error("a function ran before its COMMIT")
				}
				ran = append(ran, name("item", i))
			})
			tx.After(func() { panic("a mistake") })
			return insert(name("item", i), i)(tx)
		}
		parties = append(parties, func() error {
			err := s.db.Commit(change, nil)
			mu.Lock()
			defer mu.Unlock()
			if len(ran) != 20 {
				t.Errorf("a party was answered after %d of 20 functions", len(ran))
			}
			return err
		})
	}
	parties = append(parties, func() error {
		s.db.Commit(func(tx *store.Tx) error {
			tx.After(func() { t.Error("a function of a failed change ran") })
			return errors.New("refused")
		}, nil)
		return nil
	})
	for _, err := range s.together(parties...) {
		s.must(err)
	}
	slices.Sort(ran)
	if len(slices.Compact(ran)) != 20 {
		t.Errorf("functions ran twice or not at all: %v", ran)
	}
}

func testNotes(t *testing.T, s *suite) {
	s.must(s.db.Commit(insert("used", 0), nil))
	written := make(chan int, 100)
	for i := range 10 {
		s.db.Note("last used", func(tx *store.Tx) error {
			written <- i
			_, err := tx.Exec(changeItems, i)
			return err
		})
	}
	s.db.Note("broken", func(*store.Tx) error { return errors.New("refused") })
	s.db.Note("panicking", func(*store.Tx) error { panic("a mistake") })
	select {
	case i := <-written:
		if i != 9 {
			t.Errorf("note %d was written and not the newest", i)
		}
	case <-time.After(time.Minute):
		t.Fatal("no note was written")
	}
	s.db.Note("at the end", insert("noted", 1))
	s.must(s.db.Close())
	s.reopen()
	if value, _ := s.value("used"); value != 9 || len(written) != 0 {
		t.Errorf("the row says %d, and %d more notes were written", value, len(written))
	}
	if _, ok := s.value("noted"); !ok {
		t.Error("Close lost a note")
	}
	if got := s.records(); len(got) != 0 {
		t.Errorf("notes left records: %v", got)
	}
}
