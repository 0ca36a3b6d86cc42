package hsm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
)

// module is one PKCS#11 library in this process, and the only owner of its C_Initialize and C_Finalize. Both
// act on every user of the library at once, crypto11 included, so every user is a member here and is told.
type module struct {
	path   string
	driver cryptoki.Driver
	hung   atomic.Int64 // calls that were given up and haven't returned: C_Finalize under them is undefined
	aside  atomic.Int64 // calls inside without a token's lock, which take long by nature

	// generation counts C_Finalize. A session or object number of an earlier generation may name something
	// else now.
	generation atomic.Uint64

	turn     chan struct{} // a mutex that can be waited for with a context; guards what follows
	users    int
	members  map[member]struct{}
	signers  []*signer
	reloaded time.Time
}

// member is a user of a module that a reload takes the ground from under.
type member interface {
	suspend()      // refuse new calls, wait until none is inside the module, and stay so until resume
	resume()       // the module is initialised again: start over
	healthy() bool // whether a reload would harm somebody
}

// modules are those loaded in this process, by path.
var (
	modules   = map[string]*module{}
	modulesMu sync.Mutex
)

// Why a module isn't reloaded just now.
var (
	errHung    = errors.New("a call into the module has not returned, so it can't be reloaded; if this lasts, restart the service")
	errAside   = errors.New("a key pair is being made in the module, which can't be reloaded meanwhile")
	errTooSoon = errors.New("the module was reloaded a moment ago")
)

// The least time between two reloads. A healthy neighbour on the module loses its handles each time, and on SoftHSM
// each handle costs memory for good, so beside one they become rare once the first many didn't help.
const (
	reloadPause     = 2 * time.Second
	reloadPauseRare = 15 * time.Second
	manyReloads     = 30
)

// acquire loads the module at path and initialises it unless that has happened. Every acquire needs a release.
func acquire(ctx context.Context, path string) (*module, error) {
	m, err := loaded(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrModule, err)
	}
	if err := m.lock(ctx); err != nil {
		return nil, err
	}
	defer m.unlock()
	// The first user initialises the module, for crypto11 and every later one too.
	if m.users == 0 {
		if err := m.initialize(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrModule, err)
		}
	}
	m.users++
	return m, nil
}

// loaded returns the module at path, loading it once. It stays loaded: unloading a library with threads and
// static destructors of its own gains nothing.
func loaded(path string) (*module, error) {
	modulesMu.Lock()
	defer modulesMu.Unlock()
	if m := modules[path]; m != nil {
		return m, nil
	}
	// A file is one library to the loader, whatever its names, and what finalises it by one name does so by all.
	file, _ := os.Stat(path)
	for known, m := range modules {
		if other, err := os.Stat(known); err == nil && file != nil && os.SameFile(file, other) {
			modules[path] = m
			return m, nil
		}
	}
	driver, err := cryptoki.Load(path)
	if err != nil {
		return nil, err
	}
	m := &module{path: path, driver: driver, turn: make(chan struct{}, 1), members: map[member]struct{}{}}
	modules[path] = m
	return m, nil
}

// release undoes one acquire. The last one finalises the module, unless a call hangs in it.
func (m *module) release(ctx context.Context) error {
	if err := m.lock(ctx); err != nil {
		return err
	}
	defer m.unlock()
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
func (m *module) occupied() error {
	switch {
	case m.hung.Load() > 0:
		return errHung
	case m.aside.Load() > 0:
		return errAside
	}
	return nil
}

// lock takes the turn to open, recover or close something on the module. Calls to keys don't take it.
func (m *module) lock(ctx context.Context) error {
	select {
	case m.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the module: %w", context.Cause(ctx))
	}
}

// unlock passes the turn on.
func (m *module) unlock() { <-m.turn }

// initialize starts the library. Signers go first: crypto11 treats a library that is initialised already as
// an error, whereas we don't mind.
func (m *module) initialize() error {
	for _, s := range m.signers {
		if s.leaving || s.broken != nil {
			continue
		}
		if s.broken = s.configure(); s.broken != nil {
			// crypto11 finalises the library when it fails, whoever else uses it: start again without this one.
			if err := m.finalize(); err != nil {
				return err
			}
			return m.initialize()
		}
	}
	err := m.driver.Initialize()
	if cryptoki.Is(err, pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		return nil
	}
	return err
}

// finalize stops the library. Nobody may be inside it, and every member's lock must be held for writing, so that
// those who come later see by the generation that their sessions and objects are gone.
func (m *module) finalize() error {
	m.generation.Add(1)
	for _, s := range m.signers {
		s.unconfigure()
	}
	err := m.driver.Finalize()
	if cryptoki.Is(err, pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED) {
		return nil
	}
	return err
}

// reload finalises and initialises the library with nobody inside it. The turn must be held; by is the member that
// asks, and tries how often it has in vain. It is the last rung of recovery: for SoftHSM the only way back to a token
// whose directory was gone, and for a network device often the only way to a new connection.
func (m *module) reload(by member, tries int) error {
	pause := reloadPause
	for other := range m.members {
		if tries >= manyReloads && other != by && other.healthy() {
			pause = reloadPauseRare
		}
	}
	if time.Since(m.reloaded) < pause {
		return errTooSoon
	}
	return m.restart()
}

// restart is reload without its pause. It refuses while a call hangs: PKCS#11 leaves C_Finalize undefined under another
// thread's call, and SoftHSM crashes.
func (m *module) restart() error {
	for member := range m.members {
		member.suspend()
		defer member.resume()
	}
	if err := m.occupied(); err != nil {
		return err
	}
	m.reloaded = time.Now()
	for _, s := range m.signers {
		if !needsPerson(s.broken) {
			s.broken = nil
		}
	}
	if err := m.finalize(); err != nil {
		return err
	}
	return m.initialize()
}

// join adds a member; the turn must be held.
func (m *module) join(x member) { m.members[x] = struct{}{} }

// leave removes a member.
func (m *module) leave(ctx context.Context, x member) error {
	if err := m.lock(ctx); err != nil {
		return err
	}
	defer m.unlock()
	delete(m.members, x)
	return nil
}

// bounded does f with the module's turn held and gives up waiting for it when ctx ends. The module is released
// when f is over, and not before: it may hang inside.
func bounded[T any](ctx context.Context, path string, f func(*module) (T, error)) (result T, err error) {
	type outcome struct {
		result T
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		result, err := held(path, f)
		done <- outcome{result, err}
	}()
	select {
	case o := <-done:
		return o.result, o.err
	case <-ctx.Done():
		return result, unavailable(context.Cause(ctx))
	}
}

// held does f between acquire and release of the module, with its turn.
func held[T any](path string, f func(*module) (T, error)) (result T, err error) {
	m, err := acquire(context.Background(), path)
	if err != nil {
		return result, err
	}
	defer func() {
		if left := m.release(context.Background()); left != nil {
			err = errors.Join(err, left)
		}
	}()
	if err := m.lock(context.Background()); err != nil {
		return result, err
	}
	defer m.unlock()
	return f(m)
}
