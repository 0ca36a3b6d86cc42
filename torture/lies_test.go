package torture

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/hsm/hsmtest/shim"
	"claviger/torture/driver"
)

// lie is an answer of the device that is not true.
type lie struct {
	what string
	rule shim.Rule
}

// lies are a flipped bit and zeros in what each function gives out, in every call or in every
// seventh, and a generator that repeats itself.
func lies() (all []lie) {
	for _, function := range []string{"C_Encrypt", "C_Decrypt", "C_Sign", "C_WrapKey",
		"C_GetAttributeValue", "C_GenerateRandom"} {
		for _, every := range []uint64{1, 7} {
			r := shim.Rule{Functions: []string{function}, Every: every}
			flipped, zero, repeated := r, r, r
			flipped.Flip, zero.Zero, repeated.Repeat = true, true, true
			if function != "C_GenerateRandom" { // a random bit more or less is as good
				all = append(all, lie{place(function, "flips a bit every", every), flipped})
			}
			all = append(all, lie{place(function, "is zeros every", every), zero})
			if function == "C_GenerateRandom" && every == 1 {
				all = append(all, lie{place(function, "repeats itself"), repeated})
			}
		}
	}
	return all
}

// beyond are the answers in which nobody but the caller could notice a lie of a function: bytes
// that only the caller compares with anything. They are counted, and not held against the service.
var beyond = map[string][]string{
	"C_Encrypt": {"Decrypt of what was encrypted", "Decrypt of a data key",
		"Decrypt of what was encrypted anew"},
	"C_Decrypt": {"Decrypt", "Decrypt by RSA", "Decrypt of what was encrypted anew",
		"GetSecretValue", "ImportKeyMaterial"},
	"C_Sign":              {"Sign by ECDSA", "Sign by RSA", "GenerateMac", "VerifyMac"},
	"C_GetAttributeValue": {"DeriveSharedSecret", "ImportKeyMaterial"},
}

// isBeyond reports whether a lie can't be noticed in the answer to a request.
func (l lie) isBeyond(r request) bool {
	return slices.Contains(beyond[l.rule.Functions[0]], r.name)
}

// failed reports whether a verdict is a failure that the service takes upon itself. Whoever is lied
// to may fail; it is wrong to believe it, or to blame the caller.
func failed(v verdict) bool {
	return v == unavailable || strings.HasPrefix(string(v), "KMSInternalException") ||
		strings.HasPrefix(string(v), "InternalServiceError")
}

// TestLies_FalsifiedAnswers_AreNotBelieved: what a device falsifies is neither told to a caller nor
// committed, where the service could know.
func TestLies_FalsifiedAnswers_AreNotBelieved(t *testing.T) {
	t.Parallel()
	rounds := 1
	if driver.Whole() {
		rounds = 10
	}
	f, sh := newFindings(), shim.New(t)
	s := launch(t, options{shim: sh})
	w := prepare(t, s)
	told, unnoticed := 0, 0
	var mu sync.Mutex
	held := func(l lie) func(request, verdict) {
		return func(r request, v verdict) {
			if failed(v) {
				v = unavailable
			}
			if v != right && v != unavailable && l.isBeyond(r) {
				mu.Lock()
				defer mu.Unlock()
				unnoticed++
				return
			}
			f.add(r.name, l.what, v)
		}
	}
	for _, l := range lies() {
		for range rounds {
			sh.Set(l.rule)
			askAll(t, w.requests(), 20*time.Second, held(l))
			told += int(sh.Applied(0))
			sh.Clear()
			again := w.requests()
			for _, r := range w.takeKept() {
				if l.isBeyond(r) {
					askAll(t, []request{r}, recoveryLimit, held(l))
				} else {
					again = append(again, r)
				}
			}
			if _, err := wellAgain(t, f, l.what, again); err != nil {
				t.Errorf("%s: not well again: %v", l.what, err)
			}
			alive(t, s, l.what)
			w.takeKept()
		}
	}
	f.conclude(t)
	driver.Report(t, "lies", "What the device gave out had a flipped bit or was zeros, or its generator "+
		"repeated itself, while clients asked for everything that a token is needed for. Then they used "+
		"what had been acknowledged.",
		"kinds of lies", len(lies()), "lies", told, "answers", f.asked, "right", f.counts[right],
		"failures", f.counts[unavailable], "wrong answers that the caller alone can notice", unnoticed,
		"other wrong answers", f.wrong)
}
