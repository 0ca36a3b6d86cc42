package session

import (
	"context"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
)

// load loads keys until the login ends. Nobody's deadline is theirs: the key is for all who ask.
func (l *Login) load() {
	for k := l.handles.next(); k != nil; k = l.handles.next() {
		if err := l.loadOne(k); err != nil {
			l.handles.fail(k, err)
			if failure.OfDevice(err) {
				l.keeper.suspect(l)
			}
		}
		k.release()
	}
}

// loadOne brings one key onto the token, in a session that owns it from then on. That it can't be
// unwrapped counts if sessions that own no keys say so too.
func (l *Login) loadOne(k *handle) error {
	ctx := context.Background()
	_, by, err := l.loaders.run(ctx, nil, 0, l.examined(func(s cryptoki.Session) ([]byte, error) {
		if err := l.destroyDropped(s); err != nil {
			return nil, err
		}
		o, err := l.keeper.options.Bring(l, s, &k.Key)
		if err != nil {
			return nil, err
		}
		l.handles.settle(k, o, s)
		return nil, nil
	}))
	if !failure.Blames(err) {
		return err
	}
	_, err = l.ask(ctx, l.keys, nil, func(s cryptoki.Session) ([]byte, error) {
		o, err := l.keeper.options.Bring(l, s, &k.Key)
		if err != nil || k.Resident {
			return nil, err
		}
		return nil, l.Driver.DestroyObject(s, o)
	})
	if err == nil {
		by.condemned.Store(true) // it was wrong
		return failure.ErrContradicted
	}
	return err
}

// destroyDropped destroys the keys of a session that were dropped from the cache. It runs before
// each load, so that the device never holds many more objects than the cache's bound and those in
// use; SoftHSM's sessions slow down with every live object.
func (l *Login) destroyDropped(s cryptoki.Session) error {
	for _, o := range l.handles.takeDropped(s) {
		err := l.Driver.DestroyObject(s, o)
		if err != nil && failure.Judge(err) != failure.OnHandle {
			return err
		}
	}
	return nil
}
