package hsm_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
)

// TestPINAndDatabaseRevealNothing is the promise of key custody: somebody who has the PIN, the module and every
// stored material can use keys and can't learn one.
func TestPINAndDatabaseRevealNothing(t *testing.T) {
	for kind, forms := range map[custody.Kind][]template{
		custody.AES256:         {secret(pkcs11.CKK_AES), secret(pkcs11.CKK_GENERIC_SECRET)},
		custody.HMAC256:        {secret(pkcs11.CKK_GENERIC_SECRET), secret(pkcs11.CKK_AES)},
		custody.HMAC512:        {secret(pkcs11.CKK_GENERIC_SECRET)},
		custody.RSA2048Sign:    {private(pkcs11.CKK_RSA), secret(pkcs11.CKK_GENERIC_SECRET)},
		custody.RSA2048Decrypt: {private(pkcs11.CKK_RSA)},
		custody.P256Sign:       {private(pkcs11.CKK_EC), secret(pkcs11.CKK_GENERIC_SECRET), secret(pkcs11.CKK_AES)},
		custody.P256Derive:     {private(pkcs11.CKK_EC)},
		custody.P256K1Sign:     {private(pkcs11.CKK_EC)},
	} {
		t.Run(string(kind), func(t *testing.T) {
			c := hsmtest.SoftHSM(t)
			tok := hsmtest.Open(t, c)
			thief := newThief(t, c)
			m := hsmtest.Make(t, tok, "stolen", kind)
			thief.robCached(t, kind)
			for _, form := range forms {
				thief.robMaterial(t, m, form)
			}
			if err := perform(tok, m); err != nil {
				t.Errorf("its owner can't use it any more: %v", err)
			}
			if kind == custody.AES256 {
				thief.robRoot(t)
			}
		})
	}
}

// template is what a thief says that a blob holds.
type template []*pkcs11.Attribute

func secret(keyType uint) template {
	return template{pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY), pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, keyType)}
}

func private(keyType uint) template {
	return template{pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY), pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, keyType)}
}

type thief struct {
	*pkcs11.Ctx
	s, slot    uint
	root       pkcs11.ObjectHandle
	ownWrapper pkcs11.ObjectHandle
}

var kwp = []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_WRAP_PAD, nil)}

func newThief(t *testing.T, c hsm.Config) *thief {
	t.Helper()
	p, slot := intruder(t, c)
	s := login(t, p, slot)
	x := &thief{Ctx: p, s: uint(s), slot: slot}
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

// robMaterial unwraps a material in every form that would give it away, and tries to carry it off in the forms that
// are allowed.
func (x *thief) robMaterial(t *testing.T, m custody.Material, form template) {
	flags := []uint{pkcs11.CKA_SENSITIVE, pkcs11.CKA_EXTRACTABLE, pkcs11.CKA_WRAP_WITH_TRUSTED, pkcs11.CKA_PRIVATE, pkcs11.CKA_TOKEN, pkcs11.CKA_UNWRAP}
	for set := range 1 << len(flags) {
		template := slices.Clone(form)
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
	if _, err := x.UnwrapKey(x.session(), kwp, x.root, m.Wrapped, form); err == nil {
		t.Error("the root unwraps with a template that says nothing")
	}
}

// robCached finds the keys that the service has in use, since session objects are everybody's in the process, and tries
// to copy, change, wrap and misuse them.
func (x *thief) robCached(t *testing.T, kind custody.Kind) {
	uses := intended[kind]
	found := x.cached(t, uses.class)
	if len(found) != 1 {
		t.Errorf("the service has %d such keys in use", len(found))
	}
	for _, key := range found {
		x.unreadable(t, key)
		for _, kek := range []pkcs11.ObjectHandle{x.ownWrapper, x.root} {
			if _, err := x.WrapKey(x.session(), kwp, kek, key); err == nil {
				t.Error("a key in use was wrapped")
			}
		}
		for _, change := range []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_LABEL, "mine"), pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true), pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, true),
			pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true), pkcs11.NewAttribute(pkcs11.CKA_SIGN, true), pkcs11.NewAttribute(pkcs11.CKA_DERIVE, true),
		} {
			if _, err := x.CopyObject(x.session(), key, []*pkcs11.Attribute{change}); err == nil {
				t.Errorf("a key in use was copied with another attribute 0x%X", change.Type)
			}
			if err := x.SetAttributeValue(x.session(), key, []*pkcs11.Attribute{change}); err == nil {
				t.Errorf("attribute 0x%X of a key in use was changed", change.Type)
			}
		}
	}
	x.misuse(t, found, uses)
}

// cached returns the session objects of a class that can't be extracted.
func (x *thief) cached(t *testing.T, class uint) []pkcs11.ObjectHandle {
	t.Helper()
	if err := x.FindObjectsInit(x.session(), []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, class),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false), pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false)}); err != nil {
		t.Fatal(err)
	}
	found, _, err := x.FindObjects(x.session(), 100)
	if err := errors.Join(err, x.FindObjectsFinal(x.session())); err != nil {
		t.Fatal(err)
	}
	return found
}

// uses is what a kind of key may do, of the mechanisms below.
type uses struct {
	class           uint
	signs, decrypts []uint
}

