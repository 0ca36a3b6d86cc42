package copies_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/internal/follow"
	"claviger/internal/op/optest"
	"claviger/internal/outbound"
	"claviger/store"
	"claviger/store/storetest"
	"claviger/trail/copies"
)

// site is a database with a trail, and what its copies log.
type site struct {
	t    testing.TB
	path string
	db   *store.DB
	log  *optest.Log
	n    int64
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{t: t, path: filepath.Join(storetest.Dir(t), "claviger.db"), log: new(optest.Log)}
	s.open()
	t.Cleanup(func() { s.db.Close() })
	return s
}

func (s *site) open() {
	s.t.Helper()
	var err error
	if s.db, err = store.Open(context.Background(), store.Config{Path: s.path}); err != nil {
		s.t.Fatal(err)
	}
}

// record adds records to the trail.
func (s *site) record(n int) {
	s.t.Helper()
	for range n {
		s.n++
		line := fmt.Sprintf(`{"eventTime":%q,"eventName":"Decrypt","eventID":"event-%d","x":%q}`,
			time.Now().UTC().Format("2006-01-02T15:04:05Z"), s.n, strings.Repeat("ü ", 200))
		if s.n%7 == 0 {
			line = strings.Replace(line, `"x"`, `"errorCode":"AccessDenied","x"`, 1)
		}
		if err := s.db.Commit(nil, func(error) []byte { return []byte(line) }); err != nil {
			s.t.Fatal(err)
		}
	}
}

// copy runs copies until stop is called.
func (s *site) copy(all ...copies.Copy) (c *copies.Copies, stop func()) {
	s.t.Helper()
	c, err := copies.New(copies.Config{DB: s.db, Feed: &follow.Feed{DB: s.db}, Copies: all,
		Log: slog.New(slog.NewTextHandler(s.log, nil)), Pause: 20 * time.Millisecond})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.Run(ctx)
	}()
	stop = sync.OnceFunc(func() { cancel(); <-ended })
	s.t.Cleanup(stop)
	return c, stop
}

// confirmed waits until all copies have all.
func (s *site) confirmed(c *copies.Copies) {
	s.t.Helper()
	eventually(s.t, func() bool {
		for _, one := range c.Status() {
			if one.Behind > 0 {
				return false
			}
		}
		return true
	}, func() string { return fmt.Sprintf("%+v", c.Status()) })
}

func (s *site) to(r *syslogd) copies.Copy {
	s.t.Helper()
	door, err := outbound.New([]outbound.Allowed{{Address: r.listener.Addr().String(), Private: true}})
	if err != nil {
		s.t.Fatal(err)
	}
	return copies.Copy{Name: "siem", Receiver: &copies.Syslog{Host: "host.example.com",
		Timeout: 5 * time.Second, TLS: &tls.Config{RootCAs: r.roots, ServerName: "127.0.0.1"},
		Dial: func(ctx context.Context) (net.Conn, error) {
			return door.Dial(ctx, r.listener.Addr().String())
		}}}
}

func TestSyslog_Records_ComeAsMessagesInTheirOrder(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newSyslogd(t)
	s.record(500)
	c, stop := s.copy(s.to(r))
	s.record(100)
	s.confirmed(c)
	r.mustHave(t, 600)
	if r.len() != 600 {
		t.Errorf("%d records came, of 600", r.len())
	}
	for i, number := range r.numbers {
		if want := int64(i + 1); number != want || !strings.Contains(r.messages[i],
			fmt.Sprintf(`sequenceId="%d"`, want)) {
			t.Fatalf("record %d came as the %dth: %.100q", number, want, r.messages[i])
		}
	}
	if !strings.HasPrefix(r.messages[0], "<110>1 ") || !strings.HasPrefix(r.messages[6], "<109>1 ") ||
		!strings.Contains(r.messages[0], " host.example.com claviger - Decrypt [") {
		t.Errorf("%.100q, %.100q", r.messages[0], r.messages[6])
	}
	stop()
	// The next start goes on from there.
	c, _ = s.copy(s.to(r))
	s.record(1)
	s.confirmed(c)
	if r.len() != 601 {
		t.Errorf("%d records came, of 601", r.len())
	}
}

