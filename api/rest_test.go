package api_test

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"claviger/internal/fault"
)

func TestREST_NameInPath_IsReadOnce(t *testing.T) {
	s := start(t)
	for path, want := range map[string]string{
		"a": "a", "a/b/c": "a/b/c", "a%2Fb": "a/b", "alias%2fapp": "alias/app", "a%20b": "a b",
		"a+b": "a+b", "a%2Bb": "a+b", "a;b": "a;b",
		"a:b": "a:b", "a%3Ab": "a:b", "%C3%A4": "ä", "...": "...", "a/..b": "a/..b", ".a": ".a",
		"a%5Cb": `a\b`, "a=b&c": "a=b&c", "a%3Fb": "a?b",
	} {
		if a := s.send(t, "POST", "/v1/lower/echo/"+path, ""); a.status != 200 ||
			a.doc["Name"] != want {
			t.Errorf("%s: answered %d %s, want the name %q", path, a.status, a.body, want)
		}
	}
}

func TestREST_AmbiguousName_IsRefused(t *testing.T) {
	s := start(t)
	for _, path := range []string{
		"", "/", "a/", "/a", "a//b", "a/%2Fb", ".", "..", "a/.", "a/..", "a/../b", "a/./b",
		"%2E%2E", "a/%2e%2e/b", "a%2F..%2Fb", "a%2F",
		"a%252Fb", "a%2520b", "100%25", "%25", "%252e%252e",
	} {
		a := s.send(t, "POST", "/v1/lower/echo/"+path, "")
		if a.status != 400 || a.doc["code"] != "ValidationException" {
			t.Errorf("%q: answered %d %s", path, a.status, a.body)
		}
		if name, code := s.last(); name != "Echo" || code != "ValidationException" {
			t.Errorf("%q: recorded %q %q", path, name, code)
		}
	}
	if a := s.send(t, "POST", "/v1/lower/echo/a%FF", ""); a.status != 400 ||
		a.doc["code"] != "SerializationException" {
		t.Errorf("a name that is no UTF-8 was answered %d %s", a.status, a.body)
	}
	for _, name := range []string{"a%2Fb", "..", "a//b", "100%"} {
		body, _ := json.Marshal(map[string]string{"Name": name})
		if a := s.send(t, "PUT", "/v1/lower/echo", string(body)); a.status != 200 ||
			a.doc["Name"] != name {
			t.Errorf("%q in the body: answered %d %s", name, a.status, a.body)
		}
		if a := s.send(t, "PUT", "/v1/lower/echo?Name="+url.QueryEscape(name),
			""); a.status != 200 || a.doc["Name"] != name {
			t.Errorf("%q in the query: answered %d %s", name, a.status, a.body)
		}
	}
}

func TestREST_PathAndQuery_AreLaidOverTheBody(t *testing.T) {
	s := start(t)
	for _, c := range []struct{ target, body, want string }{
		{"/p", ``, `{"Name":"p"}`},
		{"/p", `{"Name":"b","Text":"b"}`, `{"Name":"p","Text":"b"}`},
		{"/p?Name=q&Text=q", `{"Name":"b","Text":"b","Count":3}`,
			`{"Name":"p","Text":"q","Count":3}`},
		{"/p?Text=", `{}`, `{"Name":"p","Text":""}`},
		{"/p?Text=7&Count=7&Flag=true", ``, `{"Name":"p","Text":"7","Count":7,"Flag":true}`},
		{"/p?Text=null&Count=null", `{"Count":3}`, `{"Name":"p","Text":"null"}`},
		{"/p?List=a&List=b", `{"List":["c"]}`, `{"Name":"p","List":["a","b"]}`},
		{"/p?Blob=%2B%2F8%3D", ``, `{"Name":"p","Blob":"+/8="}`},
		{"/p?Pairs=" + url.QueryEscape(`[{"Key":"k"}]`) + "&Map=" + url.QueryEscape(`{"a":"b"}`),
			``, `{"Name":"p","Pairs":[{"Key":"k","Value":null}],"Map":{"a":"b"}}`},
		{"/p?X-Amz-Signature=b", ``, `{"Name":"p"}`},
	} {
		a := s.send(t, "POST", "/v1/lower/echo"+c.target, c.body)
		var want map[string]any
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(err)
		}
		if a.status != 200 || !reflect.DeepEqual(a.doc, want) {
			t.Errorf("%s with %s: answered %d %s, want %s", c.target, c.body, a.status, a.body, c.want)
		}
	}
}

