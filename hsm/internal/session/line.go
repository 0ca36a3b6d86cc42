package session

import (
	"context"
	"sync"
	"time"

	"claviger/internal/admission"
	"claviger/internal/custody"
)

// line is where calls wait for a session. Who would wait too long, by what turns take, is told
// [custody.ErrBusy] at once: SDKs come again later then, and it harms nobody, while an answer after
// the timeout would have cost the caller its time and the others theirs.
type line struct {
	observe Observer // may be nil

	mu    sync.Mutex
	turns admission.Turns[*call]
}

type turn = admission.Waiter[*call]

func newLine(sessions int32, o Observer) *line {
	l := &line{observe: o}
	l.turns.Places, l.turns.Share, l.turns.Whole = int(sessions), int(sessions), true
	return l
}

// join takes a place for c, or has it wait for one.
func (l *line) join(ctx context.Context, c *call, timeout time.Duration) (waits bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.turns.Enter(c.party) {
		admission.Begin(ctx)
		return false, nil
	}
	now := time.Now()
	until := now.Add(timeout)
	if end, ok := ctx.Deadline(); ok && end.Before(until) {
		until = end
	}
	switch {
	case admission.Begun(ctx): // all that was done for it would be lost
		until = now.Add(forever)
	case l.turns.Hopeless(now, c.party, until):
		l.shed()
		return false, custody.ErrBusy
	}
	admission.Begin(ctx)
	c.turn = l.turns.Join(now, c.party, c, until)
	return true, nil
}

// forever is how long what isn't to be sent away might wait. Its caller ends that.
const forever = 24 * time.Hour

// quit has c wait no more. It reports false if it has its turn already.
func (l *line) quit(c *call) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return c.turn != nil && l.turns.Quit(time.Now(), c.turn)
}

// leave gives a place back, and returns the call that has its turn now, if any. Those behind it
// that would wait in vain are told so.
func (l *line) leave(party string) *call {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turns.Give(party, 1)
	if l.turns.Waiting() == 0 {
		return nil
	}
	now := time.Now()
	next, ok := l.turns.Next(now)
	if !ok {
		return nil
	}
	for vain, ok := l.turns.Vain(now, next); ok; vain, ok = l.turns.Vain(now, next) {
		l.dismiss(vain.Value)
	}
	return next.Value
}

// dismiss ends a call that was taken out of the line.
func (l *line) dismiss(c *call) {
	c.release()
	c.err = custody.ErrBusy
	if c.state.CompareAndSwap(waiting, finished) { // its caller may have left it just now
		l.shed()
		c.done <- struct{}{}
	}
}

func (l *line) shed() {
	if l.observe != nil {
		l.observe.Shed()
	}
}

// waiting returns how many calls wait.
func (l *line) waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.turns.Waiting()
}