// TestSyslog_ReceiverFromHell_LosesNothing: connections that are lost with what is in them, that
// hang and that are read a few bytes at a time. Syslog has no answers, so that only what was
// confirmed by the end of a connection counts.
func TestSyslog_ReceiverFromHell_LosesNothing(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newSyslogd(t)
	r.cuts.Store(3)
	s.record(60)
	c, _ := s.copy(s.to(r))
	eventually(t, func() bool { return r.len() > 5 }, func() string { return "nothing comes" })
	r.hangs.Store(true)
	s.record(60)
	eventually(t, func() bool { return c.Status()[0].Failures > 2 },
		func() string { return "no failure" })
	r.slow.Store(true)
	r.cuts.Store(0)
	r.hangs.Store(false)
	r.mustHave(t, 120)
	s.confirmed(c)
	if got := strings.Count(s.log.String(), "does not get on"); got != 1 {
		t.Errorf("the operator was told %d times that it fails:\n%s", got, s.log)
	}
	if got := strings.Count(s.log.String(), "gets on again"); got != 1 {
		t.Errorf("the operator was told %d times that it goes on", got)
	}
}

func TestSyslog_WrongCertificate_GetsNothing(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newSyslogd(t)
	other := newSyslogd(t)
	to := s.to(r)
	to.Receiver.(*copies.Syslog).TLS.RootCAs = other.roots
	s.record(5)
	c, _ := s.copy(to)
	eventually(t, func() bool { return c.Status()[0].Failures > 0 },
		func() string { return "no failure" })
	if r.len() != 0 {
		t.Errorf("%d records went to somebody unknown", r.len())
	}
}

// collector is a receiver that speaks HTTP.
type collector struct {
	seen
	*httptest.Server
	answer  atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool] // true: it is taken
	largest atomic.Int64
	asked   atomic.Int64
}

func newCollector(t testing.TB) *collector {
	c := new(collector)
	c.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.asked.Add(1)
		if answer := c.answer.Load(); answer != nil && !(*answer)(w, r) {
			return
		}
		if r.Header.Get("Content-Type") != "application/x-ndjson" ||
			r.Header.Get("Authorization") != "Splunk token" {
			t.Errorf("headers: %v", r.Header)
		}
		lines := bufio.NewScanner(r.Body)
		lines.Buffer(nil, 1<<21)
		size := int64(0)
		for lines.Scan() {
			size += int64(len(lines.Bytes())) + 1
			c.add(t, lines.Text())
		}
		c.largest.Store(max(c.largest.Load(), size))
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *collector) answers(how func(w http.ResponseWriter, r *http.Request) bool) {
	c.answer.Store(&how)
}

func (s *site) post(c *collector) copies.Copy {
	s.t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(c.Certificate())
	door, err := outbound.New([]outbound.Allowed{{URL: c.URL, Roots: roots, Private: true}})
	if err != nil {
		s.t.Fatal(err)
	}
	return copies.Copy{Name: "http", Required: true, Receiver: &copies.Collector{Door: door,
		URL: c.URL + "/collect?index=audit", Timeout: time.Second,
		Authorization: func() (string, error) { return "Splunk token", nil }}}
}

func TestCollector_Records_ComeAsLines(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newCollector(t)
	s.record(4000)
	c, _ := s.copy(s.post(r))
	s.confirmed(c)
	if r.len() != 4000 || r.missing(4000) != 0 {
		t.Errorf("%d records came, of 4000, and %d is missing", r.len(), r.missing(4000))
	}
	if r.largest.Load() > 1<<20+2000 || r.asked.Load() > 100 {
		t.Errorf("%d requests, with %d bytes at most", r.asked.Load(), r.largest.Load())
	}
	if c.Required() != 4000 {
		t.Errorf("%d are confirmed", c.Required())
	}
}

