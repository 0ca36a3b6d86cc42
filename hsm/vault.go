package hsm

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

// Vault is an open token whose keys rest on it: they are made there, are never wrapped, and can't leave. It holds no root
// of ours, and what rests off the token is only a key's name. Its methods are safe for concurrent use and answer
// [custody.ErrUnavailable] while the device can't be used, as those of [Token] do; what watches and recovers it is the same.
type Vault struct{ t *Token }

const (
	// residentKey stands in [custody.Material.Mechanism] where other materials have the mechanism that wrapped them:
	// Wrapped is the key's CKA_ID then, and Root the serial number of the token on which it was made.
	residentKey    = "CKA_TOKEN"
	residentIDSize = 16
	vaultCanary    = "claviger vault canary"
)

// OpenVault opens a token as a [Vault]: it logs in and finds, or the first time makes, a canary of its own. A wrong PIN is
// tried once. A token that this process is logged in to already is refused with [ErrTaken].
func OpenVault(ctx context.Context, c Config) (*Vault, error) {
	t, err := openAs(ctx, c, stocked{})
	if err != nil {
		return nil, err
	}
	return &Vault{t}, nil
}

// Survey says of each of the tokens that c names, all of one module, whether it is there and initialised. Nobody is
// logged in. It waits for the module no longer than ctx lasts.
func Survey(ctx context.Context, c []Config) (active []bool, err error) {
	return bounded(ctx, c[0].Module, func(m *module) ([]bool, error) {
		active, whole := m.survey(c)
		if !whole && m.users > 1 && m.reload(nil, manyReloads) == nil {
			active, _ = m.survey(c)
		}
		return active, nil
	})
}

// survey looks for tokens, and says whether all are there. The turn must be held.
func (m *module) survey(c []Config) (active []bool, whole bool) {
	whole = true
	for _, c := range c {
		_, info, err := m.find(c)
		there := err == nil && has(info, pkcs11.CKF_USER_PIN_INITIALIZED)
		active, whole = append(active, there), whole && there
	}
	return active, whole
}

// NewResidentID returns a name for a key that is yet to be made on a vault: a random CKA_ID of 16 bytes.
func NewResidentID() []byte {
	id := make([]byte, residentIDSize)
	rand.Read(id)
	return id
}

// Generate makes an AES-256 key on the token under the CKA_ID name, with a label for people, and makes sure that the
// device keeps it in. What was there under that name is destroyed before: an earlier attempt that failed half-way.
func (v *Vault) Generate(ctx context.Context, id, label string, name []byte) (m custody.Material, err error) {
	defer v.t.observe("Generate", time.Now(), &err)
	m = custody.Material{ID: id, Kind: custody.AES256, Root: v.t.info.SerialNumber, Mechanism: residentKey, Wrapped: name}
	if len(name) != residentIDSize {
		return m, fault.Of(fmt.Errorf("hsm: the name of a resident key has %d bytes", len(name)))
	}
	_, err = v.t.use(ctx, nil, func(e *epoch, _ *handle, s cryptoki.Session) ([]byte, error) {
		if err := e.removeResident(s, name); err != nil && !errors.Is(err, errAbsent) {
			return nil, err
		}
		_, err := e.makeResident(s, label, name)
		return nil, err
	})
	if err != nil {
		return m, err
	}
	// It is looked up before it is handed out: a key that can't be found again is never stored.
	ref := m.Rest()
	m.Check, err = v.t.use(ctx, &ref, func(e *epoch, h *handle, s cryptoki.Session) ([]byte, error) {
		check, err := e.check(s, h)
		h.verified.Store(err == nil)
		return check, err
	})
	return m, err
}

// Destroy destroys the key with the CKA_ID name. A key that is gone already is as good, if the canary says that the token is
// the one it was.
func (v *Vault) Destroy(ctx context.Context, name []byte) (err error) {
	defer v.t.observe("Destroy", time.Now(), &err)
	_, err = v.t.use(ctx, nil, func(e *epoch, _ *handle, s cryptoki.Session) ([]byte, error) {
		err := e.removeResident(s, name)
		if errors.Is(err, errAbsent) {
			err = e.beat(s)
		}
		return nil, err
	})
	return err
}

// Seal and Unseal are those of [Token], with a key that rests here.
func (v *Vault) Seal(ctx context.Context, ref custody.Ref, plaintext, aad []byte) ([]byte, error) {
	return v.t.Seal(ctx, ref, plaintext, aad)
}

// Unseal undoes Seal.
func (v *Vault) Unseal(ctx context.Context, ref custody.Ref, sealed, aad []byte) ([]byte, error) {
	return v.t.Unseal(ctx, ref, sealed, aad)
}

// Random returns n bytes from the token's generator.
func (v *Vault) Random(ctx context.Context, n int) ([]byte, error) { return v.t.Random(ctx, n) }

// Ready is that of [Token]. [ErrPIN] in its reason means that only a person can help.
func (v *Vault) Ready() error { return v.t.Ready() }

// Facts returns what was read when the token was opened.
func (v *Vault) Facts() Facts { return v.t.Facts() }

// Close logs out; the keys stay.
func (v *Vault) Close() error { return v.t.Close() }

// makeResident makes a key that rests on the token and encrypts and decrypts by AES-GCM, and reads back what a device must
// keep to. A key that the device would let out is destroyed.
func (e *epoch) makeResident(s cryptoki.Session, label string, name []byte) (cryptoki.Object, error) {
	d := e.token.dialect
	kept := []cryptoki.Attribute{
		cryptoki.Bool(pkcs11.CKA_TOKEN, true), cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
		cryptoki.Bool(pkcs11.CKA_SENSITIVE, true), cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, false),
	}
	t := permit(append([]cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES),
		cryptoki.Bytes(pkcs11.CKA_LABEL, []byte(label)),
		cryptoki.Bytes(pkcs11.CKA_ID, name),
		cryptoki.Ulong(pkcs11.CKA_VALUE_LEN, 32),
	}, kept...), usageFlags, pkcs11.CKA_ENCRYPT, pkcs11.CKA_DECRYPT)
	if d.limits {
		t = append(t, cryptoki.Ulong(pkcs11.CKA_ALLOWED_MECHANISMS, d.gcm),
			cryptoki.Bool(pkcs11.CKA_COPYABLE, false), cryptoki.Bool(pkcs11.CKA_MODIFIABLE, false))
	}
	o, err := e.driver().GenerateKey(s, pkcs11.CKM_AES_KEY_GEN, t)
	if err != nil {
		return 0, err
	}
	// That it was never otherwise is the device's to say: a key that was made elsewhere and brought here might be.
	kept = append(kept, cryptoki.Bool(pkcs11.CKA_LOCAL, true), cryptoki.Bool(pkcs11.CKA_ALWAYS_SENSITIVE, true), cryptoki.Bool(pkcs11.CKA_NEVER_EXTRACTABLE, true))
	if err := confirm(e.driver(), s, o, kept); err != nil {
		return 0, errors.Join(err, e.driver().DestroyObject(s, o))
	}
	return o, nil
}

// removeResident destroys the one key with a name.
func (e *epoch) removeResident(s cryptoki.Session, name []byte) error {
	o, err := findOne(e.driver(), s, cryptoki.Bytes(pkcs11.CKA_ID, name))
	if err != nil {
		return err
	}
	return e.driver().DestroyObject(s, o)
}
