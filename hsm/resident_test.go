package hsm_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha512"
	"crypto/x509"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/hsm/hsmtest/fakedevice"
	"claviger/internal/custody"
)

// residentConfig returns the configuration of a SoftHSM2 token on which keys of Ed25519 rest.
func residentConfig(t *testing.T) hsm.Config {
	t.Helper()
	c := hsmtest.SoftHSM(t)
	c.Resident = []custody.Kind{custody.Ed25519Sign}
	return c
}

// edwards makes a resident key of Ed25519.
func edwards(t *testing.T, tok *hsm.Token, id string) (custody.Material, ed25519.PublicKey) {
	t.Helper()
	m, err := tok.GenerateResident(background, id, custody.Ed25519Sign, "label of "+id,
		hsmtest.ResidentID())
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.ParsePKIXPublicKey(m.Public)
	if err != nil {
		t.Fatal(err)
	}
	return m, public.(ed25519.PublicKey)
}

// signsPure checks that a key on the token signs as Ed25519 does (RFC 8032 section 5.1).
func signsPure(t *testing.T, tok *hsm.Token, m custody.Material, public ed25519.PublicKey) {
	t.Helper()
	for _, message := range [][]byte{{}, []byte("x"), make([]byte, 4096)} {
		signature, err := tok.Sign(background, m.Rest(), "ED25519_SHA_512", message)
		if err != nil || !ed25519.Verify(public, message, signature) {
			t.Errorf("%s over %d bytes: %x, %v", m.ID, len(message), signature, err)
		}
	}
}

func TestResident_ConfiguredKind_IsUsedLikeWrapped(t *testing.T) {
	c := residentConfig(t)
	tok := hsmtest.Open(t, c)
	if !tok.Supports(custody.Ed25519Sign) || !tok.Resident(custody.Ed25519Sign) ||
		tok.Resident(custody.P256Sign) ||
		!slices.Contains(tok.Facts().OnlyResident, custody.Ed25519Sign) {
		t.Errorf("the token supports %v, and on it stay %v", tok.Facts().Kinds, tok.Facts().OnlyResident)
	}
	m, public := edwards(t, tok, "a")
	other, otherPublic := edwards(t, tok, "b")
	if m.Root != tok.Facts().Serial || m.Mechanism != custody.Resident || len(m.Wrapped) != 16 ||
		len(m.Check) == 0 || bytes.Equal(m.Wrapped, other.Wrapped) {
		t.Errorf("the material is %+v", m)
	}
	signsPure(t, tok, m, public)
	signsPure(t, tok, other, otherPublic)
	if err := tok.Close(); err != nil {
		t.Fatal(err)
	}
	c.Resident = nil // what was made before is used
	tok = hsmtest.Open(t, c)
	signsPure(t, tok, m, public)
	if tok.Supports(custody.Ed25519Sign) {
		t.Error("without the setting more would be made")
	}
}

