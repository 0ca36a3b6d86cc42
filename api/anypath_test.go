package api_test

import (
	"strings"
	"testing"
)

// TestPath_AWSProtocols_IsIgnored: AWS's endpoints read nothing from the path, and SDKs send one
// when their endpoint has one.
func TestPath_AWSProtocols_IsIgnored(t *testing.T) {
	s := start(t)
	json := []string{"Content-Type", "application/x-amz-json-1.1", "X-Amz-Target", "Lower.Echo"}
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	for _, path := range []string{"//", "/prefix", "/prefix/", "/a/b/c", "//v1/lower/echo/x",
		"/v1", "/docs", "/v2/lower/echo/x", "/%2e%2e/"} {
		if a := s.send(t, "POST", path, `{"Name":"a"}`, json...); a.status != 200 ||
			a.body != `{"Name":"a"}` {
			t.Errorf("JSON to %s: answered %d %s", path, a.status, a.body)
		}
		if a := s.send(t, "POST", path, "Action=Echo&Version=1999-01-01&Name=a",
			form...); a.status != 200 || !strings.Contains(a.body, "<Name>a</Name>") {
			t.Errorf("a form to %s: answered %d %s", path, a.status, a.body)
		}
	}
	if a := s.send(t, "GET", "/prefix?Action=Echo&Version=1999-01-01&Name=a", ""); a.status != 200 {
		t.Errorf("GET: answered %d %s", a.status, a.body)
	}
	if a := s.send(t, "POST", "/prefix", `{}`, "X-Amz-Target", "Nobody.Echo"); a.status != 400 ||
		!strings.HasPrefix(a.body, `{"__type":"UnknownOperationException"`) {
		t.Errorf("an unknown target: answered %d %s", a.status, a.body)
	}
}

// TestPath_REST_MeansWhatItSays: beneath REST's prefix a header changes nothing.
func TestPath_REST_MeansWhatItSays(t *testing.T) {
	s := start(t)
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"POST", "/v1/nothing", 404},
		{"POST", "/v1/", 404},
		{"DELETE", "/v1/lower/echo/a/b", 405},
		{"POST", "/v1/lower/echo", 405},
		{"PUT", "/prefix", 404},
		{"GET", "/prefix", 404},
	} {
		a := s.send(t, c.method, c.path, `{"Name":"a"}`, "Content-Type", "application/x-amz-json-1.1",
			"X-Amz-Target", "Lower.Echo")
		if a.status != c.status || a.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: answered %d %s, want %d", c.method, c.path, a.status, a.body, c.status)
		}
	}
}
