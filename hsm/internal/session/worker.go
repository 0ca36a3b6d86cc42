package session

import (
	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
	"claviger/internal/fault"
)

// worker is the one owner of a session.
type worker struct {
	pool    *pool
	session cryptoki.Session
}

// serve does c, if there is one, and then what comes through the pool until the login ends.
func (w *worker) serve(c *call) {
	k := w.pool.login.keeper
	k.workers.Add(1)
	defer k.workers.Add(-1)
	defer w.pool.open.Add(-1)
	for c == nil || w.do(c) {
		select {
		case c = <-w.pool.calls:
		case <-w.pool.login.ended:
			w.close()
			return
		}
	}
}

// do performs one call with the keeper's lock held for reading, which keeps the login from ending
// meanwhile, and reports whether the worker can go on.
func (w *worker) do(c *call) bool {
	k := w.pool.login.keeper
	k.mu.RLock()
	if !c.state.CompareAndSwap(waiting, inside) {
		k.mu.RUnlock()
		c.release()
		return true
	}
	if w.pool.unlocked {
		// before the lock goes: a reload looks at it with the lock held for writing
		k.module.Slow.Add(1)
		defer k.module.Slow.Add(-1)
		k.mu.RUnlock()
	}
	w.pool.busy.Add(1)
	out, err := w.attempt(c.work)
	w.pool.busy.Add(-1)
	c.release()
	c.out, c.err = out, err
	if !c.state.CompareAndSwap(inside, finished) {
		// Nobody waits for this any more, and its lock was given back. A session that hung isn't
		// used again; the one that owns the handles can't be replaced, so its pool ends and with it
		// the login.
		clear(out)
		w.pool.hung.Add(-1)
		k.module.Hung.Add(-1)
		w.close()
		w.session = 0
		return w.pool.only == 0
	}
	w.pool.unlock()
	c.done <- struct{}{}
	return true
}

// attempt does f in the worker's session. A session that turns out to be dead is replaced once,
// which is the lowest rung of recovery and costs the caller nothing.
func (w *worker) attempt(f work) (out []byte, err error) {
	l := w.pool.login
	for range 2 {
		select {
		case <-l.ended:
			return nil, failure.ErrRenewed // the numbers in f may name other things by now
		default:
		}
		if w.session == 0 {
			if w.session, err = l.Driver.OpenSession(l.slot); err != nil {
				return nil, err
			}
		}
		out, err = safely(f, w.session)
		if !failure.CostsSession(err) || w.pool.only != 0 {
			break
		}
		l.Driver.CloseSession(w.session)
		w.session = 0
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

// close closes the worker's sessions unless the module was reloaded: then their numbers may be
// somebody else's.
func (w *worker) close() {
	l := w.pool.login
	k := l.keeper
	k.module.Guarded(&k.mu, k.options.Timeout, func() {
		if k.gone || l.generation != k.module.Generation() {
			return
		}
		if w.session != 0 {
			l.Driver.CloseSession(w.session)
		}
		if w.pool.only != 0 {
			l.Driver.CloseSession(l.anchor)
		}
	})
}
