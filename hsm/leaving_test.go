package hsm_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm/hsmtest"
	"claviger/hsm/hsmtest/fakedevice"
	"claviger/internal/custody"
)

// briefly is done by callers who leave in the middle of it.
func briefly(t *testing.T, n int, f func(context.Context) error) {
	t.Helper()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(background, time.Duration(i%5+1)*3*time.Millisecond)
			defer cancel()
			if err := f(ctx); err != nil && !errors.Is(err, custody.ErrUnavailable) {
				t.Errorf("a caller who leaves: %v", err)
			}
		})
	}
	all.Wait()
}

func TestUse_CallersLeave_SessionsStay(t *testing.T) {
	d := fakedevice.New(t)
	c := d.Config()
	c.MaxSessions = 4
	tok := hsmtest.Open(t, c)
	k := makeKeys(t, tok, 3)
	k.well(t)
	d.Delay("C_GenerateRandom", 50*time.Millisecond)
	briefly(t, 8, func(context.Context) error { // every session is open
		_, err := tok.Random(background, 8)
		return err
	})
	opened := d.Calls("C_OpenSession")
	d.Delay("C_Encrypt", 20*time.Millisecond)
	briefly(t, 40, func(ctx context.Context) error {
		_, err := tok.Seal(ctx, k.aes[0].Rest(), []byte("x"), nil)
		return err
	})
	d.Mend("C_Encrypt")
	k.well(t)
	if n := d.Calls("C_OpenSession") - opened; n > 0 {
		t.Errorf("%d sessions were opened anew", n)
	}
	if s := tok.Stats(); s.Renewals > 0 || s.Hung > 0 {
		t.Errorf("%+v", s)
	}
}

func TestLoad_CallerLeaves_KeyIsLoadedForAll(t *testing.T) {
	d := fakedevice.New(t)
	tok := hsmtest.Open(t, d.Config())
	var loads atomic.Int32
	var all []custody.Ref
	for i := range 8 {
		m := hsmtest.Make(t, tok, fmt.Sprint("k", i), custody.AES256)
		all = append(all, custody.Ref{ID: m.ID, Load: func(context.Context) (custody.Material, error) {
			loads.Add(1)
			return m, nil
		}})
		tok.Forget(m.ID)
	}
	d.Delay("C_UnwrapKey", 30*time.Millisecond)
	briefly(t, 40, func(ctx context.Context) error {
		_, err := tok.Seal(ctx, all[0], []byte("x"), nil)
		if err == nil {
			_, err = tok.Seal(ctx, all[7], []byte("x"), nil)
		}
		return err
	})
	eventually(t, "the key is loaded", func() bool { return tok.Stats().Handles > 0 })
	before, unwrapped := loads.Load(), d.Calls("C_UnwrapKey")
	if _, err := tok.Seal(background, all[0], []byte("x"), nil); err != nil {
		t.Error(err)
	}
	if loads.Load() != before || d.Calls("C_UnwrapKey") > unwrapped {
		t.Error("what a caller asked for who left was loaded for nobody")
	}
	if s := tok.Stats(); s.Renewals > 0 {
		t.Errorf("%+v", s)
	}
}

// Keys that a lost login had are loaded again before anybody asks, and from what was known of them.
func TestRecovery_SessionsLost_KeysAreLoadedUnasked(t *testing.T) {
	d := fakedevice.New(t)
	tok := hsmtest.Open(t, d.Config())
	k := makeKeys(t, tok, 50)
	tok.Forget(k.aes[0].ID)
	held := tok.Stats().Handles
	d.CloseSessions()
	eventually(t, "the login is renewed", func() bool { return tok.Stats().Renewals == 1 })
	eventually(t, "the keys are back", func() bool {
		s := tok.Stats()
		return s.Handles == held && s.SessionsInUse == 0 && d.Calls("C_UnwrapKey") >= held
	})
	unwrapped := d.Calls("C_UnwrapKey")
	for i := range k.aes[1:] {
		never := custody.Ref{ID: k.aes[i+1].ID, Load: func(context.Context) (custody.Material, error) {
			return custody.Material{}, errors.New("it was asked for")
		}}
		if got, err := tok.Unseal(background, never, k.sealed[i+1],
			nil); err != nil || string(got) != never.ID {
			t.Errorf("%s: %q, %v", never.ID, got, err)
		}
	}
	if n := d.Calls("C_UnwrapKey") - unwrapped; n > 0 {
		t.Errorf("%d keys weren't there", n)
	}
	forgotten := custody.Ref{ID: k.aes[0].ID, Load: func(context.Context) (custody.Material, error) {
		return custody.Material{}, context.Canceled
	}}
	if _, err := tok.Unseal(background, forgotten, k.sealed[0], nil); err == nil {
		t.Error("a key that was forgotten came back with the login")
	}
}

// A code that means nothing in particular costs a session and a repetition, and no caller an
// answer, whatever function gave it.
func TestFailure_UnexpectedCodeOnce_CallersNoticeNothing(t *testing.T) {
	d := fakedevice.New(t)
	tok := hsmtest.Open(t, d.Config())
	k := makeKeys(t, tok, 2)
	mac := hsmtest.Make(t, tok, "mac", custody.HMAC256)
	pair := hsmtest.Make(t, tok, "pair", custody.P256Sign)
	for _, function := range []string{"C_Encrypt", "C_Decrypt", "C_Sign", "C_UnwrapKey", "C_WrapKey",
		"C_GenerateKey", "C_GenerateKeyPair", "C_GenerateRandom", "C_DestroyObject",
		"C_GetAttributeValue"} {
		for _, code := range []uint{pkcs11.CKR_GENERAL_ERROR, pkcs11.CKR_FUNCTION_FAILED,
			pkcs11.CKR_ARGUMENTS_BAD, pkcs11.CKR_FUNCTION_CANCELED, pkcs11.CKR_DATA_INVALID,
			pkcs11.CKR_ENCRYPTED_DATA_INVALID, pkcs11.CKR_WRAPPED_KEY_INVALID, 0x80001234} {
			tok.Forget(k.aes[1].ID)
			d.Fail(function, code, 1)
			err := errors.Join(k.use(t, 0), k.use(t, 1))
			_, signed := tok.Sign(background, pair.Rest(), "ECDSA_SHA_256", make([]byte, 32))
			_, authenticated := tok.MAC(background, mac.Rest(), []byte("x"))
			_, drawn := tok.Random(background, 8)
			_, made := tok.Generate(background, "new", custody.AES256)
			_, paired := tok.Generate(background, "newpair", custody.P256Sign)
			if err = errors.Join(err, signed, authenticated, drawn, made, paired); err != nil {
				t.Errorf("%s answered 0x%X once: %v", function, code, err)
			}
			d.Mend(function)
		}
	}
	if s := tok.Stats(); s.Renewals > 0 {
		t.Errorf("%+v", s)
	}
}
