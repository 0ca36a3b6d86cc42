package hsm

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/custody"
)

// Ceremony is the making of a root.
type Ceremony struct {
	Config                        // the token that is to hold it, and the user's PIN
	SOPIN  func() ([]byte, error) // of the security officer, who marks the root trusted; read when needed, wiped after
	Create bool                   // initialise a free slot under TokenLabel if no token has that label, with both PINs
}

// Initialize makes a root and a canary on a token that has none and returns the root's identifier. The root is born
// as a session object of the security officer, the only user who can mark a key trusted, and copied to the token
// by the user once the officer is logged out. As a public token object its value would lie in the clear on
// SoftHSM's disk. Before Initialize returns, every forbidden thing was tried on the new root.
//
// A token that holds a root already is refused with [ErrExists].
func Initialize(ctx context.Context, c Ceremony) (root string, err error) {
	if c.Config, err = c.settled(); err != nil {
		return "", err
	}
	if c.SOPIN == nil || c.Create && c.TokenLabel == "" {
		return "", errors.New("hsm: a security officer's PIN is needed, and a label to create a token")
	}
	return bounded(ctx, c.Module, c.perform)
}

// perform is the ceremony itself. The module's turn must be held.
func (c Ceremony) perform(m *module) (string, error) {
	slot, info, err := m.find(c.Config)
	if errors.Is(err, ErrNoToken) && c.Create {
		err = c.create(m)
		if err == nil {
			slot, info, err = m.find(c.Config)
		}
	}
	if errors.Is(err, ErrNoToken) && !c.Create {
		slot, info, err = m.findPatiently(c.Config)
	}
	if err != nil {
		return "", err
	}
	d := dialectOf(info.ManufacturerID)
	mechanisms, err := m.driver.Mechanisms(slot)
	if err != nil {
		return "", err
	}
	d = d.on(m.driver, mechanisms)
	wrap, err := d.wrapping(mechanisms)
	if err != nil {
		return "", err
	}
	s, err := m.driver.OpenSession(slot)
	if err != nil {
		return "", err
	}
	defer m.driver.CloseSession(s)
	r := rite{c, d, m.driver, slot, s, wrap, d.supported(mechanisms)}
	return r.perform()
}

// create initialises a free slot as a new token and sets the user's PIN on it.
func (c Ceremony) create(m *module) error {
	free, err := m.free()
	if err != nil {
		return err
	}
	officer, err := c.SOPIN()
	if err != nil {
		return fmt.Errorf("reading the security officer's PIN: %w", err)
	}
	defer clear(officer)
	if err := m.driver.InitToken(free, officer, c.TokenLabel); err != nil {
		return err
	}
	slot, _, err := m.find(c.Config) // the token may have moved to another slot by being initialised
	if err != nil {
		return err
	}
	s, err := m.driver.OpenSession(slot)
	if err != nil {
		return err
	}
	defer m.driver.CloseSession(s)
	if err := loginAs(m.driver, s, pkcs11.CKU_SO, c.SOPIN); err != nil {
		return err
	}
	pin, err := c.PIN()
	if err != nil {
		return fmt.Errorf("reading the PIN: %w", err)
	}
	defer clear(pin)
	return errors.Join(m.driver.InitPIN(s, pin), m.driver.Logout(s))
}

// free returns a slot that may be initialised without destroying anything: one whose token isn't initialised.
func (m *module) free() (uint, error) {
	slots, err := m.driver.Slots()
	if err != nil {
		return 0, err
	}
	for _, slot := range slots {
		info, err := m.driver.TokenInfo(slot)
		if err == nil && !has(info, pkcs11.CKF_TOKEN_INITIALIZED) {
			return slot, nil
		}
	}
	return 0, fmt.Errorf("%w: and there is no free slot to make one", ErrNoToken)
}

// rite is a ceremony on the token it is performed on.
type rite struct {
	Ceremony
	dialect
	driver cryptoki.Driver
	slot   uint
	s      cryptoki.Session
	wrap   mechanism
	kinds  []custody.Kind
}

// perform logs the user in first, although the officer makes the root: a wrong user's PIN is found out before anything
// exists, and only the user sees whether there is a root already.
func (r rite) perform() (string, error) {
	if err := login(r.driver, r.slot, r.s, r.PIN); err != nil {
		return "", err
	}
	if err := r.vacant(); err != nil {
		return "", err
	}
	id := make([]byte, rootIDSize)
	rand.Read(id)
	makeRoot := r.byOfficer
	if !r.officer {
		makeRoot = r.byUser
	}
	root, err := makeRoot(id)
	if err != nil {
		return "", fmt.Errorf("making the root: %w", err)
	}
	if !r.officer {
		return hex.EncodeToString(id), nil // its maker's own tool has to mark it trusted; Open checks it then
	}
	err = r.checkRoot(r.driver, r.s, root, r.wrap)
	if err == nil {
		err = r.attack(r.driver, r.s, root, r.wrap, r.kinds)
	}
	// A root that failed is destroyed, so that nobody puts it to use after all.
	if err != nil {
		return "", errors.Join(err, r.driver.DestroyObject(r.s, root))
	}
	return hex.EncodeToString(id), nil
}

