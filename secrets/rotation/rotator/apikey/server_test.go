package apikey_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/apikey"
)

// service is an HTTP API that makes, lists and revokes keys, and lets in nobody without one.
type service struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	keys     map[string]key    // by id
	answered map[string]string // what was answered to an Idempotency-Key
	seen     []string          // method and path of each request
	instead  func(w http.ResponseWriter, q *http.Request) bool
	lost     string // the method of requests that are served, and their answers lost
}

type key struct{ ID, Key, Name string }

func start(t *testing.T) *service {
	t.Helper()
	s := &service{t: t, keys: map[string]key{"k0": {ID: "k0", Key: "Secret0", Name: "first"}},
		answered: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /base/whoami", func(w http.ResponseWriter, q *http.Request) {})
	mux.HandleFunc("GET /base/whoami/{id}", s.is)
	mux.HandleFunc("PUT /base/keys/{id}", s.put)
	mux.HandleFunc("POST /base/keys", s.post)
	mux.HandleFunc("GET /base/keys", s.list)
	mux.HandleFunc("DELETE /base/keys/{id}", s.revoke)
	s.Server = httptest.NewUnstartedServer(s.guard(mux))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// guard lets in whoever has a key, unless the test answers instead.
func (s *service) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen = append(s.seen, q.Method+" "+q.URL.String())
		if s.instead != nil && s.instead(w, q) {
			return
		}
		if !s.has(strings.TrimPrefix(q.Header.Get("Authorization"), "Bearer ")) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if s.lost == q.Method {
			next.ServeHTTP(httptest.NewRecorder(), q)
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, q)
	})
}

func (s *service) has(text string) bool {
	for _, k := range s.keys {
		if k.Key == text {
			return true
		}
	}
	return false
}

// is refuses whoever has a key of another name.
func (s *service) is(w http.ResponseWriter, q *http.Request) {
	key := s.keys[q.PathValue("id")].Key
	if key == "" || q.Header.Get("Authorization") != "Bearer "+key {
		w.WriteHeader(http.StatusForbidden)
	}
}

func (s *service) put(w http.ResponseWriter, q *http.Request) {
	k := key{ID: q.PathValue("id")}
	if err := json.NewDecoder(q.Body).Decode(&k); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if had, ok := s.keys[k.ID]; ok && had.Key != k.Key {
		w.WriteHeader(http.StatusConflict)
		return
	}
	s.keys[k.ID] = k
}

func (s *service) post(w http.ResponseWriter, q *http.Request) {
	var k key
	if err := json.NewDecoder(q.Body).Decode(&k); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	once := q.Header.Get("Idempotency-Key")
	answer, was := s.answered[once]
	if !was || once == "" {
		k.ID, k.Key = fmt.Sprint(100+len(s.seen)), "Secret"+rand.Text()
		s.keys[k.ID] = k
		answer = fmt.Sprintf(`{"data":[{"id":%s,"secret":%q}]}`, k.ID, k.Key)
		s.answered[once] = answer
	}
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, answer) // whoever has gone reads nothing
}

