package hsm_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/hsm/hsmtest/fakedevice"
	"claviger/internal/custody"
)

var background = context.Background()

func pin(s string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(s), nil }
}

// refused opens a token and wants a certain refusal.
func refused(t *testing.T, c hsm.Config, want error) {
	t.Helper()
	tok, err := hsm.Open(background, c)
	if err == nil {
		tok.Close()
	}
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestOpen_UnfitToken_SaysWhy(t *testing.T) {
	soft := hsmtest.SoftHSM(t)
	with := func(change func(*hsm.Config)) hsm.Config {
		c := soft
		change(&c)
		return c
	}
	refused(t, with(func(c *hsm.Config) { c.Module = "/nonexistent/libpkcs11.so" }), hsm.ErrModule)
	refused(t, with(func(c *hsm.Config) { c.Module = "/etc/passwd" }), hsm.ErrModule)
	refused(t, with(func(c *hsm.Config) { c.TokenLabel = "nobody's" }), hsm.ErrNoToken)
	refused(t, with(func(c *hsm.Config) { c.PIN = pin("wrong") }), hsm.ErrPIN)
	refused(t, with(func(c *hsm.Config) { c.PIN = pin("") }), hsm.ErrPIN)
	if _, err := hsm.Open(background, with(func(c *hsm.Config) {
		c.TokenSerial = "1"
	})); err == nil {
		t.Error("a token was selected by label and serial number at once")
	}
	if _, err := hsm.Open(background, with(func(c *hsm.Config) { c.PIN = nil })); err == nil {
		t.Error("a token was opened without a PIN")
	}
	hsmtest.Open(t, soft)
}

func TestOpen_BySerialNumber_FindsTheToken(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	serial := hsmtest.Open(t, c).Facts().Serial
	c.TokenLabel, c.TokenSerial = "", serial
	if tok := hsmtest.Open(t, c); tok.Facts().Serial != serial {
		t.Error("another token was opened")
	}
}

func TestOpen_TwoTokensOfOneLabel_AreRefused(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	tok := hsmtest.Open(t, c) // keeps the module up
	p, _ := hsmtest.Attacker(t, c)
	slots, err := p.GetSlotList(true)
	if err != nil {
		t.Fatal(err)
	}
	for _, slot := range slots {
		if info, err := p.GetTokenInfo(slot); err == nil &&
			info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 {
			if err := p.InitToken(slot, hsmtest.SOPIN, c.TokenLabel); err != nil {
				t.Fatal(err)
			}
		}
	}
	refused(t, c, hsm.ErrAmbiguous)
	if err := tok.Ready(); err != nil {
		t.Error(err)
	}
}

func TestInitialize_SecondTime_IsRefused(t *testing.T) {
	bare := hsmtest.Bare(t)
	ceremony := hsm.Ceremony{Config: bare, SOPIN: pin(hsmtest.SOPIN)}
	if _, err := hsm.Initialize(background, ceremony); !errors.Is(err, hsm.ErrNoToken) {
		t.Errorf("a token was made unasked: %v", err)
	}
	ceremony.Create = true
	root, err := hsm.Initialize(background, ceremony)
	if err != nil {
		t.Fatal(err)
	}
	if got := hsmtest.Open(t, bare).Root(); got != root {
		t.Errorf("the ceremony made root %s, and %s was opened", root, got)
	}
	if _, err := hsm.Initialize(background, ceremony); !errors.Is(err, hsm.ErrExists) {
		t.Errorf("a second ceremony: %v", err)
	}
}

func TestInitialize_CutShort_LeavesNoRoot(t *testing.T) {
	d := fakedevice.Bare(t)
	c := hsm.Ceremony{Config: d.Config(), SOPIN: pin(hsmtest.SOPIN), Create: true}
	d.Fail("C_CopyObject", pkcs11.CKR_DEVICE_ERROR, 1)
	if _, err := hsm.Initialize(background, c); err == nil {
		t.Fatal("a ceremony that was cut short succeeded")
	}
	refused(t, d.Config(), hsm.ErrNoRoot)
	wrong := c
	wrong.SOPIN = pin("wrong")
	if _, err := hsm.Initialize(background, wrong); !errors.Is(err, hsm.ErrPIN) {
		t.Errorf("the wrong officer: %v", err)
	}
	if _, err := hsm.Initialize(background, c); err != nil {
		t.Errorf("after one that was cut short: %v", err)
	}
	hsmtest.Open(t, d.Config())
}

func TestOpen_DeviceAllowsTooMuch_IsRefused(t *testing.T) {
	for name, attribute := range map[string]uint{
		"unwraps anything in any form":        pkcs11.CKA_UNWRAP_TEMPLATE,
		"wraps under untrusted keys":          pkcs11.CKA_WRAP_WITH_TRUSTED,
		"wraps what may not be extracted":     pkcs11.CKA_EXTRACTABLE,
		"changes what may not be modified":    pkcs11.CKA_MODIFIABLE,
		"copies what may not be copied":       pkcs11.CKA_COPYABLE,
		"decrypts with keys that only unwrap": pkcs11.CKA_DECRYPT,
	} {
		t.Run(name, func(t *testing.T) {
			d := fakedevice.New(t)
			d.Neglect(attribute)
			refused(t, d.Config(), hsm.ErrUnsafe)
			bare := fakedevice.Bare(t)
			bare.Neglect(attribute)
			_, err := hsm.Initialize(background, hsm.Ceremony{
				Config: bare.Config(), SOPIN: pin(hsmtest.SOPIN), Create: true,
			})
			if !errors.Is(err, hsm.ErrUnsafe) {
				t.Errorf("the ceremony: %v", err)
			}
			refused(t, bare.Config(), hsm.ErrNoRoot)
		})
	}
}

// TestOpen_RootConfinesTooLittle_IsRefused takes one line at a time out of the
// root's unwrap template.
func TestOpen_RootConfinesTooLittle_IsRefused(t *testing.T) {
	for name, attribute := range map[string]uint{
		"token": pkcs11.CKA_TOKEN, "private": pkcs11.CKA_PRIVATE, "sensitive": pkcs11.CKA_SENSITIVE,
		"wrap with trusted": pkcs11.CKA_WRAP_WITH_TRUSTED,
		"copyable":          pkcs11.CKA_COPYABLE, "modifiable": pkcs11.CKA_MODIFIABLE,
	} {
		t.Run(name, func(t *testing.T) {
			d := fakedevice.New(t)
			d.Loosen(attribute)
			refused(t, d.Config(), hsm.ErrUnsafe)
		})
	}
}

func TestLogin_WrongPIN_IsNeverTriedTwice(t *testing.T) {
	d := fakedevice.New(t)
	c := d.Config()
	tok := hsmtest.Open(t, c)
	m := hsmtest.Make(t, tok, "k", custody.AES256)
	d.SetPIN("changed")
	before := d.Calls("C_Login")
	d.CloseSessions()
	eventually(t, "the token goes down", func() bool {
		_, err := tok.Seal(background, m.Rest(), nil, nil)
		return errors.Is(err, custody.ErrUnavailable) && errors.Is(tok.Ready(), hsm.ErrPIN)
	})
	time.Sleep(1500 * time.Millisecond) // more than one interval of the watch
	for range 10 {
		if _, err := tok.Seal(background, m.Rest(), nil, nil); !errors.Is(err, custody.ErrUnavailable) {
			t.Error(err)
		}
	}
	if n := d.Calls("C_Login") - before; n != 1 {
		t.Errorf("the wrong PIN was tried %d times", n)
	}
}

func TestLogin_LastTry_IsLeftToAPerson(t *testing.T) {
	for _, flag := range []uint{pkcs11.CKF_USER_PIN_FINAL_TRY, pkcs11.CKF_USER_PIN_LOCKED} {
		d := fakedevice.New(t)
		d.SetFlags(flag)
		before := d.Calls("C_Login")
		refused(t, d.Config(), hsm.ErrPINLocked)
		if d.Calls("C_Login") != before {
			t.Errorf("flags 0x%X: the PIN was tried", flag)
		}
	}
	d := fakedevice.New(t)
	d.Fail("C_Login", pkcs11.CKR_PIN_LOCKED, 1)
	refused(t, d.Config(), hsm.ErrPINLocked)
}

// Of PINs that come from callers. One that was right in this process is tried again.
func TestLogin_SparePIN_TriesNoneAfterAWrongOne(t *testing.T) {
	d := fakedevice.New(t)
	c := d.Config()
	c.SparePIN = true
	d.SetFlags(pkcs11.CKF_USER_PIN_COUNT_LOW)
	before := d.Calls("C_Login")
	refused(t, c, hsm.ErrPINCount)
	if d.Calls("C_Login") != before {
		t.Error("the PIN was tried")
	}
	hsmtest.Open(t, d.Config()).Close()
	d.SetFlags(0)
	hsmtest.Open(t, c)
}

func TestErrors_ForCallers_HoldNoCodes(t *testing.T) {
	d := fakedevice.New(t)
	tok := hsmtest.Open(t, d.Config())
	m := hsmtest.Make(t, tok, "k", custody.AES256)
	putBack := d.Pull()
	defer putBack()
	eventually(t, "the token goes down", func() bool { return tok.Ready() != nil })
	_, err := tok.Seal(background, m.Rest(), nil, nil)
	if !errors.Is(err, custody.ErrUnavailable) {
		t.Fatal(err)
	}
	if strings.Contains(custody.ErrUnavailable.Message, "CKR_") {
		t.Error(err)
	}
}

// watcher counts what a Token reports.
type watcher struct {
	mu                          sync.Mutex
	calls, failed               map[string]int
	handleHit, handleMiss, shed int
}

func (w *watcher) Call(function string, _ time.Duration, failed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls[function]++
	if failed {
		w.failed[function]++
	}
}

func (w *watcher) Handle(hit bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if hit {
		w.handleHit++
	} else {
		w.handleMiss++
	}
}

func (w *watcher) Shed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shed++
}

func TestObserver_EveryCall_IsSeen(t *testing.T) {
	w := &watcher{calls: map[string]int{}, failed: map[string]int{}}
	c := fakedevice.New(t).Config()
	c.Observe = w
	tok := hsmtest.Open(t, c)
	m := hsmtest.Make(t, tok, "k", custody.AES256)
	for range 3 {
		if _, err := tok.Seal(background, m.Rest(), nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tok.Unseal(background, m.Rest(), make([]byte, 40),
		nil); !errors.Is(err, custody.ErrForged) {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls["Generate"] != 1 || w.calls["Seal"] != 3 || w.failed["Seal"] != 0 ||
		w.failed["Unseal"] != 1 {
		t.Errorf("calls %v, failed %v", w.calls, w.failed)
	}
	if w.handleHit != 5 || w.handleMiss != 1 { // a new key is compared with its check value
		t.Errorf("%d hits, %d misses", w.handleHit, w.handleMiss)
	}
}

// eventually waits for something that recovery or the watch brings about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("it never came about that %s", what)
}
