package shim

import (
	"slices"
	"testing"
	"time"

	"github.com/miekg/pkcs11"
)

// Rule says what the module does with which calls. All rules that apply to a call are followed:
// delays add up, and of several codes the first counts. The actions of one rule happen together.
type Rule struct {
	Functions []string // C_Encrypt; none means every function
	Session   uint64   // the n-th that was opened, from 1; 0 means any
	UpTo      uint64   // sessions up to the n-th; 0 means any

	// OneSession binds the rule to the first session in which it could apply.
	OneSession bool

	// Lengths has the rule apply to calls that ask only how long the answer will be, too.
	// Clients make one before most calls, and libraries answer them without their device.
	Lengths bool

	Skip  uint64 // so many calls go by first
	Every uint64 // of those that follow, each n-th; 0 and 1 mean each
	Times uint64 // no more than so many; 0 means no bound

	Delay  time.Duration // before the true call
	Hang   bool          // until Release or Clear, and then the true call is made
	Before uint          // CKR_* that is answered instead of the true call
	After  uint          // CKR_* that is answered although the true call was made

	Flip   bool // a bit in the middle of the answer
	Zero   bool // all of the answer
	Repeat bool // the first answer that is falsified so is given again and again

	// Lose has the object that a call names be gone from then on, for every call:
	// CKR_KEY_HANDLE_INVALID, or Before. What is found again later is a new object.
	Lose bool

	// Forget has the token answer CKR_USER_NOT_LOGGED_IN until somebody logs in. Then what was
	// there under the old login is gone.
	Forget bool
}

// Gone returns what a token that is away answers to everybody, with a code such as
// CKR_TOKEN_NOT_PRESENT or CKR_DEVICE_ERROR. Its library still starts and stops, and closes
// sessions.
func Gone(code uint) Rule {
	var all []string
	for name := range numbers() {
		switch name {
		case "C_Initialize", "C_Finalize", "C_GetInfo", "C_GetSlotList", "C_CloseSession",
			"C_CloseAllSessions":
		default:
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return Rule{Functions: all, Before: code, Lengths: true}
}

// Slow returns what a device behind a network costs: so much time for each call that it works at.
// What a client's library answers by itself, or sends along with the next call, costs nothing.
func Slow(d time.Duration) Rule { return Rule{Functions: Working, Delay: d} }

// Working are the functions for which a device behind a network is asked.
var Working = []string{"C_OpenSession", "C_CloseSession", "C_Login", "C_Logout", "C_GetTokenInfo",
	"C_CreateObject", "C_CopyObject", "C_DestroyObject", "C_GetAttributeValue", "C_SetAttributeValue",
	"C_FindObjects", "C_Encrypt", "C_Decrypt", "C_Sign", "C_Verify", "C_Digest", "C_GenerateKey",
	"C_GenerateKeyPair", "C_WrapKey", "C_UnwrapKey", "C_DeriveKey", "C_GenerateRandom"}

// put writes a rule into a slot of the file.
func (r Rule) put(t testing.TB, s *slot) {
	t.Helper()
	s.functions = [2]uint64{}
	for _, name := range r.Functions {
		s.functions[number(t, name)/64] |= 1 << (number(t, name) % 64)
	}
	if r.Functions == nil {
		s.functions = [2]uint64{^uint64(0), ^uint64(0)}
	}
	s.session, s.upToSession = r.Session, r.UpTo
	s.skip, s.every, s.times = r.Skip, r.Every, r.Times
	s.delay = uint64(r.Delay)
	s.code = uint64(r.Before | r.After)
	if r.Before != 0 && r.After != 0 {
		t.Fatal("a rule answers before the true call or after it")
	}
	if r.Lose && s.code == 0 {
		s.code = pkcs11.CKR_KEY_HANDLE_INVALID
	}
	s.actions = 0
	for action, is := range map[uint64]bool{delay: r.Delay > 0, hang: r.Hang, before: r.Before != 0,
		after: r.After != 0, flip: r.Flip, zero: r.Zero, repeat: r.Repeat, lose: r.Lose,
		forget: r.Forget, lengths: r.Lengths, oneSession: r.OneSession} {
		if is {
			s.actions |= action
		}
	}
	s.matched.Store(0)
	s.applied.Store(0)
	s.bound.Store(0)
}

func number(t testing.TB, function string) int {
	t.Helper()
	n, known := numbers()[function]
	if !known {
		t.Fatalf("PKCS#11 v2.40 has no %s", function)
	}
	return n
}
