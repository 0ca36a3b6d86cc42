package hsm_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

// openVault opens a token for resident keys beside the service's own, to be closed when t ends.
func openVault(t *testing.T, c hsm.Config, main *hsm.Token) *hsm.Vault {
	t.Helper()
	v, err := hsm.OpenVault(background, c, main)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Errorf("closing the vault: %v", err)
		}
	})
	return v
}

// own opens a token with a root, the service's own.
func own(t *testing.T) *hsm.Token {
	t.Helper()
	return hsmtest.Open(t, hsmtest.SoftHSM(t))
}

// store makes a resident key and seals something by it.
func store(t *testing.T, v *hsm.Vault, id string) (custody.Material, []byte) {
	t.Helper()
	m, err := v.GenerateResident(background, id, custody.AES256, "label of "+id, hsmtest.ResidentID())
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := v.Seal(background, m.Rest(), []byte(id), []byte("aad"))
	if err != nil {
		t.Fatal(err)
	}
	return m, sealed
}

// opens checks that a key still opens what it sealed.
func opens(t *testing.T, v *hsm.Vault, m custody.Material, sealed []byte) {
	t.Helper()
	if got, err := v.Unseal(background, m.Rest(), sealed,
		[]byte("aad")); err != nil || string(got) != m.ID {
		t.Errorf("%s gave %q, %v", m.ID, got, err)
	}
}

func TestVault_KeyGenerated_RestsOnItsToken(t *testing.T) {
	c, main := hsmtest.Vault(t), own(t)
	v := openVault(t, c, main)
	m, sealed := store(t, v, "a")
	other, _ := store(t, v, "b")
	if m.Root != v.Facts().Serial || len(m.Wrapped) != 16 ||
		bytes.Equal(m.Wrapped, other.Wrapped) || m.Public != nil {
		t.Errorf("the material is %+v", m)
	}
	if _, err := v.Unseal(background, other.Rest(), sealed,
		[]byte("aad")); !errors.Is(err, custody.ErrForged) {
		t.Errorf("another key: %v", err)
	}
	if random, err := v.Random(background, 33); err != nil || len(random) != 33 {
		t.Errorf("random: %d bytes, %v", len(random), err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Unseal(background, m.Rest(), sealed,
		[]byte("aad")); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("after closing: %v", err)
	}
	v = openVault(t, c, main)
	opens(t, v, m, sealed)
}

// TestVault_AttackerWithPIN_GetsNothing tries with the PIN what would let the key out or misuse it.
func TestVault_AttackerWithPIN_GetsNothing(t *testing.T) {
	c, main := hsmtest.Vault(t), own(t)
	v := openVault(t, c, main)
	m, _ := store(t, v, "a")
	p, slot := hsmtest.Attacker(t, c)
	s := hsmtest.Login(t, p, slot)
	found := find(t, p, s, pkcs11.NewAttribute(pkcs11.CKA_ID, m.Wrapped))
	if len(found) != 1 {
		t.Fatalf("%d objects have the CKA_ID", len(found))
	}
	key := found[0]
	staysInside(t, p, s, key, map[uint]byte{pkcs11.CKA_SENSITIVE: 1, pkcs11.CKA_EXTRACTABLE: 0,
		pkcs11.CKA_ENCRYPT: 1, pkcs11.CKA_DECRYPT: 1,
		pkcs11.CKA_WRAP: 0, pkcs11.CKA_UNWRAP: 0, pkcs11.CKA_SIGN: 0, pkcs11.CKA_DERIVE: 0,
		pkcs11.CKA_TOKEN: 1, pkcs11.CKA_PRIVATE: 1,
		pkcs11.CKA_NEVER_EXTRACTABLE: 1, pkcs11.CKA_LOCAL: 1}, pkcs11.CKA_WRAP)
	if err := p.EncryptInit(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_ECB, nil)},
		key); err == nil {
		t.Error("the key encrypts by ECB")
	}
}

