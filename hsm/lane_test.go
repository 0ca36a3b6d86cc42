package hsm_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/hsm/hsmtest/fakedevice"
	"claviger/hsm/hsmtest/shim"
	"claviger/internal/admission"
	"claviger/internal/custody"
)

// TestUse_OneSessionBlamesTheInput_AnotherIsAsked: a ciphertext is forged if two sessions say so.
// One that is contradicted is replaced, though it is well by its own account.
func TestUse_OneSessionBlamesTheInput_AnotherIsAsked(t *testing.T) {
	sh := shim.New(t)
	c := hsmtest.SoftHSM(t)
	c.Module, c.MaxSessions = sh.Module(), 1
	tok := hsmtest.Open(t, c)
	k := makeKeys(t, tok, 1)
	for _, code := range []uint{pkcs11.CKR_ENCRYPTED_DATA_INVALID, pkcs11.CKR_DATA_INVALID,
		pkcs11.CKR_GENERAL_ERROR, pkcs11.CKR_FUNCTION_FAILED, pkcs11.CKR_ARGUMENTS_BAD} {
		opened := sh.Opened()
		sh.Set(shim.Rule{Functions: []string{"C_Decrypt"}, OneSession: true, Times: 1, Before: code})
		k.well(t)
		sh.Clear()
		if sh.Opened() == opened {
			t.Errorf("0x%X: the session that was wrong goes on", code)
		}
	}
	forged := bytes.Clone(k.sealed[0])
	forged[len(forged)-1] ^= 1
	opened := sh.Opened()
	_, err := tok.Unseal(background, k.aes[0].Rest(), forged, nil)
	if !errors.Is(err, custody.ErrForged) {
		t.Errorf("a forgery: %v", err)
	}
	if n := sh.Opened() - opened; n != 1 {
		t.Errorf("for a forgery another session was asked %d times", n)
	}
	if s := tok.Stats(); s.Renewals > 0 {
		t.Errorf("%+v", s)
	}
}

// TestGenerate_ProofIsFalsified_KeyIsRefused: under a check value that isn't the key's the key
// could never be used.
func TestGenerate_ProofIsFalsified_KeyIsRefused(t *testing.T) {
	sh := shim.New(t)
	c := hsmtest.SoftHSM(t)
	c.Module = sh.Module()
	tok := hsmtest.Open(t, c)
	for kind, function := range map[custody.Kind]string{
		custody.AES256: "C_Encrypt", custody.HMAC256: "C_Sign",
	} {
		sh.Set(shim.Rule{Functions: []string{function}, Times: 1, Flip: true})
		m, err := tok.Generate(background, "k", kind)
		if err == nil {
			t.Errorf("%s: made with the check value %x", kind, m.Check)
		} else if !errors.Is(err, custody.ErrUnavailable) {
			t.Errorf("%s: %v", kind, err)
		}
		sh.Clear()
		hsmtest.Make(t, tok, "k", kind)
	}
}

// said is a log that others read while it is written.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// count returns how often it has a text.
func (s *said) count(text string) int { return strings.Count(s.String(), text) }

// renewed begins the cause of a renewal, a text of PKCS#11 or of ours.
const renewed = `"the token was renewed" token=software because="`

// TestRecovery_AnyRenewal_LogSaysWhy: each renewal has a line with its cause.
func TestRecovery_AnyRenewal_LogSaysWhy(t *testing.T) {
	d, log := fakedevice.New(t), &said{}
	c := hasty(d)
	c.MaxSessions, c.Log = 2, slog.New(slog.NewTextHandler(log, nil))
	tok := hsmtest.Open(t, c)
	k := makeKeys(t, tok, 3)
	for what, disturb := range map[string]func(){
		"sessions are closed":  d.CloseSessions,
		"the canary fails":     func() { d.Fail("C_Decrypt", pkcs11.CKR_DEVICE_ERROR, 1) },
		"the login is missing": func() { d.Fail("C_Sign", pkcs11.CKR_USER_NOT_LOGGED_IN, 1) },
	} {
		renewals := tok.Stats().Renewals
		disturb()
		eventually(t, "it is renewed when "+what,
			func() bool { return tok.Stats().Renewals > renewals })
		k.well(t)
		eventually(t, "the log says why", func() bool {
			return log.count(renewed) == int(tok.Stats().Renewals)
		})
	}
	putBack := d.Pull()
	eventually(t, "it is down", func() bool { return tok.Ready() != nil })
	putBack()
	k.well(t)
	eventually(t, "the log says that it was away, why, and that it is back", func() bool {
		return log.count(`"the token can't be used" token=software because="`) > 0 &&
			log.count("the token is back") > 0
	})
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, `msg="the token`) && !strings.Contains(line, " because=") &&
			!strings.Contains(line, " after=") || strings.Contains(line, "for another token") {
			t.Errorf("the reason is not given: %s", line)
		}
	}
}