// TestCollector_ReceiverFromHell_LosesNothing: it hangs, redirects, refuses, answers 500 and takes
// no large bodies; in the end it has all.
func TestCollector_ReceiverFromHell_LosesNothing(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]func(w http.ResponseWriter, r *http.Request){
		"500":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) },
		"400":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(400) },
		"hangs":    func(http.ResponseWriter, *http.Request) { time.Sleep(3 * time.Second) },
		"later": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "2")
			w.WriteHeader(429)
		},
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				conn.Close()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r := newSite(t), newCollector(t)
			r.answers(func(w http.ResponseWriter, r *http.Request) bool { how(w, r); return false })
			s.record(50)
			c, _ := s.copy(s.post(r))
			eventually(t, func() bool { return c.Status()[0].Failures > 0 },
				func() string { return "no failure" })
			st := c.Status()[0]
			if st.Failing.IsZero() || st.Oldest.IsZero() || st.Behind != 50 || c.Required() != 0 {
				t.Errorf("%+v", st)
			}
			r.answers(func(http.ResponseWriter, *http.Request) bool { return true })
			r.mustHave(t, 50)
			s.confirmed(c)
			if st := c.Status()[0]; !st.Failing.IsZero() || !st.Oldest.IsZero() || st.Number != 50 {
				t.Errorf("%+v", st)
			}
		})
	}
}

func TestCollector_TooLarge_SendsLessAtATime(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newCollector(t)
	r.answers(func(w http.ResponseWriter, r *http.Request) bool {
		if r.ContentLength > 5000 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return false
		}
		return true
	})
	s.record(100)
	c, _ := s.copy(s.post(r))
	s.confirmed(c)
	if r.len() != 100 || r.missing(100) != 0 {
		t.Errorf("%d came", r.len())
	}
}

func TestDirectory_Records_AreInFilesByAgeAndSize(t *testing.T) {
	t.Parallel()
	s, dir := newSite(t), filepath.Join(t.TempDir(), "copies")
	one := copies.Copy{Name: "files", Receiver: &copies.Directory{Path: dir, Size: 20_000}}
	s.record(100)
	c, stop := s.copy(one)
	s.confirmed(c)
	stop()
	names, got := readFiles(t, dir)
	if len(names) < 3 || got.len() != 100 || got.missing(100) != 0 {
		t.Errorf("%d files with %d records", len(names), got.len())
	}
	// An end in the middle of a line is cut off, and what it was comes again.
	last := filepath.Join(dir, names[len(names)-1])
	f, err := os.OpenFile(last, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(`{"eventTime":"2026-`)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	one.Receiver = &copies.Directory{Path: dir, Age: time.Nanosecond}
	c, _ = s.copy(one)
	s.record(1)
	s.confirmed(c)
	s.record(1)
	s.confirmed(c)
	later, got := readFiles(t, dir)
	if got.len() != 102 || got.missing(102) != 0 || len(later) < len(names)+2 {
		t.Errorf("%d files with %d records", len(later), got.len())
	}
}

// readFiles reads the files of a directory in the order of their names.
func readFiles(t testing.TB, dir string) (names []string, got *seen) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	got = new(seen)
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, e.Name())
		for line := range strings.Lines(string(text)) {
			got.add(t, strings.TrimSuffix(line, "\n"))
		}
	}
	return names, got
}

// TestCopies_OneHangs_HoldsUpNobody: neither another copy nor a commit nor the end.
func TestCopies_OneHangs_HoldsUpNobody(t *testing.T) {
	t.Parallel()
	s, bad, good := newSite(t), newSyslogd(t), newCollector(t)
	bad.hangs.Store(true)
	defer bad.hangs.Store(false)
	c, stop := s.copy(s.to(bad), s.post(good))
	s.record(300)
	eventually(t, func() bool { return good.missing(300) == 0 }, func() string { return "it waits" })
	eventually(t, func() bool { return c.Required() == 300 }, func() string { return "not confirmed" })
	if st := c.Status()[0]; st.Behind != 300 {
		t.Errorf("%+v", st)
	}
	began := time.Now()
	stop()
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the end took %s", took)
	}
}

func TestCopies_Newest_BeginsBehindWhatIsThere(t *testing.T) {
	t.Parallel()
	s, r := newSite(t), newCollector(t)
	s.record(10)
	one := s.post(r)
	one.Newest = true
	c, stop := s.copy(one)
	s.record(2)
	s.confirmed(c)
	if r.len() != 2 {
		t.Errorf("%d records came, of 2", r.len())
	}
	stop()
	s.record(3) // it has a place now
	c, _ = s.copy(one)
	s.confirmed(c)
	if r.len() != 5 {
		t.Errorf("%d records came, of 5", r.len())
	}
}
