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

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/hsm/hsmtest/fakedevice"
	"claviger/internal/custody"
	"claviger/internal/fault"
)

// keys are materials with what each of them sealed and authenticated, to notice a key that takes
// another's place.
type keys struct {
	tok    *hsm.Token
	aes    []custody.Material
	sealed [][]byte

	// SoftHSM crashes when a session or a login ends while somebody is inside a call that needs it,
	// so the tests end them between calls.
	between sync.RWMutex
}

func makeKeys(t *testing.T, tok *hsm.Token, n int) *keys {
	t.Helper()
	k := &keys{tok: tok}
	for i := range n {
		m := hsmtest.Make(t, tok, fmt.Sprint("key ", i), custody.AES256)
		sealed, err := tok.Seal(background, m.Rest(), []byte(m.ID), nil)
		if err != nil {
			t.Fatal(err)
		}
		k.aes, k.sealed = append(k.aes, m), append(k.sealed, sealed)
	}
	return k
}

// use seals and unseals with key i. The only error it lets pass is custody.ErrUnavailable.
func (k *keys) use(t *testing.T, i int) error {
	k.between.RLock()
	defer k.between.RUnlock()
	m := k.aes[i%len(k.aes)]
	got, err := k.tok.Unseal(background, m.Rest(), k.sealed[i%len(k.aes)], nil)
	if err == nil && string(got) != m.ID {
		t.Errorf("%s gave %q", m.ID, got)
	}
	if err == nil {
		var sealed []byte
		if sealed, err = k.tok.Seal(background, m.Rest(), []byte("new"), nil); err == nil {
			got, err = k.tok.Unseal(background, m.Rest(), sealed, nil)
			if err == nil && string(got) != "new" {
				t.Errorf("what %s sealed came back as %q", m.ID, got)
			}
		}
	}
	if err != nil && !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("%s: %v", m.ID, err)
	}
	return err
}

