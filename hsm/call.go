package hsm

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

// work is what is done inside a session. It must be safe to repeat from its beginning.
type work func(cryptoki.Session) ([]byte, error)

// call is one work on its way through a lane. Its state is the border between the caller, who may give up at
// any time, and the worker, who can't leave the module before the module lets it.
type call struct {
	work  work
	using *handle // released when the work is truly over, which may be after the caller gave up
	out   []byte
	err   error
	state atomic.Uint32
	done  chan struct{}
	timer *time.Timer
}

const (
	waiting   uint32 = iota // not inside the module yet
	inside                  // a worker is in the module and holds the token's lock for reading
	finished                // out and err are set
	abandoned               // the caller is gone
)

var calls = sync.Pool{New: func() any {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return &call{done: make(chan struct{}, 1), timer: t}
}}

// errTimeout ends the wait for a module that doesn't answer.
var errTimeout = errors.New("the call to the module took too long")

// Handing a call to a worker costs about a microsecond over making it in place. It buys deadlines: a goroutine that is
// inside the module can't be called back, so the caller must not be the one who is.

// lane hands work to workers, each the one owner of a session. An unbuffered channel joins the two sides, so
// that no work waits anywhere but with its caller. Workers start when they are needed, up to limit.
type lane struct {
	epoch *epoch
	jobs  chan *call
	limit int32
	open  atomic.Int32
	busy  atomic.Int32
	stuck atomic.Int32     // workers in a call that was given up
	owner cryptoki.Session // the one session of a lane of one; 0: each worker opens its own

	timeout time.Duration
	// aside marks a lane whose calls take seconds by nature. They don't hold the token's lock, so that a renewal, and with
	// it every other caller, doesn't wait for them; the module counts them, and isn't reloaded under them.
	aside bool
}

func newLane(e *epoch, limit int32, timeout time.Duration) *lane {
	return &lane{epoch: e, jobs: make(chan *call), limit: limit, timeout: timeout}
}

