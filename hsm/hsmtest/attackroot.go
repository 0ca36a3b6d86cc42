package hsmtest

import (
	"encoding/binary"
	"testing"

	"github.com/miekg/pkcs11"
)

// attackRoot tries to read, wrap, copy, change and misuse the root.
func (x *attacker) attackRoot(t testing.TB) {
	x.unreadable(t, x.root)
	for _, kek := range []pkcs11.ObjectHandle{x.ownWrapper, x.root} {
		if _, err := x.WrapKey(x.session(), keyWrap, kek, x.root); err == nil {
			t.Error("the root was wrapped")
		}
	}
	for _, change := range []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, false),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, true),
		pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true),
		pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true),
		pkcs11.NewAttribute(pkcs11.CKA_MODIFIABLE, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, false),
		pkcs11.NewAttribute(pkcs11.CKA_WRAP_WITH_TRUSTED, false),
		pkcs11.NewAttribute(pkcs11.CKA_ALLOWED_MECHANISMS,
			binary.NativeEndian.AppendUint64(nil, pkcs11.CKM_AES_ECB)),
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
	for _, mechanism := range []uint{
		pkcs11.CKM_AES_ECB, pkcs11.CKM_AES_CBC, pkcs11.CKM_AES_KEY_WRAP,
	} {
		m := []*pkcs11.Mechanism{pkcs11.NewMechanism(mechanism, make([]byte, 16))}
		if err := x.DecryptInit(x.session(), m, x.root); err == nil {
			t.Errorf("the root decrypts by mechanism 0x%X", mechanism)
		}
		if err := x.EncryptInit(x.session(), m, x.root); err == nil {
			t.Errorf("the root encrypts by mechanism 0x%X", mechanism)
		}
	}
}

// sameAsRoot checks that a copy that was allowed is no weaker: SoftHSM takes a change to what is
// already so.
func (x *attacker) sameAsRoot(t testing.TB, c pkcs11.ObjectHandle, changed uint) {
	t.Helper()
	t.Errorf("the root was copied with another attribute 0x%X", changed)
	if err := x.DestroyObject(x.session(), c); err != nil {
		t.Error(err)
	}
}
