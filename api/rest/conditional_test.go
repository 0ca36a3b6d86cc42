package rest

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"claviger/internal/op"
)

func TestIfNoneMatch_EachForm_IsRead(t *testing.T) {
	for _, c := range []struct {
		values []string
		has    bool
	}{
		{nil, false},
		{[]string{""}, false},
		{[]string{`"abc"`}, true},
		{[]string{`W/"abc"`}, true},
		{[]string{`"x", W/"abc"`}, true},
		{[]string{`"x"`, `W/"y"` + "\t,", `"abc"`}, true}, // several headers are one list
		{[]string{`,, "abc",`}, true},
		{[]string{`"a,b","abc"`}, true}, // a comma may stand in one
		{[]string{`*`}, true},
		{[]string{` * `}, true},
		{[]string{`"*"`}, false},
		{[]string{`abc`}, false},
		{[]string{`w/"abc"`}, false},
		{[]string{`"abc`}, false},
		{[]string{`"ab"`}, false},
		{[]string{`"ABC"`}, false},
		{[]string{`"", "x" y, "abc"`}, false}, // not beyond what can't be read
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["If-None-Match"] = c.values
		if got := condition(r, op.Info{Watched: true}).Has("abc"); got != c.has {
			t.Errorf("%q: %v", c.values, got)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("If-None-Match", "*")
	if condition(r, op.Info{}) != nil {
		t.Error("an operation without ETags has a condition")
	}
}

func TestPreferWait_EachForm_IsRead(t *testing.T) {
	for _, c := range []struct {
		values []string
		want   time.Duration
	}{
		{nil, 0},
		{[]string{"wait=7"}, 7 * time.Second},
		{[]string{"wait=7", "wait=8"}, 7 * time.Second},
		{[]string{"respond-async, Wait = 7; x=y"}, 7 * time.Second},
		{[]string{`wait="7"`}, 7 * time.Second},
		{[]string{"handling=lenient", " wait=7"}, 7 * time.Second},
		{[]string{"wait=50"}, mostWait},
		{[]string{"wait=51"}, mostWait},
		{[]string{"wait=2147483647"}, mostWait},
		{[]string{"wait=99999999999999999999"}, 0},
		{[]string{"wait=0"}, 0},
		{[]string{"wait=-1"}, 0},
		{[]string{"wait=1.5"}, 0},
		{[]string{"wait"}, 0},
		{[]string{"waiting=7"}, 0},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Prefer"] = c.values
		if got := condition(r, op.Info{Watched: true}).Wait; got != 0 {
			t.Errorf("%q waits %v for an answer that nobody has", c.values, got)
		}
		r.Header.Set("If-None-Match", `"abc"`)
		if got := condition(r, op.Info{Watched: true}).Wait; got != c.want {
			t.Errorf("%q waits %v, want %v", c.values, got, c.want)
		}
	}
}

func FuzzCondition(f *testing.F) {
	f.Add(`W/"abc", "d"`, "wait=1")
	f.Add(`*`, `wait="1"; a, b=c`)
	f.Add(`"a`, "=")
	f.Fuzz(func(t *testing.T, had, prefer string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header = http.Header{"If-None-Match": {had}, "Prefer": {prefer}}
		c := condition(r, op.Info{Watched: true})
		if c.Has("") && !c.Has("abc") && had == "" || c.Wait < 0 || c.Wait > mostWait {
			t.Errorf("%q, %q: waits %v", had, prefer, c.Wait)
		}
	})
}
