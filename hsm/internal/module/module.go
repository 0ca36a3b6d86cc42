// Package module is a PKCS#11 library in this process: loading it, starting and stopping it for all
// who use it, finding a token in it and logging in there.
//
// module.go is the only file that calls C_Initialize and C_Finalize. Both act on every user of the
// library at once, crypto11 included, so every user is a [Member] and is told.
package module

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"sync/atomic"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
)

// Module is one PKCS#11 library in this process. Whoever makes a call through Driver holds a lock
// that [Member.Suspend] waits for, or the module's lock.
type Module struct {
	Path   string
	Driver cryptoki.Driver

	// Hung counts calls that were given up and haven't returned: C_Finalize under them is
	// undefined.
	Hung atomic.Int64
	// Slow counts calls inside without a member's lock, which take long by nature.
	Slow atomic.Int64
	// generation counts C_Finalize. A session or object number of an earlier generation may name
	// something else now.
	generation atomic.Uint64

	lock         chan struct{} // a mutex that can be waited for with a context; guards what follows
	users        int
	members      map[Member]struct{}
	initializers []*initializer
	reloaded     time.Time
}

// Member is a user of a module that a reload takes the ground from under.
type Member interface {
	Suspend()      // refuse new calls, wait until none is inside, and stay so until Resume
	Resume()       // the module is initialised again: start over
	Healthy() bool // whether a reload would harm it
}

// Why a module isn't reloaded just now.
var (
	ErrHung = errors.New("a call into the module has not returned, so it can't be reloaded; " +
		"if this lasts, restart the service")
	errSlow = errors.New(
		"a key pair is being made in the module, which can't be reloaded meanwhile")
	errTooSoon = errors.New("the module was reloaded a moment ago")
)

// The least time between two reloads. A healthy neighbour on the module loses its handles each
// time, and on SoftHSM each handle costs memory for good, so beside one they become rare once the
// first many didn't help.
const (
	reloadPause     = 2 * time.Second
	reloadPauseRare = 15 * time.Second

	// ManyReloads is how often a reload was tried in vain when they become rare.
	ManyReloads = 30
)

// Release undoes one [Acquire]. The last one finalises the module, unless a call hangs in it.
func (m *Module) Release(ctx context.Context) error {
	if err := m.Lock(ctx); err != nil {
		return err
	}
	defer m.Unlock()
	m.users--
	if m.users > 0 {
		return nil
	}
	if err := m.occupied(); err != nil {
		return err
	}
	return m.finalize()
}

// occupied says why the module can't be finalised, although no token's lock is held for reading.
func (m *Module) occupied() error {
	switch {
	case m.Hung.Load() > 0:
		return ErrHung
	case m.Slow.Load() > 0:
		return errSlow
	}
	return nil
}

// Lock locks the module, to open, recover or close something on the module. Uses
// of keys don't lock it.
func (m *Module) Lock(ctx context.Context) error {
	select {
	case m.lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the module: %w", context.Cause(ctx))
	}
}

// Unlock undoes Lock.
func (m *Module) Unlock() { <-m.lock }

// initialize starts the library. Initializers go first.
func (m *Module) initialize() error {
	for _, x := range m.initializers {
		if x.leaving || x.broken != nil {
			continue
		}
		if x.broken = x.Initialize(); x.broken != nil {
			// It finalised the library: start again without this one.
			if err := m.finalize(); err != nil {
				return err
			}
			return m.initialize()
		}
	}
	err := m.Driver.Initialize()
	if cryptoki.Is(err, pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		return nil
	}
	return err
}

// finalize stops the library. Nobody may be inside it, and every member's lock must be
// held for writing, so that those who come later see by the generation that their
// sessions and objects are gone.
func (m *Module) finalize() error {
	m.generation.Add(1)
	for _, x := range m.initializers {
		x.Finalize()
	}
	err := m.Driver.Finalize()
	if cryptoki.Is(err, pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED) {
		return nil
	}
	return err
}

// Reload finalises and initialises the library with nobody inside it. The module must be locked; by
// is the member that asks, and tries how often it has in vain. It is the last rung of recovery: for
// SoftHSM the only way back to a token whose directory was gone, and for a network device often the
// only way to a new connection.
func (m *Module) Reload(by Member, tries int) error {
	pause := reloadPause
	for other := range m.members {
		if tries >= ManyReloads && other != by && other.Healthy() {
			pause = reloadPauseRare
		}
	}
	if time.Since(m.reloaded) < pause {
		return errTooSoon
	}
	return m.Restart()
}

// Restart is Reload without its pause. It refuses while a call hangs: PKCS#11 leaves C_Finalize
// undefined under another thread's call, and SoftHSM crashes.
func (m *Module) Restart() error {
	for member := range m.members {
		member.Suspend()
		defer member.Resume()
	}
	if err := m.occupied(); err != nil {
		return err
	}
	m.reloaded = time.Now()
	for _, x := range m.initializers {
		if !failure.NeedsPerson(x.broken) {
			x.broken = nil
		}
	}
	if err := m.finalize(); err != nil {
		return err
	}
	return m.initialize()
}

// Join adds a member; the module must be locked.
func (m *Module) Join(x Member) { m.members[x] = struct{}{} }

// Leave removes a member.
func (m *Module) Leave(ctx context.Context, x Member) error {
	if err := m.Lock(ctx); err != nil {
		return err
	}
	defer m.Unlock()
	delete(m.members, x)
	return nil
}

// Members returns the members; the module must be locked.
func (m *Module) Members() iter.Seq[Member] { return maps.Keys(m.members) }

// Others reports whether there are more users than one; the module must be locked.
func (m *Module) Others() bool { return m.users > 1 }

// Generation counts how often the library was stopped: numbers of sessions and objects are good
// within one generation.
func (m *Module) Generation() uint64 { return m.generation.Load() }