// underLoad has n goroutines use the keys while disturb runs and returns how many uses failed.
func (k *keys) underLoad(t *testing.T, n int, disturb func()) (failed int32) {
	t.Helper()
	var all sync.WaitGroup
	var errs atomic.Int32
	stop := make(chan struct{})
	for w := range n {
		all.Go(func() {
			for i := w; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if k.use(t, i) != nil {
					errs.Add(1)
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	disturb()
	close(stop)
	all.Wait()
	return errs.Load()
}

// well wants every key to work again.
func (k *keys) well(t *testing.T) {
	t.Helper()
	eventually(t, "the token is ready", func() bool { return k.tok.Ready() == nil })
	for i := range k.aes {
		if err := k.use(t, i); err != nil {
			t.Errorf("after recovery: %v", err)
		}
	}
}

func TestRecovery_SessionsLost_CallersNoticeNothing(t *testing.T) {
	t.Run("software token", func(t *testing.T) {
		d := fakedevice.New(t)
		k := makeKeys(t, hsmtest.Open(t, d.Config()), 5)
		failed := k.underLoad(t, 16, func() {
			for range 5 {
				time.Sleep(30 * time.Millisecond)
				d.CloseSessions() // under the calls
			}
		})
		k.well(t)
		if failed > 0 {
			t.Errorf("%d uses failed", failed)
		}
	})
	t.Run("SoftHSM", func(t *testing.T) {
		c := hsmtest.SoftHSM(t)
		k := makeKeys(t, hsmtest.Open(t, c), 5)
		p, slot := hsmtest.Attacker(t, c)
		failed := k.underLoad(t, 16, func() {
			for range 5 {
				time.Sleep(50 * time.Millisecond)
				k.between.Lock()
				if err := p.CloseAllSessions(slot); err != nil {
					t.Error(err)
				}
				k.between.Unlock()
			}
		})
		k.well(t)
		if failed > 0 {
			t.Errorf("%d uses failed", failed)
		}
	})
}

func TestRecovery_LogoutElsewhere_IsRepaired(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	k := makeKeys(t, hsmtest.Open(t, c), 5)
	p, slot := hsmtest.Attacker(t, c)
	k.underLoad(t, 4, func() {
		for range 3 {
			s := hsmtest.Login(t, p, slot)
			k.between.Lock()
			if err := p.Logout(s); err != nil {
				t.Error(err)
			}
			k.between.Unlock()
			time.Sleep(50 * time.Millisecond)
		}
	})
	k.well(t)
}

func TestRecovery_TokenPulled_ReturnsByItself(t *testing.T) {
	t.Run("software token", func(t *testing.T) {
		d := fakedevice.New(t)
		pull(t, hsmtest.Open(t, d.Config()), d.Pull)
	})
	t.Run("SoftHSM", func(t *testing.T) {
		tok := hsmtest.Open(t, hsmtest.SoftHSM(t))
		pull(t, tok, func() func() { return hsmtest.Pull(t, tok.Facts().Serial) })
	})
}

func pull(t *testing.T, tok *hsm.Token, take func() (putBack func())) {
	k := makeKeys(t, tok, 5)
	putBack := take()
	eventually(t, "the loss is noticed", func() bool { return tok.Ready() != nil })
	if err := tok.Ready(); !errors.Is(err, custody.ErrUnavailable) || fault.Of(err).Err == nil {
		t.Errorf("not ready, and no reason: %v", err)
	}
	if _, err := tok.Generate(background, "new",
		custody.AES256); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("without a token: %v", err)
	}
	putBack()
	back := time.Now()
	k.well(t)
	t.Logf("service returned after %v", time.Since(back).Round(10*time.Millisecond))
}

// TestModuleReload_UnderLoad_NeverMixesKeys reloads the module under a healthy token, again and
// again: after each reload the numbers of its handles name other keys.
func TestModuleReload_UnderLoad_NeverMixesKeys(t *testing.T) {
	neighbour := hsmtest.Open(t, hsmtest.SoftHSM(t))
	k := makeKeys(t, hsmtest.Open(t, hsmtest.SoftHSM(t)), 8)
	before := k.tok.Stats().Generation
	failed := k.underLoad(t, 16, func() {
		for range 5 {
			// A token that isn't there is looked for anew after a restart of the module.
			c := hsmtest.Bare(t)
			if _, err := hsm.Open(background, c); !errors.Is(err, hsm.ErrNoToken) {
				t.Error(err)
			}
		}
	})
	k.well(t)
	if got := k.tok.Stats().Generation; got < before+5 {
		t.Errorf("the module was reloaded %d times only", got-before)
	}
	eventually(t, "the neighbour is ready", func() bool { return neighbour.Ready() == nil })
	if failed > 0 {
		t.Errorf("%d uses failed", failed)
	}
}

func TestRecovery_TokenWiped_IsNotTakenForTheOldOne(t *testing.T) {
	d := fakedevice.New(t)
	tok := hsmtest.Open(t, d.Config())
	k := makeKeys(t, tok, 1)
	d.Wipe()
	eventually(t, "the loss is noticed", func() bool { return tok.Ready() != nil })
	if err := tok.Ready(); !errors.Is(err, hsm.ErrNoRoot) {
		t.Errorf("not ready because %v", err)
	}
	if _, err := hsm.Initialize(background,
		hsm.Ceremony{Config: d.Config(), SOPIN: pin(hsmtest.SOPIN)}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(1500 * time.Millisecond) // more than one interval of the watch
	if err := tok.Ready(); err == nil {
		t.Error("another root was taken for the one that is gone")
	}
	if err := k.use(t, 0); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("with another root: %v", err)
	}
}

// hasty is for calls that hang: others have time enough to end.
func hasty(d *fakedevice.Device) hsm.Config {
	c := d.Config()
	c.Timeout = 2 * time.Second
	return c
}

func TestCall_ModuleHangs_IsGivenUp(t *testing.T) {
	d := fakedevice.New(t)
	c := hasty(d)
	c.MaxSessions = 3
	tok := hsmtest.Open(t, c)
	m := hsmtest.Make(t, tok, "k", custody.AES256)
	sealed, err := tok.Seal(background, m.Rest(), []byte("x"), nil)
	if err != nil {
		t.Fatal(err)
	}
	release := d.Hang("C_Encrypt")
	ctx, cancel := context.WithTimeout(background, 20*time.Millisecond)
	defer cancel()
	if _, err := tok.Seal(ctx, m.Rest(), []byte("x"), nil); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("at the caller's deadline: %v", err)
	}
	if _, err := tok.Seal(background, m.Rest(), []byte("x"),
		nil); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("at the timeout: %v", err)
	}
	eventually(t, "both hang", func() bool { return tok.Stats().Hung == 2 })
	if _, err := tok.Unseal(background, m.Rest(), sealed, nil); err != nil {
		t.Errorf("a call that doesn't hang: %v", err)
	}
	tok.Forget("k") // its handle is in use by calls that nobody waits for
	release()
	eventually(t, "the calls return", func() bool { return tok.Stats().Hung == 0 })
	for range 5 {
		if _, err := tok.Seal(background, m.Rest(), []byte("x"), nil); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}
}

func TestPool_EverySessionHangs_IsReplaced(t *testing.T) {
	d := fakedevice.New(t)
	c := hasty(d)
	c.MaxSessions = 2
	tok := hsmtest.Open(t, c)
	k := makeKeys(t, tok, 1)
	release := d.Hang("C_Encrypt")
	for range 2 {
		if err := k.use(t, 0); !errors.Is(err, custody.ErrUnavailable) {
			t.Error(err)
		}
	}
	d.Mend("C_Encrypt") // for other sessions: the two hang on
	eventually(t, "others are served", func() bool { return k.use(t, 0) == nil })
	if n := tok.Stats().Hung; n < 2 {
		t.Errorf("%d calls hang", n)
	}
	release()
	eventually(t, "the calls return", func() bool { return tok.Stats().Hung == 0 })
	k.well(t)
}

// TestModuleReload_CallHangs_IsRefused pulls the token while a call hangs: the software token fails
// the test if C_Finalize comes before the call returned.
func TestModuleReload_CallHangs_IsRefused(t *testing.T) {
	d := fakedevice.New(t)
	tok := hsmtest.Open(t, hasty(d))
	k := makeKeys(t, tok, 2)
	release := d.Hang("C_Encrypt")
	if err := k.use(t, 0); !errors.Is(err, custody.ErrUnavailable) {
		t.Error(err)
	}
	putBack := d.Pull()
	eventually(t, "the loss is noticed", func() bool { return tok.Ready() != nil })
	putBack()
	if err := k.use(t, 1); !errors.Is(err, custody.ErrUnavailable) {
		t.Error(err)
	}
	release()
	k.well(t)
}

func TestFailure_FunctionAndCode_DecideTheAnswer(t *testing.T) {
	d := fakedevice.New(t)
	tok := hsmtest.Open(t, d.Config())
	k := makeKeys(t, tok, 1)
	for _, once := range []struct {
		function string
		code     uint
	}{
		{"C_Encrypt", pkcs11.CKR_SESSION_HANDLE_INVALID},
		{"C_Encrypt", pkcs11.CKR_OPERATION_ACTIVE},
		{"C_Encrypt", pkcs11.CKR_KEY_HANDLE_INVALID}, {"C_Encrypt", pkcs11.CKR_USER_NOT_LOGGED_IN},
		{"C_Encrypt", pkcs11.CKR_DEVICE_ERROR}, {"C_Encrypt", pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED},
		{"C_Decrypt", pkcs11.CKR_SESSION_CLOSED}, {"C_Decrypt", pkcs11.CKR_OBJECT_HANDLE_INVALID},
		{"C_Decrypt", pkcs11.CKR_DEVICE_REMOVED},
	} {
		d.Fail(once.function, once.code, 1)
		if err := k.use(t, 0); err != nil {
			t.Errorf("%s answered 0x%X once: %v", once.function, once.code, err)
		}
	}
	k.well(t)
	m := k.aes[0]
	d.Fail("C_Decrypt", pkcs11.CKR_GENERAL_ERROR, 1)
	if err := k.use(t, 0); err != nil {
		t.Errorf("a general error that another session doesn't repeat: %v", err)
	}
	if _, err := tok.Unseal(background, m.Rest(), k.sealed[0],
		[]byte("other")); !errors.Is(err, custody.ErrForged) {
		t.Errorf("what two healthy sessions refuse: %v", err)
	}
	d.Fail("C_Decrypt", pkcs11.CKR_GENERAL_ERROR, -1)
	if _, err := tok.Unseal(background, m.Rest(), k.sealed[0],
		nil); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("a general error of the canary too: %v", err)
	}
	d.Mend("C_Decrypt")
	k.well(t)
	d.Fail("C_Encrypt", pkcs11.CKR_DEVICE_ERROR, -1)
	if _, err := tok.Seal(background, m.Rest(), nil, nil); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("a device error that stays: %v", err)
	}
	d.Mend("C_Encrypt")
	k.well(t)
}

func TestPool_SlowDevice_ServesMany(t *testing.T) {
	d := fakedevice.New(t)
	k := makeKeys(t, hsmtest.Open(t, d.Config()), 3)
	d.Delay("C_Encrypt", 2*time.Millisecond)
	if failed := k.underLoad(t, 16, func() { time.Sleep(200 * time.Millisecond) }); failed > 0 {
		t.Errorf("%d uses failed", failed)
	}
}

func TestLogin_PINUsed_IsWiped(t *testing.T) {
	d := fakedevice.New(t)
	c := d.Config()
	lent := []byte(hsmtest.PIN)
	c.PIN = func() ([]byte, error) { return lent, nil }
	hsmtest.Open(t, c)
	for _, b := range lent {
		if b != 0 {
			t.Fatal("the PIN lies in memory after the login")
		}
	}
}
