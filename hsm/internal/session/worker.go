package session

import (
	"sync/atomic"
	"time"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
	"claviger/internal/fault"
)

// worker is the one owner of a session.
type worker struct {
	pool    *pool
	session cryptoki.Session // 0: none was opened yet
	estate  *estate          // of the session, in a pool that keeps keys
	// condemned: another session contradicted it, so it opens a new one before it goes on
	condemned atomic.Bool
}

// serve does c, if there is one, and then what comes through the pool until the login ends.
func (w *worker) serve(c *call) {
	p := w.pool
	k := p.login.keeper
	k.workers.Add(1)
	defer k.workers.Add(-1)
	for on := true; ; {
		if c != nil {
			c, on = w.do(c)
		}
		if !on {
			break
		}
		if c != nil {
			continue
		}
		select {
		case c = <-p.calls:
		case <-w.dropped():
			c = w.tidying()
		case <-p.login.ended:
			w.close()
			p.open.Add(-1)
			return
		}
	}
	w.close()
}

// dropped says that keys of the worker's session are to be destroyed.
func (w *worker) dropped() <-chan struct{} {
	if w.estate == nil {
		return nil
	}
	return w.estate.tidy
}

// tidying is a call that nobody waits for, which destroys dropped keys in the session that made
// them: once it is lost, their numbers may name others.
func (w *worker) tidying() *call {
	l := w.pool.login
	c := &call{done: make(chan struct{}, 1), work: func(s cryptoki.Session) ([]byte, error) {
		return nil, l.destroyDropped(s)
	}}
	time.AfterFunc(w.pool.timeout, func() {
		if c.state.CompareAndSwap(inside, deserted) {
			w.pool.giveUp(c)
		}
	})
	return c
}

// do performs one call with the keeper's lock held for reading, which keeps the login from ending
// meanwhile. It returns the call that the worker goes on with, if one waits, and whether the worker
// can go on. One that can't has given its place away.
func (w *worker) do(c *call) (next *call, on bool) {
	p, party := w.pool, c.party // a call that is over may be somebody else's
	k := p.login.keeper
	k.mu.RLock()
	c.by, c.entered = w, time.Now()
	if !c.state.CompareAndSwap(waiting, inside) {
		k.mu.RUnlock()
		c.release()
		return p.leave(party), true
	}
	if p.unlocked {
		// before the lock goes: a reload looks at it with the lock held for writing
		k.module.Slow.Add(1)
		defer k.module.Slow.Add(-1)
		k.mu.RUnlock()
	}
	p.busy.Add(1)
	out, err := w.attempt(c)
	p.busy.Add(-1)
	c.release()
	c.out, c.err = out, err
	switch {
	case c.state.CompareAndSwap(inside, finished):
		p.unlock()
		c.done <- struct{}{}
		return p.leave(party), true
	case c.state.CompareAndSwap(deserted, finished):
		clear(out)
		p.unlock()
		return p.leave(party), true
	}
	// A session that hung isn't used again, and its lock was given back.
	clear(out)
	p.takeBack(c.spared)
	if c.spared {
		return nil, false
	}
	w.close()
	return p.leave(party), true
}

// attempt does the call's work in the worker's session. A session that turns out to be dead is
// replaced once, which is the lowest rung of recovery and costs the caller nothing.
func (w *worker) attempt(c *call) (out []byte, err error) {
	l := w.pool.login
	for range 2 {
		select {
		case <-l.ended:
			return nil, failure.ErrRenewed // the numbers in the work may name other things by now
		default:
		}
		if w.condemned.Swap(false) || w.session == c.avoid {
			w.drop() // a new session is another, and the device may have none beside those that are open
		}
		if w.session == 0 {
			if err = w.open(); err != nil {
				return nil, err
			}
		}
		out, err = safely(c.work, w.session)
		if !failure.CostsSession(err) {
			break
		}
		w.drop()
		if failure.Judge(err) != failure.OnSession {
			break
		}
	}
	return out, err
}

// safely turns a panic in f into an error: a worker has nobody above it to recover.
func safely(f work, s cryptoki.Session) (out []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, fault.Panic(p)
		}
	}()
	return f(s)
}

// drop leaves the session for another one. It is closed at once unless it owns keys in use.
func (w *worker) drop() {
	l, s := w.pool.login, w.session
	if s != 0 && w.retire() {
		l.Driver.CloseSession(s)
	}
}

// close closes the worker's session from outside a call.
func (w *worker) close() {
	l, s := w.pool.login, w.session
	if s != 0 && w.retire() {
		l.closeSession(s)
	}
}

// retire leaves the session and reports whether it can be closed by now.
func (w *worker) retire() bool {
	l, s, e := w.pool.login, w.session, w.estate
	w.session, w.estate = 0, nil
	if e == nil {
		return true
	}
	open := &l.keeper.workers // until it is closed, the next login counts it, too
	open.Add(1)
	idle := l.handles.retire(e, func() {
		defer open.Add(-1)
		l.closeSession(s)
	})
	if idle {
		open.Add(-1)
	}
	return idle
}

// open opens the worker's session. One of those that load keys owns what it loads.
func (w *worker) open() (err error) {
	l := w.pool.login
	if w.session, err = l.Driver.OpenSession(l.slot); err != nil {
		w.session = 0
		return err
	}
	if w.pool.keeps {
		w.estate = l.handles.found(w.session)
	}
	return nil
}

// closeSession closes a session unless the module was reloaded: then its number may be somebody
// else's.
func (l *Login) closeSession(s cryptoki.Session) {
	k := l.keeper
	k.module.Guarded(&k.mu, k.options.Timeout, func() {
		if !k.gone && l.generation == k.module.Generation() {
			l.Driver.CloseSession(s)
		}
	})
}
