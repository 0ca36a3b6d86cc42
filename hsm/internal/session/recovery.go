package session

import (
	"context"
	"errors"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/module"
)

// markUp marks the token as one that can be used, unless it was closed, and reports whether it was
// marked as down.
func (k *Keeper) markUp() (wasDown bool) {
	old := k.down.Load()
	return old != nil && !errors.Is(old.err, errClosed) && k.down.CompareAndSwap(old, nil)
}

// markDown marks the token as down, unless it was closed.
func (k *Keeper) markDown(err error) {
	old := k.down.Load()
	if old != nil && errors.Is(old.err, errClosed) || !k.down.CompareAndSwap(old, &reason{err}) {
		return
	}
	if old == nil {
		k.options.Log.Error("the token can't be used", "because", err)
	}
}

// recover climbs the upper rungs: a new login in new sessions, and then a reload of the module,
// rate-limited. The lowest rung, a new session, is the workers' own. A failed login is never
// repeated here.
func (k *Keeper) recover(cause error) error {
	k.end()
	if k.module.Hung.Load() > MostHung*int64(k.options.Sessions) {
		return module.ErrHung // more sessions would only hang too
	}
	ctx, cancel := context.WithTimeout(context.Background(), k.options.Timeout)
	defer cancel()
	if err := k.module.Lock(ctx); err != nil {
		return errors.Join(cause, err)
	}
	defer k.module.Unlock()
	brief, over := context.WithTimeout(ctx, vacating)
	k.awaitWorkers(brief)
	over()
	err := k.establish()
	if cryptoki.Is(err, pkcs11.CKR_SESSION_COUNT) {
		k.awaitWorkers(ctx)
		err = k.establish()
	}
	if err == nil || failure.NeedsPerson(err) || errors.Is(err, failure.ErrUnsafe) {
		return err
	}
	if reload := k.module.Reload(k, k.reloadTries()); reload != nil {
		return errors.Join(err, reload)
	}
	k.reloads++
	if err := k.establish(); err != nil {
		return err
	}
	k.reloads = 0
	return nil
}

// vacating is how long a new login waits for the sessions of the last one in any case: a device that
// allows few counts both. Most end within one call.
const vacating = 250 * time.Millisecond

// awaitWorkers waits until the sessions of the last login are closed, but for those that hang and
// those in which RSA keys are made.
func (k *Keeper) awaitWorkers(ctx context.Context) {
	stay := func() int64 { return k.module.Hung.Load() + k.module.Slow.Load() }
	for int64(k.workers.Load()) > stay() && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
}

// Suspend and Resume make the keeper a member of its module. In between nobody is inside the module
// for it, and afterwards it begins a new login by itself; callers who come meanwhile wait for that.
func (k *Keeper) Suspend() {
	k.current.Store(nil)
	k.mu.Lock()
	k.endLocked()
}

// Resume lets the token back in.
func (k *Keeper) Resume() {
	k.mu.Unlock()
	k.wakeUp()
}

// Healthy reports whether there are handles that a reload would cost.
func (k *Keeper) Healthy() bool { return k.current.Load() != nil }

// reloadTries is how often a reload was tried in vain, as the module counts it.
func (k *Keeper) reloadTries() int {
	if k.options.RareReloads {
		return module.ManyReloads
	}
	return k.reloads
}
