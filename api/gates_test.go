package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// of returns a signed request of a caller for an operation of the service lower.
func of(ctx context.Context, caller, operation, body string) *http.Request {
	r := httptest.NewRequestWithContext(ctx, "POST", "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Lower."+operation)
	r.Header.Set("Authorization", caller)
	return r
}

// linger has a caller make n requests that don't end, and returns once as many as it may have are
// in progress.
func (s *service) linger(t *testing.T, caller, body string, n, most int) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range n {
		all.Go(func() { s.ServeHTTP(httptest.NewRecorder(), of(ctx, caller, "Linger", body)) })
	}
	for lingering.Load() < int64(most) {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond)
	if now := lingering.Load(); now != int64(most) {
		t.Errorf("%d requests of one caller are in progress, want %d", now, most)
	}
	return func() {
		cancel()
		all.Wait()
	}
}

// A caller has a share of the places. Sessions of one principal are one caller.
func TestCallers_OneWithMany_LeavesPlacesToOthers(t *testing.T) {
	s := start(t)
	end := s.linger(t, "AROAMANY:session", `{"Name":"a"}`, 80, 64)
	defer end()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, of(t.Context(), "few", "Echo", `{"Name":"a"}`))
	if w.Code != http.StatusOK {
		t.Errorf("another caller was answered %d %s", w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	s.ServeHTTP(w, of(ctx, "AROAMANY:other", "Echo", `{"Name":"a"}`))
	if !strings.Contains(w.Body.String(), "ThrottlingException") {
		t.Errorf("the caller was answered %d %s", w.Code, w.Body)
	}
}

// Large requests have fewer places, and no small one waits for them.
func TestCallers_LargeRequests_TakeTurns(t *testing.T) {
	s := start(t)
	large := `{"Name":"a","Text":"` + strings.Repeat("a", 20<<10) + `"}`
	most := max(1, processors()/2)
	end := s.linger(t, "many", large, 10*most, most)
	defer end()
	for i, c := range []struct{ caller, body string }{
		{"many", `{"Name":"a"}`}, {"few", `{"Name":"a"}`}, {"few", large}} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, of(t.Context(), c.caller, "Echo", c.body))
		if w.Code != http.StatusOK {
			t.Errorf("%d: answered %d %.80s", i, w.Code, w.Body)
		}
	}
}

// However many ask whether the service is well, and whether or not they read, each is answered.
func TestHealth_AskedByMany_IsAnswered(t *testing.T) {
	s := start(t)
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			r := httptest.NewRequest("GET", "/readyz", nil)
			r.RemoteAddr = fmt.Sprintf("192.0.2.%d:1", i%2)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != http.StatusOK {
				t.Errorf("answered %d %s", w.Code, w.Body)
			}
		})
	}
	all.Wait()
}

// Whoever is turned away can say which request that was.
func TestDocuments_TurnedAway_HaveAnID(t *testing.T) {
	s := start(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel() // it waits for no place
	for range 1000 {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(gone, "GET", "/v1/nothing", nil))
		if w.Header().Get("X-Amzn-Requestid") == "" {
			t.Fatalf("%d has no id", w.Code)
		}
		if w.Code == http.StatusServiceUnavailable {
			return
		}
	}
	t.Error("nobody was turned away")
}

func processors() int { return runtime.GOMAXPROCS(0) }
