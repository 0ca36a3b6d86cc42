package tail

import (
	"errors"
	"slices"
	"time"

	"claviger/store"
)

// A database that is restored from a backup has another trail from some batch on, in which the
// numbers of batches that were printed may come again. So the times of some printed batches are
// remembered: all of the newest, and the fewer the older they are. The newest of them that the
// database still has is where both trails were the same, and hardly before the place where they
// parted.

// moment is a batch and when it was committed.
type moment struct {
	batch int64
	at    time.Time
}

// past is moments of the trail in order of their batches.
type past []moment

// sparse is how far apart they may be: an eighth of the way back to them. So a few hundred stay,
// of however many.
const sparse = 8

// add remembers one more, and now and then forgets some that are close to others and long ago.
func (p *past) add(m moment) {
	*p = append(*p, m)
	if len(*p)%64 != 0 {
		return
	}
	kept := (*p)[:1]
	for i, one := range (*p)[1:] {
		last := i+2 == len(*p)
		before := kept[len(kept)-1].batch
		if last || (*p)[i+2].batch-before > (m.batch-one.batch)/sparse {
			kept = append(kept, one)
		}
	}
	*p = kept
}

// pastOf is what a trail says of batches up to one that a reader begins behind.
func pastOf(db *store.DB, end int64) (past, error) {
	var p past
	for back := int64(0); back < end; back = max(1, 2*back) {
		batch, at, err := db.TrailTime(end - back)
		if errors.Is(err, store.NoRow) {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(p) == 0 || p[len(p)-1].batch != batch {
			p = append(p, moment{batch, at})
		}
	}
	slices.Reverse(p)
	return p, nil
}

// common returns the newest batch that is in a database as it was here, and forgets what isn't. It
// is 0, before the first, if there is none.
func (p *past) common(db *store.DB) (batch int64, err error) {
	for len(*p) > 0 {
		last := (*p)[len(*p)-1]
		batch, at, err := db.TrailTime(last.batch)
		if err == nil && batch == last.batch && at.Equal(last.at) {
			return last.batch, nil
		}
		if err != nil && !errors.Is(err, store.NoRow) {
			return 0, err
		}
		*p = (*p)[:len(*p)-1]
	}
	return 0, nil
}