// staysInside checks what a resident key is by its flags, and that it can neither be read, copied
// nor given another usage.
func staysInside(t *testing.T, p *pkcs11.Ctx, s pkcs11.SessionHandle, key pkcs11.ObjectHandle,
	flags map[uint]byte, usage uint) {
	t.Helper()
	for attribute, want := range flags {
		got, err := p.GetAttributeValue(s, key, []*pkcs11.Attribute{pkcs11.NewAttribute(attribute, nil)})
		if err != nil || got[0].Value[0] != want {
			t.Errorf("attribute 0x%X is %v, %v", attribute, got, err)
		}
	}
	if _, err := p.GetAttributeValue(s, key,
		[]*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_VALUE, nil)}); err == nil {
		t.Error("the key can be read")
	}
	if err := p.SetAttributeValue(s, key,
		[]*pkcs11.Attribute{pkcs11.NewAttribute(usage, true)}); err == nil {
		t.Error("the key can be altered")
	}
	if _, err := p.CopyObject(s, key, nil); err == nil {
		t.Error("the key can be copied")
	}
}

func find(t *testing.T, p *pkcs11.Ctx, s pkcs11.SessionHandle,
	by ...*pkcs11.Attribute) []pkcs11.ObjectHandle {
	t.Helper()
	if err := p.FindObjectsInit(s, by); err != nil {
		t.Fatal(err)
	}
	found, _, err := p.FindObjects(s, 16)
	if err := errors.Join(err, p.FindObjectsFinal(s)); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestVault_KeyDestroyed_IsGoneAndOthersStay(t *testing.T) {
	v := openVault(t, hsmtest.Vault(t), own(t))
	m, sealed := store(t, v, "a")
	kept, keptSealed := store(t, v, "b")
	for range 2 { // the second time it is gone already
		if err := v.Destroy(background, m.Wrapped); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := v.Unseal(background, m.Rest(), sealed,
		[]byte("aad")); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("a key that is gone: %v", err)
	}
	opens(t, v, kept, keptSealed)
	if err := v.Ready(); err != nil {
		t.Errorf("a key that is gone took the vault down: %v", err)
	}
	// an attempt that is repeated leaves one key
	again, err := v.GenerateResident(background, "b", custody.AES256, "", kept.Wrapped)
	if err != nil || bytes.Equal(again.Check, kept.Check) {
		t.Fatalf("%v", err)
	}
	if _, err := v.Unseal(background, again.Rest(), keptSealed, []byte("aad")); err == nil {
		t.Error("the key before it is still there")
	}
}

// TestVault_TwoKeysOfOneName_AreRefused: neither of two keys with one name is used, and not the one
// that took the other's place.
func TestVault_TwoKeysOfOneName_AreRefused(t *testing.T) {
	c, main := hsmtest.Vault(t), own(t)
	v := openVault(t, c, main)
	m, sealed := store(t, v, "a")
	p, slot := hsmtest.Attacker(t, c)
	s := hsmtest.Login(t, p, slot)
	_, err := p.GenerateKey(s,
		[]*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_GEN, nil)}, []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
			pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_AES),
			pkcs11.NewAttribute(pkcs11.CKA_ID, m.Wrapped),
			pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, 32),
			pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
			pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true),
			pkcs11.NewAttribute(pkcs11.CKA_DECRYPT, true)})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Destroy(background,
		m.Wrapped); fault.Of(err) == nil || fault.Of(err).Kind != fault.Internal {
		t.Errorf("destroying one of two: %v", err)
	}
	if err := v.Close(); err != nil { // its cached handle goes
		t.Fatal(err)
	}
	if err := p.CloseSession(s); err != nil { // and with the last session the login
		t.Fatal(err)
	}
	v = openVault(t, c, main)
	if _, err := v.Unseal(background, m.Rest(), sealed,
		[]byte("aad")); fault.Of(err) == nil || fault.Of(err).Kind != fault.Internal {
		t.Errorf("one of two: %v", err)
	}
	s = hsmtest.Login(t, p, slot)
	for _, o := range find(t, p, s, pkcs11.NewAttribute(pkcs11.CKA_ID, m.Wrapped)) {
		if v, err := p.GetAttributeValue(s, o,
			[]*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_WRAP, nil)}); err == nil &&
			v[0].Value[0] == 0 {
			if err := p.DestroyObject(s, o); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := v.Seal(background, m.Rest(), []byte("x"),
		nil); fault.Of(err) == nil || fault.Of(err).Kind != fault.Internal {
		t.Errorf("a key that took another's place encrypts: %v", err)
	}
}

