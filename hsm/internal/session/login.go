package session

import (
	"context"
	"errors"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/module"
	"claviger/hsm/internal/object"
)

// What a login takes of the sessions that a device allows, beside those for the use of keys.
const (
	// Reserved counts the anchor session, which keeps the login, and the owner session, which keeps
	// the handles.
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
	owner      *pool            // the one session that owns the cached keys, which die with it
	handles    *handles
	ended      chan struct{}
}

// establish begins a login: new sessions, login, root and canary, and every forbidden attempt. The
// module must be locked, and the last login must have ended.
func (k *Keeper) establish() (err error) {
	d, o := k.module.Driver, &k.options
	l := &Login{
		Device: object.Device{Driver: d, Dialect: o.Dialect}, keeper: k,
		generation: k.module.Generation(), handles: newHandles(o.Handles),
		ended: make(chan struct{}),
	}
	if l.slot, _, err = k.module.Find(o.Token); err != nil {
		return err
	}
	if l.anchor, err = d.OpenSession(l.slot); err != nil {
		return err
	}
	owner, err := d.OpenSession(l.slot)
	if err == nil {
		err = o.Enter(l, owner)
	}
	if err == nil {
		err = l.recognise(owner)
	}
	if err != nil {
		d.CloseSession(owner)
		d.CloseSession(l.anchor)
		return err
	}
	l.keys = newPool(l, o.Sessions, o.Timeout)
	l.slow = newPool(l, Generators, o.Slow)
	l.slow.unlocked = true
	l.owner = newPool(l, 1, o.Timeout)
	l.owner.only = owner
	l.owner.open.Store(1)
	go (&worker{pool: l.owner, session: owner}).serve(nil)
	k.mu.Lock()
	k.login = l
	k.mu.Unlock()
	k.logins.Add(1)
	k.current.Store(l)
	return nil
}

// First reports whether this is the first login since the token was opened.
func (l *Login) First() bool { return l.keeper.canarySealed == nil }

// LogIn logs the user in unless somebody in this process has. It is for Options.Enter. spare is
// that of [module.Login], for the first login.
func (l *Login) LogIn(pin func() ([]byte, error), spare bool) error {
	return module.Login(l.Driver, l.slot, l.anchor, pin, spare && l.First())
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
	text, err := l.Driver.Decrypt(s, l.Canary, l.Dialect.Encryption(nil), l.keeper.canarySealed)
	if err != nil {
		return err
	}
	if string(text) != canaryText {
		return errors.New("the canary is another key than it was")
	}
	return nil
}

// checkHealth asks whether the token is alive and destroys keys that were dropped, in the session
// that owns them.
func (l *Login) checkHealth(ctx context.Context) error {
	_, err := l.owner.run(ctx, nil, func(s cryptoki.Session) ([]byte, error) {
		if _, err := l.Driver.TokenInfo(l.slot); err != nil {
			return nil, err
		}
		if err := l.CheckCanary(s); err != nil {
			return nil, err
		}
		return nil, l.destroyDropped(s)
	})
	return err
}

// destroyDropped destroys the keys that were dropped from the cache. It runs before each load, so
// that the device never holds more objects than the cache's bound and those in use; SoftHSM's
// sessions slow down with every live object.
func (l *Login) destroyDropped(s cryptoki.Session) error {
	for _, o := range l.handles.takeDropped() {
		err := l.Driver.DestroyObject(s, o)
		if err != nil && failure.Judge(err) != failure.OnHandle {
			return err
		}
	}
	return nil
}

// Own has f make or find the object of a cached key in the session that owns them all. The others
// may use it and may come and go; a session object dies only with the session that made it.
func (l *Login) Own(ctx context.Context, f func(cryptoki.Session) (cryptoki.Object, error),
) (cryptoki.Object, error) {
	var owned cryptoki.Object // read only if run succeeds: when it gives up, f may still be running
	_, err := l.owner.run(ctx, nil, func(s cryptoki.Session) ([]byte, error) {
		if err := l.destroyDropped(s); err != nil {
			return nil, err
		}
		found, err := f(s)
		owned = found
		return nil, err
	})
	if err != nil {
		return 0, err
	}
	return owned, nil
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
