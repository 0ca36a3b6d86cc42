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

// pool hands work to workers, each the one owner of a session. An unbuffered channel joins the two
// sides, so that no work waits anywhere but with its caller. Workers start when they are needed, up
// to limit, which is the semaphore in front of the module.
type pool struct {
	login *Login
	calls chan *call
	limit int32
	open  atomic.Int32
	busy  atomic.Int32
	hung  atomic.Int32     // workers in a call that was given up
	only  cryptoki.Session // the one session of a pool of one; 0: each worker opens its own

	// turns has callers take turns at the sessions, by party: one that asks for a thousand things at
	// once waits for itself, and others for one of them. Nil: first come, first served.
	turns *admission.Gate

	timeout time.Duration
	// unlocked marks a pool whose calls take seconds by nature. They don't hold the keeper's lock,
	// so that a renewal, and with it every other caller, doesn't wait for them; the module counts
	// them as slow, and isn't reloaded under them.
	unlocked bool
}

func newPool(l *Login, limit int32, timeout time.Duration) *pool {
	return &pool{login: l, calls: make(chan *call), limit: limit, timeout: timeout}
}

// run does w in a session of the pool and waits for it, for ctx or for the timeout, whichever ends
// first. Using, if it isn't nil, is released when w is over.
func (p *pool) run(ctx context.Context, using *handle, w work) ([]byte, error) {
	c := calls.Get().(*call)
	c.work, c.using = w, using
	c.state.Store(waiting)
	c.timer.Reset(p.timeout)
	party := admission.Party(ctx)
	err := p.turn(ctx, party)
	if err == nil {
		defer p.leave(party)
		err = p.submit(ctx, c)
	}
	if err != nil {
		c.release()
		return nil, err
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		if p.abandon(c) {
			return nil, context.Cause(ctx)
		}
		<-c.done
	case <-c.timer.C:
		if p.abandon(c) {
			return nil, failure.ErrTimeout
		}
		<-c.done
	}
	c.timer.Stop()
	// Only a call that came to its end is used again: an abandoned one still belongs to its worker.
	out, err := c.out, c.err
	c.work, c.out, c.err = nil, nil, nil
	calls.Put(c)
	return out, err
}

// turn waits until one of the sessions is for party, as far as it isn't hung.
func (p *pool) turn(ctx context.Context, party string) error {
	if p.turns == nil || p.turns.WaitUntil(ctx, p.login.ended, party) {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case <-p.login.ended:
		return failure.ErrRenewed
	default:
		return failure.ErrTimeout
	}
}

// leave ends the turn of party.
func (p *pool) leave(party string) {
	if p.turns != nil {
		p.turns.Give(party, 1)
	}
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
		go (&worker{pool: p, session: p.only}).serve(c)
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

// abandon gives c up and reports whether that came before its end. A call that is inside the module
// stays there: its share of the lock is returned on its behalf, and the module counts it as hung.
func (p *pool) abandon(c *call) bool {
	if c.state.CompareAndSwap(waiting, abandoned) {
		return true
	}
	p.login.keeper.module.Hung.Add(1)
	p.hung.Add(1)
	if c.state.CompareAndSwap(inside, abandoned) {
		p.unlock()
		return true
	}
	p.hung.Add(-1)
	p.login.keeper.module.Hung.Add(-1)
	return false
}

// unlock gives back a call's share of the keeper's lock, unless its pool holds none.
func (p *pool) unlock() {
	if !p.unlocked {
		p.login.keeper.mu.RUnlock()
	}
}
