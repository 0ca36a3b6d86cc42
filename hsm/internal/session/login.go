package session

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/module"
	"claviger/hsm/internal/object"
)

// What a login takes of the sessions that a device allows, beside those for the use of keys and
// those that load them.
const (
	// Reserved counts the anchor session, which keeps the login, and the one of the health check.
	Reserved = 2

	// Generators is how many key pairs are made at once in sessions of their own, if any are.
	Generators = 2
)

// Login is the life of one login: its sessions, its handles and the numbers of root,
// canary and authenticator.
// When any of that is lost the whole login ends and another begins, so that no number is ever used
// in the wrong one.
type Login struct {
	object.Device // whoever uses it holds the keeper's lock for reading, or the module's lock

	Root, Canary, Authenticator cryptoki.Object

	keeper     *Keeper
	generation uint64 // of the module
	slot       uint
	anchor     cryptoki.Session // does nothing: while it is open the login lasts
	keys       *pool            // sessions for the use of keys
	slow       *pool            // sessions in which key pairs are made that take seconds
	loaders    *pool            // sessions that own the cached keys, which die with them
	health     *pool            // the session of the health check: what is slow elsewhere isn't sick
	spare      atomic.Int32     // sessions that may be opened beside those that hang
	handles    *handles
	ended      chan struct{}
}

// establish begins a login: new sessions, login, root and canary, and every forbidden attempt. The
// module must be locked, and the last login must have ended.
func (k *Keeper) establish() (err error) {
	d, o := k.module.Driver, &k.options
	l := &Login{
		Device: object.Device{Driver: d, Dialect: o.Dialect}, keeper: k,
		generation: k.module.Generation(), ended: make(chan struct{}),
	}
	if l.slot, _, err = k.module.Find(o.Token); err != nil {
		return err
	}
	if l.anchor, err = d.OpenSession(l.slot); err != nil {
		return err
	}
	s, err := d.OpenSession(l.slot)
	if err == nil {
		err = o.Enter(l, s)
	}
	if err == nil {
		err = l.recognise(s)
	}
	if err != nil {
		d.CloseSession(s)
		d.CloseSession(l.anchor)
		return err
	}
	k.cachedMu.Lock()
	l.handles = newHandles(o.Handles, l.ended, k.cached)
	k.cached = l.handles
	k.cachedMu.Unlock()
	l.openPools(s)
	k.mu.Lock()
	k.login = l
	k.mu.Unlock()
	k.logins.Add(1)
	k.current.Store(l)
	return nil
}

// openPools begins the work of a login. s is the session in which it was begun.
func (l *Login) openPools(s cryptoki.Session) {
	o := &l.keeper.options
	l.spare.Store(o.Spare)
	l.keys = newPool(l, o.Sessions, o.Timeout)
	l.keys.line = newLine(o.Sessions, o.Observe)
	l.slow = newPool(l, Generators, o.Slow)
	l.slow.unlocked = true
	l.loaders = newPool(l, o.Loaders, o.Timeout)
	l.loaders.keeps = true
	for range o.Loaders {
		go l.load()
	}
	l.health = newPool(l, 1, o.Timeout)
	l.health.open.Store(1)
	go (&worker{pool: l.health, session: s}).serve(nil)
	l.keeper.workers.Add(1)
	go func() {
		defer l.keeper.workers.Add(-1)
		<-l.ended
		l.closeSession(l.anchor)
	}()
}

// First reports whether this is the first login since the token was opened.
func (l *Login) First() bool { return l.keeper.canarySealed == nil }

// LogIn logs the user in unless somebody in this process has. It is for Options.Enter. spare is
// that of [module.Login], for the first login.
func (l *Login) LogIn(pin func() ([]byte, error), spare bool) error {
	return module.Login(l.Driver, l.slot, l.anchor, pin, spare && l.First())
}

// mostTogether bounds the sessions of [Login.Together].
const mostTogether = 8

// Together returns what does work in s and in further sessions at once, each of which ends with its
// work. It is for Options.Enter: no pool has a session yet, and there may be as many as the pools
// will have. One that can't be opened is done without.
func (l *Login) Together(s cryptoki.Session) func(work func(cryptoki.Session)) {
	return func(work func(cryptoki.Session)) {
		var over sync.WaitGroup
		o := &l.keeper.options
		for range min(o.Sessions+o.Loaders, mostTogether) - 1 {
			over.Go(func() {
				other, err := l.Driver.OpenSession(l.slot)
				if err != nil {
					return
				}
				defer l.Driver.CloseSession(other)
				work(other)
			})
		}
		work(s)
		over.Wait()
	}
}

// canaryText is what the canary seals. The usual zero block is avoided: its encryption is GCM's
// hash key.
const canaryText = "claviger check"

// recognise makes sure that the token is the one it was. The first login sets what later ones are
// compared with. A token with the same label and serial number whose keys are others is not ours:
// SoftHSM keeps the serial number when a token is initialised again.
func (l *Login) recognise(s cryptoki.Session) (err error) {
	if !l.First() {
		return l.CheckCanary(s)
	}
	l.keeper.canarySealed, err = l.Encrypt(s, l.Canary, []byte(canaryText), nil)
	return err
}

// CheckCanary opens what the canary sealed when the token was opened. Sessions, random numbers and
// even searches go on answering OK on a token that is gone; this doesn't.
func (l *Login) CheckCanary(s cryptoki.Session) error {
	return l.opens(s, l.keeper.canarySealed)
}

// opens has the canary open what it sealed.
func (l *Login) opens(s cryptoki.Session, sealed []byte) error {
	text, err := l.Driver.Decrypt(s, l.Canary, l.Dialect.Encryption(nil), sealed)
	if err != nil {
		return err
	}
	if string(text) != canaryText {
		return errors.New("the canary is another key than it was")
	}
	return nil
}

// checkSession asks whether the token does in a session what most callers want: the canary opens
// what it sealed once, and what it seals now.
func (l *Login) checkSession(s cryptoki.Session) error {
	if err := l.CheckCanary(s); err != nil {
		return err
	}
	sealed, err := l.Encrypt(s, l.Canary, []byte(canaryText), nil)
	if err != nil {
		return err
	}
	return l.opens(s, sealed)
}

// checkHealth asks whether the token is alive, and the login good for everything.
func (l *Login) checkHealth(ctx context.Context) error {
	_, _, err := l.health.run(ctx, nil, 0, func(s cryptoki.Session) ([]byte, error) {
		if _, err := l.Driver.TokenInfo(l.slot); err != nil {
			return nil, err
		}
		if check := l.keeper.options.Check; check != nil {
			if err := check(l, s); err != nil {
				return nil, err
			}
		}
		return nil, l.checkSession(s)
	})
	return err
}

// end makes the login the last of its token until another is established: no call of it is inside
// the module afterwards, except those that were abandoned.
func (k *Keeper) end() {
	k.current.Store(nil)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.endLocked()
}

func (k *Keeper) endLocked() {
	if k.login != nil {
		close(k.login.ended)
		k.login = nil
	}
}
