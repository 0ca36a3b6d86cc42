package store_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"claviger/store"
	"claviger/store/storetest"
)

// TestCommitted_EachBatch_IsToldAsTheTrailHasIt, and only once it is durable; what was rolled back
// is told of nobody.
func TestCommitted_EachBatch_IsToldAsTheTrailHasIt(t *testing.T) {
	var db *store.DB
	var told []string // by the committer's goroutine alone, until all are answered
	c := store.Config{Path: filepath.Join(storetest.Dir(t), "db"),
		Committed: func(batch, at int64, records []byte) {
			told = append(told, fmt.Sprint(batch, store.FromMicros(at), string(records)))
			if newest := db.TrailNewest(); newest < batch {
				t.Errorf("batch %d is told when the newest record is %d", batch, newest)
			}
			if end, err := db.TrailEnd(); err != nil || end != batch {
				t.Errorf("batch %d is told when the trail ends with %d: %v", batch, end, err)
			}
		}}
	var err error
	if db, err = store.Open(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("refused")
	var all sync.WaitGroup
	for client := range 8 {
		all.Go(func() {
			for i := range 20 {
				record := func(err error) []byte { return fmt.Append(nil, client, " ", i, " ", err) }
				switch i % 4 {
				case 0:
					_ = db.Commit(nil, record)
				case 1:
					_ = db.Commit(func(*store.Tx) error { return refused }, record)
				case 2:
					_ = db.Commit(func(*store.Tx) error { return nil }, func(error) []byte { return nil })
				case 3:
					_ = db.Commit(nil, func(error) []byte { panic("no record") })
				}
			}
		})
	}
	all.Wait()
	var want []string
	err = db.Trail(0, func(batch int64, at time.Time, records []byte) error {
		want = append(want, fmt.Sprint(batch, at, string(records)))
		return nil
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if len(want) == 0 || !slices.Equal(told, want) {
		t.Errorf("told %q, and the trail is %q", told, want)
	}
}
