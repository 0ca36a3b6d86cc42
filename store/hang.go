package store

import (
	"errors"
	"fmt"
	"time"

	"claviger/internal/fault"
)

const (
	// hangAfter is how long the committer may be at one batch before the disk is said to hang.
	hangAfter = 5 * time.Second
	// giveUpAfter is how long those of that batch wait. A request has at most 75 seconds and its
	// answer 90, which leaves room for this; clients give up after 30 or 60.
	giveUpAfter = 10 * time.Second
	// leaveAfter is how long Close waits for a disk that hangs.
	leaveAfter = 3 * time.Second
	// finishWithin is how long Close takes to move the log into the database, at most.
	finishWithin = 8 * time.Second
)

// watch sees whether the committer comes back from a batch. It belongs to its queue's lock.
type watch struct {
	since   time.Time // when the batch at hand was begun; zero: none is
	entries int       // in it
	timer   *time.Timer
	hangs   bool          // the committer doesn't come back: nobody else waits for it
	late    bool          // nor do those of its batch
	givenUp chan struct{} // closed when they are told so, and another one is made
	refused int           // requests that were turned away since it hangs
}

// begun starts the clock for a batch.
func (q *queue) begun(entries int) {
	w := &q.watch
	w.since, w.entries = time.Now(), entries
	if w.timer == nil {
		w.timer = time.AfterFunc(hangAfter, q.look)
		return
	}
	w.timer.Reset(hangAfter)
}

// ended stops it. Who found that the disk hangs says, too, that it doesn't any more.
func (q *queue) ended() {
	w := &q.watch
	if w.since.IsZero() {
		return
	}
	w.timer.Stop()
	if w.hangs {
		q.log.Info("the disk answers again", "after", time.Since(w.since).Round(time.Millisecond),
			"refused", w.refused)
	}
	w.since, w.hangs, w.late, w.refused = time.Time{}, false, false, 0
	q.hanging.Store(false)
}

// look is called when a batch takes long: first nobody else waits for it, then those of it don't.
func (q *queue) look() {
	q.mu.Lock()
	w := &q.watch
	took := time.Since(w.since)
	var refused []*request
	switch {
	case w.since.IsZero() || took < hangAfter: // it has ended just now
	case !w.hangs:
		w.hangs = true
		q.hanging.Store(true)
		q.hangs.Add(1)
		refused, q.waiting = q.waiting, nil
		w.refused = len(refused)
		w.timer.Reset(giveUpAfter - took)
		q.log.Error("the disk hangs: a transaction has not come back; nothing is made durable, and "+
			"requests are refused", "seconds", int(took.Seconds()), "entries", w.entries)
	case !w.late && took >= giveUpAfter:
		q.giveUp()
	}
	q.mu.Unlock()
	for _, r := range refused {
		r.err = notStored(ErrHangs)
		r.done <- struct{}{}
	}
}

// giveUp lets go of those whose batch doesn't come back.
func (q *queue) giveUp() {
	q.watch.late = true
	q.log.Error("the disk hangs: what a transaction was to make durable may be there later or not, "+
		"and its requests are told so", "entries", q.watch.entries)
	close(q.watch.givenUp)
	q.watch.givenUp = make(chan struct{})
}

// wait returns what became of r, or that nobody knows.
func (q *queue) wait(r *request) error {
	select {
	case <-r.done:
		return r.err
	case <-r.givenUp:
	}
	select {
	case <-r.done: // just now
		return r.err
	default:
		q.uncertain.Add(1)
		return outcomeUnknown(ErrHangs)
	}
}

// stopped reports whether the committer has come to its end. It may not with a disk that hangs:
// then all who wait are let go, and what is left behind is said.
func (q *queue) stopped(end <-chan struct{}) bool {
	const step = 50 * time.Millisecond
	tick := time.NewTicker(step)
	defer tick.Stop()
	for left := leaveAfter; left > 0; {
		select {
		case <-end:
			return true
		case <-tick.C:
			if q.hanging.Load() {
				left -= step
			}
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.watch.late {
		q.giveUp()
	}
	q.log.Error("the disk hangs: the database is left as it is; the next start finds what is durable",
		"of unknown outcome", q.watch.entries, "notes left out", len(q.order))
	return false
}

// within calls f, and doesn't wait for it longer than d.
func within(d time.Duration, f func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- f() }()
	limit := time.NewTimer(d)
	defer limit.Stop()
	select {
	case err := <-ended:
		return err
	case <-limit.C:
		return fmt.Errorf("%w: the log was not moved into the database in %s, and the next start does it",
			ErrHangs, d)
	}
}

// notStored is what a Commit is told of which nothing is, or will be, on the disk.
func notStored(cause error) *fault.Error { return unavailable.Because(unstored(cause)) }

// outcomeUnknown is what a Commit is told of which nobody knows.
func outcomeUnknown(cause error) *fault.Error { return uncertain.Because(unstored(cause)) }

func unstored(cause error) error {
	if errors.Is(cause, ErrNotStored) {
		return cause
	}
	return fmt.Errorf("%w: %w", ErrNotStored, cause)
}
