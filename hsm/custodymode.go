package hsm

import (
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/dialect"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/module"
	"claviger/hsm/internal/root"
	"claviger/hsm/internal/session"
	"claviger/internal/custody"
)

// custodyMode is what rests on a token of ours: a root, by which keys are wrapped that rest
// elsewhere, or the keys themselves.
type custodyMode interface {
	// locate finds the token before it is opened. The module is locked.
	locate(m *module.Module, by module.Selector) (slot uint, info pkcs11.TokenInfo, err error)

	// suits refuses a token that lacks a mechanism.
	suits(t *Token, mechanisms []uint) error

	// enter logs in, in a session of the new login, and finds what is ours.
	enter(t *Token, l *session.Login, s cryptoki.Session) error

	// admit checks a material that was loaded before it meets the token.
	admit(t *Token, m custody.Material, k dialect.KeyTemplate) error

	// check makes sure, at each health check, that what enter found is still there.
	check(t *Token, l *session.Login, s cryptoki.Session) error
}

// wrapped is the mode of a token with a root. It is the service's own, and
// nothing works without it.
type wrapped struct{}

// residentBesideRoot is the one kind of key that may rest on a token with a root, since devices
// make such keys and can't wrap them.
const residentBesideRoot = custody.Ed25519Sign

func (wrapped) locate(m *module.Module, by module.Selector) (uint, pkcs11.TokenInfo, error) {
	return m.FindPatiently(by)
}

// suits also refuses a token that can't make and use the keys that are configured to rest on it.
func (wrapped) suits(t *Token, mechanisms []uint) (err error) {
	t.wrap, err = t.dialect.Wrapping(mechanisms)
	if err != nil {
		return err
	}
	if t.Resident(residentBesideRoot) && !dialect.Makes(residentBesideRoot, mechanisms) {
		return fmt.Errorf("%w: those of keys of kind %s, which are to rest on it",
			ErrMechanism, residentBesideRoot)
	}
	return nil
}

// enter also makes sure that this is the root it was, and a safe one.
func (wrapped) enter(t *Token, l *session.Login, s cryptoki.Session) error {
	if err := l.LogIn(t.config.PIN, t.config.SparePIN); err != nil {
		return err
	}
	found, err := root.Find(&l.Device, s)
	if err != nil {
		return err
	}
	if !l.First() && t.root != found.ID {
		return fmt.Errorf("%w: root %s was replaced by %s", ErrNoRoot, t.root, found.ID)
	}
	if err := root.Check(&l.Device, s, found.Root, t.wrap); err != nil {
		return err
	}
	err = root.Attack(&l.Device, l.Together(s), found.Root, t.wrap, t.facts.Kinds)
	if err != nil {
		return err
	}
	if l.First() {
		t.root = found.ID
		if err := t.makeSample(l, s, found.Root); err != nil {
			return err
		}
	}
	l.Root, l.Canary, l.Authenticator = found.Root, found.Canary, found.Authenticator
	return t.sameAuthenticator(l, s)
}

// makeSample makes what [Token.checkUnwrap] unwraps.
func (t *Token) makeSample(l *session.Login, s cryptoki.Session, by cryptoki.Object) error {
	template, err := l.Dialect.KeyTemplate(custody.AES256)
	if err != nil {
		return err
	}
	t.sample, _, err = l.GenerateWrapped(s, template, t.wrap, by)
	return err
}

func (wrapped) admit(t *Token, m custody.Material, k dialect.KeyTemplate) error {
	switch {
	case m.Mechanism == custody.Resident:
		return admitResident(m, residentBesideRoot)
	case m.Root != t.root:
		return fmt.Errorf("hsm: material %s is wrapped by root %s, and this token holds root %s",
			m.ID, m.Root, t.root)
	case m.Mechanism != t.wrap.Name:
		return fmt.Errorf("hsm: material %s is wrapped by %s, and this token has %s",
			m.ID, m.Mechanism, t.wrap.Name)
	case !k.Fits(len(m.Wrapped)):
		return fmt.Errorf("hsm: material %s of kind %s has %d wrapped bytes",
			m.ID, m.Kind, len(m.Wrapped))
	}
	return nil
}

func (wrapped) check(t *Token, l *session.Login, s cryptoki.Session) error {
	if _, err := l.Driver.Attributes(s, l.Root, pkcs11.CKA_ID); err != nil {
		return err
	}
	return t.sameAuthenticator(l, s)
}

// resident is the mode of a token with resident keys and no root: a custom key store's.
type resident struct{}

// residentAlone is the one kind of key that rests on such a token.
const residentAlone = custody.AES256

// locate looks once more after a reload where one is due: the module may be in use for long by
// others, and SoftHSM shows only the tokens that were there when it was initialised. A token that
// is missing costs them no more than that.
func (resident) locate(m *module.Module, by module.Selector) (uint, pkcs11.TokenInfo, error) {
	slot, info, err := m.Find(by)
	if errors.Is(err, ErrNoToken) && m.Reload(nil, module.ManyReloads) == nil {
		slot, info, err = m.Find(by)
	}
	if err != nil {
		return 0, info, err
	}
	for other := range m.Members() {
		if k, is := other.(*session.Keeper); is && k.Serial() == info.SerialNumber {
			return 0, info, ErrTaken
		}
	}
	return slot, info, nil
}

func (resident) suits(t *Token, mechanisms []uint) error { return t.dialect.Encrypting(mechanisms) }

// enter logs in. The first time it insists that nobody is logged in already: a process has one
// login for each token, and under another's any PIN would be taken for right.
func (resident) enter(t *Token, l *session.Login, s cryptoki.Session) (err error) {
	if l.First() {
		state, err := l.Driver.SessionState(s)
		if err != nil || state == pkcs11.CKS_RW_USER_FUNCTIONS {
			return errors.Join(ErrTaken, err)
		}
	}
	if err := l.LogIn(t.config.PIN, t.config.SparePIN); err != nil {
		return err
	}
	l.Canary, err = l.FindOne(s, pkcs11.CKK_AES, cryptoki.Bytes(pkcs11.CKA_LABEL, []byte(vaultCanary)))
	if errors.Is(err, failure.ErrAbsent) && l.First() {
		l.Canary, err = makeVaultCanary(l, s)
	}
	return err
}

const vaultCanary = "claviger vault canary"

func makeVaultCanary(l *session.Login, s cryptoki.Session) (cryptoki.Object, error) {
	template, err := l.Dialect.KeyTemplate(custody.AES256)
	if err != nil {
		return 0, err
	}
	o, _, err := l.GenerateResident(s, template, vaultCanary, root.CanaryID([]byte(vaultCanary)))
	return o, err
}

func (resident) admit(_ *Token, m custody.Material, _ dialect.KeyTemplate) error {
	return admitResident(m, residentAlone)
}

func (resident) check(*Token, *session.Login, cryptoki.Session) error { return nil }

// admitResident doesn't compare the serial number of the token where the key was made: a
// device restored from a backup has the same keys under another. The check value tells
// whether it is the key.
func admitResident(m custody.Material, of custody.Kind) error {
	if m.Mechanism != custody.Resident || m.Kind != of || len(m.Wrapped) != residentIDSize {
		return fmt.Errorf("hsm: material %s is not a key that rests on a token", m.ID)
	}
	return nil
}
