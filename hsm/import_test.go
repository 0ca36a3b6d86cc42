package hsm_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/hsm/hsmtest/fakedevice"
	"claviger/internal/custody"
)

// wrapped makes a pair for an algorithm and an AES key under it.
func wrapped(t *testing.T, tok *hsm.Token, alg custody.Algorithm) custody.Import {
	t.Helper()
	pair, err := tok.ImportPair(background, "pair "+string(alg), "RSA_2048", alg)
	if err != nil {
		t.Fatal(err)
	}
	key, _ := hsmtest.Outside(t, "AES_256")
	return custody.Import{
		Pair: pair, Algorithm: alg, Wrapped: hsmtest.Envelop(t, pair.Public, alg, key),
		Kind: custody.AES256, ID: "new",
	}
}

// TestImport_DeviceHasTheHash_StaysOnTheToken counts what is decrypted into this process and what
// is put onto the device from it: nothing where the device has the hash of the algorithm.
func TestImport_DeviceHasTheHash_StaysOnTheToken(t *testing.T) {
	for name, d := range map[string]*fakedevice.Device{
		"SHA-1 only": fakedevice.New(t), "SHA-256": fakedevice.LikeNShield(t),
	} {
		tok := hsmtest.Open(t, d.Config())
		for _, alg := range hsmtest.Wrappings {
			in := wrapped(t, tok, alg)
			hostless := name == "SHA-256" || in.Algorithm[len(in.Algorithm)-5:] == "SHA_1"
			if unwraps := in.Pair.Kind == custody.RSA2048Unwrap; unwraps != hostless {
				t.Errorf("%s, %s: the pair is of kind %s", name, alg, in.Pair.Kind)
			}
			created := d.Calls("C_CreateObject")
			if _, err := tok.Import(background, in); err != nil {
				t.Errorf("%s, %s: %v", name, alg, err)
			}
			if d.Calls("C_CreateObject") != created == hostless {
				t.Errorf("%s, %s: a key came through this process: %v", name, alg, hostless)
			}
		}
	}
}

// TestImport_DoneOrFailed_LeavesNoObjects counts the session objects of the whole process after
// imports that worked and that didn't.
func TestImport_DoneOrFailed_LeavesNoObjects(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	tok := hsmtest.Open(t, c)
	var all []custody.Import
	for _, alg := range hsmtest.Wrappings {
		all = append(all, wrapped(t, tok, alg))
	}
	p, slot := hsmtest.Attacker(t, c)
	s := hsmtest.Login(t, p, slot)
	count := func() int {
		if err := p.FindObjectsInit(s,
			[]*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_TOKEN, false)}); err != nil {
			t.Fatal(err)
		}
		found, _, err := p.FindObjects(s, 1000)
		if err := errors.Join(err, p.FindObjectsFinal(s)); err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	before := count()
	for _, in := range all {
		bad := in
		bad.Wrapped = append([]byte{}, in.Wrapped...)
		bad.Wrapped[len(bad.Wrapped)-1] ^= 1
		other := in
		other.Kind = custody.P256Sign
		for _, x := range []custody.Import{in, bad, other, in} {
			tok.Import(background, x)
		}
	}
	if after := count(); after != before {
		t.Errorf("%d objects became %d", before, after)
	}
}

// TestImport_DeviceFails_IsNotBlamedOnTheInput has each function fail once, and then for good: what
// was sent is good, and nobody is told otherwise.
func TestImport_DeviceFails_IsNotBlamedOnTheInput(t *testing.T) {
	for _, function := range []string{
		"C_UnwrapKey", "C_WrapKey", "C_Encrypt", "C_CreateObject", "C_Decrypt", "C_DestroyObject",
	} {
		for _, alg := range hsmtest.Wrappings {
			d := fakedevice.New(t)
			tok := hsmtest.Open(t, d.Config())
			in := wrapped(t, tok, alg)
			d.Fail(function, pkcs11.CKR_SESSION_HANDLE_INVALID, 1)
			if _, err := tok.Import(background, in); err != nil {
				t.Errorf("%s, %s: a lost session: %v", function, alg, err)
			}
			d.Fail(function, pkcs11.CKR_DEVICE_ERROR, -1)
			if _, err := tok.Import(background, in); err != nil && !errors.Is(err, custody.ErrUnavailable) {
				t.Errorf("%s, %s: a sick device: %v", function, alg, err)
			}
			d.Mend(function)
		}
	}
}

// TestImport_KnownKeyOnSickDevice_IsNotTakenForNew has the device fail while it compares: the key
// must not get another name.
func TestImport_KnownKeyOnSickDevice_IsNotTakenForNew(t *testing.T) {
	d := fakedevice.New(t)
	tok := hsmtest.Open(t, d.Config())
	in := wrapped(t, tok, "RSAES_OAEP_SHA_1")
	known, err := tok.Import(background, in)
	if err != nil {
		t.Fatal(err)
	}
	in.ID, in.Known = "other", []custody.Material{known}
	d.Fail("C_Decrypt", pkcs11.CKR_GENERAL_ERROR, 2) // the comparison, and the canary that decides
	if m, err := tok.Import(background, in); err == nil && m.ID != known.ID ||
		err != nil && !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("%q, %v", m.ID, err)
	}
}

// TestImport_CopyStaysBehind_Fails has nothing be destroyed: a copy that can be used would stay in
// the session, whether the key is a new one, or not one of those that it might be.
func TestImport_CopyStaysBehind_Fails(t *testing.T) {
	d := fakedevice.New(t)
	tok := hsmtest.Open(t, d.Config())
	other, err := tok.Import(background, wrapped(t, tok, "RSAES_OAEP_SHA_1"))
	if err != nil {
		t.Fatal(err)
	}
	in := wrapped(t, tok, "RSAES_OAEP_SHA_1")
	in.ID = "new"
	for _, known := range [][]custody.Material{nil, {other}} {
		in.Known = known
		if m, err := tok.Import(background, in); err != nil || m.ID != "new" {
			t.Errorf("%q, %v", m.ID, err)
		}
		d.Fail("C_DestroyObject", pkcs11.CKR_GENERAL_ERROR, -1)
		if m, err := tok.Import(background, in); !errors.Is(err, custody.ErrUnavailable) {
			t.Errorf("with %d known ones: %q, %v", len(known), m.ID, err)
		}
		d.Mend("C_DestroyObject")
	}
}

// TestImport_UnfitKey_CostsNoSession has keys come that are of another kind than they should be: a
// session in which the token is well isn't thrown away for what a caller sent.
func TestImport_UnfitKey_CostsNoSession(t *testing.T) {
	d := fakedevice.New(t)
	c := d.Config()
	c.MaxSessions = 2
	tok := hsmtest.Open(t, c)
	in := wrapped(t, tok, "RSA_AES_KEY_WRAP_SHA_256")
	in.Kind = custody.P256Sign
	unfit := func() {
		if _, err := tok.Import(background, in); !errors.Is(err, custody.ErrUnfit) {
			t.Errorf("a key of another kind: %v", err)
		}
	}
	d.Delay("C_GenerateRandom", 20*time.Millisecond)
	var all sync.WaitGroup
	for range 2 { // every session is open
		all.Go(func() { _, _ = tok.Random(background, 8) })
	}
	all.Wait()
	before := d.Calls("C_OpenSession")
	for range 10 {
		unfit()
	}
	// each may be asked of one that isn't idle yet, and of none of them twice
	if n := d.Calls("C_OpenSession") - before; n > 10 {
		t.Errorf("%d sessions were opened anew", n)
	}
}
