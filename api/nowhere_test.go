package api_test

import (
	"strings"
	"testing"
)

func TestRouting_NoResource_IsAProblem(t *testing.T) {
	s := start(t)
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/v1/nothing", 404, ""},
		{"BREW", "/v1/nothing", 404, ""},
		{"POST", "/favicon.ico", 404, ""},
		{"DELETE", "/v1/lower/echo/a/b", 405, "GET, HEAD, POST, OPTIONS"},
		{"GET", "/v1/lower/echo", 405, "PUT, OPTIONS"},
		{"TRACE", "/", 405, "GET, HEAD, POST, OPTIONS"},
	} {
		a := s.send(t, c.method, c.path, "")
		if a.status != c.status || a.doc["code"] != "UnknownOperationException" ||
			a.doc["requestId"] != a.header.Get("X-Amzn-Requestid") {
			t.Errorf("%s %s: answered %d %s, want %d", c.method, c.path, a.status, a.body, c.status)
		}
		if a.header.Get("Content-Type") != "application/problem+json" ||
			a.header.Get("Allow") != c.allow {
			t.Errorf("%s %s: headers %v", c.method, c.path, a.header)
		}
	}
}

// TestAWSJSON_Error_BeginsWithItsType: AWS writes it so, and what is the same
// error is the same bytes.
func TestAWSJSON_Error_BeginsWithItsType(t *testing.T) {
	s := start(t)
	for _, target := range []string{"Lower.Fail", "Upper.Fail"} {
		for range 20 {
			if a := s.call(t, target, `{"Name":"not-found"}`); !strings.HasPrefix(a.body,
				`{"__type":"`) {
				t.Fatalf("answered %s", a.body)
			}
		}
	}
}
