package torture

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/hsm/hsmtest"
	"claviger/hsm/hsmtest/shim"
	"claviger/torture/driver"

	"github.com/miekg/pkcs11"
)

// called are the functions that the service calls while it serves and recovers. Of those of the
// second list there are calls only where a session or a login is replaced.
var (
	called = []string{"C_GenerateKey", "C_GenerateKeyPair", "C_CreateObject", "C_DestroyObject",
		"C_GetAttributeValue", "C_WrapKey", "C_UnwrapKey", "C_EncryptInit", "C_Encrypt",
		"C_DecryptInit", "C_Decrypt", "C_SignInit", "C_Sign", "C_DeriveKey", "C_GenerateRandom"}
	calledInRecovery = []string{"C_OpenSession", "C_CloseSession", "C_Login", "C_GetTokenInfo",
		"C_GetSlotList", "C_FindObjectsInit", "C_FindObjects", "C_FindObjectsFinal",
		"C_GetSessionInfo"}
)

// answered are the codes: those of any function, of devices, of sessions, of objects and logins,
// and one that only a decryption should answer.
var answered = map[string]uint{
	"GENERAL_ERROR": pkcs11.CKR_GENERAL_ERROR, "FUNCTION_FAILED": pkcs11.CKR_FUNCTION_FAILED,
	"ARGUMENTS_BAD": pkcs11.CKR_ARGUMENTS_BAD, "FUNCTION_CANCELED": pkcs11.CKR_FUNCTION_CANCELED,
	"HOST_MEMORY": pkcs11.CKR_HOST_MEMORY, "DEVICE_ERROR": pkcs11.CKR_DEVICE_ERROR,
	"DEVICE_MEMORY": pkcs11.CKR_DEVICE_MEMORY, "DEVICE_REMOVED": pkcs11.CKR_DEVICE_REMOVED,
	"TOKEN_NOT_PRESENT":         pkcs11.CKR_TOKEN_NOT_PRESENT,
	"SESSION_CLOSED":            pkcs11.CKR_SESSION_CLOSED,
	"SESSION_HANDLE_INVALID":    pkcs11.CKR_SESSION_HANDLE_INVALID,
	"SESSION_COUNT":             pkcs11.CKR_SESSION_COUNT,
	"USER_NOT_LOGGED_IN":        pkcs11.CKR_USER_NOT_LOGGED_IN,
	"KEY_HANDLE_INVALID":        pkcs11.CKR_KEY_HANDLE_INVALID,
	"OBJECT_HANDLE_INVALID":     pkcs11.CKR_OBJECT_HANDLE_INVALID,
	"OPERATION_ACTIVE":          pkcs11.CKR_OPERATION_ACTIVE,
	"OPERATION_NOT_INITIALIZED": pkcs11.CKR_OPERATION_NOT_INITIALIZED,
	"ENCRYPTED_DATA_INVALID":    pkcs11.CKR_ENCRYPTED_DATA_INVALID,
}

// point is one fault of a sweep.
type point struct {
	function, code string
	after          bool
	every          uint64
	recovering     bool // the login is lost, too
}

func (p point) String() string {
	when := "before"
	if p.after {
		when = "after"
	}
	return place(p.function, p.code, when, "every", p.every)
}

// rules are what the shim does at a point.
func (p point) rules() []shim.Rule {
	r := shim.Rule{Functions: []string{p.function}, Every: p.every, Before: answered[p.code]}
	if p.after {
		r.Before, r.After = 0, r.Before
	}
	if !p.recovering {
		return []shim.Rule{r}
	}
	// Logins are lost again and again, or the seventh call would not come.
	return []shim.Rule{r, {Functions: []string{"C_EncryptInit"}, Every: 15, Forget: true}}
}

// points are all faults of the i-th function, or a selection: over all functions it has every code,
// before and after and at both rates.
func points(i int, whole bool) (all []point) {
	for j, code := range slices.Sorted(maps.Keys(answered)) {
		for k := range 4 {
			if !whole && (j%9 != (i*2)%9 || k != (i+j/9)%4) {
				continue
			}
			all = append(all, point{function: functions[i], code: code, after: k%2 == 1,
				every: []uint64{1, 7}[k/2], recovering: i >= len(called)})
		}
	}
	return all
}

var functions = slices.Concat(called, calledInRecovery)

// sweep is a server behind a shim and what was found at its points so far.
type sweep struct {
	*findings
	shim        *shim.Shim
	server      *server
	work        *workload
	faults, met int
	recoveries  []time.Duration
}

// visit breaks one thing, asks for everything, mends it and asks again.
func (x *sweep) visit(t *testing.T, p point) {
	t.Helper()
	all := x.work.requests()
	x.faults++
	x.shim.Set(p.rules()...)
	for round := 0; round < 20 && x.shim.Applied(0) == 0; round++ {
		askAll(t, all, 20*time.Second, func(r request, v verdict) { x.add(r.name, p.String(), v) })
	}
	if x.shim.Applied(0) > 0 {
		x.met++
	} else {
		t.Logf("%v: nobody called", p)
	}
	x.shim.Clear()
	took, err := wellAgain(t, x.findings, p.String(), append(x.work.takeKept(), all...))
	alive(t, x.server, p.String())
	if err != nil {
		t.Errorf("%v: not well again: %v\n%s", p, err, tail(x.server.log()))
	}
	x.recoveries = append(x.recoveries, took)
	x.work.takeKept() // what was acknowledged while all was well
}

// TestSweep_AnyCodeOfAnyFunction_TellsNothingWrong: whatever a function of the device answers, and
// whether it did what it was asked or not, the service answers rightly or asks to try again. Once
// the fault is over everything works again.
func TestSweep_AnyCodeOfAnyFunction_TellsNothingWrong(t *testing.T) {
	t.Parallel()
	x := &sweep{findings: newFindings(), shim: shim.New(t)}
	x.server = launch(t, options{shim: x.shim})
	x.work = prepare(t, x.server)
	for i, function := range functions {
		t.Run(function, func(t *testing.T) {
			for _, p := range points(i, driver.Whole()) {
				x.visit(t, p)
			}
			x.conclude(t)
		})
	}
	if strings.Contains(x.server.log(), hsmtest.PIN) || strings.Contains(x.server.log(), plain) {
		t.Error("the log tells a secret")
	}
	if x.faults < len(functions)*len(points(0, driver.Whole())) {
		return // somebody looked at a part
	}
	driver.Report(t, "sweep", "Each of 24 functions of PKCS#11 answered each of 18 codes, before or after "+
		"what it was asked for, in every call or every seventh. At each such point clients asked for "+
		"everything that a token is needed for. When the fault was over they asked again, and used "+
		"what had been acknowledged.",
		"faults", x.faults, "of these met by a call", x.met, "answers", x.asked,
		"right", x.counts[right], "requests to try again", x.counts[unavailable],
		"wrong answers", x.wrong, "until everything was right again, median",
		percentile(x.recoveries, 50), "99 of 100", percentile(x.recoveries, 99),
		"the longest", percentile(x.recoveries, 100))
}