// mechanisms are all that a key might be misused by.
var mechanisms = []uint{pkcs11.CKM_RSA_PKCS, pkcs11.CKM_RSA_X_509, pkcs11.CKM_SHA256_RSA_PKCS, pkcs11.CKM_ECDSA, pkcs11.CKM_SHA256_HMAC,
	pkcs11.CKM_SHA512_HMAC, pkcs11.CKM_SHA_1_HMAC, pkcs11.CKM_AES_CMAC, pkcs11.CKM_AES_ECB, pkcs11.CKM_AES_CBC}

var intended = map[custody.Kind]uses{
	custody.AES256:         {class: pkcs11.CKO_SECRET_KEY},
	custody.HMAC256:        {class: pkcs11.CKO_SECRET_KEY, signs: []uint{pkcs11.CKM_SHA256_HMAC}},
	custody.HMAC512:        {class: pkcs11.CKO_SECRET_KEY, signs: []uint{pkcs11.CKM_SHA512_HMAC}},
	custody.RSA2048Sign:    {class: pkcs11.CKO_PRIVATE_KEY, signs: []uint{pkcs11.CKM_RSA_PKCS}},
	custody.RSA2048Decrypt: {class: pkcs11.CKO_PRIVATE_KEY, decrypts: []uint{pkcs11.CKM_RSA_X_509}},
	custody.P256Sign:       {class: pkcs11.CKO_PRIVATE_KEY, signs: []uint{pkcs11.CKM_ECDSA}},
	custody.P256K1Sign:     {class: pkcs11.CKO_PRIVATE_KEY, signs: []uint{pkcs11.CKM_ECDSA}},
	custody.P256Derive:     {class: pkcs11.CKO_PRIVATE_KEY},
}

// misuse has the device begin each operation by each mechanism with the key in use.
func (x *thief) misuse(t *testing.T, found []pkcs11.ObjectHandle, may uses) {
	t.Helper()
	for _, key := range found {
		for _, code := range mechanisms {
			m := []*pkcs11.Mechanism{pkcs11.NewMechanism(code, nil)}
			if err := x.onFreshSession(t, func(s pkcs11.SessionHandle) error { return x.SignInit(s, m, key) }); (err == nil) != slices.Contains(may.signs, code) {
				t.Errorf("it signs by mechanism 0x%X: %v", code, err)
			}
			if err := x.onFreshSession(t, func(s pkcs11.SessionHandle) error { return x.DecryptInit(s, m, key) }); (err == nil) != slices.Contains(may.decrypts, code) {
				t.Errorf("it decrypts by mechanism 0x%X: %v", code, err)
			}
			if err := x.onFreshSession(t, func(s pkcs11.SessionHandle) error { return x.EncryptInit(s, m, key) }); err == nil {
				t.Errorf("it encrypts by mechanism 0x%X", code)
			}
			if _, err := x.UnwrapKey(x.session(), m, key, make([]byte, 256), secret(pkcs11.CKK_AES)); err == nil {
				t.Errorf("it unwraps by mechanism 0x%X", code)
			}
		}
	}
}

// onFreshSession begins an operation in a session that is closed afterwards, so that none is left active.
func (x *thief) onFreshSession(t *testing.T, begin func(pkcs11.SessionHandle) error) error {
	t.Helper()
	s, err := x.OpenSession(x.slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		t.Fatal(err)
	}
	defer x.CloseSession(s)
	return begin(s)
}

// perform uses a material as it is meant to be used.
func perform(tok *hsm.Token, m custody.Material) (err error) {
	digest := make([]byte, 32)
	switch m.Kind {
	case custody.AES256:
		_, err = tok.Seal(background, m.Rest(), digest, nil)
	case custody.HMAC256, custody.HMAC512:
		_, err = tok.MAC(background, m.Rest(), digest)
	case custody.RSA2048Sign:
		_, err = tok.Sign(background, m.Rest(), "RSASSA_PSS_SHA_256", digest)
	case custody.P256Sign, custody.P256K1Sign:
		_, err = tok.Sign(background, m.Rest(), "ECDSA_SHA_256", digest)
	case custody.P256Derive:
		_, err = tok.Derive(background, m.Rest(), m.Public)
	case custody.RSA2048Decrypt:
		if _, err = tok.Decrypt(background, m.Rest(), "RSAES_OAEP_SHA_256", digest); errors.Is(err, custody.ErrForged) {
			err = nil
		}
	}
	return err
}

// carryOff takes an unwrapped key and tries to learn its value.
func (x *thief) carryOff(t *testing.T, key pkcs11.ObjectHandle, set int) {
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

func (x *thief) unreadable(t *testing.T, key pkcs11.ObjectHandle) {
	t.Helper()
	for _, part := range []uint{pkcs11.CKA_VALUE, pkcs11.CKA_PRIVATE_EXPONENT, pkcs11.CKA_PRIME_1, pkcs11.CKA_PRIME_2,
		pkcs11.CKA_EXPONENT_1, pkcs11.CKA_EXPONENT_2, pkcs11.CKA_COEFFICIENT} {
		got, err := x.GetAttributeValue(x.session(), key, []*pkcs11.Attribute{pkcs11.NewAttribute(part, nil)})
		if err == nil && len(got[0].Value) > 0 {
			t.Errorf("attribute 0x%X of a key was read", part)
		}
	}
}

// robRoot tries to read, wrap, copy, change and misuse the root.
func (x *thief) robRoot(t *testing.T) {
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
func (x *thief) sameAsRoot(t *testing.T, c pkcs11.ObjectHandle, changed uint) {
	t.Helper()
	t.Errorf("the root was copied with another attribute 0x%X", changed)
	if err := x.DestroyObject(x.session(), c); err != nil {
		t.Error(err)
	}
}
