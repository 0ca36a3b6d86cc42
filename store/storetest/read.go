package storetest

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/store"
)

// testNested: a reading inside a reading neither disturbs it nor waits for it forever.
func testNested(t *testing.T, s *suite) {
	for i := range 5 {
		s.must(s.db.Commit(insert(name("item", i), i), nil))
	}
	// descend lists the items inside a listing of the items, with the same statement each time.
	var descend func(r store.Reader, depth int, seen *int) error
	descend = func(r store.Reader, depth int, seen *int) error {
		return r.Rows(listItems, nil, func(scan func(...any) error) error {
			*seen++
			if depth == 0 {
				return scan(new(string))
			}
			return descend(r, depth-1, seen)
		})
	}
	var inside int
	s.must(s.db.Commit(func(tx *store.Tx) error { inside = 0; return descend(tx, 2, &inside) }, nil))
	if inside != 5+25+125 {
		t.Errorf("nested listings in a transaction saw %d rows", inside)
	}
	var wg sync.WaitGroup
	for range 8 { // more than there are connections
		wg.Go(func() {
			var seen int
			if err := descend(s.db, 1, &seen); err != nil || seen != 5+25 {
				t.Errorf("nested listings saw %d rows: %v", seen, err)
			}
		})
	}
	wg.Wait()
	stop := errors.New("enough")
	err := s.db.Rows(listItems, nil, func(func(...any) error) error { return stop })
	if err != stop {
		t.Errorf("the error of a row came back as %v", err)
	}
}

// testRefused: what the driver would take and misunderstand is refused, and so is a change of other
// than one row.
func testRefused(t *testing.T, s *suite) {
	s.must(s.db.Commit(insert("a", 1), nil))
	s.must(s.db.Commit(insert("b", 1), nil))
	exec := func(q *store.Query, args ...any) func(*store.Tx) error {
		return func(tx *store.Tx) error { _, err := tx.Exec(q, args...); return err }
	}
	for what, change := range map[string]func(*store.Tx) error{
		"a time":              exec(changeItems, time.Now()),
		"a duration":          exec(changeItems, time.Second),
		"too few arguments":   exec(insertItem, "c"),
		"too many arguments":  exec(changeItems, 1, 2),
		"rows without a Row":  exec(countItems),
		"a change of two":     func(tx *store.Tx) error { return tx.Change(changeItems, 5) },
		"a change of nothing": func(tx *store.Tx) error { return tx.Change(changeItem, 5, "c", 1) },
	} {
		if err := s.db.Commit(change, nil); err == nil {
			t.Errorf("%s was accepted", what)
		}
	}
	if value, _ := s.value("a"); value != 1 {
		t.Errorf("a refused change left %d", value)
	}
}

// testTrail: batches come in order and without gaps, page after page, and the numbers
// go on after a restart.
func testTrail(t *testing.T, s *suite) {
	const batches = 150 // more than one page
	for i := range batches {
		s.must(s.db.Commit(nil, line(name("record", i))))
	}
	next := int64(1)
	s.must(s.db.Trail(0, func(batch int64, at time.Time, records []byte) error {
		if want := name("record", int(batch-1)) + " done"; batch != next || string(records) != want {
			t.Errorf("batch %d holds %q where %d and %q were expected", batch, records, next, want)
		}
		if since := time.Since(at); since < 0 || since > time.Hour {
			t.Errorf("batch %d is of %v", batch, at)
		}
		next++
		return nil
	}))
	if next != batches+1 {
		t.Errorf("%d batches of %d were read", next-1, batches)
	}
	stop := errors.New("enough")
	err := s.db.Trail(batches-1, func(batch int64, _ time.Time, _ []byte) error {
		if batch != batches {
			t.Errorf("after %d comes %d", batches-1, batch)
		}
		return stop
	})
	if err != stop {
		t.Errorf("the error of a batch came back as %v", err)
	}
	next = batches
	s.must(s.db.TrailBack(batches+1, func(batch int64, at time.Time, records []byte) error {
		if want := name("record", int(batch-1)) + " done"; batch != next || string(records) != want {
			t.Errorf("back: batch %d holds %q where %d and %q were expected", batch, records, next, want)
		}
		if n, of, err := s.db.TrailTime(batch); err != nil || n != batch || !of.Equal(at) {
			t.Errorf("batch %d is of %v, and %d of %v: %v", batch, at, n, of, err)
		}
		next--
		return nil
	}))
	if next != 0 {
		t.Errorf("back: %d batches of %d were left out", next, batches)
	}
	if n, _, err := s.db.TrailTime(batches + 1); n != batches || err != nil {
		t.Errorf("before a record that isn't there is batch %d: %v", n, err)
	}
	if _, _, err := s.db.TrailTime(0); err != store.NoRow {
		t.Errorf("before the first batch: %v", err)
	}
	s.must(s.db.Close())
	s.reopen()
	if n := s.db.TrailNewest(); n != batches {
		t.Errorf("after reopening the newest record is %d", n)
	}
	three := func(error) []byte { return []byte("a\nb\nc") }
	s.must(s.db.Commit(nil, three))
	s.must(s.db.Commit(nil, line("again")))
	var numbers []int64
	s.must(s.db.Trail(batches, func(batch int64, _ time.Time, _ []byte) error {
		numbers = append(numbers, batch)
		return nil
	}))
	if !slices.Equal(numbers, []int64{batches + 1, batches + 4}) {
		t.Errorf("after reopening the batches go on with %d", numbers)
	}
	if n := s.db.TrailNewest(); n != batches+4 {
		t.Errorf("the newest record is %d", n)
	}
	if n, _, err := s.db.TrailTime(batches + 2); n != batches+1 || err != nil {
		t.Errorf("record %d is in batch %d: %v", batches+2, n, err)
	}
}

// testCache has one writer count up, and readers that must never see less than
// what was acknowledged.
func testCache(t *testing.T, s *suite) {
	s.must(s.db.Commit(insert("counted", 0), nil))
	cache := store.NewCache[string, int](100)
	get := func() (int, error) {
		return cache.Get("counted", func() (int, error) {
			var rev, value int
			err := s.db.Row(readItem, []any{"counted"}, &rev, &value)
			return value, err
		})
	}
	var acknowledged atomic.Int64
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				floor := acknowledged.Load()
				if value, err := get(); err != nil || int64(value) < floor {
					t.Errorf("the cache says %d (%v) after %d was acknowledged", value, err, floor)
					return
				}
			}
		})
	}
	for i := 1; i <= 2000; i++ {
		s.must(s.db.Commit(func(tx *store.Tx) error {
			tx.After(func() { cache.Drop("counted") })
			return tx.Change(changeItem, i, "counted", i)
		}, nil))
		acknowledged.Store(int64(i))
	}
	close(done)
	wg.Wait()
}
