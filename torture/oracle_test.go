package torture

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/hsm/hsmtest"

	"github.com/aws/smithy-go"
)

// verdict is what an answer is worth.
type verdict string

const (
	right       verdict = "right"
	unavailable verdict = "unavailable" // a failure that says: try again
	late        verdict = "late"        // nothing was answered in the time that a client has
)

// internals are what no caller may see: codes and functions of PKCS#11, and secrets.
var internals = regexp.MustCompile(`CKR_|\bC_[A-Z]|0x[0-9A-Fa-f]{2}|` + hsmtest.PIN + `|` + plain)

// judge returns what an answer is worth; a text that is none of the three is a finding.
func judge(err error) verdict {
	var said smithy.APIError
	switch {
	case err == nil:
		return right
	case errors.As(err, new(wrongAnswer)):
		return verdict("wrong: " + err.Error())
	case errors.As(err, &said) && internals.MatchString(said.ErrorMessage()):
		return verdict("tells: " + said.ErrorMessage())
	case errors.As(err, &said) && isUnavailable(said):
		return unavailable
	case errors.As(err, &said):
		return verdict(strings.TrimSuffix(said.ErrorCode()+": "+said.ErrorMessage(), ": "))
	case errors.Is(err, context.DeadlineExceeded):
		return late
	}
	return verdict("no answer: " + err.Error())
}

// isUnavailable reports whether an error says that the service can't answer just now. Secrets
// Manager has one name for that and for its own failures, but explains only the former.
func isUnavailable(e smithy.APIError) bool {
	switch e.ErrorCode() {
	case "KeyUnavailableException", "ThrottlingException":
		return true
	case "InternalServiceError", "InternalFailure":
		return !strings.HasPrefix(e.ErrorMessage(), "The request failed because of an internal error")
	}
	return false
}

// findings are the kinds of wrong answers, with how often and where they were seen.
type findings struct {
	mu     sync.Mutex
	counts map[verdict]int
	asked  int
	wrong  int                 // answers neither right nor a request to try again
	kinds  map[string]*finding // since the last conclusion
}

type finding struct {
	n        int
	examples []string
}

func newFindings() *findings {
	return &findings{counts: map[verdict]int{}, kinds: map[string]*finding{}}
}

// add counts an answer at a place.
func (f *findings) add(name, place string, v verdict) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	if v == right || v == unavailable {
		f.counts[v]++
		return
	}
	f.wrong++
	kind := name + ": " + string(v)
	if f.kinds[kind] == nil {
		f.kinds[kind] = &finding{}
	}
	k := f.kinds[kind]
	if k.n++; len(k.examples) < 5 && !slices.Contains(k.examples, place) {
		k.examples = append(k.examples, place)
	}
}

// conclude fails the test for each kind of wrong answer that was found since it was called before.
func (f *findings) conclude(t testing.TB) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for kind, k := range f.kinds {
		t.Errorf("%d times %s\n\tat %s", k.n, kind, strings.Join(k.examples, "\n\tat "))
	}
	clear(f.kinds)
}

// askAll puts requests at once, up to a number of clients, each with its own deadline, and says
// what the answers are worth.
func askAll(t testing.TB, all []request, deadline time.Duration, found func(request, verdict)) {
	t.Helper()
	var over sync.WaitGroup
	clients := make(chan struct{}, 64)
	for _, r := range all {
		clients <- struct{}{}
		over.Go(func() {
			defer func() { <-clients }()
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			found(r, judge(r.do(ctx)))
		})
	}
	over.Wait()
}

// wellAgain asks until every answer is right and returns how long that took. What is neither right
// nor a request to try again is a finding, whenever it comes.
func wellAgain(t testing.TB, f *findings, place string, all []request) (time.Duration, error) {
	t.Helper()
	var last string
	took, err := within(recoveryLimit, func() bool {
		var mu sync.Mutex
		var again []request
		askAll(t, all, recoveryLimit, func(r request, v verdict) {
			f.add(r.name+", afterwards", place, v)
			if v != right {
				mu.Lock()
				defer mu.Unlock()
				again, last = append(again, r), r.name+": "+string(v)
			}
		})
		all = again
		return len(all) == 0
	})
	if err != nil {
		err = fmt.Errorf("%w: %s", err, last)
	}
	return took, err
}

// alive fails the test if the server's process is gone, as a crash of the module takes it.
func alive(t testing.TB, s *server, place string) {
	t.Helper()
	select {
	case <-s.ended:
		t.Fatalf("the server ended at %s:\n%s", place, tail(s.log()))
	default:
	}
}

// place names a fault for a reader.
func place(parts ...any) string { return strings.TrimSpace(fmt.Sprintln(parts...)) }
