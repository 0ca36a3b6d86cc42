package hsm

import (
	"context"
	"errors"
	"time"
)

// The health probe's intervals. With the pause between two reloads they bound how long a token that is back stays
// unused: well below five seconds.
const (
	whileHealthy = 2 * time.Second
	whileDown    = time.Second
)

// mostHung bounds, in pools full of sessions, how many hanging calls are left behind for fresh sessions: each holds
// an operating system thread.
const mostHung = 4

// exam is one examination of the token that callers wait for. All who ask before it begins share it.
type exam struct {
	over    chan struct{}
	healthy *epoch // the epoch that was found well, or the new one
}

// live returns the current epoch. It waits for one that is being established, and fails at once while the token
// is known to be down.
func (t *Token) live(ctx context.Context) (*epoch, error) {
	if e := t.current.Load(); e != nil {
		return e, nil
	}
	return t.examine(ctx)
}

// examine has the canary asked whether the token is well and waits for the answer. It returns the epoch that was found
// well, which may be a new one and may have ended since, and custody.ErrUnavailable if the token can't be used.
func (t *Token) examine(ctx context.Context) (*epoch, error) {
	timer := time.NewTimer(t.config.Timeout)
	defer timer.Stop()
	for {
		if r := t.down.Load(); r != nil {
			return nil, unavailable(r.err)
		}
		x := t.request()
		select {
		case <-x.over:
		case <-ctx.Done():
			return nil, unavailable(context.Cause(ctx))
		case <-timer.C:
			return nil, unavailable(errTimeout)
		}
		// Without an epoch the token is down, or a neighbour reloaded the module before the examination was over.
		if x.healthy != nil {
			return x.healthy, nil
		}
	}
}

// suspect asks for an examination without waiting for it.
func (t *Token) suspect(e *epoch) {
	if t.current.Load() == e {
		t.request()
	}
}

// request returns the examination that will begin next, and has it begin.
func (t *Token) request() *exam {
	t.examMu.Lock()
	defer t.examMu.Unlock()
	if t.exam == nil {
		t.exam = &exam{over: make(chan struct{})}
	}
	t.nudge()
	return t.exam
}

// nudge wakes the watch.
func (t *Token) nudge() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// why returns the reason why the token is down.
func (t *Token) why() error {
	if r := t.down.Load(); r != nil {
		return r.err
	}
	return errRenewed
}

// watch examines the token at intervals and whenever somebody asks, and recovers it, until Close.
func (t *Token) watch() {
	defer close(t.over)
	timer := time.NewTimer(whileHealthy)
	defer timer.Stop()
	for {
		select {
		case <-t.stop:
			return
		case <-t.wake:
		case <-timer.C:
		}
		t.examMu.Lock()
		x := t.exam
		t.exam = nil
		t.examMu.Unlock()
		t.round()
		if x != nil {
			x.healthy = t.current.Load()
			close(x.over)
		}
		if t.current.Load() != nil {
			timer.Reset(whileHealthy)
		} else {
			timer.Reset(whileDown)
		}
	}
}

// round is one examination: the canary, and recovery if it fails.
func (t *Token) round() {
	if needsPerson(t.why()) {
		return
	}
	e := t.current.Load()
	var cause error
	if e != nil {
		ctx, cancel := context.WithTimeout(context.Background(), t.config.Timeout)
		cause = e.probe(ctx)
		cancel()
		if cause == nil && e.pool.stuck.Load() < e.pool.limit {
			return
		}
	}
	// While recovery is quick, callers wait for it and notice nothing. Once it is slow they are told at once.
	slow := time.AfterFunc(t.config.Timeout, func() { t.fall(errTimeout) })
	err := t.recover(cause)
	slow.Stop()
	if err != nil {
		t.fall(err)
		return
	}
	if t.down.Swap(nil) != nil {
		t.config.Log.Info("the token is back")
	} else if cause != nil {
		t.config.Log.Warn("the token was renewed", "because", cause)
	}
}

// fall marks the token as down, unless it was closed.
func (t *Token) fall(err error) {
	old := t.down.Load()
	if old != nil && errors.Is(old.err, errClosed) || !t.down.CompareAndSwap(old, &reason{err}) {
		return
	}
	if old == nil {
		t.config.Log.Error("the token can't be used", "because", err)
	}
}

// recover climbs the upper rungs: a new login in new sessions, and then a reload of the module, rate-limited. The
// lowest rung, a new session, is the workers' own. A failed login is never repeated here.
func (t *Token) recover(cause error) error {
	t.end()
	if t.module.hung.Load() > mostHung*int64(t.limit) {
		return errHung // more sessions would only hang too
	}
	ctx, cancel := context.WithTimeout(context.Background(), t.config.Timeout)
	defer cancel()
	if err := t.module.lock(ctx); err != nil {
		return errors.Join(cause, err)
	}
	defer t.module.unlock()
	err := t.establish()
	if err == nil || needsPerson(err) || errors.Is(err, ErrUnsafe) {
		return err
	}
	if reload := t.module.reload(t, t.holds.tries(t.reloads)); reload != nil {
		return errors.Join(err, reload)
	}
	t.reloads++
	if err = t.establish(); err == nil {
		t.reloads = 0
	}
	return err
}

// suspend and resume make the token a member of its module. In between nobody is inside the module for it, and
// afterwards it begins a new epoch by itself; callers who come meanwhile wait for that.
func (t *Token) suspend() {
	t.current.Store(nil)
	t.mu.Lock()
	t.endLocked()
}

// resume lets the token back in.
func (t *Token) resume() {
	t.mu.Unlock()
	t.nudge()
}

// healthy reports whether there are handles that a reload would cost.
func (t *Token) healthy() bool { return t.current.Load() != nil }
