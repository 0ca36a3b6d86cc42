package hsm

import (
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/custody"
)

// holding is what a token holds for us: a root, by which keys are wrapped that rest elsewhere, or the keys themselves.
type holding interface {
	locate(t *Token) (slot uint, info pkcs11.TokenInfo, err error)                           // the token, before it is opened
	suits(t *Token, mechanisms []uint) error                                                 // refuses a token that lacks what is needed
	enter(e *epoch, s cryptoki.Session) error                                                // logs in and finds what is ours
	admit(t *Token, m custody.Material, f form) error                                        // checks what is loaded before it meets the token
	fetch(e *epoch, s cryptoki.Session, m custody.Material, f form) (cryptoki.Object, error) // brings it within reach
	rests() custody.Kind                                                                     // the one kind of key that may rest on it
	tries(inVain int) int                                                                    // how often a reload was tried, as the module counts it
}

// rooted is a token with a root. It is the service's own, and nothing works without it.
type rooted struct{}

func (rooted) locate(t *Token) (uint, pkcs11.TokenInfo, error) {
	return t.module.findPatiently(t.config)
}

// suits also refuses a token that can't make and use the keys that are configured to rest on it.
func (h rooted) suits(t *Token, mechanisms []uint) (err error) {
	t.wrap, err = t.dialect.wrapping(mechanisms)
	if err == nil && t.Resident(h.rests()) && forms[h.rests()].lacks(mechanisms) {
		err = fmt.Errorf("%w: those of keys of kind %s, which are to rest on it", ErrMechanism, h.rests())
	}
	return err
}

// enter also makes sure that this is the root it was, and a safe one.
func (rooted) enter(e *epoch, s cryptoki.Session) (err error) {
	t, d := e.token, e.driver()
	if err = login(d, e.slot, e.anchor, t.config.PIN); err != nil {
		return err
	}
	if e.resident, err = findResident(d, s); err != nil {
		return err
	}
	if t.resident.id != "" && t.resident.id != e.resident.id {
		return fmt.Errorf("%w: root %s was replaced by %s", ErrNoRoot, t.resident.id, e.resident.id)
	}
	if err = t.dialect.checkRoot(d, s, e.root, t.wrap); err != nil {
		return err
	}
	if err = t.dialect.attack(d, s, e.root, t.wrap, t.facts.Kinds); err != nil {
		return err
	}
	return e.recognise(s)
}

func (h rooted) admit(t *Token, m custody.Material, f form) error {
	switch {
	case m.Mechanism == custody.Resident:
		return admitResident(m, h.rests())
	case m.Root != t.resident.id:
		return fmt.Errorf("hsm: material %s is wrapped by root %s, and this token holds root %s", m.ID, m.Root, t.resident.id)
	case m.Mechanism != t.wrap.name:
		return fmt.Errorf("hsm: material %s is wrapped by %s, and this token has %s", m.ID, m.Mechanism, t.wrap.name)
	case !f.fits(len(m.Wrapped)):
		return fmt.Errorf("hsm: material %s of kind %s has %d wrapped bytes", m.ID, m.Kind, len(m.Wrapped))
	}
	return nil
}

func (rooted) fetch(e *epoch, s cryptoki.Session, m custody.Material, f form) (cryptoki.Object, error) {
	if m.Mechanism == custody.Resident {
		return e.findResident(s, f, m.Wrapped)
	}
	return e.unwrap(s, m.Wrapped, e.token.dialect.working(f))
}

func (rooted) rests() custody.Kind  { return custody.Ed25519Sign }
func (rooted) tries(inVain int) int { return inVain }

// stocked is a token with resident keys: a custom key store's.
type stocked struct{}

// locate looks once more after a reload where one is due: the module may be in use for long by others, and SoftHSM shows
// only the tokens that were there when it was initialised. A token that is missing costs them no more than that.
func (stocked) locate(t *Token) (uint, pkcs11.TokenInfo, error) {
	slot, info, err := t.module.find(t.config)
	if errors.Is(err, ErrNoToken) && t.module.reload(nil, manyReloads) == nil {
		slot, info, err = t.module.find(t.config)
	}
	for other := range t.module.members {
		if o, is := other.(*Token); is && err == nil && o.info.SerialNumber == info.SerialNumber {
			return 0, info, ErrTaken
		}
	}
	return slot, info, err
}

func (stocked) suits(t *Token, mechanisms []uint) error { return t.dialect.encrypting(mechanisms) }

// enter logs in. The first time it insists that nobody is logged in already: a process has one login for each token, and
// under another's any PIN would be taken for right.
func (stocked) enter(e *epoch, s cryptoki.Session) (err error) {
	t, d := e.token, e.driver()
	if t.pulse == nil {
		if state, err := d.SessionState(s); err != nil || state == pkcs11.CKS_RW_USER_FUNCTIONS {
			return errors.Join(ErrTaken, err)
		}
	}
	if err = login(d, e.slot, e.anchor, t.config.PIN); err != nil {
		return err
	}
	byLabel := cryptoki.Bytes(pkcs11.CKA_LABEL, []byte(vaultCanary))
	e.canary, err = findOne(d, s, byLabel)
	if errors.Is(err, errAbsent) && t.pulse == nil {
		e.canary, err = e.makeCanary(s)
	}
	if err != nil {
		return err
	}
	return e.recognise(s)
}

func (h stocked) admit(_ *Token, m custody.Material, _ form) error {
	return admitResident(m, h.rests())
}

func (e *epoch) makeCanary(s cryptoki.Session) (cryptoki.Object, error) {
	f, err := e.token.dialect.form(custody.AES256)
	if err != nil {
		return 0, err
	}
	o, _, err := e.makeResident(s, f, vaultCanary, canaryID([]byte(vaultCanary)))
	return o, err
}

// admitResident doesn't compare the serial number of the token where the key was made: a device restored from a backup has
// the same keys under another. The check value tells whether it is the key.
func admitResident(m custody.Material, of custody.Kind) error {
	if m.Mechanism != custody.Resident || m.Kind != of || len(m.Wrapped) != residentIDSize {
		return fmt.Errorf("hsm: material %s is not a key that rests on a token", m.ID)
	}
	return nil
}

func (stocked) fetch(e *epoch, s cryptoki.Session, m custody.Material, f form) (cryptoki.Object, error) {
	return e.findResident(s, f, m.Wrapped)
}

func (stocked) rests() custody.Kind { return custody.AES256 }

// tries makes reloads rare from the first: they cost the service's own token its handles, if it is on the same module.
func (stocked) tries(int) int { return manyReloads }