func TestREST_BadRequest_IsRefused(t *testing.T) {
	s := start(t)
	for name, c := range map[string]struct {
		target, body string
		status       int
		code         string
	}{
		"a list":         {"/p", `[]`, 400, "SerializationException"},
		"null":           {"/p", `null`, 400, "SerializationException"},
		"malformed JSON": {"/p", `{`, 400, "SerializationException"},
		"trailing data":  {"/p", `{} {}`, 400, "SerializationException"},
		"duplicates": {"/p", `{"Text":"a","Text":"b"}`, 400,
			"SerializationException"},
		"duplicates below": {"/p", `{"Map":{"a":"a","a":"b"}}`, 400,
			"SerializationException"},
		"overlaid duplicates": {"/p?Text=c", `{"Text":"a","Text":"b"}`, 400,
			"SerializationException"},
		"invalid UTF-8":            {"/p", "{\"Text\":\"\xff\"}", 400, "SerializationException"},
		"invalid UTF-8 in a query": {"/p?Text=%FF", ``, 400, "SerializationException"},
		"deep nesting": {"/p",
			`{"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, 400,
			"SerializationException"},
		"very deep nesting": {"/p",
			`{"x":` + strings.Repeat("[", 400000) + strings.Repeat("]", 400000) + `}`, 400,
			"SerializationException"},
		"a word for a number": {"/p?Count=many", ``, 400, "SerializationException"},
		"a word for a flag":   {"/p?Flag=yes", ``, 400, "SerializationException"},
		"two values in one":   {"/p?Count=1,2", ``, 400, "SerializationException"},
		"an escaped object": {"/p?Count=1%7D%2C%7B%22Flag%22%3Atrue", ``, 400,
			"SerializationException"},
		"an unknown name":     {"/p?Unknown=a", ``, 400, "ValidationException"},
		"another case":        {"/p?text=a", ``, 400, "ValidationException"},
		"what is no member":   {"/p?ByShape=a", ``, 400, "ValidationException"},
		"two texts":           {"/p?Text=a&Text=b", ``, 400, "ValidationException"},
		"an escaped letter":   {"/%61", ``, 400, "ValidationException"},
		"bad escapes":         {"/p?Text=a&Count=%zz", ``, 400, "ValidationException"},
		"a semicolon":         {"/p?Text=a;Count=1", ``, 400, "ValidationException"},
		"a broken constraint": {"/p?Count=10", ``, 400, "ValidationException"},
		"a large body": {"/p", `{"Text":"` + strings.Repeat("a", 1<<20) + `"}`, 413,
			"RequestEntityTooLargeException"},
	} {
		a := s.send(t, "POST", "/v1/lower/echo"+c.target, c.body)
		if a.status != c.status || a.doc["code"] != c.code ||
			a.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: answered %d %.200s, want %d %s", name, a.status, a.body, c.status, c.code)
		}
		text, _ := a.doc["detail"].(string)
		if text == "" || a.status == 413 && !strings.Contains(text, "1048576 bytes") {
			t.Errorf("%s: the text does not say what is wrong: %q", name, text)
		}
	}
}

func TestREST_Failure_IsAProblemWithHTTPsStatus(t *testing.T) {
	s := start(t)
	statuses := map[fault.Kind]int{
		fault.Internal: 500, fault.Invalid: 400, fault.Unauthenticated: 401, fault.Denied: 403,
		fault.NotFound: 404, fault.Exists: 409, fault.State: 409,
		fault.Limit: 429, fault.Throttled: 429, fault.Conflict: 409, fault.TooLarge: 413,
		fault.Unavailable: 503, fault.Uncertain: 504, fault.DryRun: 412,
	}
	for name, kind := range kinds {
		a := s.send(t, "POST", "/v1/upper/fail/"+name, "")
		if a.status != statuses[kind] || a.doc["status"] != float64(a.status) ||
			a.doc["title"] != http.StatusText(a.status) {
			t.Errorf("%s: answered %d %s, want %d", name, a.status, a.body, statuses[kind])
		}
		if a.doc["requestId"] != a.header.Get("X-Amzn-Requestid") || a.doc["code"] == "" ||
			a.doc["type"] != "about:blank" {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	if a := s.send(t, "POST", "/v1/lower/echo/a", "", "Authorization", "no"); a.status != 401 ||
		a.doc["code"] != "MissingAuthenticationTokenException" {
		t.Errorf("without a signature: answered %d %s", a.status, a.body)
	}
}

func TestREST_NoOutput_Is204AndUncached(t *testing.T) {
	s := start(t)
	a := s.send(t, "POST", "/v1/upper/fail/nothing", "")
	if a.status != 204 || a.body != "" {
		t.Errorf("answered %d %q", a.status, a.body)
	}
	for _, a := range []answer{a, s.send(t, "GET", "/v1/upper/echo/a", ""),
		s.send(t, "GET", "/v1/upper/echo/..", "")} {
		if !strings.Contains(a.header.Get("Cache-Control"), "no-store") {
			t.Errorf("%d may be cached: %v", a.status, a.header)
		}
	}
}

func TestREST_UnroutedOperation_HasNoRoute(t *testing.T) {
	s := start(t)
	for _, path := range []string{"/v1/lower/unrouted", "/v1/lower/Unrouted", "/v1",
		"/v1/lower/echo/a/../../fail/x", "//v1/lower/echo/a"} {
		if a := s.send(t, "DELETE", path, ""); a.status == 200 {
			t.Errorf("%s: answered %s", path, a.body)
		}
	}
}
