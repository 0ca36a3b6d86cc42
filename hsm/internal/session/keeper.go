// Package session keeps one token logged in, and hands calls to the sessions of that login.
//
// # Sessions
//
// A session has one owner at a time, a worker goroutine: two goroutines on one session crash the
// process inside some modules. A caller hands its work to a worker and waits for the result, its
// context or the timeout. A call that hangs in the module is abandoned together with its session.
//
// # Numbers
//
// The numbers of sessions and objects are good within one [Login], which is one generation of the
// module. They are used with the keeper's lock held for reading; a login ends with it held for
// writing. So no number is ever used in the wrong login, where it may name another key.
//
// # Recovery
//
// A [Keeper] watches its token by a health check: the canary, at intervals and whenever
// somebody asks. It recovers a token that fails, by a new session, a new login, and last
// a reload of the module.
package session

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/dialect"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/module"
	"claviger/hsm/internal/object"
	"claviger/internal/custody"
)

// Options say what is kept logged in, and how. All of them are needed but Observe.
type Options struct {
	Token    module.Selector // by serial number, if it has one: labels may come to be shared
	Serial   string
	Dialect  dialect.Dialect
	Sessions int32         // for the use of keys
	Loaders  int32         // sessions that load keys, and own them
	Spare    int32         // sessions that may be open beside those that hang
	Handles  int           // unwrapped keys in the cache
	Timeout  time.Duration // of a call, waiting for a session included
	Slow     time.Duration // the same of making a key pair that takes seconds

	// RareReloads makes reloads of the module rare from the first. They cost
	// another token its handles.
	RareReloads bool

	// Enter logs in, finds what is ours on the token, and gives the login its Canary, and where
	// there is a root that and its Authenticator.
	Enter func(*Login, cryptoki.Session) error

	// Prepare fills in what is known of a key but for its object, from its material. It may take a
	// session. Where the token is logged in to anew, what it said is believed again.
	Prepare func(context.Context, custody.Ref, *object.Key) error

	// Bring brings a prepared key within reach, in a session that owns it from then on.
	Bring func(*Login, cryptoki.Session, *object.Key) (cryptoki.Object, error)

	// Check says whether the other numbers of a login still name what they should. Nil: it has none.
	Check func(*Login, cryptoki.Session) error

	// CheckUnwrap says whether the token unwraps, in a session, what it wrapped. Nil: it never does.
	CheckUnwrap func(*Login, cryptoki.Session) error

	Observe Observer
	Log     *slog.Logger
}

// Observer is told whether a material's handle was in the cache, and of calls that were sent away
// because they would have waited for a session too long.
type Observer interface {
	Handle(hit bool)
	Shed()
}

// Keeper keeps a token logged in until it is closed. Its methods are safe for concurrent use.
type Keeper struct {
	options Options
	module  *module.Module

	// canarySealed is what the canary sealed when the token was opened, to know the token again.
	canarySealed []byte

	// mu is held for reading by whoever is inside the module for this token, and for writing to end
	// a login.
	mu    sync.RWMutex
	login *Login
	gone  bool // Close is over: nobody may enter the module any more

	// cached are the handles of the last login, current or not: the next one begins with them.
	cachedMu sync.Mutex
	cached   *handles

	current atomic.Pointer[Login] // login, read without a lock; nil while there is none
	down    atomic.Pointer[reason]
	logins  atomic.Uint64
	workers atomic.Int32 // of all logins, and sessions that are in use after theirs has left them

	reloads int // in vain, since the token was last well; the watch's own

	checkMu sync.Mutex
	check   *healthCheck // wanted and not begun
	wake    chan struct{}
	stop    chan struct{}
	over    chan struct{} // the watch has ended
	once    sync.Once
}

// reason is why a token can't be used.
type reason struct{ err error }

var errClosed = errors.New("the token is closed")

// Start logs in for the first time and watches the token until Close, which releases the module.
// The module must be locked.
func Start(m *module.Module, o Options) (*Keeper, error) {
	k := &Keeper{
		options: o, module: m, cached: newHandles(o.Handles, nil, nil),
		wake: make(chan struct{}, 1), stop: make(chan struct{}), over: make(chan struct{}),
	}
	if err := k.establish(); err != nil {
		return nil, err
	}
	m.Join(k)
	go k.watch()
	return k, nil
}

// Close ends all use of the token and leaves the module, which is finalised when nobody else uses
// it. It waits for calls in flight, but no longer than the timeout for one that hangs.
func (k *Keeper) Close() error {
	var err error
	k.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*k.options.Timeout)
		defer cancel()
		k.down.Store(&reason{errClosed})
		close(k.stop)
		select {
		case <-k.over:
		case <-ctx.Done():
		}
		k.end()
		// Nobody may be inside when the module is finalised, and a device counts the sessions that
		// are left open.
		for k.workers.Load() > 0 && ctx.Err() == nil {
			time.Sleep(time.Millisecond) // they close their sessions
		}
		err = k.module.Leave(ctx, k)
		k.mu.Lock()
		defer k.mu.Unlock()
		k.gone = true
		err = errors.Join(err, k.module.Release(ctx))
	})
	return err
}

// Serial returns the token's serial number.
func (k *Keeper) Serial() string { return k.options.Serial }

// Forget drops the cached handle of a material, so that the next use has to load it again. A use in
// progress ends undisturbed.
func (k *Keeper) Forget(id string) {
	k.cachedMu.Lock()
	defer k.cachedMu.Unlock()
	k.cached.forgetID(id)
}

// Prove says what the proof of a key is that was cached when it was new and had none. With it the
// key can be compared when it is loaded again.
func (k *Keeper) Prove(id string, proof []byte) {
	k.cachedMu.Lock()
	defer k.cachedMu.Unlock()
	k.cached.prove(id, proof)
}

// Ready returns nil while the token can be used, and custody.ErrUnavailable with the reason while
// it can't. A renewal that is going well is no reason: calls wait for it.
func (k *Keeper) Ready() error {
	if r := k.down.Load(); r != nil {
		return failure.Unavailable(r.err)
	}
	return nil
}

// Stats are a token's counters at one moment.
type Stats struct {
	SessionsInUse, SessionsOpen, SessionsMax int
	Waiting                                  int    // calls that wait for a session
	Handles                                  int    // unwrapped keys in the cache
	Generation                               uint64 // grows by one with each reload of the module
	Renewals                                 uint64 // logins in new sessions after the first
	Hung                                     int    // calls given up that are still inside
}

// Stats returns the token's counters.
func (k *Keeper) Stats() Stats {
	s := Stats{
		SessionsMax: int(k.options.Sessions+k.options.Loaders) + Generators + Reserved,
		Generation:  k.module.Generation(),
		Renewals:    k.logins.Load() - 1,
		Hung:        int(k.module.Hung.Load()),
	}
	if l := k.current.Load(); l != nil {
		for _, p := range []*pool{l.keys, l.slow, l.loaders} {
			s.SessionsInUse += int(p.busy.Load())
			s.SessionsOpen += int(p.open.Load())
		}
		s.SessionsOpen += Reserved
		s.Handles = l.handles.size()
		s.Waiting = l.keys.line.waiting()
	}
	return s
}
