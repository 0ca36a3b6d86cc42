package root

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/dialect"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/module"
	"claviger/hsm/internal/object"
	"claviger/internal/custody"
)

// Ceremony is the making of a root. It makes a root, its canary and its authenticator on a token
// that has none.
type Ceremony struct {
	Token  module.Selector
	PIN    func() ([]byte, error) // the user's
	SOPIN  func() ([]byte, error) // of the security officer, who marks the root trusted
	Create bool                   // initialise a free slot under the label if no token has it
}

// Perform performs the ceremony and returns the root's identifier. The module must be locked.
func (c Ceremony) Perform(m *module.Module) (string, error) {
	slot, info, err := m.Find(c.Token)
	if errors.Is(err, failure.ErrNoToken) && c.Create {
		if err := c.create(m); err != nil {
			return "", err
		}
		slot, info, err = m.Find(c.Token)
	}
	if errors.Is(err, failure.ErrNoToken) && !c.Create {
		slot, info, err = m.FindPatiently(c.Token)
	}
	if err != nil {
		return "", err
	}
	mechanisms, err := m.Driver.Mechanisms(slot)
	if err != nil {
		return "", err
	}
	d := dialect.Of(info.ManufacturerID).On(m.Driver, mechanisms)
	wrap, err := d.Wrapping(mechanisms)
	if err != nil {
		return "", err
	}
	s, err := m.Driver.OpenSession(slot)
	if err != nil {
		return "", err
	}
	defer m.Driver.CloseSession(s)
	p := performance{
		Ceremony: c, Device: &object.Device{Driver: m.Driver, Dialect: d},
		slot: slot, s: s, wrap: wrap, kinds: d.Supported(mechanisms),
	}
	return p.perform()
}

// create initialises a free slot as a new token and sets the user's PIN on it. The token has no
// user before: only the officer can give it one. Each PIN is read where it is used and wiped after
// it.
func (c Ceremony) create(m *module.Module) error {
	free, err := m.Free()
	if err != nil {
		return err
	}
	officer, err := c.SOPIN()
	if err != nil {
		return fmt.Errorf("reading the security officer's PIN: %w", err)
	}
	defer clear(officer)
	if err := m.Driver.InitToken(free, officer, c.Token.Label); err != nil {
		return err
	}
	slot, _, err := m.Find(c.Token) // the token may have moved to another slot by being initialised
	if err != nil {
		return err
	}
	s, err := m.Driver.OpenSession(slot)
	if err != nil {
		return err
	}
	defer m.Driver.CloseSession(s)
	if err := module.LoginAs(m.Driver, s, pkcs11.CKU_SO, c.SOPIN); err != nil {
		return err
	}
	pin, err := c.PIN()
	if err != nil {
		return fmt.Errorf("reading the PIN: %w", err)
	}
	defer clear(pin)
	return errors.Join(m.Driver.InitPIN(s, pin), m.Driver.Logout(s))
}

// performance is a ceremony on the token that it is performed on.
type performance struct {
	Ceremony
	*object.Device
	slot  uint
	s     cryptoki.Session
	wrap  dialect.Mechanism
	kinds []custody.Kind
}

// perform logs the user in first, although the officer makes the root: a wrong user's PIN is found
// out before anything exists, and only the user sees whether there is a root already.
func (p performance) perform() (string, error) {
	if err := module.Login(p.Driver, p.slot, p.s, p.PIN, false); err != nil {
		return "", err
	}
	if err := p.vacant(); err != nil {
		return "", err
	}
	id := make([]byte, idSize)
	rand.Read(id)
	makeRoot := p.byOfficer
	if !p.Dialect.Officer {
		makeRoot = p.byUser
	}
	root, err := makeRoot(id)
	if err != nil {
		return "", fmt.Errorf("making the root: %w", err)
	}
	if !p.Dialect.Officer {
		// its maker's own tool has to mark it trusted; Open checks it then
		return hex.EncodeToString(id), nil
	}
	err = Check(p.Device, p.s, root, p.wrap)
	if err == nil {
		alone := func(work func(cryptoki.Session)) { work(p.s) }
		err = Attack(p.Device, alone, root, p.wrap, p.kinds)
	}
	// A root that failed is destroyed, so that nobody puts it to use after all.
	if err != nil {
		return "", errors.Join(err, p.Driver.DestroyObject(p.s, root))
	}
	return hex.EncodeToString(id), nil
}