func (s *service) list(w http.ResponseWriter, q *http.Request) {
	items := []map[string]string{}
	for _, k := range s.keys {
		items = append(items, map[string]string{"id": k.ID, "name": k.Name})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": items}) // as above
}

func (s *service) revoke(w http.ResponseWriter, q *http.Request) {
	if _, ok := s.keys[q.PathValue("id")]; !ok {
		w.WriteHeader(http.StatusNotFound)
	}
	delete(s.keys, q.PathValue("id"))
}

// valid returns whether a version's key is, and how many are.
func (s *service) valid(d rotator.Document) (is bool, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.has(d.Text("api_key")), len(s.keys)
}

// requests returns how many there have been that begin so.
func (s *service) requests(begin string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seen := range s.seen {
		if strings.HasPrefix(seen, begin) {
			n++
		}
	}
	return n
}

// answer has the test answer requests that begin so, as method and path.
func (s *service) answer(begin string, with func(w http.ResponseWriter)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.instead = func(w http.ResponseWriter, q *http.Request) bool {
		is := begin != "" && strings.HasPrefix(q.Method+" "+q.URL.Path, begin)
		if is {
			with(w)
		}
		return is
	}
}

// lose has answers to a method lost.
func (s *service) lose(method string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = method
}

func (s *service) current() rotator.Document {
	return parse(s.t, fmt.Sprintf(`{"url":"%s/base","api_key":"Secret0","key_id":"k0",`+
		`"scope":"all \"of\" it"}`, s.URL))
}

func (s *service) reach() rotator.Reach {
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return rotator.Reach{Targets: []string{strings.TrimPrefix(s.URL, "https://")}, Roots: roots}
}

// choosing is how keys are chosen at this API.
func (s *service) choosing() apikey.Config {
	return apikey.Config{Reach: s.reach(), Try: apikey.Request{Path: "/whoami"},
		Make:   apikey.Request{Path: "/keys/{key_id}", Body: `{"key":"{api_key}","name":"{scope}"}`},
		Revoke: apikey.Request{Path: "/keys/{key_id}"}}
}

// administered has keys made and revoked by the key of masterarn's secret.
func administered(c apikey.Config) apikey.Config {
	c.Superusers, c.Try.Path = true, "/whoami/{key_id}?scope={scope}"
	return c
}

// issuing is how it issues them: with an idempotency key, or with a list.
func (s *service) issuing(listed bool) apikey.Config {
	c := s.choosing()
	c.Make = apikey.Request{Path: "/keys", Body: `{"name":"rotation {token}"}`}
	c.Issued = &apikey.Issued{Key: "/data/0/secret", ID: "/data/0/id"}
	if listed {
		c.Issued.List = &apikey.List{Path: "/keys?name={token}", Items: "/keys", ID: "/id",
			Token: "/name"}
	} else {
		c.Issued.Idempotency = "Idempotency-Key"
	}
	return c
}

func target(t *testing.T, c apikey.Config) rotator.Target {
	t.Helper()
	c.Reach.Timeout = 5 * time.Second
	made, err := apikey.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

type passwords struct{ n atomic.Int64 }

func (p *passwords) Password(_ context.Context, rules rotator.Rules) (string, error) {
	if rules.ExcludeUppercase != nil {
		return fmt.Sprintf("id%d", p.n.Add(1)), nil
	}
	return fmt.Sprintf("Secret%d", p.n.Add(1)), nil
}

func parse(t *testing.T, text string) rotator.Document {
	t.Helper()
	d, err := rotator.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// begin makes the versions of the next rotation.
func begin(t *testing.T, of rotator.Target, v rotator.Versions, from *passwords,
	token string) rotator.Versions {
	t.Helper()
	var err error
	if i, ok := of.(rotator.Issuer); ok {
		v.Pending, err = i.Issue(t.Context(), v, token)
	} else {
		v.Pending, err = of.Candidate(t.Context(), v.Current, from)
	}
	if err != nil {
		t.Fatalf("%v (%v)", err, errors.Unwrap(err))
	}
	return v
}

// finish is the rotation of which the label has moved.
func finish(v rotator.Versions) rotator.Versions {
	return rotator.Versions{Current: v.Pending, Previous: &v.Current, Superuser: v.Superuser}
}

func set(t *testing.T, of rotator.Target, v rotator.Versions) {
	t.Helper()
	if err := of.Set(t.Context(), v); err != nil {
		t.Fatalf("set: %v (%v)", err, errors.Unwrap(err))
	}
	if err := of.Test(t.Context(), v.Pending); err != nil {
		t.Fatalf("test: %v (%v)", err, errors.Unwrap(err))
	}
}

// fails asserts the reason of an error, and that neither it nor its causes say a key.
func fails(t *testing.T, err error, want rotator.Reason) {
	t.Helper()
	var e *rotator.Error
	if !errors.As(err, &e) || e.Reason != want {
		t.Fatalf("%v (%v), want one that says %s", err, errors.Unwrap(err), want)
	}
	for err := error(e); err != nil; err = errors.Unwrap(err) {
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
			if strings.Contains(text, "Secret") {
				t.Errorf("it says a key: %s", text)
			}
		}
	}
}
