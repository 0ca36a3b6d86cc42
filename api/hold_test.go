package api_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/api"
	"claviger/internal/op"
	"claviger/policy"
)

// news is what a test waits for.
type news struct {
	*service
	ending chan struct{}

	mu      sync.Mutex
	etag    string
	waiting map[chan<- struct{}]bool
}

// item is the target of who asks for news.
type item struct {
	op.Open
	of *news
}

func (i item) ETag() string {
	i.of.mu.Lock()
	defer i.of.mu.Unlock()
	return i.of.etag
}

// startNews serves an operation that can be waited for, beside another.
func startNews(t testing.TB) *news {
	t.Helper()
	n := &news{ending: make(chan struct{}), etag: "one", waiting: map[chan<- struct{}]bool{}}
	find := func(c *op.Call, in EchoInput) (item, error) {
		c.Watch(n.join)
		allowed, err := open(c, in)
		return item{allowed, n}, err
	}
	watched := op.Read(op.Info{Name: "Watch", Service: lower, Doc: "Can be waited for.",
		Route: op.Route{Method: "GET", Path: "/v1/lower/news/{Name...}"}}, find,
		func(c *op.Call, in EchoInput, _ item) (EchoOutput, error) { return echo(c, in, op.Open{}) })
	l, out := &ledger{}, new(bytes.Buffer)
	log := slog.New(slog.NewTextHandler(out, nil))
	run := &op.Runner{Ledger: l, Callers: callers{}, Decide: policy.Decide, Observe: observer{},
		Log: log, Now: time.Now}
	n.service = &service{api.New(api.Config{Runner: run,
		Operations: append(operations(lower), watched), Ready: func() error { return nil }, Log: log,
		Version: "1.2.3", Ending: n.ending}), l, out}
	return n
}

func (n *news) join(changed chan<- struct{}) (leave func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.waiting[changed] = true
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.waiting, changed)
	}
}

