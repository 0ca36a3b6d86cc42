// Package follow reads the trail behind the committer, once for all who follow it: what keeps the
// tree, the index, the copies and the events. The committer says in an atomic how far it is, and
// they look at that a few times in a second. It also hands over what it has just committed, so that
// the database is read for those alone who are far behind.
package follow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"sync"
	"time"

	"claviger/store"
)

// Source is the database whose trail is followed; [store.DB] is one.
type Source interface {
	Rows(q *store.Query, args []any, each func(scan func(dest ...any) error) error) error
	TrailNewest() int64 // number of the newest record that is durable; costs nothing
}

const (
	// every is how often a follower that has all looks for more.
	every = 100 * time.Millisecond
	// pageBytes bounds what [Feed.After] returns. One batch may be larger, and comes alone.
	pageBytes = 1 << 20
	// recentBytes bounds what is kept for those who come a moment later, and what the committer has
	// handed over and nobody has asked for.
	recentBytes = 8 << 20
)

const ofTheService = "the trail is of all accounts and Regions"

// Who begins in the middle of a batch gets it whole, so that the batch is looked for in which the
// record is.
var qBehind = store.Wide(`SELECT batch, at, records FROM trail
	WHERE batch >= coalesce((SELECT max(batch) FROM trail WHERE batch <= $1), 0)
	ORDER BY batch`, ofTheService)

// ErrAhead says that a follower has records which the trail doesn't: an older database was put in
// the place of the one that it followed.
var ErrAhead = errors.New("the trail ends before what was read of it")

// Feed is one trail and its followers. It is safe for concurrent use.
type Feed struct {
	DB Source

	mu     sync.Mutex
	recent []Batch // one behind the other without a gap, the newest last
	bytes  int     // of their records

	handed handed
}

// handed are batches that the committer has handed over and nobody has asked for yet.
type handed struct {
	mu      sync.Mutex // held for a moment only, for the committer waits for it
	batches []Batch
	bytes   int
}

// Committed takes a batch that the committer has just made durable, so that it isn't read back; it
// is for [store.Config]. What isn't handed over is read from the database.
func (f *Feed) Committed(batch, at int64, records []byte) {
	f.handed.mu.Lock()
	defer f.handed.mu.Unlock()
	if f.handed.bytes > recentBytes { // nobody asks
		f.handed.batches, f.handed.bytes = nil, 0
	}
	f.handed.batches = append(f.handed.batches,
		Batch{First: batch, At: store.FromMicros(at), Records: records})
	f.handed.bytes += len(records)
}

// take adds to what is in memory what was handed over since the last time. The lock is held.
func (f *Feed) take() {
	f.handed.mu.Lock()
	batches := f.handed.batches
	f.handed.batches, f.handed.bytes = nil, 0
	f.handed.mu.Unlock()
	if end := len(f.recent); end > 0 { // some may have been read from the database already
		last := f.recent[end-1].Last()
		batches = slices.DeleteFunc(batches, func(b Batch) bool { return b.First <= last })
	}
	for len(batches) > 0 {
		whole := 1 // those that follow without a gap
		for whole < len(batches) && batches[whole].First == batches[whole-1].Last()+1 {
			whole++
		}
		f.keep(batches[:whole], batches[0].First-1)
		batches = batches[whole:]
	}
}

// After returns the batches behind record n, in order: from the one that has record n+1, whole, up
// to about a megabyte. 0 stands before the first record. It waits until there is one, or until ctx
// ends. If the first batch begins behind n+1, what was between was removed for its age.
//
// It fails with [ErrAhead] if there is no record n yet. Who keeps its place in the database itself
// is taken back with it and never sees that.
func (f *Feed) After(ctx context.Context, n int64) ([]Batch, error) {
	for {
		newest := f.DB.TrailNewest()
		if n > newest {
			return nil, fmt.Errorf("%w: at record %d, and %d were read", ErrAhead, newest, n)
		}
		if n < newest {
			page, err := f.page(n)
			if err != nil || len(page) > 0 {
				return page, err
			}
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(every):
		}
	}
}

// page returns what there is behind record n, from memory if somebody has read it a moment ago.
// Only what follows on that is kept: who reads the past pushes nobody's present out.
func (f *Feed) page(n int64) ([]Batch, error) {
	f.mu.Lock()
	f.take()
	if len(f.recent) > 0 && n+1 < f.recent[0].First {
		f.mu.Unlock()
		return f.read(n)
	}
	defer f.mu.Unlock() // whoever else waits for the same page gets it without reading
	if page := f.kept(n); len(page) > 0 {
		return page, nil
	}
	page, err := f.read(n)
	if err == nil {
		f.keep(page, n)
	}
	return page, err
}

// kept is the page behind record n as it is in memory, or nothing. The record is not before the
// first that is there.
func (f *Feed) kept(n int64) []Batch {
	end := len(f.recent)
	if end == 0 || f.recent[end-1].Last() <= n {
		return nil
	}
	begin := sort.Search(end, func(i int) bool { return f.recent[i].First > n+1 }) - 1
	if f.recent[begin].Last() <= n { // record n+1 was removed
		begin++
	}
	size := 0
	for i, b := range f.recent[begin:] {
		if size += len(b.Records); size > pageBytes && i > 0 {
			end = begin + i
			break
		}
	}
	return f.recent[begin:end:end]
}

// keep adds a page of what is behind record n to what is in memory, or begins anew with it. The
// slices that others have of it stay as they are.
func (f *Feed) keep(page []Batch, n int64) {
	if end := len(f.recent); end == 0 || f.recent[end-1].Last() != n {
		f.recent, f.bytes = nil, 0
	}
	for _, b := range page {
		f.recent = append(f.recent, b)
		f.bytes += len(b.Records)
	}
	if f.bytes <= recentBytes {
		return
	}
	drop := 0
	for f.bytes > recentBytes/2 && drop < len(f.recent)-1 { // so much that it isn't done each time
		f.bytes -= len(f.recent[drop].Records)
		drop++
	}
	f.recent = append([]Batch(nil), f.recent[drop:]...)
}

var errFull = errors.New("the page is full")

// read reads one page behind record n from the database.
func (f *Feed) read(n int64) (page []Batch, err error) {
	size := 0
	err = f.DB.Rows(qBehind, []any{n + 1}, func(scan func(...any) error) error {
		var b Batch
		var at int64
		if err := scan(&b.First, &at, &b.Records); err != nil {
			return err
		}
		if b.Last() <= n { // the record that was asked for isn't there, nor the batch that had it
			return nil
		}
		b.At = store.FromMicros(at)
		page = append(page, b)
		if size += len(b.Records); size >= pageBytes {
			return errFull
		}
		return nil
	})
	if errors.Is(err, errFull) {
		err = nil
	}
	return f.told(page), err
}

// told leaves out what is in the database already and of which the committer hasn't said so yet:
// who had it would seem to be ahead of the trail for that moment.
func (f *Feed) told(page []Batch) []Batch {
	newest := f.DB.TrailNewest()
	return slices.DeleteFunc(page, func(b Batch) bool { return b.First > newest })
}
