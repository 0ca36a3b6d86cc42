package hsmtest

import (
	"encoding/binary"
	"testing"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
	"claviger/internal/custody"
)

// Attack does what somebody can do who has the PIN, the module and materials stolen from the database: it unwraps them in every
// form that would give them away, and tries to read, wrap, copy, weaken and misuse them and the root. Whatever works
// fails the test; so does a material that can't be unwrapped as it should be, because its refusals would prove nothing.
func Attack(t testing.TB, c hsm.Config, stolen ...custody.Material) {
	t.Helper()
	x := newThief(t, c)
	for _, m := range stolen {
		if !x.usable(m) {
			t.Errorf("%s can't even be unwrapped as it should be", m.ID)
		}
		x.robMaterial(t, m, keyTypes[m.Kind])
	}
	x.robRoot(t)
}

var keyTypes = map[custody.Kind]uint{custody.AES256: pkcs11.CKK_AES, custody.HMAC256: pkcs11.CKK_GENERIC_SECRET}

type thief struct {
	*pkcs11.Ctx
	s, own     uint
	root       pkcs11.ObjectHandle
	ownWrapper pkcs11.ObjectHandle
}

var kwp = []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_WRAP_PAD, nil)}

func newThief(t testing.TB, c hsm.Config) *thief {
	t.Helper()
	p, slot := Intruder(t, c)
	s := Login(t, p, slot)
	x := &thief{Ctx: p, s: uint(s)}
	if err := p.FindObjectsInit(s, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_LABEL, "claviger root")}); err != nil {
		t.Fatal(err)
	}
	found, _, err := p.FindObjects(s, 2)
	if err != nil || len(found) != 1 {
		t.Fatalf("found %d roots: %v", len(found), err)
	}
	if err := p.FindObjectsFinal(s); err != nil {
		t.Fatal(err)
	}
	x.root = found[0]
	x.ownWrapper, err = p.GenerateKey(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_GEN, nil)}, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, 32), pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false),
		pkcs11.NewAttribute(pkcs11.CKA_WRAP, true), pkcs11.NewAttribute(pkcs11.CKA_UNWRAP, true),
		pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true), pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, true), pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, false),
	})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func (x *thief) session() pkcs11.SessionHandle { return pkcs11.SessionHandle(x.s) }

// usable reports whether a material can be unwrapped in the one form that is allowed.
func (x *thief) usable(m custody.Material) bool {
	key, err := x.UnwrapKey(x.session(), kwp, x.root, m.Wrapped, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY), pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, keyTypes[m.Kind]),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false), pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true), pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_WRAP_WITH_TRUSTED, true), pkcs11.NewAttribute(pkcs11.CKA_UNWRAP, false),
	})
	return err == nil && x.DestroyObject(x.session(), key) == nil
}

// robMaterial unwraps a material in every form that would give it away, and tries to carry it off in the forms that
// are allowed.
func (x *thief) robMaterial(t testing.TB, m custody.Material, keyType uint) {
	flags := []uint{pkcs11.CKA_SENSITIVE, pkcs11.CKA_EXTRACTABLE, pkcs11.CKA_WRAP_WITH_TRUSTED, pkcs11.CKA_PRIVATE, pkcs11.CKA_TOKEN, pkcs11.CKA_UNWRAP}
	for set := range 1 << len(flags) {
		template := []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
			pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, keyType),
		}
		for i, flag := range flags {
			template = append(template, pkcs11.NewAttribute(flag, set>>i&1 == 1))
		}
		key, err := x.UnwrapKey(x.session(), kwp, x.root, m.Wrapped, template)
		if err != nil {
			continue
		}
		x.carryOff(t, key, set)
		if err := x.DestroyObject(x.session(), key); err != nil {
			t.Error(err)
		}
	}
	if _, err := x.UnwrapKey(x.session(), kwp, x.root, m.Wrapped, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY), pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, keyType),
	}); err == nil {
		t.Error("the root unwraps with a template that says nothing")
	}
}

