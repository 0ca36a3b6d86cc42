package store

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	batchLimit = 256         // requests of one transaction
	notePeriod = time.Second // how long a Note may wait
)

// request is what one caller, or one Note, wants of a transaction.
type request struct {
	apply  func(*Tx) error
	record func(error) []byte
	note   string        // the key of a Note, which nobody waits for
	done   chan struct{} // holds one answer; nil for a Note
	// closed when nobody waits for the answer any more, because the disk hangs
	givenUp <-chan struct{}
	after   []func()
	err     error
	proof   bool // it shows that the disk takes what it is given
}

// queue is where requests wait for the committer.
type queue struct {
	mu      sync.Mutex
	work    sync.Cond // signalled when there is something for the committer
	waiting []*request
	notes   map[string]func(*Tx) error
	order   []string // keys of notes, oldest first
	due     bool     // the oldest note has waited for its period
	closed  bool

	inFlight  atomic.Int64 // requests between Enter and Leave
	returning returning    // who was answered and comes again
	wanted    int          // how many have to wait for the committer to be woken; it gathers

	log       *slog.Logger
	watch     watch
	hanging   atomic.Bool // as watch has it, for those who only look
	hangs     atomic.Int64
	uncertain atomic.Int64 // requests that were told that nobody knows
}

func newQueue(log *slog.Logger) *queue {
	q := &queue{notes: map[string]func(*Tx) error{}, log: log,
		watch: watch{givenUp: make(chan struct{})}}
	q.work.L = &q.mu
	return q
}

// put lets r wait. It doesn't after close, nor while the disk hangs: who comes then has done
// nothing yet, and is better told so than kept.
func (q *queue) put(r *request) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return errClosed
	case q.watch.hangs:
		q.watch.refused++
		return ErrHangs
	}
	r.givenUp = q.watch.givenUp
	q.waiting = append(q.waiting, r)
	if n := len(q.waiting); n == 1 || n == q.wanted {
		q.work.Signal()
	}
	return nil
}

// note remembers f under key in place of what was there.
func (q *queue) note(key string, f func(*Tx) error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	if _, ok := q.notes[key]; !ok {
		q.order = append(q.order, key)
	}
	if len(q.order) == 1 && !q.due {
		time.AfterFunc(notePeriod, q.fall)
	}
	q.notes[key] = f
}

// fall marks the notes as due.
func (q *queue) fall() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.due = true
	q.work.Signal()
}

// close lets nobody in any more; what waits is still served.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed, q.due = true, true
	q.work.Signal()
}

// next waits for work and returns a batch of it, or nothing once the queue is closed and empty.
func (q *queue) next() []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended()
	for len(q.waiting) == 0 && !(q.due && len(q.order) > 0) && !q.closed {
		q.work.Wait()
	}
	q.gather()
	n := min(len(q.waiting), batchLimit)
	batch := append(make([]*request, 0, n), q.waiting[:n]...)
	q.waiting = slices.Delete(q.waiting, 0, n)
	if q.due {
		batch = q.takeNotes(batch)
	}
	if len(batch) > 0 {
		q.begun(len(batch))
	}
	return batch
}

// committed says that a batch is on the disk, before anybody of it is answered.
func (q *queue) committed(batch []*request, sync time.Duration) {
	answered := 0
	for _, r := range batch {
		if r.done != nil {
			answered++
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.returning.note(answered, len(q.waiting), sync)
}

// takeNotes moves as many notes into the batch as one transaction should carry.
func (q *queue) takeNotes(batch []*request) []*request {
	n := min(len(q.order), batchLimit)
	for _, key := range q.order[:n] {
		batch = append(batch, &request{apply: q.notes[key], note: key})
		delete(q.notes, key)
	}
	q.order = slices.Delete(q.order, 0, n)
	q.due = q.closed || len(q.order) > 0
	return batch
}
