package hsmtest

import (
	"errors"
	"slices"
	"testing"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
	"claviger/internal/custody"
)

// AttackInUse finds the one key that a [hsm.Token] has in use, since session objects are
// everybody's in the process, and tries to read, copy, change and wrap it, and to use it for
// anything but what its kind is for.
func AttackInUse(t testing.TB, c hsm.Config, k custody.Kind) {
	t.Helper()
	x := newAttacker(t, c)
	found := x.inUse(t, claimOf(k).class)
	if len(found) != 1 {
		t.Fatalf("%d such keys are in use, and not one of kind %s", len(found), k)
	}
	key := found[0]
	x.unreadable(t, key)
	for _, kek := range []pkcs11.ObjectHandle{x.ownWrapper, x.root} {
		_, err := x.WrapKey(x.session(), keyWrap, kek, key)
		refusedBy(t, "a key in use wrapped", err, pkcs11.CKR_KEY_UNEXTRACTABLE)
	}
	for _, change := range []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, "mine"), pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, true),
		pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true), pkcs11.NewAttribute(pkcs11.CKA_SIGN, true),
		pkcs11.NewAttribute(pkcs11.CKA_DERIVE, true),
	} {
		if _, err := x.CopyObject(x.session(), key, []*pkcs11.Attribute{change}); err == nil {
			t.Errorf("a key in use was copied with another attribute 0x%X", change.Type)
		}
		if err := x.SetAttributeValue(x.session(), key, []*pkcs11.Attribute{change}); err == nil {
			t.Errorf("attribute 0x%X of a key in use was changed", change.Type)
		}
	}
	x.misuse(t, key, intended[k])
}

// inUse returns the session objects of a class that can't be extracted.
func (x *attacker) inUse(t testing.TB, class uint) []pkcs11.ObjectHandle {
	t.Helper()
	if err := x.FindObjectsInit(x.session(),
		[]*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, class),
			pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false),
			pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false)}); err != nil {
		t.Fatal(err)
	}
	found, _, err := x.FindObjects(x.session(), 100)
	if err := errors.Join(err, x.FindObjectsFinal(x.session())); err != nil {
		t.Fatal(err)
	}
	return found
}

// uses is what a kind of key may do, of the mechanisms below.
type uses struct{ signs, decrypts []uint }

// mechanisms are all that a key might be misused by.
var mechanisms = []uint{pkcs11.CKM_RSA_PKCS, pkcs11.CKM_RSA_X_509, pkcs11.CKM_SHA256_RSA_PKCS,
	pkcs11.CKM_ECDSA, pkcs11.CKM_SHA256_HMAC,
	pkcs11.CKM_SHA512_HMAC, pkcs11.CKM_SHA_1_HMAC, pkcs11.CKM_AES_CMAC, pkcs11.CKM_AES_ECB,
	pkcs11.CKM_AES_CBC}

// intended has the kinds that some of the mechanisms are for.
var intended = map[custody.Kind]uses{
	custody.HMAC256:        {signs: []uint{pkcs11.CKM_SHA256_HMAC}},
	custody.HMAC512:        {signs: []uint{pkcs11.CKM_SHA512_HMAC}},
	custody.RSA2048Sign:    {signs: []uint{pkcs11.CKM_RSA_PKCS}},
	custody.RSA2048Decrypt: {decrypts: []uint{pkcs11.CKM_RSA_X_509}},
	custody.P256Sign:       {signs: []uint{pkcs11.CKM_ECDSA}},
	custody.P256K1Sign:     {signs: []uint{pkcs11.CKM_ECDSA}},
}

// misuse has the device begin each operation by each mechanism with a key.
func (x *attacker) misuse(t testing.TB, key pkcs11.ObjectHandle, may uses) {
	t.Helper()
	for _, code := range mechanisms {
		m := []*pkcs11.Mechanism{pkcs11.NewMechanism(code, nil)}
		if err := x.onFreshSession(t, func(s pkcs11.SessionHandle) error {
			return x.SignInit(s, m, key)
		}); (err == nil) != slices.Contains(may.signs, code) {
			t.Errorf("signing by mechanism 0x%X: %v", code, err)
		}
		if err := x.onFreshSession(t, func(s pkcs11.SessionHandle) error {
			return x.DecryptInit(s, m, key)
		}); (err == nil) != slices.Contains(may.decrypts, code) {
			t.Errorf("decrypting by mechanism 0x%X: %v", code, err)
		}
		if err := x.onFreshSession(t, func(s pkcs11.SessionHandle) error {
			return x.EncryptInit(s, m, key)
		}); err == nil {
			t.Errorf("it encrypts by mechanism 0x%X", code)
		}
		if _, err := x.UnwrapKey(x.session(), m, key, make([]byte, 256),
			unwrapTemplate(claimAES, unextractable, 0)); err == nil {
			t.Errorf("it unwraps by mechanism 0x%X", code)
		}
	}
}

// onFreshSession begins an operation in a session that is closed afterwards, so
// that none is left active.
func (x *attacker) onFreshSession(t testing.TB, begin func(pkcs11.SessionHandle) error) error {
	t.Helper()
	s, err := x.OpenSession(x.slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		t.Fatal(err)
	}
	defer x.CloseSession(s)
	return begin(s)
}

// Plant returns a generic secret of a known value, wrapped by the root. Whoever has the PIN can
// make such a thing.
func Plant(t testing.TB, c hsm.Config, value []byte) []byte {
	t.Helper()
	x := newAttacker(t, c)
	object, err := x.CreateObject(x.session(), []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_GENERIC_SECRET),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, true),
		pkcs11.NewAttribute(pkcs11.CKA_VALUE, value),
	})
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := x.WrapKey(x.session(), keyWrap, x.root, object)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}
