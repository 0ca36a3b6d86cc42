package storetest

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"claviger/internal/fault"
	"claviger/store"
)

// testChange: after Commit the change can be read, and its record stands in the trail once.
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

// testFailedChange: a refusal is recorded, and nothing else of it stays.
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

// testStale: what is started over leaves neither change nor record.
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

// testPanickingRecord: no record, no change, no matter how well the change went.
func testPanickingRecord(t *testing.T, s *suite) {
	results := s.together(
		func() error { return s.db.Commit(insert("a", 1), func(error) []byte { panic("no record") }) },
		func() error { return s.db.Commit(nil, func(error) []byte { panic("no record") }) },
		func() error { return s.db.Commit(insert("b", 1), line("b")) },
	)
	if !isKind(results[0], fault.Internal) || !isKind(results[1], fault.Internal) ||
		results[2] != nil {
		t.Errorf("the answers are %v", results)
	}
	if _, ok := s.value("a"); ok {
		t.Error("a change without its record is there")
	}
	if got := s.records(); got["b done"] != 1 || len(got) != 1 {
		t.Errorf("the trail holds %v", got)
	}
}

// testLostTransaction: a request that ignores the loss of its transaction must
// not write outside of any.
func testLostTransaction(t *testing.T, s *suite) {
	s.must(s.db.Commit(insert("taken", 1), nil))
	err := s.db.Commit(func(tx *store.Tx) error {
		tx.Exec(rollsBackAll, "taken")
		if err := insert("stowaway", 1)(tx); err == nil {
			t.Error("a statement ran after the transaction was lost")
		}
		return nil
	}, line("a"))
	if !isKind(err, fault.Unavailable) {
		t.Errorf("a request that ignored the loss of its transaction was answered %v", err)
	}
	if _, ok := s.value("stowaway"); ok {
		t.Error("a change was committed outside of any transaction")
	}
	if got := s.records(); got["a failed"] != 1 || len(got) != 1 {
		t.Errorf("the trail holds %v", got)
	}
}

// testEndedTransaction: a Tx that was kept is of no use after its time.
func testEndedTransaction(t *testing.T, s *suite) {
	var kept *store.Tx
	s.must(s.db.Commit(func(tx *store.Tx) error { kept = tx; return nil }, nil))
	if err := insert("late", 1)(kept); err == nil {
		t.Error("a transaction was used after its end")
	}
}

// testManyWriters: revisions let every increment count exactly once, however many try at a time.
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

// testAfter: functions run after their own COMMIT and before anyone of the batch is answered, and
// only for changes that are there.
func testAfter(t *testing.T, s *suite) {
	var mu sync.Mutex
	var ran []string
	var requests []func() error
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
		requests = append(requests, func() error {
			err := s.db.Commit(change, nil)
			mu.Lock()
			defer mu.Unlock()
			if len(ran) != 20 {
				t.Errorf("a request was answered after %d of 20 functions", len(ran))
			}
			return err
		})
	}
	requests = append(requests, func() error {
		s.db.Commit(func(tx *store.Tx) error {
			tx.After(func() { t.Error("a function of a failed change ran") })
			return errors.New("refused")
		}, nil)
		return nil
	})
	for _, err := range s.together(requests...) {
		s.must(err)
	}
	slices.Sort(ran)
	if len(slices.Compact(ran)) != 20 {
		t.Errorf("functions ran twice or not at all: %v", ran)
	}
}

// testNotes: the newest of a key is written, without a record, without a caller, and at the latest
// by Close.
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
