package hsm

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

// Some keys rest on a token: all of a [Vault], and of the service's own token those of kinds that no device wraps which are
// configured so. They are objects of the token with a random CKA_ID, which is all that rests elsewhere.

const residentIDSize = 16

// NewResidentID returns a name for a key that is yet to be made on a token: a random CKA_ID of 16 bytes.
func NewResidentID() []byte {
	id := make([]byte, residentIDSize)
	rand.Read(id)
	return id
}

// Resident reports whether keys of a kind rest on the token by its configuration, so that [Token.GenerateResident] makes them.
// Those that were made before are used whatever the configuration says now.
func (t *Token) Resident(k custody.Kind) bool { return slices.Contains(t.config.Resident, k) }

// GenerateResident makes a key of the one kind that may rest on the token under the CKA_ID name, with a label for people, and
// makes sure that the device keeps it in. What was there under that name is destroyed before: an earlier attempt that failed
// half-way. The answer to another kind, or to one that the device doesn't make after all, is [custody.ErrUnsupported].
func (t *Token) GenerateResident(ctx context.Context, id string, k custody.Kind, label string, name []byte) (m custody.Material, err error) {
	defer t.observe("GenerateResident", time.Now(), &err)
	m = custody.Material{ID: id, Kind: k, Root: t.info.SerialNumber, Mechanism: custody.Resident, Wrapped: name}
	if len(name) != residentIDSize {
		return m, fault.Of(fmt.Errorf("hsm: the name of a resident key has %d bytes", len(name)))
	}
	f, err := t.dialect.form(k)
	switch {
	case err != nil:
		return m, fault.Of(err)
	case k != t.holds.rests():
		return m, custody.ErrUnsupported
	}
	m.Public, err = t.use(ctx, nil, func(e *epoch, _ *handle, s cryptoki.Session) (public []byte, err error) {
		if err := e.removeResident(s, f, name); err != nil && !errors.Is(err, errAbsent) {
			return nil, err
		}
		_, public, err = e.makeResident(s, f, label, name)
		return public, err
	})
	if err != nil {
		return m, cannot(err)
	}
	// It is looked up before it is handed out: a key that can't be found again is never stored.
	ref := m.Rest()
	m.Check, err = t.use(ctx, &ref, func(e *epoch, h *handle, s cryptoki.Session) ([]byte, error) {
		check, err := e.check(s, h)
		h.verified.Store(err == nil)
		return check, err
	})
	return m, err
}

// Destroy destroys the resident key with the CKA_ID name. A key that is gone already is as good, if the canary says that the
// token is the one it was.
func (t *Token) Destroy(ctx context.Context, name []byte) (err error) {
	defer t.observe("Destroy", time.Now(), &err)
	_, err = t.use(ctx, nil, func(e *epoch, _ *handle, s cryptoki.Session) ([]byte, error) {
		err := e.removeResident(s, forms[t.holds.rests()], name)
		if errors.Is(err, errAbsent) {
			err = e.beat(s)
		}
		return nil, err
	})
	return err
}

// makeResident makes a key that rests on the token and has the usages of its form, and reads back what a device must keep to.
// A key that the device would let out is destroyed. Of a pair it returns the public half.
func (e *epoch) makeResident(s cryptoki.Session, f form, label string, name []byte) (o cryptoki.Object, public []byte, err error) {
	o, public, err = generate(e.driver(), s, f, e.token.dialect.staying(f, label, name))
	if err != nil {
		return 0, nil, err
	}
	// That it was never otherwise is the device's to say: a key that was made elsewhere and brought here might be.
	kept := append(slices.Clip(confined), cryptoki.Bool(pkcs11.CKA_LOCAL, true),
		cryptoki.Bool(pkcs11.CKA_ALWAYS_SENSITIVE, true), cryptoki.Bool(pkcs11.CKA_NEVER_EXTRACTABLE, true))
	if err := confirm(e.driver(), s, o, kept); err != nil {
		return 0, nil, errors.Join(err, e.driver().DestroyObject(s, o))
	}
	return o, public, nil
}

// confined is what keeps a resident key in.
var confined = []cryptoki.Attribute{
	cryptoki.Bool(pkcs11.CKA_TOKEN, true), cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
	cryptoki.Bool(pkcs11.CKA_SENSITIVE, true), cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, false),
}

// staying is the template of a resident key: its one pair of usages, its own mechanisms, and no way out.
func (d dialect) staying(f form, label string, name []byte) []cryptoki.Attribute {
	t := permit(append([]cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, f.class),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, f.keyType),
		cryptoki.Bytes(pkcs11.CKA_LABEL, []byte(label)),
		cryptoki.Bytes(pkcs11.CKA_ID, name),
	}, confined...), f.flags, f.usages...)
	if !f.pair() {
		t = append(t, cryptoki.Ulong(pkcs11.CKA_VALUE_LEN, uint(f.size)))
	}
	if !d.limits {
		return t
	}
	return append(t, cryptoki.Ulong(pkcs11.CKA_ALLOWED_MECHANISMS, f.mechanisms...),
		cryptoki.Bool(pkcs11.CKA_COPYABLE, false), cryptoki.Bool(pkcs11.CKA_MODIFIABLE, false)) // last: what stands behind it is refused
}

// findResident looks a resident key up, by class, type and name: there must be one.
func (e *epoch) findResident(s cryptoki.Session, f form, name []byte) (cryptoki.Object, error) {
	return findOneOf(e.driver(), s, f.class, f.keyType, cryptoki.Bytes(pkcs11.CKA_ID, name))
}

// removeResident destroys the one key with a name. Its class and type keep it from the root and the canary.
func (e *epoch) removeResident(s cryptoki.Session, f form, name []byte) error {
	o, err := e.findResident(s, f, name)
	if err != nil {
		return err
	}
	return e.driver().DestroyObject(s, o)
}
