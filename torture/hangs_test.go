package torture

import (
	"context"
	"sync"
	"testing"
	"time"

	"claviger/hsm/hsmtest/shim"
	"claviger/torture/driver"
)

// deadline is hsm.timeout in the drivers of hanging devices, and slack what an answer may take
// beyond it: a second, and more on a machine that is busy with other tests.
const (
	deadline = 2 * time.Second
	slack    = time.Second
)

// hang is a function whose calls don't return: those of one session, or of every session.
type hang struct {
	function string
	all      bool
}

func (h hang) String() string {
	if h.all {
		return place(h.function, "in every session")
	}
	return place(h.function, "in one session")
}

// rules hang a function. One that opens sessions, or knows none, hangs in one call.
func (h hang) rules() []shim.Rule {
	r := shim.Rule{Functions: []string{h.function}, Hang: true, OneSession: !h.all}
	switch h.function {
	case "C_OpenSession", "C_GetTokenInfo", "C_GetSlotList":
		r.OneSession = false
		if !h.all {
			r.Times = 1
		}
	}
	for _, f := range calledInRecovery {
		if f == h.function {
			return []shim.Rule{r, {Functions: []string{"C_EncryptInit"}, Times: 1, Forget: true}}
		}
	}
	return []shim.Rule{r}
}

// hangs are those of a sweep, or a selection, in two parts that run beside each other.
func hangs(whole bool) (parts [2][]hang) {
	for i, function := range functions {
		for _, all := range []bool{false, true} {
			if whole || i%5 == 0 && all == (i%2 == 0) {
				parts[i%2] = append(parts[i%2], hang{function, all})
			}
		}
	}
	return parts
}

// TestHangs_AnyFunction_AnswersComeInTime: a call that never returns costs nobody more than the
// deadline that a call has, and once it returns everything works again.
func TestHangs_AnyFunction_AnswersComeInTime(t *testing.T) {
	t.Parallel()
	f := newFindings()
	var mu sync.Mutex
	var answers, recoveries []time.Duration
	count := 0
	t.Run("parts", func(t *testing.T) {
		for _, part := range hangs(driver.Whole()) {
			t.Run("part", func(t *testing.T) {
				t.Parallel()
				sh := shim.New(t)
				s := launch(t, options{shim: sh, hsm: "timeout = \"" + deadline.String() + "\""})
				w := prepare(t, s)
				for _, h := range part {
					sh.Set(h.rules()...)
					took := timed(t, f, h, w.requests())
					sh.Clear()
					again, err := wellAgain(t, f, h.String(), append(w.takeKept(), w.requests()...))
					alive(t, s, h.String())
					if err != nil {
						t.Errorf("%v: not well again: %v", h, err)
					}
					w.takeKept()
					mu.Lock()
					answers, recoveries = append(answers, took...), append(recoveries, again)
					count++
					mu.Unlock()
				}
			})
		}
	})
	f.conclude(t)
	longest := percentile(answers, 100)
	if most := deadline + slack; driver.Whole() && longest > most {
		t.Errorf("an answer took %v, and %v is the most", longest, most)
	}
	driver.Report(t, "hangs", "Calls of each of 24 functions of PKCS#11 did not return, in one session or in "+
		"every session, while clients asked for everything that a token is needed for. A call to the "+
		"device had "+driver.InWords(deadline)+" (`hsm.timeout`). Then the calls returned and the clients "+
		"asked again.",
		"hangs", count, "answers", f.asked, "right", f.counts[right],
		"requests to try again", f.counts[unavailable], "wrong answers", f.wrong,
		"until an answer, median", percentile(answers, 50), "99 of 100", percentile(answers, 99),
		"the longest", longest,
		"until everything was right again, 99 of 100", percentile(recoveries, 99))
}

// timed puts requests at once, twice, and returns what each answer took.
func timed(t testing.TB, f *findings, h hang, all []request) (took []time.Duration) {
	t.Helper()
	var mu sync.Mutex
	for range 2 {
		var over sync.WaitGroup
		for _, r := range all {
			over.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), recoveryLimit)
				defer cancel()
				from := time.Now()
				v := judge(r.do(ctx))
				d := time.Since(from)
				f.add(r.name, h.String(), v)
				mu.Lock()
				defer mu.Unlock()
				took = append(took, d)
				if d > deadline+slack {
					t.Logf("%v: %s took %v: %s", h, r.name, d, v)
				}
			})
		}
		over.Wait()
	}
	return took
}
