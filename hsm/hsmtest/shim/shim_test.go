package shim_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/hsm/hsmtest/shim"
	"claviger/internal/custody"

	"github.com/miekg/pkcs11"
)

// device is a token behind a shim that a test calls by hand.
type device struct {
	*shim.Shim
	*pkcs11.Ctx
	slot uint
}

// open logs in to a fresh token.
func open(t *testing.T) (d device, s pkcs11.SessionHandle) {
	t.Helper()
	c := hsmtest.SoftHSM(t)
	d = device{Shim: shim.New(t)}
	if d.Ctx = pkcs11.New(d.Module()); d.Ctx == nil {
		t.Fatal("the module can't be loaded")
	}
	accepted(t, d.Initialize())
	t.Cleanup(func() {
		d.Clear()
		accepted(t, d.Finalize())
	})
	slots, err := d.GetSlotList(true)
	accepted(t, err)
	for _, slot := range slots {
		if info, err := d.GetTokenInfo(slot); err == nil && info.Label == c.TokenLabel {
			d.slot = slot
		}
	}
	s = d.session(t)
	accepted(t, d.Login(s, pkcs11.CKU_USER, hsmtest.PIN))
	return d, s
}

func (d device) session(t *testing.T) pkcs11.SessionHandle {
	t.Helper()
	s, err := d.OpenSession(d.slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	accepted(t, err)
	return s
}

func accepted(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// answers wants a call to have answered a code.
func answers(t *testing.T, err error, code uint) {
	t.Helper()
	var got pkcs11.Error
	if err == nil && code == pkcs11.CKR_OK {
		return
	}
	if !errors.As(err, &got) || uint(got) != code {
		t.Errorf("%v was answered, and %v was wanted", err, pkcs11.Error(code))
	}
}

func (d device) random(s pkcs11.SessionHandle) error {
	_, err := d.GenerateRandom(s, 8)
	return err
}

func TestShim_RuleOfCodes_MeetsTheCallsItNames(t *testing.T) {
	d, s := open(t)
	other := d.session(t)
	random := []string{"C_GenerateRandom"}
	for name, c := range map[string]struct {
		rule shim.Rule
		want string // a letter for each call in s: x fails
	}{
		"each":            {shim.Rule{}, "xxxxxx"},
		"each second":     {shim.Rule{Every: 2}, ".x.x.x"},
		"the third":       {shim.Rule{Skip: 2, Times: 1}, "..x..."},
		"this session":    {shim.Rule{Session: 1}, "xxxxxx"},
		"another session": {shim.Rule{Session: 2}, "......"},
		"the old ones":    {shim.Rule{UpTo: 1, Times: 3}, "xxx..."},
		"whoever comes":   {shim.Rule{OneSession: true}, "xxxxxx"},
	} {
		c.rule.Functions, c.rule.Before = random, pkcs11.CKR_DEVICE_ERROR
		d.Set(c.rule)
		got := ""
		for range c.want {
			if d.random(s) != nil {
				got += "x"
			} else {
				got += "."
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, and %s was wanted", name, got, c.want)
		}
		if c.rule.OneSession && (d.random(other) != nil || d.Bound(0) != 1) {
			t.Errorf("%s: the rule is bound to session %d and to others", name, d.Bound(0))
		}
	}
	before := d.Calls("C_GenerateRandom")
	d.Clear()
	accepted(t, d.random(s))
	if n := d.Calls("C_GenerateRandom") - before; n != 1 {
		t.Errorf("one call counts as %d", n)
	}
}

func TestShim_CodeBeforeAndAfter_LeavesOutTheCallOrNot(t *testing.T) {
	d, s := open(t)
	sha := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_SHA256, nil)}
	for after, second := range map[bool]uint{false: pkcs11.CKR_OK, true: pkcs11.CKR_OPERATION_ACTIVE} {
		rule := shim.Rule{Functions: []string{"C_DigestInit"}, Before: pkcs11.CKR_HOST_MEMORY}
		if after {
			rule.Before, rule.After = 0, rule.Before
		}
		d.Set(rule)
		answers(t, d.DigestInit(s, sha), pkcs11.CKR_HOST_MEMORY)
		d.Clear()
		answers(t, d.DigestInit(s, sha), second)
		_, err := d.Digest(s, []byte("x"))
		accepted(t, err)
	}
}

func TestShim_FalsifiedAnswers_ComeBack(t *testing.T) {
	d, s := open(t)
	digest := func() []byte {
		t.Helper()
		accepted(t, d.DigestInit(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_SHA256, nil)}))
		b, err := d.Digest(s, []byte("x"))
		accepted(t, err)
		return b
	}
	right := digest()
	d.Set(shim.Rule{Functions: []string{"C_Digest"}, Flip: true})
	wrong := digest()
	right[len(right)/2] ^= 1
	if !bytes.Equal(right, wrong) {
		t.Errorf("%x with a bit flipped is %x", right, wrong)
	}
	d.Set(shim.Rule{Functions: []string{"C_Digest"}, Zero: true})
	if got := digest(); !bytes.Equal(got, make([]byte, 32)) {
		t.Errorf("zeros are %x", got)
	}
	d.Set(shim.Rule{Functions: []string{"C_GenerateRandom"}, Repeat: true})
	first, err := d.GenerateRandom(s, 16)
	accepted(t, err)
	second, err := d.GenerateRandom(s, 16)
	accepted(t, err)
	d.Clear()
	third, err := d.GenerateRandom(s, 16)
	accepted(t, err)
	if !bytes.Equal(first, second) || bytes.Equal(second, third) {
		t.Errorf("%x, again %x, then %x", first, second, third)
	}
}