// carryOff takes an unwrapped key and tries to learn its value.
func (x *thief) carryOff(t testing.TB, key pkcs11.ObjectHandle, set int) {
	t.Helper()
	x.unreadable(t, key)
	if _, err := x.WrapKey(x.session(), kwp, x.ownWrapper, key); err == nil {
		t.Errorf("form %b: wrapped under a key of the thief's own", set)
	}
	for _, weaken := range []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, false), pkcs11.NewAttribute(pkcs11.CKA_WRAP_WITH_TRUSTED, false),
	} {
		if err := x.SetAttributeValue(x.session(), key, []*pkcs11.Attribute{weaken}); err == nil {
			t.Errorf("form %b: attribute 0x%X was weakened", set, weaken.Type)
		}
		if _, err := x.CopyObject(x.session(), key, []*pkcs11.Attribute{weaken}); err == nil {
			t.Errorf("form %b: a copy has a weaker attribute 0x%X", set, weaken.Type)
		}
	}
}

func (x *thief) unreadable(t testing.TB, key pkcs11.ObjectHandle) {
	t.Helper()
	got, err := x.GetAttributeValue(x.session(), key, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_VALUE, nil)})
	if err == nil && len(got[0].Value) > 0 {
		t.Error("the value of a key was read")
	}
}

// robRoot tries to read, wrap, copy, change and misuse the root.
func (x *thief) robRoot(t testing.TB) {
	x.unreadable(t, x.root)
	for _, kek := range []pkcs11.ObjectHandle{x.ownWrapper, x.root} {
		if _, err := x.WrapKey(x.session(), kwp, kek, x.root); err == nil {
			t.Error("the root was wrapped")
		}
	}
	for _, change := range []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, false), pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, true),
		pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true), pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true),
		pkcs11.NewAttribute(pkcs11.CKA_MODIFIABLE, true), pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, false),
		pkcs11.NewAttribute(pkcs11.CKA_WRAP_WITH_TRUSTED, false),
		pkcs11.NewAttribute(pkcs11.CKA_ALLOWED_MECHANISMS, binary.NativeEndian.AppendUint64(nil, pkcs11.CKM_AES_ECB)),
		pkcs11.NewAttribute(pkcs11.CKA_UNWRAP_TEMPLATE, nil),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, "mine"),
	} {
		if err := x.SetAttributeValue(x.session(), x.root, []*pkcs11.Attribute{change}); err == nil {
			t.Errorf("attribute 0x%X of the root was changed", change.Type)
		}
		if change.Type == pkcs11.CKA_LABEL {
			continue // a copy may have another name
		}
		c, err := x.CopyObject(x.session(), x.root, []*pkcs11.Attribute{change})
		if err == nil {
			x.sameAsRoot(t, c, change.Type)
		}
	}
	for _, mechanism := range []uint{pkcs11.CKM_AES_ECB, pkcs11.CKM_AES_CBC, pkcs11.CKM_AES_KEY_WRAP} {
		m := []*pkcs11.Mechanism{pkcs11.NewMechanism(mechanism, make([]byte, 16))}
		if err := x.DecryptInit(x.session(), m, x.root); err == nil {
			t.Errorf("the root decrypts by mechanism 0x%X", mechanism)
		}
		if err := x.EncryptInit(x.session(), m, x.root); err == nil {
			t.Errorf("the root encrypts by mechanism 0x%X", mechanism)
		}
	}
}

// sameAsRoot checks that a copy that was allowed is no weaker: SoftHSM takes a change to what is already so.
func (x *thief) sameAsRoot(t testing.TB, c pkcs11.ObjectHandle, changed uint) {
	t.Helper()
	t.Errorf("the root was copied with another attribute 0x%X", changed)
	if err := x.DestroyObject(x.session(), c); err != nil {
		t.Error(err)
	}
}