// TestResident_WrongKindOrMaterial_IsRefused: SoftHSM2 takes the parameter of Ed25519ph and signs
// something else.
func TestResident_WrongKindOrMaterial_IsRefused(t *testing.T) {
	tok := hsmtest.Open(t, residentConfig(t))
	m, _ := edwards(t, tok, "a")
	digest := sha512.Sum512(nil)
	if signature, err := tok.Sign(background, m.Rest(), "ED25519_PH_SHA_512",
		digest[:]); !errors.Is(err, custody.ErrUnsupported) {
		t.Errorf("Ed25519ph: %x, %v", signature, err)
	}
	for _, k := range []custody.Kind{custody.AES256, custody.P256Sign} {
		if _, err := tok.GenerateResident(background, "k", k, "",
			hsmtest.ResidentID()); !errors.Is(err, custody.ErrUnsupported) {
			t.Errorf("%s: %v", k, err)
		}
	}
	if _, err := tok.Generate(background, "k",
		custody.Ed25519Sign); !errors.Is(err, custody.ErrUnsupported) {
		t.Errorf("wrapped: %v", err)
	}
	if _, err := tok.GenerateResident(background, "k", custody.Ed25519Sign, "",
		[]byte("short")); err == nil {
		t.Error("a short name was taken")
	}
	for what, forged := range map[string]func(*custody.Material){
		"another kind": func(m *custody.Material) { m.Kind = custody.P256Sign },
		"a short name": func(m *custody.Material) { m.Wrapped = m.Wrapped[:8] },
	} {
		x := m
		x.ID = what
		forged(&x)
		if _, err := tok.Sign(background, x.Rest(), "ED25519_SHA_512", nil); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
	c := hsmtest.SoftHSM(t)
	c.Resident = []custody.Kind{custody.P256Sign}
	if _, err := hsm.Open(background, c); err == nil {
		t.Error("another kind may be configured")
	}
	d := fakedevice.LikeCloudHSM(t)
	d.Trust()
	c = d.Config()
	c.Resident = []custody.Kind{custody.Ed25519Sign}
	if _, err := hsm.Open(background, c); !errors.Is(err, hsm.ErrMechanism) {
		t.Errorf("a device without Ed25519: %v", err)
	}
}

// TestResident_AttackerWithPIN_GetsNothing tries with the PIN what would let
// the key out or misuse it.
func TestResident_AttackerWithPIN_GetsNothing(t *testing.T) {
	c := residentConfig(t)
	tok := hsmtest.Open(t, c)
	m, _ := edwards(t, tok, "a")
	p, slot := hsmtest.Attacker(t, c)
	s := hsmtest.Login(t, p, slot)
	found := find(t, p, s, pkcs11.NewAttribute(pkcs11.CKA_ID, m.Wrapped))
	if len(found) != 1 {
		t.Fatalf("%d objects have the CKA_ID", len(found))
	}
	key := found[0]
	staysInside(t, p, s, key, map[uint]byte{pkcs11.CKA_TOKEN: 1, pkcs11.CKA_PRIVATE: 1,
		pkcs11.CKA_SENSITIVE: 1, pkcs11.CKA_EXTRACTABLE: 0, pkcs11.CKA_SIGN: 1,
		pkcs11.CKA_DECRYPT: 0, pkcs11.CKA_SIGN_RECOVER: 0, pkcs11.CKA_UNWRAP: 0,
		pkcs11.CKA_DERIVE: 0, pkcs11.CKA_NEVER_EXTRACTABLE: 1, pkcs11.CKA_LOCAL: 1},
		pkcs11.CKA_DERIVE)
	if err := p.SignInit(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_ECDSA, nil)},
		key); err == nil {
		t.Error("the key signs by another mechanism")
	}
}

// TestDestroy_ResidentKey_IsGoneAndOthersStay: by its name, which reaches none of the three;
// and a key that can't be found is lost, not deleted.
func TestDestroy_ResidentKey_IsGoneAndOthersStay(t *testing.T) {
	c := residentConfig(t)
	tok := hsmtest.Open(t, c)
	m, public := edwards(t, tok, "a")
	kept, keptPublic := edwards(t, tok, "b")
	p, slot := hsmtest.Attacker(t, c)
	s := hsmtest.Login(t, p, slot)
	own := find(t, p, s, pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true))
	for _, o := range own {
		v, err := p.GetAttributeValue(s, o, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_ID, nil)})
		if err != nil {
			t.Fatal(err)
		}
		if err := tok.Destroy(background, v[0].Value); err != nil {
			t.Errorf("what isn't there: %v", err)
		}
	}
	if now := find(t, p, s, pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true)); len(own) != 3 || len(now) != len(own) {
		t.Fatalf("of root, canary and authenticator %d are left", len(now))
	}
	tok.Forget(m.ID) // dropping a handle leaves the key
	signsPure(t, tok, m, public)
	for range 2 { // the second time it is gone already
		if err := tok.Destroy(background, m.Wrapped); err != nil {
			t.Fatal(err)
		}
	}
	tok.Forget(m.ID)
	if _, err := tok.Sign(background, m.Rest(), "ED25519_SHA_512",
		nil); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("a key that is gone: %v", err)
	}
	if err := tok.Ready(); err != nil {
		t.Errorf("a key that is gone took the token down: %v", err)
	}
	signsPure(t, tok, kept, keptPublic)
	// an attempt that is repeated leaves one key
	again, err := tok.GenerateResident(background, "b", custody.Ed25519Sign, "", kept.Wrapped)
	if err != nil || bytes.Equal(again.Public, kept.Public) ||
		len(find(t, p, s, pkcs11.NewAttribute(pkcs11.CKA_ID, kept.Wrapped))) != 1 {
		t.Fatalf("%v", err)
	}
	tok.Forget("b")
	if _, err := tok.Sign(background, kept.Rest(), "ED25519_SHA_512", nil); err == nil {
		t.Error("another key signs under the name of the first")
	}
}