// TestVault_WrongPIN_IsTriedOnce, and a token that somebody is logged in to isn't tried at all.
func TestVault_WrongPIN_IsTriedOnce(t *testing.T) {
	c, device := hsmtest.Vault(t), hsmtest.SoftHSM(t)
	main := hsmtest.Open(t, device)
	asked := 0
	wrong := c
	wrong.PIN = func() ([]byte, error) { asked++; return []byte("not the PIN"), nil }
	if _, err := hsm.OpenVault(background, wrong, main); !errors.Is(err, hsm.ErrPIN) || asked != 1 {
		t.Errorf("a wrong PIN, asked for %d times: %v", asked, err)
	}
	openVault(t, c, main)
	if _, err := hsm.OpenVault(background, wrong, main); !errors.Is(err, hsm.ErrTaken) || asked != 1 {
		t.Errorf("a token in use, PIN asked for %d times: %v", asked, err)
	}
	device.PIN = wrong.PIN
	if _, err := hsm.OpenVault(background, device, main); !errors.Is(err, hsm.ErrTaken) || asked != 1 {
		t.Errorf("the service's own token: %v", err)
	}
	missing := c
	missing.TokenLabel = "nobody's"
	if _, err := hsm.OpenVault(background, missing, main); !errors.Is(err, hsm.ErrNoToken) {
		t.Errorf("a token that isn't there: %v", err)
	}
}

func TestSurvey_TokensThereAndMissing_AreTold(t *testing.T) {
	c, d := hsmtest.Vault(t), hsmtest.Vault(t)
	missing := c
	missing.TokenLabel = "nobody's"
	got, err := hsm.Survey(background, []hsm.Config{c, missing, d})
	if err != nil || len(got) != 3 || !got[0] || got[1] || !got[2] {
		t.Errorf("%v, %v", got, err)
	}
	c.Module = "/nonexistent"
	if _, err := hsm.Survey(background, []hsm.Config{c}); !errors.Is(err, hsm.ErrModule) {
		t.Errorf("without a module: %v", err)
	}
}

// TestVault_PulledAndPutBack_Recovers: nothing is called forged or destroyed meanwhile, the
// service's own token on the same module goes on, and the vault returns by itself.
func TestVault_PulledAndPutBack_Recovers(t *testing.T) {
	main := own(t)
	own := hsmtest.Make(t, main, "own", custody.AES256)
	v := openVault(t, hsmtest.Vault(t), main)
	m, sealed := store(t, v, "a")
	var stop atomic.Bool
	var users sync.WaitGroup
	for range 4 {
		users.Go(func() {
			for !stop.Load() {
				if _, err := v.Unseal(background, m.Rest(), sealed,
					[]byte("aad")); err != nil && !errors.Is(err, custody.ErrUnavailable) {
					t.Errorf("the vault: %v", err)
				}
				if _, err := main.Seal(background, own.Rest(), []byte("x"), nil); err != nil {
					t.Errorf("the service's own token: %v", err)
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	putBack := hsmtest.Pull(t, v.Facts().Serial)
	until(t, "the vault is down", func() bool { return v.Ready() != nil })
	if err := v.Destroy(background, m.Wrapped); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("a key of a token that is gone was destroyed: %v", err)
	}
	putBack()
	until(t, "the vault is back", func() bool { return v.Ready() == nil })
	stop.Store(true)
	users.Wait()
	opens(t, v, m, sealed)
}

// until waits for something that happens by itself.
func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(background, 2*time.Minute)
	defer cancel()
	for !happened() {
		if ctx.Err() != nil {
			t.Fatalf("it never came that %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