// run does w in a session of the lane and waits for it, for ctx or for the timeout, whichever ends first. Using,
// if it isn't nil, is released when w is over.
func (l *lane) run(ctx context.Context, using *handle, w work) ([]byte, error) {
	c := calls.Get().(*call)
	c.work, c.using = w, using
	c.state.Store(waiting)
	c.timer.Reset(l.timeout)
	if err := l.submit(ctx, c); err != nil {
		c.release()
		return nil, err
	}
	select {
	case <-c.done:
	case <-ctx.Done():
		if l.abandon(c) {
			return nil, context.Cause(ctx)
		}
		<-c.done
	case <-c.timer.C:
		if l.abandon(c) {
			return nil, errTimeout
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

// submit gives the call to whoever can begin it at once, and else waits for whoever can begin it first. Nothing is
// queued, so that a caller who gives up leaves nothing behind. It
// chooses an idle worker, a new one, or the first to become idle.
func (l *lane) submit(ctx context.Context, c *call) error {
	select {
	case l.jobs <- c:
		return nil
	default:
	}
	if l.open.Add(1) <= l.limit {
		go (&worker{lane: l, session: l.owner}).serve(c)
		return nil
	}
	l.open.Add(-1)
	select {
	case l.jobs <- c:
		return nil
	case <-l.epoch.ended:
		return errRenewed
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.timer.C:
		return errTimeout
	}
}

// abandon gives c up and reports whether that came before its end. A call that is inside the module stays
// there: its share of the lock is returned on its behalf, and the module counts it as hung.
func (l *lane) abandon(c *call) bool {
	if c.state.CompareAndSwap(waiting, abandoned) {
		return true
	}
	l.epoch.token.module.hung.Add(1)
	l.stuck.Add(1)
	if c.state.CompareAndSwap(inside, abandoned) {
		l.unlock()
		return true
	}
	l.stuck.Add(-1)
	l.epoch.token.module.hung.Add(-1)
	return false
}

// unlock gives back a call's share of the token's lock, unless its lane is aside and holds none.
func (l *lane) unlock() {
	if !l.aside {
		l.epoch.token.mu.RUnlock()
	}
}

// release ends the call's use of its handle: by then nobody is inside the module with it.
func (c *call) release() {
	if c.using != nil {
		c.using.release()
		c.using = nil
	}
}

// worker is the one owner of a session.
type worker struct {
	lane    *lane
	session cryptoki.Session
}

// serve does c, if there is one, and then what comes through the lane until the epoch ends.
func (w *worker) serve(c *call) {
	t := w.lane.epoch.token
	t.workers.Add(1)
	defer t.workers.Add(-1)
	defer w.lane.open.Add(-1)
	for c == nil || w.do(c) {
		select {
		case c = <-w.lane.jobs:
		case <-w.lane.epoch.ended:
			w.close()
			return
		}
	}
}

// do performs one call with the token's lock held for reading, which keeps the epoch from ending meanwhile, and reports whether the worker can go on.
func (w *worker) do(c *call) bool {
	e := w.lane.epoch
	e.token.mu.RLock()
	if !c.state.CompareAndSwap(waiting, inside) {
		e.token.mu.RUnlock()
		c.release()
		return true
	}
	if w.lane.aside {
		e.token.module.aside.Add(1) // before the lock goes: a reload looks at it with the lock held for writing
		defer e.token.module.aside.Add(-1)
		e.token.mu.RUnlock()
	}
	w.lane.busy.Add(1)
	out, err := w.attempt(c.work)
	w.lane.busy.Add(-1)
	c.release()
	c.out, c.err = out, err
	if !c.state.CompareAndSwap(inside, finished) {
		// Nobody waits for this any more, and its lock was given back. A session that hung isn't used again; the one
		// that owns the handles can't be replaced, so its lane ends and with it the epoch.
		clear(out)
		w.lane.stuck.Add(-1)
		e.token.module.hung.Add(-1)
		w.close()
		w.session = 0
		return w.lane.owner == 0
	}
	w.lane.unlock()
	c.done <- struct{}{}
	return true
}

// attempt does f in the worker's session. A session that turns out to be dead is replaced once, which is the
// lowest rung of recovery and costs the caller nothing.
func (w *worker) attempt(f work) (out []byte, err error) {
	e := w.lane.epoch
	for range 2 {
		select {
		case <-e.ended:
			return nil, errRenewed // the numbers in f may name other things by now
		default:
		}
		if w.session == 0 {
			if w.session, err = e.driver().OpenSession(e.slot); err != nil {
				return nil, err
			}
		}
		out, err = safely(f, w.session)
		if !costsSession(err) || w.lane.owner != 0 {
			break
		}
		e.driver().CloseSession(w.session)
		w.session = 0
		if judge(err) != onSession {
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

// close closes the worker's sessions unless the module was reloaded: then their numbers may be somebody else's.
func (w *worker) close() {
	e := w.lane.epoch
	e.token.module.guarded(&e.token.mu, e.token.config.Timeout, func() {
		if e.token.gone || e.generation != e.token.module.generation.Load() {
			return
		}
		if w.session != 0 {
			e.driver().CloseSession(w.session)
		}
		if w.lane.owner != 0 {
			e.driver().CloseSession(e.anchor)
		}
	})
}

// guarded runs f inside the module with mu held for reading, and gives mu back after the timeout if f hangs.
func (m *module) guarded(mu *sync.RWMutex, timeout time.Duration, f func()) {
	var state atomic.Uint32
	mu.RLock()
	timer := time.AfterFunc(timeout, func() {
		m.hung.Add(1)
		if state.CompareAndSwap(waiting, abandoned) {
			mu.RUnlock()
			return
		}
		m.hung.Add(-1)
	})
	defer timer.Stop()
	f()
	if state.CompareAndSwap(waiting, finished) {
		mu.RUnlock()
		return
	}
	m.hung.Add(-1)
}

// unavailable is what callers are told while the token can't be used.
func unavailable(cause error) error { return custody.ErrUnavailable.Because(cause) }