// TestResident_HandleDropped_KeyStays fills the cache, so that handles are dropped and what was
// unwrapped is destroyed.
func TestResident_HandleDropped_KeyStays(t *testing.T) {
	c := residentConfig(t)
	c.HandleCache = 2
	tok := hsmtest.Open(t, c)
	var all []custody.Material
	var publics []ed25519.PublicKey
	for _, id := range []string{"a", "b", "c", "d"} {
		m, public := edwards(t, tok, id)
		all, publics = append(all, m), append(publics, public)
		wrapped := hsmtest.Make(t, tok, "wrapped "+id, custody.P256Sign)
		if _, err := tok.Sign(background, wrapped.Rest(), "ECDSA_SHA_256",
			make([]byte, crypto.SHA256.Size())); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		for i, m := range all {
			signsPure(t, tok, m, publics[i])
		}
	}
}

// TestResident_TwoKeysOfOneName_AreRefused: neither is used, and neither destroyed.
func TestResident_TwoKeysOfOneName_AreRefused(t *testing.T) {
	c := residentConfig(t)
	tok := hsmtest.Open(t, c)
	m, public := edwards(t, tok, "a")
	p, slot := hsmtest.Attacker(t, c)
	s := hsmtest.Login(t, p, slot)
	attribute := pkcs11.NewAttribute
	if _, _, err := p.GenerateKeyPair(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(0x1055, nil)},
		[]*pkcs11.Attribute{
			attribute(pkcs11.CKA_EC_PARAMS, []byte{6, 3, 0x2b, 0x65, 0x70}),
			attribute(pkcs11.CKA_TOKEN, false),
		},
		[]*pkcs11.Attribute{attribute(pkcs11.CKA_TOKEN, true), attribute(pkcs11.CKA_PRIVATE, true),
			attribute(pkcs11.CKA_ID, m.Wrapped)}); err != nil {
		t.Fatal(err)
	}
	signsPure(t, tok, m, public) // its handle is known
	tok.Forget("a")
	if _, err := tok.Sign(background, m.Rest(), "ED25519_SHA_512", nil); err == nil {
		t.Error("one of two was used")
	}
	if err := tok.Destroy(background, m.Wrapped); err == nil {
		t.Error("one of two was destroyed")
	}
	if n := len(find(t, p, s, attribute(pkcs11.CKA_ID, m.Wrapped),
		attribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY))); n != 2 {
		t.Errorf("%d are left", n)
	}
}

// TestDestroy_TokenLost_IsUnavailable: what is not found on a token that is gone is
// not taken for destroyed.
func TestDestroy_TokenLost_IsUnavailable(t *testing.T) {
	c := residentConfig(t)
	c.Timeout = 2 * time.Second
	tok := hsmtest.Open(t, c)
	m, public := edwards(t, tok, "a")
	putBack := hsmtest.Pull(t, tok.Facts().Serial)
	if err := tok.Destroy(background, m.Wrapped); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("destroying on a lost token: %v", err)
	}
	putBack()
	eventually(t, "the token is back", func() bool { return tok.Ready() == nil })
	signsPure(t, tok, m, public)
}