// TestLoad_SessionHangs_CostsOnlyItsKeys: the keys of the session that hangs go on being used while
// it does, and are loaded again when it is over.
func TestLoad_SessionHangs_CostsOnlyItsKeys(t *testing.T) {
	d := fakedevice.New(t)
	d.Limit(10) // one session loads keys, and two may be opened beside those that hang
	c := hasty(d)
	c.MaxSessions = 3
	tok := hsmtest.Open(t, c)
	k := makeKeys(t, tok, 4)
	tok.Forget(k.aes[3].ID)
	release := d.Hang("C_UnwrapKey")
	ctx, cancel := context.WithTimeout(background, 20*time.Millisecond)
	defer cancel()
	if _, err := tok.Seal(ctx, k.aes[3].Rest(), nil, nil); !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("with a key whose loading hangs: %v", err)
	}
	for i := range 3 {
		if err := k.use(t, i); err != nil {
			t.Errorf("with a key that was there: %v", err)
		}
	}
	d.Mend("C_UnwrapKey") // for other sessions: that one hangs on
	eventually(t, "the call is given up", func() bool { return tok.Stats().Hung == 1 })
	k.well(t)
	unwrapped := d.Calls("C_UnwrapKey")
	release()
	eventually(t, "the call returns", func() bool { return tok.Stats().Hung == 0 })
	eventually(t, "its keys are loaded again", func() bool {
		return d.Calls("C_UnwrapKey") > unwrapped && tok.Stats().SessionsInUse == 0
	})
	k.well(t)
	if s := tok.Stats(); s.Renewals > 0 {
		t.Errorf("%+v", s)
	}
}

// TestSessions_DeviceAllowsFew_NeverMoreAreOpened: whatever happens, also while calls hang, while
// key pairs are made, when a ciphertext is forged, and when the login is renewed.
func TestSessions_DeviceAllowsFew_NeverMoreAreOpened(t *testing.T) {
	for _, most := range []int{6, 7, 9} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			d := fakedevice.New(t)
			d.Limit(most)
			tok := hsmtest.Open(t, hasty(d))
			k := makeKeys(t, tok, 8)
			d.Delay("C_GenerateKeyPair", 50*time.Millisecond)
			pairs(t, tok)
			d.Mend("C_GenerateKeyPair")
			k.underLoad(t, 16, func() { time.Sleep(50 * time.Millisecond) })
			k.well(t)
			forged := bytes.Clone(k.sealed[0])
			forged[len(forged)-1] ^= 1
			if _, err := tok.Unseal(background, k.aes[0].Rest(), forged,
				nil); !errors.Is(err, custody.ErrForged) {
				t.Errorf("a forgery: %v", err)
			}
			noneRefused(t, d, "at work")

			release := d.Hang("C_GenerateRandom") // which neither logins nor health checks call
			if _, err := tok.Random(background, 8); !errors.Is(err, custody.ErrUnavailable) {
				t.Errorf("a call that hangs: %v", err)
			}
			d.Mend("C_GenerateRandom") // for other sessions: that one hangs on
			eventually(t, "others are served", func() bool { return k.use(t, 0) == nil })
			k.underLoad(t, 8, func() { time.Sleep(50 * time.Millisecond) })
			noneRefused(t, d, "while a call hangs")
			release()
			eventually(t, "the call returns", func() bool { return tok.Stats().Hung == 0 })
			k.well(t)
			noneRefused(t, d, "after a call hung")

			renewals := tok.Stats().Renewals
			k.underLoad(t, 8, func() {
				d.Fail("C_Decrypt", pkcs11.CKR_DEVICE_ERROR, -1)
				eventually(t, "it is down", func() bool { return tok.Ready() != nil })
				d.Mend("C_Decrypt")
				eventually(t, "the login is renewed",
					func() bool { return tok.Stats().Renewals > renewals })
			})
			k.well(t)
			noneRefused(t, d, "at a renewal")
		})
	}
}

// pairs makes two RSA key pairs at once, for two parties, each of which may make one.
func pairs(t *testing.T, tok *hsm.Token) {
	t.Helper()
	var over sync.WaitGroup
	for i := range 2 {
		over.Go(func() {
			ctx := admission.WithParty(background, fmt.Sprint("party ", i))
			if _, err := tok.Generate(ctx, fmt.Sprint("pair ", i), custody.RSA2048Sign); err != nil {
				t.Errorf("making an RSA key pair: %v", err)
			}
		})
	}
	over.Wait()
}

func noneRefused(t *testing.T, d *fakedevice.Device, when string) {
	t.Helper()
	if n := d.Refused(); n > 0 {
		t.Errorf("%s the device refused %d sessions", when, n)
	}
}