func TestShim_LostObject_IsGoneUntilItIsFound(t *testing.T) {
	d, s := open(t)
	name := []byte("lost")
	key, err := d.GenerateKey(s, []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_KEY_GEN, nil)},
		[]*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, 32),
			pkcs11.NewAttribute(pkcs11.CKA_ID, name), pkcs11.NewAttribute(pkcs11.CKA_ENCRYPT, true)})
	accepted(t, err)
	ecb := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_AES_ECB, nil)}
	d.Set(shim.Rule{Functions: []string{"C_EncryptInit"}, Lose: true, Times: 1})
	for range 2 {
		answers(t, d.EncryptInit(s, ecb, key), pkcs11.CKR_KEY_HANDLE_INVALID)
	}
	accepted(t, d.FindObjectsInit(s, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_ID, name)}))
	found, _, err := d.FindObjects(s, 2)
	accepted(t, err)
	accepted(t, d.FindObjectsFinal(s))
	accepted(t, d.EncryptInit(s, ecb, found[0]))
}

func TestShim_ForgottenLogin_IsBackWithTheNextOne(t *testing.T) {
	d, s := open(t)
	d.Set(shim.Rule{Functions: []string{"C_GenerateRandom"}, Forget: true, Times: 1})
	for range 2 {
		answers(t, d.random(s), pkcs11.CKR_USER_NOT_LOGGED_IN)
	}
	if info, err := d.GetSessionInfo(s); err != nil || info.State != pkcs11.CKS_RW_PUBLIC_SESSION {
		t.Errorf("the session says %+v, %v", info, err)
	}
	accepted(t, d.Login(s, pkcs11.CKU_USER, hsmtest.PIN))
	accepted(t, d.random(s))
}

func TestShim_TokenGone_AnswersNobody(t *testing.T) {
	d, s := open(t)
	d.Set(shim.Gone(pkcs11.CKR_TOKEN_NOT_PRESENT))
	answers(t, d.random(s), pkcs11.CKR_TOKEN_NOT_PRESENT)
	_, err := d.GetTokenInfo(d.slot)
	answers(t, err, pkcs11.CKR_TOKEN_NOT_PRESENT)
	_, err = d.OpenSession(d.slot, pkcs11.CKF_SERIAL_SESSION)
	answers(t, err, pkcs11.CKR_TOKEN_NOT_PRESENT)
	d.Clear()
	accepted(t, d.random(s))
}

