package torture

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/hsm/hsmtest/shim"
	"claviger/torture/driver"
)

// holdings are what a process must not gather, however much goes wrong.
type holdings struct{ goroutines, files, sessions, hung, memory float64 }

func (s *server) holdings() holdings {
	return holdings{
		goroutines: s.metric("go_goroutines"),
		files:      s.metric("process_open_fds"),
		sessions:   s.metric("claviger_token_sessions_open"),
		hung:       s.metric("claviger_token_calls_hung"),
		memory:     s.metric("process_resident_memory_bytes") / (1 << 20),
	}
}

// TestSoak_FaultsOneAfterTheOther_NothingIsGathered: outages, slow and hanging calls come and go
// under load for a long time. Every answer is right or asks to try again, and in the end the
// process holds what it held in the beginning.
func TestSoak_FaultsOneAfterTheOther_NothingIsGathered(t *testing.T) {
	t.Parallel()
	span := 6 * time.Second
	if driver.Whole() {
		span = 15 * time.Minute
	}
	f, sh := newFindings(), shim.New(t)
	s := launch(t, options{shim: sh, hsm: "timeout = \"" + deadline.String() + "\""})
	w := prepare(t, s)
	uses := slices.DeleteFunc(w.requests(), func(r request) bool {
		return strings.HasPrefix(r.name, "Create") // the account has its quotas
	})
	x := &soak{findings: f, shim: sh, server: s, work: w, uses: uses,
		random: rand.New(rand.NewPCG(12, 3))}
	for range 3 { // until every session is open and every cache is filled
		x.round(t)
	}
	before := s.holdings()
	x.faults = 0
	for begin := time.Now(); time.Since(begin) < span && !t.Failed(); {
		x.round(t)
	}
	var after holdings
	if _, err := within(recoveryLimit, func() bool {
		after = s.holdings()
		return after.hung == 0 && after.goroutines < before.goroutines+50 &&
			after.files < before.files+30 && after.sessions < before.sessions+20
	}); err != nil {
		t.Errorf("it held %+v, and holds %+v now", before, after)
	}
	f.conclude(t)
	driver.Report(t, "soak", "For "+span.String()+" the token was away, lost logins, sessions and objects, was "+
		"slow and hung, one after the other, under eight clients that asked for everything that a token "+
		"is needed for.", "faults", x.faults, "answers", f.asked, "right", f.counts[right],
		"requests to try again", f.counts[unavailable], "wrong answers", f.wrong,
		"goroutines before", int(before.goroutines), "goroutines in the end", int(after.goroutines),
		"open files before", int(before.files), "open files in the end", int(after.files),
		"sessions before", int(before.sessions), "sessions in the end", int(after.sessions),
		"memory before, MiB", int(before.memory), "memory in the end, MiB", int(after.memory))
}

// soak is what a long run needs in each of its rounds.
type soak struct {
	*findings
	shim   *shim.Shim
	server *server
	work   *workload
	uses   []request
	random *rand.Rand
	faults int
}

// round has one fault come and go, and looks at what was acknowledged meanwhile.
func (x *soak) round(t *testing.T) {
	t.Helper()
	what, rules := x.draw()
	clients := begin(t, 8, x.uses, func(r request, v verdict) { x.add(r.name, what, v) })
	x.shim.Set(rules...)
	time.Sleep(time.Duration(100+x.random.IntN(900)) * time.Millisecond)
	x.shim.Clear()
	x.faults++
	_, err := wellAgain(t, x.findings, what, x.work.requests())
	clients.stop()
	alive(t, x.server, what)
	if err == nil {
		_, err = wellAgain(t, x.findings, what, x.work.takeKept())
	}
	if err != nil {
		t.Errorf("%s: not well again: %v", what, err)
	}
	x.work.takeKept()
}

// draw chooses an outage, a slow device or calls that hang.
func (x *soak) draw() (what string, rules []shim.Rule) {
	switch i := x.random.IntN(len(outages) + 2); i {
	case len(outages):
		return "the device is slow", []shim.Rule{shim.Slow(20 * time.Millisecond)}
	case len(outages) + 1:
		h := hang{function: called[x.random.IntN(len(called))]}
		return h.String(), h.rules()
	default:
		return outages[i].what, outages[i].rules(x.shim)
	}
}
