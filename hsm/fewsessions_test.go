package hsm_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm/hsmtest"
	"claviger/hsm/hsmtest/fakedevice"
	"claviger/internal/custody"
)

// crowded opens a token of a device that has sessions for what the token has open, and for no more.
func crowded(t *testing.T) (*fakedevice.Device, *keys) {
	t.Helper()
	d := fakedevice.New(t)
	d.Limit(6)
	tok := hsmtest.Open(t, d.Config())
	k := makeKeys(t, tok, 2)
	k.well(t)
	d.Limit(tok.Stats().SessionsOpen)
	return d, k
}

// A forged ciphertext is told to be one also where the second opinion can't have a session beside
// the first, and costs the others nothing.
func TestForged_EverySessionIsOpen_IsToldSo(t *testing.T) {
	_, k := crowded(t)
	forged := append([]byte{}, k.sealed[0]...)
	forged[20] ^= 1
	generation := k.tok.Stats().Generation
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5 {
				if _, err := k.tok.Unseal(background, k.aes[0].Rest(), forged,
					nil); !errors.Is(err, custody.ErrForged) {
					t.Errorf("forged: %v", err)
				}
				if err := k.use(t, 1); err != nil {
					t.Errorf("good: %v", err)
				}
			}
		})
	}
	all.Wait()
	if s := k.tok.Stats(); s.Renewals > 0 || s.Generation > generation {
		t.Errorf("%+v", s)
	}
}

// A login is renewed in the sessions that the last one had, where there are no others, and the
// module isn't taken from its other users for that.
func TestRecovery_EverySessionIsOpen_WaitsForThem(t *testing.T) {
	d, k := crowded(t)
	generation := k.tok.Stats().Generation
	d.Delay("C_CloseSession", 20*time.Millisecond)
	d.Fail("C_GetTokenInfo", pkcs11.CKR_DEVICE_ERROR, 1)
	eventually(t, "the login is renewed", func() bool { return k.tok.Stats().Renewals > 0 })
	k.well(t)
	if n := k.tok.Stats().Generation; n != generation {
		t.Errorf("the module was reloaded %d times", n-generation)
	}
}
