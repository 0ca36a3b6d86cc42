package hsm

import (
	"context"
	"errors"
	"fmt"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/custody"
)

// epoch is the life of one login: its sessions, its handles and the numbers of root and canary. When any of
// that is lost the whole epoch ends and another begins, so that no number is ever used in the wrong one.
type epoch struct {
	token      *Token
	generation uint64 // of the module
	slot       uint
	anchor     cryptoki.Session // does nothing: while it is open the login lasts
	resident
	pool    *lane // sessions for the use of keys
	slow    *lane // sessions in which key pairs are made that take seconds
	keeper  *lane // the one session that owns the cached keys, which die with their creator
	handles *handles
	ended   chan struct{}
}

// driver is the module's door. Whoever goes through it holds the token's lock for reading, or the module's turn.
func (e *epoch) driver() cryptoki.Driver { return e.token.module.driver }

// establish begins an epoch: new sessions, login, root and canary, and every forbidden attempt. The module's
// turn must be held, and the token's last epoch must have ended.
func (t *Token) establish() (err error) {
	d := t.module.driver
	e := &epoch{token: t, generation: t.module.generation.Load(), handles: newHandles(t.config.HandleCache), ended: make(chan struct{})}
	if e.slot, _, err = t.module.find(t.selected); err != nil {
		return err
	}
	if e.anchor, err = d.OpenSession(e.slot); err != nil {
		return err
	}
	owner, err := d.OpenSession(e.slot)
	if err == nil {
		err = t.holds.enter(e, owner)
	}
	if err != nil {
		d.CloseSession(owner)
		d.CloseSession(e.anchor)
		return err
	}
	e.pool = newLane(e, t.limit, t.config.Timeout)
	e.slow = newLane(e, generators, t.config.Generation)
	e.slow.aside = true
	e.keeper = newLane(e, 1, t.config.Timeout)
	e.keeper.owner = owner
	e.keeper.open.Store(1)
	go (&worker{lane: e.keeper, session: owner}).serve(nil)
	t.mu.Lock()
	t.epoch = e
	t.mu.Unlock()
	t.epochs.Add(1)
	t.current.Store(e)
	return nil
}

// recognise makes sure that the token is the one it was. The first epoch sets what later ones are compared with. A token
// with the same label and serial number whose keys are others is not ours: SoftHSM keeps the serial number when a token is
// initialised again.
func (e *epoch) recognise(s cryptoki.Session) (err error) {
	t := e.token
	if t.pulse == nil {
		t.resident = e.resident
		t.pulse, err = e.encrypt(s, e.canary, []byte(checkText), nil)
		return err
	}
	return e.beat(s)
}

// beat uses the canary: it opens what the canary sealed when the token was opened. Sessions, random numbers and
// even searches go on answering OK on a token that is gone; this doesn't.
func (e *epoch) beat(s cryptoki.Session) error {
	text, err := e.driver().Decrypt(s, e.canary, e.token.dialect.encryption(nil), e.token.pulse)
	if err == nil && string(text) != checkText {
		err = errors.New("the canary is another key than it was")
	}
	return err
}

// probe asks whether the token is alive and destroys keys that were dropped, in the session that owns them.
func (e *epoch) probe(ctx context.Context) error {
	_, err := e.keeper.run(ctx, nil, func(s cryptoki.Session) ([]byte, error) {
		if _, err := e.driver().TokenInfo(e.slot); err != nil {
			return nil, err
		}
		if err := e.beat(s); err != nil {
			return nil, err
		}
		return nil, e.bury(s)
	})
	return err
}

// bury destroys the keys that were dropped from the cache. It runs before each load, so that the device never holds
// more objects than the cache's bound and those in use; SoftHSM's sessions slow down with every live object.
func (e *epoch) bury(s cryptoki.Session) error {
	for _, o := range e.handles.reap() {
		if err := e.driver().DestroyObject(s, o); err != nil && judge(err) != onHandle {
			return err
		}
	}
	return nil
}

// load brings a material within reach, in the session that owns cached keys. The pool's sessions may use them and may come
// and go; a session object dies only with the session that made it.
func (e *epoch) load(ctx context.Context, ref custody.Ref, h *handle) error {
	m, err := ref.Load(ctx)
	if err != nil {
		return err
	}
	f, err := e.token.dialect.form(m.Kind)
	switch {
	case err != nil:
		return err
	case m.ID != ref.ID:
		return fmt.Errorf("hsm: material %q was loaded for %q", m.ID, ref.ID)
	}
	if err := e.token.holds.admit(e.token, m, f); err != nil {
		return err
	}
	h.kind, h.form, h.checkValue, h.spki, h.lasting = m.Kind, f, m.Check, m.Public, m.Mechanism == custody.Resident
	if h.public, err = parsePublic(f, m.Public); err != nil {
		return fmt.Errorf("hsm: material %s: %w", ref.ID, err)
	}
	var object cryptoki.Object
	_, err = e.keeper.run(ctx, nil, func(s cryptoki.Session) ([]byte, error) {
		if err := e.bury(s); err != nil {
			return nil, err
		}
		o, err := e.token.holds.fetch(e, s, m, f)
		object = o
		return nil, err
	})
	if err == nil {
		h.object = object
	}
	return err
}

// unwrap unwraps by the root.
func (e *epoch) unwrap(s cryptoki.Session, wrapped []byte, template []cryptoki.Attribute) (cryptoki.Object, error) {
	return e.driver().UnwrapKey(s, e.token.wrap.by(), e.root, wrapped, template)
}

// end makes the epoch the last of its token until another is established: no call of it is inside the module
// afterwards, except those that were abandoned.
func (t *Token) end() {
	t.current.Store(nil)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.endLocked()
}

func (t *Token) endLocked() {
	if t.epoch != nil {
		close(t.epoch.ended)
		t.epoch = nil
	}
}
