package api_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

func TestBody_UnknownLength_IsHeldToTheLimit(t *testing.T) {
	s := start(t)
	r := httptest.NewRequest("POST", "/",
		chunked(strings.NewReader(`{"Name":"`+strings.Repeat("a", 2<<20)+`"}`)))
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Lower.Echo")
	r.Header.Set("Authorization", "somebody")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != 413 {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
}

// unread is a body that nobody may read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body of somebody unauthenticated was read")
	return 0, io.EOF
}

// Bodies cost memory: nobody unauthenticated has a claim to any.
func TestBody_Unauthenticated_IsNotRead(t *testing.T) {
	s := start(t)
	for _, path := range []string{"/", "/v1/lower/echo"} {
		for _, target := range []string{"Lower.Echo", "Lower.Shout", "Nobody.Echo"} {
			r := httptest.NewRequest("POST", path, unread{t})
			r.ContentLength = 1 << 19
			r.Header.Set("Content-Type", "application/x-amz-json-1.1")
			r.Header.Set("X-Amz-Target", target)
			s.ServeHTTP(httptest.NewRecorder(), r)
		}
	}
	for _, path := range []string{"/", "/?Action=Echo"} {
		r := httptest.NewRequest("POST", path, unread{t})
		r.ContentLength = 1 << 19
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != 403 || !strings.Contains(w.Body.String(),
			"<Code>MissingAuthenticationToken</Code>") {
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
	}
}

// stalled is a body of which so many bytes come, and no more until it is let go or out of time. It
// is its own connection.
type stalled struct {
	*httptest.ResponseRecorder
	come  int
	until chan struct{}
	over  chan struct{}
}

func (s *stalled) Read(b []byte) (int, error) {
	n := min(s.come, len(b))
	if s.come -= n; n > 0 {
		return n, nil
	}
	select {
	case <-s.until:
		return 0, io.EOF
	case <-s.over:
		return 0, os.ErrDeadlineExceeded
	}
}

// SetReadDeadline is called by one at a time once no more bytes come.
func (s *stalled) SetReadDeadline(t time.Time) error {
	if !t.IsZero() && time.Now().After(t) {
		close(s.over)
	}
	return nil
}

// hold sends n requests with bodies that don't come, from one source each or all from one, and
// lets the bodies end once all but room of them were told to slow down.
func hold(t *testing.T, s *service, n, room int, source func(i int) string) {
	t.Helper()
	until := make(chan struct{})
	var all sync.WaitGroup
	var slowed atomic.Int64
	for i := range n {
		all.Go(func() {
			w := &stalled{httptest.NewRecorder(), 1<<20 - 1, until, make(chan struct{})}
			s.ServeHTTP(w, largeFrom(source(i), w))
			if strings.Contains(w.Body.String(), "ThrottlingException") && slowed.Add(1) == int64(n-room) {
				close(until)
			}
		})
	}
	all.Wait() // it ends only if all that found no room were told to slow down
	if a := s.call(t, "Lower.Echo",
		`{"Name":"`+strings.Repeat("a", 1<<17)+`"}`); a.doc["__type"] == "ThrottlingException" {
		t.Error("the shares were not given back")
	}
}

// Bodies of all requests share 64 MiB.
func TestBody_Large_SharesABudget(t *testing.T) {
	hold(t, start(t), 80, 64, func(i int) string { return fmt.Sprintf("192.0.2.%d:99", i) })
}

// One source has a share of it, however many access keys it names.
func TestBody_OneSource_HasAShare(t *testing.T) {
	hold(t, start(t), 20, 8, func(i int) string {
		return fmt.Sprintf("[2001:db8:1:2::%x]:99", i)
	})
}

// A body is no larger than what is asked for needs, and is refused before it is read.
func TestBody_LargerThanTheOperationTakes_IsRefused(t *testing.T) {
	s := start(t)
	long := `{"Name":"a","Text":"` + strings.Repeat("a", 200<<10) + `"}`
	for _, c := range []struct {
		a      answer
		status int
	}{
		{s.call(t, "Lower.Echo", long), 200},
		{s.call(t, "Lower.Brief", long), 413},
		{s.call(t, "Lower.Nothing", long), 413},
		{s.send(t, "POST", "/v1/lower/brief", long), 413},
		{s.send(t, "PUT", "/v1/lower/echo", long), 200},
		{s.form(t, "Action=Echo&Name=a&Text="+long), 413},
	} {
		if c.a.status != c.status {
			t.Errorf("answered %d %.80s, want %d", c.a.status, c.a.body, c.status)
		}
	}
}

// TestBody_StalledOnes_LoseTheirRoom to another of the same source, whose body is as long as may
// be.
func TestBody_StalledOnes_LoseTheirRoom(t *testing.T) {
	s := start(t)
	until := make(chan struct{})
	var all sync.WaitGroup
	for range 70 {
		all.Go(func() {
			w := &stalled{httptest.NewRecorder(), 300_000, until, make(chan struct{})}
			s.ServeHTTP(w, largeFrom("192.0.2.7:99", w))
		})
	}
	time.Sleep(2 * time.Second) // for the room to be full of what stalls
	for range 3 {
		var w *httptest.ResponseRecorder
		// As an SDK does that is told to try again: not all need have stalled by now.
		for tries := 0; tries == 0 || tries < 3 && w.Code != 200; tries++ {
			w = httptest.NewRecorder()
			body := `{"Name":"a"` + strings.Repeat(" ", 1<<20-13) + `}`
			s.ServeHTTP(w, largeFrom("192.0.2.7:99", strings.NewReader(body)))
		}
		if w.Code != 200 {
			t.Errorf("answered %d %s", w.Code, w.Body)
		}
	}
	close(until)
	all.Wait()
}

// largeFrom is a request with a body of 1 MiB, or what comes of it.
func largeFrom(source string, body io.Reader) *http.Request {
	r := httptest.NewRequest("POST", "/", body)
	r.ContentLength = 1 << 20
	r.RemoteAddr = source
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", "Lower.Echo")
	r.Header.Set("Authorization", "somebody")
	return r
}

// TestBody_AnyLength_ArrivesWhole, also over the steps in which room is had.
func TestBody_AnyLength_ArrivesWhole(t *testing.T) {
	s := start(t)
	for _, step := range []int{1 << 10, 4 << 10, 32 << 10, 256 << 10, 1<<20 - 2} {
		for n := step - 2; n <= step+2; n++ {
			body := `{"Name":"a"` + strings.Repeat(" ", n-12) + `}`
			for _, length := range []int64{int64(n), -1} {
				r := httptest.NewRequest("POST", "/", iotest.OneByteReader(strings.NewReader(body)))
				if n > 40<<10 {
					r.Body = io.NopCloser(chunked(strings.NewReader(body)))
				}
				r.ContentLength = length
				r.Header = largeFrom("192.0.2.7:99", nil).Header
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				if w.Code != 200 {
					t.Fatalf("%d bytes, said to be %d: %d %s", n, length, w.Code, w.Body)
				}
			}
		}
	}
}
