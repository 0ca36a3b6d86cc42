package servicetest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/google/uuid"
)

// TestSecretResource_AnyName_IsItsOwn: what is put under a secret's path is what is got there, and
// nowhere else, however much the name looks like a path of another resource.
func TestSecretResource_AnyName_IsItsOwn(t *testing.T) {
	s := servicetest.Start(t)
	paths := map[string]string{
		"prod": "prod", "prod/db": "prod/db", "prod/db/x": "prod%2Fdb%2Fx",
		"versions/prod": "versions%2Fprod", "prod/versions": "prod%2Fversions",
		"prod/tags": "prod%2Ftags", "value/prod": "value%2Fprod", "metadata": "metadata",
		"p+q=r@s": "p+q=r@s", "restore/prod/versions/1": "restore%2Fprod%2Fversions%2F1",
	}
	for name := range paths {
		document := fmt.Sprintf(`{"Name":%q,"SecretString":"of %s"}`, name, name)
		a := s.REST(t, "POST", "/v1/secrets", document)
		at := a.Header.Get("Location")
		if a.Status != 201 || at == "" {
			t.Fatalf("%s: answered %d %s, Location %q", name, a.Status, a.Body, at)
		}
		if got := secretAt(t, s, at); got != "of "+name {
			t.Errorf("%s: at its Location %s there is %q", name, at, got)
		}
	}
	for name, path := range paths {
		if got := secretAt(t, s, "/v1/secrets/"+path); got != "of "+name {
			t.Errorf("%s: got %q", path, got)
		}
		if a := s.REST(t, "PUT", "/v1/secrets/"+path, `{"SecretString":"new"}`); a.Status != 200 {
			t.Errorf("%s: put answered %d %s", path, a.Status, a.Body)
		}
		if got := secretAt(t, s, "/v1/secrets/value/"+name); got != "new" {
			t.Errorf("%s: by its other path it is %q", name, got)
		}
		if a := s.REST(t, "DELETE", "/v1/secrets/"+path+"?ForceDeleteWithoutRecovery=true",
			nil); a.Status != 200 || !strings.Contains(string(a.Body), `"Name":"`+name+`"`) {
			t.Errorf("%s: delete answered %d %s", path, a.Status, a.Body)
		}
	}
	if a := s.REST(t, "GET", "/v1/secrets", nil); !strings.Contains(string(a.Body),
		`"SecretList":[]`) {
		t.Errorf("there are secrets left: %s", a.Body)
	}
}

func secretAt(t testing.TB, s *servicetest.Server, path string) string {
	t.Helper()
	var out struct{ SecretString string }
	a := s.REST(t, "GET", path, nil)
	if err := json.Unmarshal(a.Body, &out); err != nil || a.Status != 200 {
		t.Errorf("GET %s: answered %d %s", path, a.Status, a.Body)
	}
	return out.SecretString
}

// TestListing_LinkFollowed_GivesEachOnce: a client that knows nothing but HTTP sees all pages.
func TestListing_LinkFollowed_GivesEachOnce(t *testing.T) {
	s := servicetest.Start(t)
	for range 3 {
		createKey(t, s.KMS())
		createSecret(t, s.SecretsManager(), uuid.NewString(), "x")
		putParameter(t, s.ParameterStore(), "/linked/"+uuid.NewString(), "x")
	}
	for path, entry := range map[string]string{"/v1/keys?Limit=1": `"KeyId"`,
		"/v1/parameters?MaxResults=1":                            `"Name"`,
		"/v1/parameter-paths/linked?MaxResults=1":                `"Name"`,
		"/v1/parameter-paths?Path=/&Recursive=true&MaxResults=1": `"Name"`,
		"/v1/secrets?MaxResults=1&SortOrder=asc":                 `"Name"`} {
		pages, entries := 0, 0
		for next := path; next != ""; pages++ {
			a := s.REST(t, "GET", next, nil)
			if a.Status != 200 || pages > 10 {
				t.Fatalf("page %d of %s, %s: answered %d %s", pages, path, next, a.Status, a.Body)
			}
			entries += strings.Count(string(a.Body), entry)
			next, _, _ = strings.Cut(strings.TrimPrefix(a.Header.Get("Link"), "<"), ">")
		}
		if pages != entries || entries < 3 {
			t.Errorf("%s: %d entries on %d pages", path, entries, pages)
		}
	}
}

// TestIdempotencyKey_RequestTwice_IsDoneOnce: with it a request may be sent again, and without it
// REST makes a version each time.
func TestIdempotencyKey_RequestTwice_IsDoneOnce(t *testing.T) {
	s := servicetest.Start(t)
	createSecret(t, s.SecretsManager(), "db", "first")
	put := func(key, value string) (int, string) {
		q := servicetest.Request{Method: "PUT", Path: "/v1/secrets/db",
			Body: fmt.Appendf(nil, `{"SecretString":%q}`, value), Header: http.Header{}}
		if key != "" {
			q.Header.Set("Idempotency-Key", key)
		}
		a := s.Send(t, q)
		var out struct{ VersionId string }
		accepted(t, json.Unmarshal(a.Body, &out))
		return a.Status, out.VersionId
	}
	key := uuid.NewString()
	for _, written := range []string{key, `"` + key + `"`} {
		if status, version := put(written, "second"); status != 200 || version != key {
			t.Errorf("with %s: answered %d, version %q", written, status, version)
		}
	}
	if status, _ := put(key, "another"); status != 409 {
		t.Errorf("with another value: answered %d", status)
	}
	_, one := put("", "third")
	if _, two := put("", "third"); one == two || one == "" {
		t.Errorf("without it there are %q and %q", one, two)
	}
	if status, _ := put("short", "fourth"); status != 400 {
		t.Errorf("with one that can't be a token: answered %d", status)
	}
	a := s.Send(t, servicetest.Request{Method: "POST", Path: "/v1/keys", Body: []byte(`{}`),
		Header: http.Header{"Idempotency-Key": {key}}})
	if a.Status != 400 || !strings.Contains(a.Message(), "Idempotency-Key") {
		t.Errorf("CreateKey, which knows no such thing, answered %d %s", a.Status, a.Body)
	}
}

// TestHead_OfASecret_IsARead: it is decided, recorded and answered as GET is, without the value.
func TestHead_OfASecret_IsARead(t *testing.T) {
	s := servicetest.Start(t)
	createSecret(t, s.SecretsManager(), "db", "x")
	m := s.Mark(t)
	a := s.REST(t, "HEAD", "/v1/secrets/db", nil)
	records := s.Records(t, m, a.RequestID())
	if a.Status != 200 || len(a.Body) != 0 || a.Header.Get("Content-Length") == "0" ||
		len(records) == 0 || records[len(records)-1].EventName != "GetSecretValue" {
		t.Errorf("answered %d %q %v with %d records", a.Status, a.Body, a.Header, len(records))
	}
	if a = s.Send(t, servicetest.Request{Method: "HEAD", Path: "/v1/secrets/db",
		As: s.Nobody}); a.Status != 403 {
		t.Errorf("nobody is answered %d", a.Status)
	}
	for _, path := range []string{"/livez", "/readyz", "/metrics"} {
		for method, status := range map[string]int{"GET": 200, "HEAD": 200, "OPTIONS": 204,
			"POST": 405} {
			a := s.Send(t, servicetest.Request{Method: method, Path: path, Unsigned: true})
			if a.Status != status || status != 200 && a.Header.Get("Allow") != "GET, HEAD, OPTIONS" {
				t.Errorf("%s %s: answered %d, Allow %q", method, path, a.Status, a.Header.Get("Allow"))
			}
		}
	}
}