// TestShim_HangingCall_LetsOthersBy: a call hangs until it is released, and others in other
// sessions go by.
func TestShim_HangingCall_LetsOthersBy(t *testing.T) {
	d, s := open(t)
	d.Set(shim.Rule{Functions: []string{"C_GenerateRandom"}, Session: 1, Hang: true})
	over := make(chan error)
	go func() { over <- d.random(s) }()
	for d.Hanging() == 0 {
		time.Sleep(time.Millisecond)
	}
	accepted(t, d.random(d.session(t)))
	select {
	case err := <-over:
		t.Errorf("the call did not hang: %v", err)
	default:
	}
	d.Release()
	accepted(t, <-over)
}

// TestShim_Lanes_BoundWhatIsInside: calls wait for a lane with what they take, and not for anybody
// without lanes.
func TestShim_Lanes_BoundWhatIsInside(t *testing.T) {
	d, _ := open(t)
	sessions := []pkcs11.SessionHandle{d.session(t), d.session(t), d.session(t), d.session(t)}
	all := func() time.Duration {
		begin := time.Now()
		var over sync.WaitGroup
		for _, s := range sessions {
			over.Go(func() {
				if err := d.random(s); err != nil {
					t.Error(err)
				}
			})
		}
		over.Wait()
		return time.Since(begin)
	}
	d.Set(shim.Slow(100 * time.Millisecond))
	together := all()
	d.Lanes(1)
	if single := all(); single < 400*time.Millisecond || together > single {
		t.Errorf("four calls of 100 ms: %v at once, and %v one by one", together, single)
	}
}

// TestShim_OtherProcess_IsSteeredToo: the process of pkcs11-tool obeys the same file.
func TestShim_OtherProcess_IsSteeredToo(t *testing.T) {
	hsmtest.SoftHSM(t)
	tool, err := exec.LookPath("pkcs11-tool")
	if err != nil {
		t.Skip("pkcs11-tool is not installed: run `make clients`")
	}
	s := shim.New(t)
	run := func() error {
		c := exec.Command(tool, "--module", s.Module(), "--list-slots")
		c.Env = os.Environ()
		return c.Run()
	}
	if err := run(); err != nil || s.Calls("C_Initialize") != 1 {
		t.Errorf("%v, %d calls", err, s.Calls("C_Initialize"))
	}
	s.Set(shim.Rule{Functions: []string{"C_Initialize"}, Before: pkcs11.CKR_FUNCTION_FAILED})
	if run() == nil || s.Applied(0) == 0 {
		t.Error("the other process heard nothing of the rule")
	}
}

// TestShim_BehindToken_ServesBesideSoftHSM: a token of ours runs through it, beside another one
// without it, and both after each other's end.
func TestShim_BehindToken_ServesBesideSoftHSM(t *testing.T) {
	c := hsmtest.SoftHSM(t)
	s := shim.New(t)
	through := c
	through.Module = s.Module()
	plain := hsmtest.Open(t, hsmtest.SoftHSM(t))
	tok, err := hsm.Open(t.Context(), through)
	accepted(t, err)
	m := hsmtest.Make(t, tok, "k", custody.AES256)
	sealed, err := tok.Seal(t.Context(), m.Rest(), []byte("x"), nil)
	accepted(t, err)
	if s.Calls("C_Encrypt") == 0 {
		t.Error("the shim was not asked")
	}
	accepted(t, tok.Close())
	if _, err := plain.Random(t.Context(), 8); err != nil {
		t.Error(err)
	}
	again, err := hsm.Open(t.Context(), c)
	accepted(t, err)
	defer again.Close()
	if got, err := again.Unseal(t.Context(), m.Rest(), sealed, nil); err != nil || string(got) != "x" {
		t.Errorf("%q, %v", got, err)
	}
}