// vacant refuses a token with a root. Canaries without one are left over from a ceremony that was cut short.
func (r rite) vacant() error {
	label := func(l string) []cryptoki.Attribute {
		return []cryptoki.Attribute{cryptoki.Bytes(pkcs11.CKA_LABEL, []byte(l)), cryptoki.Bool(pkcs11.CKA_TOKEN, true)}
	}
	roots, err := r.driver.FindObjects(r.s, label(rootLabel))
	if err != nil {
		return err
	}
	if len(roots) > 0 {
		return ErrExists
	}
	canaries, err := r.driver.FindObjects(r.s, label(canaryLabel))
	for _, o := range canaries {
		err = errors.Join(err, r.driver.DestroyObject(r.s, o))
	}
	return err
}

// byOfficer makes the root trusted. The public session object outlives the officer's logout, and the copy on the
// token comes last of all, after the canary: a ceremony that is cut short leaves no root.
func (r rite) byOfficer(id []byte) (cryptoki.Object, error) {
	if err := r.driver.Logout(r.s); err != nil {
		return 0, err
	}
	if err := loginAs(r.driver, r.s, pkcs11.CKU_SO, r.SOPIN); err != nil {
		return 0, fmt.Errorf("as security officer: %w", err)
	}
	born, err := r.driver.GenerateKey(r.s, pkcs11.CKM_AES_KEY_GEN, append(r.rootTemplate(id, r.wrap),
		cryptoki.Bool(pkcs11.CKA_TOKEN, false), cryptoki.Bool(pkcs11.CKA_PRIVATE, false),
		cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, true), cryptoki.Bool(pkcs11.CKA_WRAP_WITH_TRUSTED, true),
		cryptoki.Bool(pkcs11.CKA_TRUSTED, true)))
	if err := errors.Join(err, r.driver.Logout(r.s)); err != nil {
		return 0, err
	}
	defer r.driver.DestroyObject(r.s, born)
	if err := login(r.driver, r.slot, r.s, r.PIN); err != nil {
		return 0, err
	}
	if err := r.makeCanary(id); err != nil {
		return 0, err
	}
	return r.driver.CopyObject(r.s, born, []cryptoki.Attribute{
		cryptoki.Bool(pkcs11.CKA_TOKEN, true), cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
		cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, false),
		cryptoki.Bool(pkcs11.CKA_MODIFIABLE, false), // last: what stands behind it is refused
	})
}

// byUser makes the root directly on a device whose officer can't mark it through PKCS#11. It stays modifiable, so
// that the maker's own tool can.
func (r rite) byUser(id []byte) (cryptoki.Object, error) {
	if err := r.makeCanary(id); err != nil {
		return 0, err
	}
	return r.driver.GenerateKey(r.s, pkcs11.CKM_AES_KEY_GEN, append(r.rootTemplate(id, r.wrap),
		cryptoki.Bool(pkcs11.CKA_TOKEN, true), cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
		cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, false)))
}

// makeCanary makes the key by which the health of the token is told. It encrypts and decrypts for nobody, and nothing is
// lost with it.
func (r rite) makeCanary(root []byte) error {
	t := permit([]cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES),
		cryptoki.Bytes(pkcs11.CKA_LABEL, []byte(canaryLabel)),
		cryptoki.Bytes(pkcs11.CKA_ID, canaryID(root)),
		cryptoki.Ulong(pkcs11.CKA_VALUE_LEN, 32),
		cryptoki.Bool(pkcs11.CKA_TOKEN, true), cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
		cryptoki.Bool(pkcs11.CKA_SENSITIVE, true), cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, false),
	}, usageFlags, pkcs11.CKA_ENCRYPT, pkcs11.CKA_DECRYPT)
	if r.limits {
		t = append(t, cryptoki.Ulong(pkcs11.CKA_ALLOWED_MECHANISMS, r.gcm), cryptoki.Bool(pkcs11.CKA_MODIFIABLE, false))
	}
	if _, err := r.driver.GenerateKey(r.s, pkcs11.CKM_AES_KEY_GEN, t); err != nil {
		return fmt.Errorf("making the canary: %w", err)
	}
	return nil
}
