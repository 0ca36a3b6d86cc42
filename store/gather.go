package store

import (
	"runtime"
	"time"
)

const (
	yields = 8 // how often to step back for requests that are about to come

	// A faster COMMIT is no reason to wait: a sleep would cost more than it gains.
	slowSync = time.Millisecond
	// A slower one counts as this, or a disk that hung once would make everybody wait for long.
	slowestSync = 100 * time.Millisecond

	restLimit = 64 // batches without a wait, after waits that didn't pay
)

// returning is what is known of clients that commit again and again. Whoever was answered comes
// back a moment later. If the next batch begins without it, it waits for two: then one half of the
// clients goes in every other batch, and a disk that is slow serves half as many as it could.
type returning struct {
	answered int       // in the last batch
	waiting  int       // who waited then: they came meanwhile
	at       time.Time // when they were answered
	sync     time.Duration

	misses int // waits in a row that didn't pay
	rest   int // batches until the next wait
}

// note is called for each batch that was committed, before anybody of it is answered.
func (r *returning) note(answered, waiting int, sync time.Duration) {
	r.answered, r.waiting, r.at = answered, waiting, time.Now()
	r.sync += (min(sync, slowestSync) - r.sync) / 4
}

// patience is how long it is worth to wait from now on. Who needs more than half a COMMIT to come
// back would hold up the others for longer than it saves them.
func (r *returning) patience() time.Duration {
	if r.sync < slowSync {
		return 0
	}
	return time.Until(r.at.Add(r.sync / 2))
}

// most is how many have to wait for nearly all to be back.
func (r *returning) most() int { return r.waiting + r.answered - r.answered/4 }

// learn is told how many waited in the end. Requests that come from ever new clients fill no batch
// by waiting for them, so it is tried less and less often.
func (r *returning) learn(waiting int) {
	if waiting >= r.most() {
		r.misses = 0
		return
	}
	r.misses++
	r.rest = min(1<<min(r.misses, 16), restLimit)
}

// gather lets others come along for a bounded while. Batch size decides the cost of a commit.
func (q *queue) gather() {
	q.yield()
	r := &q.returning
	all := min(r.answered+r.waiting, batchLimit)
	if len(q.waiting) >= all || r.patience() <= 0 {
		return
	}
	if r.rest > 0 {
		r.rest--
		return
	}
	q.wanted = all
	for before := 0; len(q.waiting) < all && !q.closed; {
		left := r.patience()
		// The last ones may have gone for good. Nobody waits for them once no other comes any more.
		if left <= 0 || len(q.waiting) == before && before >= r.most() {
			break
		}
		before = len(q.waiting)
		q.pause(min(left, max(r.sync/16, slowSync/4)))
	}
	q.wanted = 0
	r.learn(len(q.waiting))
}

// yield lets requests run that are in flight already, as long as fewer wait.
func (q *queue) yield() {
	for range yields {
		if n := len(q.waiting); n >= batchLimit || int64(n) >= q.inFlight.Load() {
			return
		}
		q.mu.Unlock()
		runtime.Gosched()
		q.mu.Lock()
	}
}

// pause waits until as many wait as are wanted, but no longer than d.
func (q *queue) pause(d time.Duration) {
	late := false
	timer := time.AfterFunc(d, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		late = true
		q.work.Signal()
	})
	defer timer.Stop()
	for !late && !q.closed && len(q.waiting) < q.wanted {
		q.work.Wait()
	}
}
