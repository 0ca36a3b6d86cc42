package torture

import (
	"math/rand/v2"
	"testing"
	"time"

	"claviger/hsm/hsmtest/shim"
	"claviger/torture/driver"

	"github.com/miekg/pkcs11"
)

// outage is something that a device loses for a while, or for good.
type outage struct {
	what  string
	rules func(*shim.Shim) []shim.Rule
}

// outages are the kinds. Sessions are gone as a whole, those that were open; a login until somebody
// logs in; and objects as they are used.
var outages = []outage{
	{"the token is away", func(*shim.Shim) []shim.Rule {
		return []shim.Rule{shim.Gone(pkcs11.CKR_TOKEN_NOT_PRESENT)}
	}},
	{"the device fails", func(*shim.Shim) []shim.Rule {
		return []shim.Rule{shim.Gone(pkcs11.CKR_DEVICE_ERROR)}
	}},
	{"the device was removed", func(*shim.Shim) []shim.Rule {
		return []shim.Rule{shim.Gone(pkcs11.CKR_DEVICE_REMOVED)}
	}},
	{"the login is lost", func(*shim.Shim) []shim.Rule {
		return []shim.Rule{{Functions: shim.Working, Times: 1, Forget: true}}
	}},
	{"all sessions are closed", func(s *shim.Shim) []shim.Rule {
		return []shim.Rule{{Functions: inSessions, UpTo: s.Opened(),
			Before: pkcs11.CKR_SESSION_HANDLE_INVALID}}
	}},
	{"half of the calls fail", func(*shim.Shim) []shim.Rule {
		return []shim.Rule{{Functions: shim.Working, Every: 2, Before: pkcs11.CKR_FUNCTION_FAILED}}
	}},
	{"objects are lost as they are used", func(*shim.Shim) []shim.Rule {
		return []shim.Rule{{Functions: []string{"C_EncryptInit", "C_DecryptInit", "C_SignInit",
			"C_UnwrapKey", "C_WrapKey"}, Every: 5, Times: 10, Lose: true}}
	}},
}

// inSessions are the functions that a closed session refuses.
var inSessions = []string{"C_CreateObject", "C_CopyObject", "C_DestroyObject",
	"C_GetAttributeValue", "C_FindObjectsInit", "C_FindObjects", "C_FindObjectsFinal",
	"C_EncryptInit", "C_Encrypt", "C_DecryptInit", "C_Decrypt", "C_SignInit", "C_Sign",
	"C_GenerateKey", "C_GenerateKeyPair", "C_WrapKey", "C_UnwrapKey", "C_DeriveKey",
	"C_GenerateRandom", "C_GetSessionInfo", "C_Login"}

// TestOutages_ShortOnes_EverythingIsBack: after an outage of any kind and of a random length under
// load everything works again, and nothing that was answered meanwhile is wrong.
func TestOutages_ShortOnes_EverythingIsBack(t *testing.T) {
	t.Parallel()
	n := len(outages)
	if driver.Whole() {
		n = 210
	}
	f, sh := newFindings(), shim.New(t)
	s := launch(t, options{shim: sh})
	w := prepare(t, s)
	random := rand.New(rand.NewPCG(12, 0))
	var recoveries []time.Duration
	for i := range n {
		o := outages[i%len(outages)]
		clients := begin(t, 8, w.requests(), func(r request, v verdict) { f.add(r.name, o.what, v) })
		clients.rate(100 * time.Millisecond)
		sh.Set(o.rules(sh)...)
		time.Sleep(time.Duration(20+random.IntN(1500)) * time.Millisecond)
		sh.Clear()
		took, err := wellAgain(t, f, o.what, w.requests())
		clients.stop()
		alive(t, s, o.what)
		if err != nil {
			t.Errorf("%s: not well again: %v", o.what, err)
		}
		recoveries = append(recoveries, took)
		if _, err := wellAgain(t, f, o.what, w.takeKept()); err != nil {
			t.Errorf("%s: what was acknowledged is not there: %v", o.what, err)
		}
		w.takeKept()
	}
	f.conclude(t)
	driver.Report(t, "outages", "The token was away, or lost its login, its sessions or its objects, for up "+
		"to a second and a half, under eight clients that asked for everything that a token is needed "+
		"for.", "outages", n, "answers", f.asked, "right", f.counts[right],
		"requests to try again", f.counts[unavailable], "wrong answers", f.wrong,
		"until everything was right again, median", percentile(recoveries, 50),
		"99 of 100", percentile(recoveries, 99), "the longest", percentile(recoveries, 100))
}
