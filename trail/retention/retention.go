package retention

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"time"

	"claviger/internal/clock"
	"claviger/store"
)

const ofTheService = "the trail is of all accounts and Regions"

var (
	qOldest = store.Wide(`SELECT batch, at, length(records) FROM trail ORDER BY batch LIMIT $1`,
		ofTheService)
	qRemove  = store.Wide(`DELETE FROM trail WHERE batch < $1`, ofTheService)
	qAllowed = store.Wide(`SELECT number FROM trail_retention`, ofTheService)
	qAllow   = store.Wide(`INSERT INTO trail_retention (one, number) VALUES (1, $1)
		ON CONFLICT (one) DO UPDATE SET number = excluded.number`, ofTheService)
)

const (
	mostBatches = 10_000 // that are removed by one word of the trail
	stepBytes   = 1 << 20
	stepBatches = 64
	rest        = 20 * time.Millisecond // between two steps
	look        = time.Minute           // for what has become old
	soon        = time.Second           // after a start, when others are about to read what is old
)

// Database is what records are removed from. [*store.DB] is one.
type Database interface {
	store.Reader
	Commit(apply func(*store.Tx) error, record func(error) []byte) error
}

// Retention removes what is older than Keep. All fields must be set.
type Retention struct {
	DB   Database
	Keep time.Duration
	Now  func() time.Time
	// Settle says whether something may be destroyed by a time; see [clock.Guard.Settle].
	Settle func(time.Time) clock.Settled
	// Bounds return the number of the newest record that may be removed, as others see it.
	Bounds []func() int64
	// Record returns the record that tells of a removal.
	Record func(Removal) []byte
	Log    *slog.Logger
}

// Removal is what is about to be removed.
type Removal struct {
	First, Last int64     // numbers of records
	Before      time.Time // all were committed before
}

// Run removes until ctx ends. What went wrong is tried again a minute later. What others still need
// is looked at sooner after a start, when they have only begun to read.
func (r *Retention) Run(ctx context.Context) {
	failing, next := false, soon
	for {
		err := r.removeAll(ctx)
		held := errors.Is(err, errHeld)
		if err != nil && !held && ctx.Err() == nil && !failing {
			r.Log.Error("old records of the trail can't be removed; it is tried again each minute",
				"error", err)
		}
		failing = err != nil && !held
		if !held {
			next = look
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(next):
		}
		next = min(2*next, look)
	}
}

// errHeld says that there are old records, and that others still need them.
var errHeld = errors.New("others need what is old")

// removeAll removes all that may be.
func (r *Retention) removeAll(ctx context.Context) error {
	for {
		more, err := r.round(ctx)
		if err != nil || !more {
			return err
		}
	}
}

// old is a batch as it is seen from here.
type old struct {
	first, size int64
	at          time.Time
}

// round removes what the trail has told of, or tells of more and removes that.
func (r *Retention) round(ctx context.Context) (more bool, err error) {
	settled := r.Settle(r.Now())
	if settled.At().IsZero() {
		return false, nil
	}
	batches, err := r.oldest()
	if err != nil || len(batches) == 0 {
		return false, err
	}
	allowed, err := r.allowed()
	if err != nil {
		return false, err
	}
	if allowed < batches[0].first {
		end, held := r.removable(batches, settled)
		switch {
		case end == 0 && held:
			return false, errHeld
		case end == 0:
			return false, nil
		}
		allowed = batches[end].first - 1
		err := r.allow(Removal{First: batches[0].first, Last: allowed,
			Before: settled.At().Add(-r.Keep)})
		if err != nil {
			return false, err
		}
	}
	return r.remove(ctx, batches, allowed)
}

// oldest reads some of the oldest batches, and one more.
func (r *Retention) oldest() (all []old, err error) {
	err = r.DB.Rows(qOldest, []any{mostBatches + 1}, func(scan func(...any) error) error {
		var b old
		var micros int64
		err := scan(&b.first, &micros, &b.size)
		b.at = store.FromMicros(micros)
		all = append(all, b)
		return err
	})
	return all, err
}

// allowed is the newest record that the trail has told of; 0: it has told of none.
func (r *Retention) allowed() (number int64, err error) {
	err = r.DB.Row(qAllowed, nil, &number)
	if errors.Is(err, store.NoRow) {
		return 0, nil
	}
	return number, err
}

// removable returns how many batches may be removed, and whether others need the next one. The last
// one stays: where it ends isn't known here.
func (r *Retention) removable(batches []old, settled clock.Settled) (n int, held bool) {
	bound := int64(math.MaxInt64)
	for _, b := range r.Bounds {
		bound = min(bound, b())
	}
	for n < len(batches)-1 && settled.Reached(batches[n].at.Add(r.Keep)) {
		if batches[n+1].first-1 > bound {
			return n, true
		}
		n++
	}
	return n, false
}

// allow has the trail tell of what is going to be removed.
func (r *Retention) allow(removal Removal) error {
	return r.DB.Commit(func(tx *store.Tx) error {
		_, err := tx.Exec(qAllow, removal.Last)
		return err
	}, func(failed error) []byte {
		if failed != nil {
			return nil
		}
		return r.Record(removal)
	})
}

// remove removes batches whose last record is allowed to go, in steps, and reports whether there
// were any.
func (r *Retention) remove(ctx context.Context, batches []old, allowed int64) (
	some bool, err error) {
	size, count := int64(0), 0
	for i := range len(batches) - 1 {
		next := batches[i+1].first
		if next-1 > allowed {
			break
		}
		size, count = size+batches[i].size, count+1
		isLast := i+2 == len(batches) || batches[i+2].first-1 > allowed
		if !isLast && size < stepBytes && count < stepBatches {
			continue
		}
		if err := r.step(ctx, next); err != nil {
			return some, err
		}
		some, size, count = true, 0, 0
	}
	return some, nil
}

// step removes all batches before one, and rests.
func (r *Retention) step(ctx context.Context, before int64) error {
	err := r.DB.Commit(func(tx *store.Tx) error {
		_, err := tx.Exec(qRemove, before)
		return err
	}, nil)
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(rest):
		return nil
	}
}
