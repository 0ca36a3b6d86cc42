package session

import (
	"context"
	"sync/atomic"
	"time"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
	"claviger/internal/admission"
)

// Handing a call to a worker costs about a microsecond over making it in place. It buys
// deadlines: a goroutine that is inside the module can't be called back, so the caller must
// not be the one who is.

// pool hands work to workers, each the one owner of a session. Workers start when they are needed,
// up to limit, which is the semaphore in front of the module. One that is idle takes its work from
// an unbuffered channel. Where all are at work calls wait in a line, and a worker that has done one
// goes on with the next itself: to wake its caller first would leave the session idle until that
// one runs.
type pool struct {
	login *Login
	calls chan *call
	limit int32
	open  atomic.Int32 // workers
	busy  atomic.Int32
	stuck atomic.Int32 // workers in a call that hangs and that no other could be opened for

	// line has calls take turns at the sessions, by party: one that asks for a thousand things at
	// once waits for itself, and others for one of them. Nil: first come, first served.
	line *line

	timeout time.Duration // of a call: for the wait, and once more for what is inside
	// unlocked marks a pool whose calls take seconds by nature. They don't hold the keeper's lock,
	// so that a renewal, and with it every other caller, doesn't wait for them; the module counts
	// them as slow, and isn't reloaded under them.
	unlocked bool
	// keeps marks the pool whose sessions own the cached keys, which die with them.
	keeps bool
}

func newPool(l *Login, limit int32, timeout time.Duration) *pool {
	return &pool{login: l, calls: make(chan *call), limit: limit, timeout: timeout}
}

// run does w in a session of the pool and waits for it, for ctx or for the timeout, whichever ends
// first. Using, if it isn't nil, is released when w is over. The session is another than avoid, and
// by says whose it was.
func (p *pool) run(ctx context.Context, using *handle, avoid cryptoki.Session, w work,
) (out []byte, by *worker, err error) {
	c := calls.Get().(*call)
	c.work, c.using, c.avoid, c.party = w, using, avoid, admission.Party(ctx)
	c.state.Store(waiting)
	c.timer.Reset(p.timeout)
	if err := p.begin(ctx, c); err != nil {
		c.release()
		return nil, nil, err
	}
	if err := p.await(ctx, c); err != nil {
		return nil, nil, err
	}
	c.timer.Stop()
	// Only a call that came to its end is used again: a deserted one still belongs to its worker.
	out, by, err = c.out, c.by, c.err
	c.work, c.out, c.by, c.err, c.turn = nil, nil, nil, nil, nil
	calls.Put(c)
	return out, by, err
}

// begin gives the call to a worker, or has it wait in line for one.
func (p *pool) begin(ctx context.Context, c *call) error {
	if p.line == nil {
		return p.submit(ctx, c)
	}
	waits, err := p.line.join(ctx, c, p.timeout)
	if waits || err != nil {
		return err
	}
	if err := p.submit(ctx, c); err != nil {
		if next := p.leave(c.party); next != nil {
			p.hand(next)
		}
		return err
	}
	return nil
}

// await waits until the call has come to its end. An error says that it was left before.
func (p *pool) await(ctx context.Context, c *call) error {
	ended := p.login.ended
	for {
		select {
		case <-c.done:
			return nil
		case <-ended:
			if p.abandon(c) { // nobody will come for it
				return failure.ErrRenewed
			}
			ended = nil
			continue
		case <-ctx.Done():
			if p.desert(c) {
				return context.Cause(ctx)
			}
		case <-c.timer.C:
			if p.desert(c) {
				return failure.ErrTimeout
			}
		}
		<-c.done
		return nil
	}
}

// leave gives the place of a call of party back, and returns the call that has its turn now; nil if
// none waits.
func (p *pool) leave(party string) *call {
	if p.line == nil {
		return nil
	}
	return p.line.leave(party)
}

// hand gives a call that has its turn to a worker, and doesn't wait for that.
func (p *pool) hand(c *call) {
	select {
	case p.calls <- c:
		return
	default:
	}
	if p.open.Add(1) <= p.limit {
		go (&worker{pool: p}).serve(c)
		return
	}
	p.open.Add(-1)
	go func() { // to the one that is about to become idle
		select {
		case p.calls <- c:
		case <-p.login.ended:
			c.release() // its caller leaves that to who has the call
		}
	}()
}

// submit gives the call to whoever can begin it at once, and else waits for whoever can begin it
// first: an idle worker, a new one, or the first to become idle. Nothing is queued, so that a
// caller who gives up leaves nothing behind.
func (p *pool) submit(ctx context.Context, c *call) error {
	select {
	case p.calls <- c:
		return nil
	default:
	}
	if p.open.Add(1) <= p.limit {
		go (&worker{pool: p}).serve(c)
		return nil
	}
	p.open.Add(-1)
	select {
	case p.calls <- c:
		return nil
	case <-p.login.ended:
		return failure.ErrRenewed
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.timer.C:
		return failure.ErrTimeout
	}
}

// desert leaves c to its worker and reports whether that came before its end. A call that is inside
// the module stays there, and keeps what it holds until it is over, or until it hangs: that its
// caller doesn't wait any more says nothing about the device.
func (p *pool) desert(c *call) bool {
	if p.abandon(c) {
		return true
	}
	if !c.state.CompareAndSwap(inside, deserted) {
		return false
	}
	time.AfterFunc(p.timeout-time.Since(c.entered), func() { p.giveUp(c) })
	return true
}

// abandon leaves c and reports whether no worker had gone into the module with it. One that waits
// in line waits no more; one that a worker has got already keeps its place until that one looks at
// it.
func (p *pool) abandon(c *call) bool {
	if !c.state.CompareAndSwap(waiting, abandoned) {
		return false
	}
	if p.line != nil && p.line.quit(c) {
		c.release()
	}
	return true
}

// giveUp gives up a call that hangs: its share of the lock is returned on its behalf, the module
// counts it, and another worker may take its place if the device has a session to spare.
func (p *pool) giveUp(c *call) {
	l := p.login
	l.keeper.module.Hung.Add(1)
	spared := l.spare.Add(-1) >= 0
	if !spared {
		l.spare.Add(1)
		p.stuck.Add(1)
	}
	c.spared = spared
	if !c.state.CompareAndSwap(deserted, hung) {
		p.takeBack(spared) // it came to its end meanwhile
		return
	}
	if spared {
		p.open.Add(-1)
		if next := p.leave(c.party); next != nil {
			p.hand(next)
		}
	}
	p.unlock()
	l.keeper.suspect(l)
}

// takeBack undoes what giveUp counted.
func (p *pool) takeBack(spared bool) {
	if spared {
		p.login.spare.Add(1)
	} else {
		p.stuck.Add(-1)
	}
	p.login.keeper.module.Hung.Add(-1)
}

// unlock gives back a call's share of the keeper's lock, unless its pool holds none.
func (p *pool) unlock() {
	if !p.unlocked {
		p.login.keeper.mu.RUnlock()
	}
}
