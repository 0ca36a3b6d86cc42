package session

import (
	"context"
	"errors"
	"time"

	"claviger/hsm/internal/failure"
)

// The intervals of the health check. With the pause between two reloads they bound how long a token
// that is back stays unused: well below five seconds.
const (
	whileHealthy = 2 * time.Second
	// While it is down the pause grows: most losses are short.
	firstWhileDown = 100 * time.Millisecond
	whileDown      = time.Second
)

// MostHung bounds, in pools full of sessions, how many hanging calls are left behind for fresh
// sessions: each holds an operating system thread.
const MostHung = 4

// healthCheck is a health check that callers wait for. All who ask before it begins share it.
type healthCheck struct {
	over    chan struct{}
	healthy *Login // the login that was found well, or the new one
}

// live returns the current login. It waits for one that is being established, and fails at once
// while the token is known to be down.
func (k *Keeper) live(ctx context.Context) (*Login, error) {
	if l := k.current.Load(); l != nil {
		return l, nil
	}
	return k.awaitCheck(ctx)
}

// awaitCheck has the canary asked whether the token is well and waits for the answer. It returns
// the login that was found well, which may be a new one and may have ended since, and
// custody.ErrUnavailable if the token can't be used.
func (k *Keeper) awaitCheck(ctx context.Context) (*Login, error) {
	timer := time.NewTimer(k.options.Timeout)
	defer timer.Stop()
	for {
		if r := k.down.Load(); r != nil {
			return nil, failure.Unavailable(r.err)
		}
		check := k.requestCheck()
		select {
		case <-check.over:
		case <-ctx.Done():
			return nil, failure.Unavailable(context.Cause(ctx))
		case <-timer.C:
			return nil, failure.Unavailable(failure.ErrTimeout)
		}
		// Without a login the token is down, or a neighbour reloaded the module before the check
		// was over.
		if check.healthy != nil {
			return check.healthy, nil
		}
	}
}

// suspect asks for a health check without waiting for it.
func (k *Keeper) suspect(l *Login) {
	if k.current.Load() == l {
		k.requestCheck()
	}
}

// requestCheck returns the health check that will begin next, and has it begin.
func (k *Keeper) requestCheck() *healthCheck {
	k.checkMu.Lock()
	defer k.checkMu.Unlock()
	if k.check == nil {
		k.check = &healthCheck{over: make(chan struct{})}
	}
	k.wakeUp()
	return k.check
}

// wakeUp wakes the watch.
func (k *Keeper) wakeUp() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// why returns the reason why the token is down.
func (k *Keeper) why() error {
	if r := k.down.Load(); r != nil {
		return r.err
	}
	return failure.ErrRenewed
}

// watch checks the token at intervals and whenever somebody asks, and recovers it, until Close.
func (k *Keeper) watch() {
	defer close(k.over)
	timer := time.NewTimer(whileHealthy)
	defer timer.Stop()
	pause := firstWhileDown
	for {
		select {
		case <-k.stop:
			k.end() // Close may not have waited for a recovery that was on its way
			return
		case <-k.wake:
		case <-timer.C:
		}
		k.checkMu.Lock()
		check := k.check
		k.check = nil
		k.checkMu.Unlock()
		k.checkAndRecover()
		if check != nil {
			check.healthy = k.current.Load()
			close(check.over)
		}
		if k.current.Load() != nil {
			pause = firstWhileDown
			timer.Reset(whileHealthy)
		} else {
			timer.Reset(pause)
			pause = min(2*pause, whileDown)
		}
	}
}

// Why a login is renewed though the health check found nothing, or wasn't asked.
var (
	errReloaded = errors.New("the module was reloaded for another token")
	errAllHang  = errors.New("the calls in all sessions hang")
)

// checkAndRecover is one health check: the canary, and recovery if it fails.
func (k *Keeper) checkAndRecover() {
	if failure.NeedsPerson(k.why()) {
		return
	}
	cause := errReloaded
	if r := k.down.Load(); r != nil {
		cause = r.err
	}
	if l := k.current.Load(); l != nil {
		ctx, cancel := context.WithTimeout(context.Background(), k.options.Timeout)
		cause = l.checkHealth(ctx)
		cancel()
		if cause == nil && l.keys.stuck.Load() < l.keys.limit {
			return
		}
		if cause == nil {
			cause = errAllHang
		}
	}
	// While recovery is quick, callers wait for it and notice nothing. Once it is slow they are
	// told at once.
	slow := time.AfterFunc(k.options.Timeout, func() { k.markDown(failure.ErrTimeout) })
	err := k.recover(cause)
	slow.Stop()
	if err != nil {
		k.markDown(err)
		return
	}
	if k.markUp() {
		k.options.Log.Info("the token is back", "after", cause)
	} else {
		k.options.Log.Warn("the token was renewed", "because", cause)
	}
}
