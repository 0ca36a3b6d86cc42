package api_test

import (
	"net/http/httptest"
	"testing"
	"time"
)

// deadlines is a connection that remembers until when it is read.
type deadlines struct {
	*httptest.ResponseRecorder
	last time.Time
	set  int
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.last, d.set = t, d.set+1
	return nil
}

// TestBody_WhenItIsThere_HasNoDeadline: the server takes the end of the time to read for the end of
// the client, and a device may take longer for its answer than a body for its way.
func TestBody_WhenItIsThere_HasNoDeadline(t *testing.T) {
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	start(t).ServeHTTP(w, of(t.Context(), "few", "Echo", `{"Name":"a"}`))
	if w.Code != 200 || w.set == 0 || !w.last.IsZero() {
		t.Errorf("%d, deadline %s after %d", w.Code, w.last, w.set)
	}
}