// change makes the answer another one, and tells those who wait.
func (n *news) change(etag string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.etag = etag
	for changed := range n.waiting {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
}

// await returns once so many wait.
func (n *news) await(t *testing.T, many int) {
	t.Helper()
	now := -1
	for range 60_000 {
		n.mu.Lock()
		now = len(n.waiting)
		n.mu.Unlock()
		if now == many {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d wait, want %d", now, many)
}

// crowd has a caller wait with many requests, in small groups: there is a bound for those who come
// at the same time, too. done gets the answers, and all come before the group has ended.
func (n *news) crowd(t *testing.T, ctx context.Context, caller string, many int,
	done func(*httptest.ResponseRecorder)) (all *sync.WaitGroup) {
	t.Helper()
	all = new(sync.WaitGroup)
	for came := 1; came <= many; came++ {
		all.Go(func() { done(n.wait(ctx, caller)) })
		if came%64 == 0 || came == many {
			n.await(t, came)
		}
	}
	return all
}

// wait has a caller who has the answer ask for another one.
func (n *news) wait(ctx context.Context, caller string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, "GET", "/v1/lower/news/a", nil)
	r.Header.Set("Authorization", caller)
	r.Header.Set("If-None-Match", `W/"one"`)
	r.Header.Set("Prefer", "wait=40")
	w := httptest.NewRecorder()
	n.ServeHTTP(w, r)
	return w
}

func TestConditional_EachForm_IsAnswered(t *testing.T) {
	n := startNews(t)
	const path = "/v1/lower/news/a"
	for _, c := range []struct {
		method, had, prefer string
		status              int
	}{
		{"GET", "", "", 200}, {"HEAD", "", "", 200}, {"GET", "", "wait=40", 200},
		{"GET", `W/"one"`, "", 304}, {"GET", `"one"`, "", 304}, {"HEAD", `"one"`, "wait=0", 304},
		{"GET", `"two"`, "wait=40", 200}, {"GET", `"two", "one"`, "", 304}, {"GET", "*", "", 304},
		{"GET", "one", "wait=40", 200},
	} {
		headers := []string{}
		if c.had != "" {
			headers = append(headers, "If-None-Match", c.had)
		}
		if c.prefer != "" {
			headers = append(headers, "Prefer", c.prefer)
		}
		a := n.send(t, c.method, path, "", headers...)
		if a.status != c.status || a.header.Get("ETag") != `W/"one"` ||
			a.header.Get("Cache-Control") == "" || (a.status == 304) != (a.body == "") {
			t.Errorf("%s with %q: %d %v %q", c.method, c.had, a.status, a.header, a.body)
		}
		applied := a.header.Get("Preference-Applied")
		if want := c.had != "" && c.prefer == "wait=40"; (applied == "wait=40") != want {
			t.Errorf("%s with %q: %q was heeded", c.method, c.had, applied)
		}
	}
	// What has no ETag, and what asks in AWS's own protocols, is answered as ever.
	for _, a := range []answer{
		n.send(t, "GET", "/v1/lower/echo/a", "", "If-None-Match", "*", "Prefer", "wait=40"),
		n.call(t, "Lower.Watch", `{"Name":"a"}`, "If-None-Match", "*", "Prefer", "wait=40"),
	} {
		if a.status != 200 || a.header.Get("ETag") != "" || a.doc["Name"] != "a" {
			t.Errorf("answered %d %v %s", a.status, a.header, a.body)
		}
	}
}

// Whoever waits takes no place of those who work, and finds one when there is something to tell.
func TestWait_Many_LeavePlacesToOthers(t *testing.T) {
	n := startNews(t)
	answers := make(chan *httptest.ResponseRecorder, 1000)
	all := n.crowd(t, t.Context(), "AROAMANY:session", 1000,
		func(w *httptest.ResponseRecorder) { answers <- w })
	end := n.linger(t, "AROAMANY:other", `{"Name":"a"}`, 64, 64)
	end()
	n.change("two")
	all.Wait()
	close(answers)
	for w := range answers {
		if w.Code != http.StatusOK || w.Header().Get("Etag") != `W/"two"` ||
			!strings.Contains(w.Body.String(), `"Name":"a"`) {
			t.Fatalf("answered %d %v %s", w.Code, w.Header(), w.Body)
		}
	}
	n.await(t, 0)
}

// One more than may wait is told so, and others may wait all the same.
func TestWait_TooMany_AreToldSo(t *testing.T) {
	n := startNews(t)
	ctx, cancel := context.WithCancel(t.Context())
	all := n.crowd(t, ctx, "many", 1024, func(*httptest.ResponseRecorder) {})
	time.Sleep(500 * time.Millisecond) // they said what they wait for, and take their places next
	w := n.wait(t.Context(), "many")
	if w.Code != http.StatusTooManyRequests ||
		w.Header().Get("Content-Type") != "application/problem+json" ||
		!strings.Contains(w.Body.String(), "1024 of one principal") {
		t.Errorf("answered %d %v %s", w.Code, w.Header(), w.Body)
	}
	if name, code := n.last(); name != "Watch" || code != "ThrottlingException" {
		t.Errorf("recorded %s %s", name, code)
	}
	all.Go(func() { n.wait(ctx, "few") })
	n.await(t, 1025)
	if a := n.send(t, "GET", "/v1/lower/news/a", "", "Authorization", "many"); a.status != 200 {
		t.Errorf("who doesn't wait was answered %d %s", a.status, a.body)
	}
	cancel() // who goes leaves a place
	all.Wait()
	all.Go(func() { n.wait(t.Context(), "many") })
	n.await(t, 1)
	close(n.ending)
	all.Wait()
}

// The service's end is waited for by nobody.
func TestWait_ServiceEnds_IsAnswered(t *testing.T) {
	n := startNews(t)
	all := n.crowd(t, t.Context(), "who", 10, func(w *httptest.ResponseRecorder) {
		if w.Code != http.StatusNotModified {
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
	})
	close(n.ending)
	all.Wait()
	if w := n.wait(t.Context(), "late"); w.Code != http.StatusNotModified {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
}

// Bodies that wait would take the room of those that don't.
func TestWait_RequestWithABody_IsAnsweredAtOnce(t *testing.T) {
	n := startNews(t)
	a := n.send(t, "GET", "/v1/lower/news/a", `{"Text":"x"}`, "If-None-Match", `"one"`,
		"Prefer", "wait=40")
	if a.status != http.StatusNotModified {
		t.Errorf("answered %d %s", a.status, a.body)
	}
}

// The time that a server gives to requests to come is not the time that they may wait.
func TestWait_LongerThanTheTimeToRead_GoesOn(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		n := startNews(t)
		srv := httptest.NewUnstartedServer(n)
		srv.Config.ReadTimeout, srv.EnableHTTP2 = time.Second, http2
		srv.StartTLS()
		defer srv.Close()
		r, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL+"/v1/lower/news/a", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Authorization": {"who"}, "If-None-Match": {`"one"`},
			"Prefer": {"wait=40"}}
		go func() {
			n.await(t, 1)
			time.Sleep(1500 * time.Millisecond)
			n.change("two")
		}()
		a, err := srv.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(a.Body)
		_ = a.Body.Close()
		if a.StatusCode != 200 || err != nil || (a.ProtoMajor == 2) != http2 {
			t.Errorf("by %s: %d %s %v", a.Proto, a.StatusCode, body, err)
		}
	}
}