// vacant refuses a token with a root. Canaries and authenticators without one are left over from a
// ceremony that was cut short.
func (p performance) vacant() error {
	label := func(l string) []cryptoki.Attribute {
		return []cryptoki.Attribute{
			cryptoki.Bytes(pkcs11.CKA_LABEL, []byte(l)), cryptoki.Bool(pkcs11.CKA_TOKEN, true),
		}
	}
	roots, err := p.Driver.FindObjects(p.s, label(rootLabel))
	if err != nil {
		return err
	}
	if len(roots) > 0 {
		return failure.ErrExists
	}
	for _, l := range []string{canaryLabel, authenticatorLabel} {
		left, err := p.Driver.FindObjects(p.s, label(l))
		for _, o := range left {
			err = errors.Join(err, p.Driver.DestroyObject(p.s, o))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// makeCompany makes what every root has beside it, before the root itself: a ceremony that is cut
// short leaves no root.
func (p performance) makeCompany(root []byte) error {
	if err := p.makeCanary(root); err != nil {
		return err
	}
	return p.makeAuthenticator(root)
}

// byOfficer makes the root trusted. The public session object outlives the officer's
// logout, and the copy on the token comes last of all, after what the root has beside it.
//
// On SoftHSM an officer may make no private object, and can mark none as trusted that is there
// already, so that it has to be public at first. It is never public on the token: its value would
// lie in clear on the disk.
func (p performance) byOfficer(id []byte) (cryptoki.Object, error) {
	if err := p.Driver.Logout(p.s); err != nil {
		return 0, err
	}
	err := module.CheckOfficer(p.Driver, p.slot)
	if err == nil {
		err = module.LoginAs(p.Driver, p.s, pkcs11.CKU_SO, p.SOPIN)
	}
	if err != nil {
		return 0, fmt.Errorf("as security officer: %w", err)
	}
	generated, err := p.Driver.GenerateKey(p.s, pkcs11.CKM_AES_KEY_GEN,
		append(attributes(&p.Dialect, id, p.wrap),
			cryptoki.Bool(pkcs11.CKA_TOKEN, false), cryptoki.Bool(pkcs11.CKA_PRIVATE, false),
			cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, true),
			cryptoki.Bool(pkcs11.CKA_WRAP_WITH_TRUSTED, true),
			cryptoki.Bool(pkcs11.CKA_TRUSTED, true)))
	// Also after a failure: a login is that of all sessions which the process has on the token.
	if err := errors.Join(err, p.Driver.Logout(p.s)); err != nil {
		return 0, err
	}
	defer p.Driver.DestroyObject(p.s, generated)
	if err := module.Login(p.Driver, p.slot, p.s, p.PIN, false); err != nil {
		return 0, err
	}
	if err := p.makeCompany(id); err != nil {
		return 0, err
	}
	return p.Driver.CopyObject(p.s, generated, []cryptoki.Attribute{
		cryptoki.Bool(pkcs11.CKA_TOKEN, true), cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
		cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, false),
		cryptoki.Bool(pkcs11.CKA_MODIFIABLE, false), // last: what stands behind it is refused
	})
}

// byUser makes the root directly on a device whose officer can't mark it through PKCS#11. It stays
// modifiable, so that the maker's own tool can.
func (p performance) byUser(id []byte) (cryptoki.Object, error) {
	if err := p.makeCompany(id); err != nil {
		return 0, err
	}
	return p.Driver.GenerateKey(p.s, pkcs11.CKM_AES_KEY_GEN,
		append(attributes(&p.Dialect, id, p.wrap),
			cryptoki.Bool(pkcs11.CKA_TOKEN, true), cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
			cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, false)))
}

// makeCanary makes the key by which the health of the token is told. It encrypts and decrypts for
// nobody, and nothing is lost with it.
func (p performance) makeCanary(root []byte) error {
	a := dialect.Permit([]cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES),
		cryptoki.Bytes(pkcs11.CKA_LABEL, []byte(canaryLabel)),
		cryptoki.Bytes(pkcs11.CKA_ID, CanaryID(root)),
		cryptoki.Ulong(pkcs11.CKA_VALUE_LEN, 32),
		cryptoki.Bool(pkcs11.CKA_TOKEN, true), cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
		cryptoki.Bool(pkcs11.CKA_SENSITIVE, true), cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, false),
	}, dialect.UsageFlags, pkcs11.CKA_ENCRYPT, pkcs11.CKA_DECRYPT)
	if p.Dialect.Limits {
		a = append(a, cryptoki.Ulong(pkcs11.CKA_ALLOWED_MECHANISMS, p.Dialect.GCM),
			cryptoki.Bool(pkcs11.CKA_MODIFIABLE, false))
	}
	if _, err := p.Driver.GenerateKey(p.s, pkcs11.CKM_AES_KEY_GEN, a); err != nil {
		return fmt.Errorf("making the canary: %w", err)
	}
	return nil
}
