package webidentity

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"claviger/internal/fault"

	"github.com/go-jose/go-jose/v4"
)

// TestName_IssuersURL_HasOneForm: what isn't refused is the end of an ARN and the beginning of
// condition keys.
func TestName_IssuersURL_HasOneForm(t *testing.T) {
	longURL := "https://b.example/" + strings.Repeat("a", longestURL-len("https://b.example/"))
	for url, want := range map[string]string{
		"https://oidc.example.org":                       "oidc.example.org",
		"https://tenant.example.org/":                    "tenant.example.org/",
		"https://keycloak.example.org:8443/realms/a%20b": "keycloak.example.org:8443/realms/a%20b",
		"https://keycloak:8443":                          "keycloak:8443",
		"https://kubernetes/x":                           "kubernetes/x",
		"https://192.0.2.1:6443":                         "192.0.2.1:6443",
		"https://[2001:db8::1]:6443/id":                  "[2001:db8::1]:6443/id",
		"http://127.0.0.1:8080":                          "127.0.0.1:8080",
		"http://[::1]:8080":                              "[::1]:8080",
		"https://b.example:65535":                        "b.example:65535",
		longURL:                                          longURL[len("https://"):],
		"http://localhost":                               "localhost",
	} {
		if got, err := Name(url); err != nil || got != want {
			t.Errorf("%s: %q, %v", url, got, err)
		}
	}
	for _, url := range []string{"", "oidc.example.org", "http://oidc.example.org", "http://192.0.2.1",
		"http://localhost.example.org", "http://127.0.0.1.example.org", "https://", "https://aws",
		"https://sts", "HTTPS://oidc.example.org", "https://OIDC.example.org", "https://a@b.example",
		"https://b.example?x", "https://b.example#x", "https://b.example/a?x", "https://b.example:0",
		"https://b.example:65536", "https://b.example:08", "https://b.example:", "https://b.example//a",
		"https://b.example/../a", "https://b.example/./a", "https://b.example/%2e%2e/a",
		"https://b.example/a:b", "https://b.example/*", "https://b.example/%zz", "https://[::g]/a",
		"https://[::1", "https://[fe80::1%25eth0]/a", "https://b.example/a b", "https://b.example\n",
		"https://bücher.example", "ftp://b.example", longURL + "a"} {
		if got, err := Name(url); err == nil {
			t.Errorf("%q is taken, as %q", url, got)
		}
	}
}

// TestVerify_IssuerWithPath_IsAskedThere: the URL is the token's, to the letter.
func TestVerify_IssuerWithPath_IsAskedThere(t *testing.T) {
	for _, path := range []string{"/realms/site", "/", "/realms/site/"} {
		i := newIssuer(t, nil)
		url := i.server.URL + path
		i.change(func() { i.document["issuer"] = url })
		p := i.provider()
		p.URL += path
		c, err := verify(t, New(Config{Now: (&clock{}).now}),
			i.token(keys()["ES256"], map[string]any{"iss": url}), p)
		if err != nil || c.Issuer != url || c.Values[i.name()+path+":sub"] == nil {
			t.Errorf("%s: %+v, %v", path, c, err)
		}
	}
}

// TestVerify_PlainHTTPOnLoopback_IsBelieved: a provider that names its scheme is that one's.
func TestVerify_PlainHTTPOnLoopback_IsBelieved(t *testing.T) {
	i := newIssuer(t, nil)
	v := New(Config{Now: (&clock{}).now})
	p := i.provider()
	for _, url := range []string{i.name(), i.server.URL} {
		p.URL = url
		if _, err := verify(t, v, i.token(keys()["ES256"], nil), p); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	p.URL = "https://" + i.name()
	_, err := verify(t, v, i.token(keys()["ES256"], nil), p)
	refused(t, p.URL, err, invalidToken,
		"No OpenIDConnect provider found in your account for "+i.server.URL)
}

// TestTransport_LocalhostElsewhere_IsRefused: a resolver doesn't decide who is trusted without TLS.
func TestTransport_LocalhostElsewhere_IsRefused(t *testing.T) {
	for address, good := range map[string]bool{"127.0.0.1:80": true, "[::1]:80": true,
		"192.0.2.1:80": false, "[2001:db8::1]:80": false, "localhost:80": false, "": false} {
		if err := onLoopback("tcp", address, nil); (err == nil) != good {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestVerify_BadIssuer_IsUnreachable: whatever it answers, the caller is told the same, and the
// operator what it was.
func TestVerify_BadIssuer_IsUnreachable(t *testing.T) {
	private := newAuthority()
	elsewhere := newIssuer(t, private)
	at := func(url string) func(*issuer) {
		return func(i *issuer) { i.document["jwks_uri"] = url }
	}
	for what, c := range map[string]struct {
		change func(*issuer)
		cause  string
	}{
		"another issuer's document": {func(i *issuer) { i.document["issuer"] = elsewhere.server.URL },
			"did not match"},
		"no issuer":      {func(i *issuer) { delete(i.document, "issuer") }, "did not match"},
		"no jwks_uri":    {func(i *issuer) { delete(i.document, "jwks_uri") }, "names no host"},
		"keys by http":   {at("http://127.0.0.1:1/keys"), "https only"},
		"keys in a file": {at("file:///etc/passwd"), "names no host"},
		"keys of a user": {at("https://a:b@127.0.0.1/"), "a user"},
		"keys nowhere":   {func(i *issuer) { i.document["jwks_uri"] = i.server.URL + "/gone" }, "404"},
		"an error": {func(i *issuer) {
			i.instead = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }
		}, "500"},
		"a page": {func(i *issuer) {
			i.instead = func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }
		}, "failed to decode"},
		"no set of keys": {func(i *issuer) {
			i.instead = func(w http.ResponseWriter, q *http.Request) {
				if strings.HasSuffix(q.URL.Path, "/keys") {
					fmt.Fprint(w, `{"keys":[],"keys":[]}`)
					return
				}
				i.serve(w, q)
			}
		}, "duplicate"},
		"too many keys": {func(i *issuer) {
			for range mostKeys {
				i.set.Keys = append(i.set.Keys, keys()["ES384"].public())
			}
		}, "201 keys"},
		"keys without end": {func(i *issuer) {
			i.instead = func(w http.ResponseWriter, q *http.Request) {
				if !strings.HasSuffix(q.URL.Path, "/keys") {
					i.serve(w, q)
					return
				}
				for range 40 {
					fmt.Fprint(w, strings.Repeat(" ", 64<<10))
				}
			}
		}, "larger than"},
		"discovery without end": {func(i *issuer) {
			i.instead = func(w http.ResponseWriter, _ *http.Request) {
				for range 40 {
					fmt.Fprint(w, strings.Repeat(" ", 64<<10))
				}
			}
		}, "larger than"},
		"headers without end": {func(i *issuer) {
			i.instead = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("A", strings.Repeat("a", 1<<20))
			}
		}, "headers exceeded"},
		"a redirect to another": {func(i *issuer) {
			i.instead = func(w http.ResponseWriter, q *http.Request) {
				http.Redirect(w, q, elsewhere.server.URL+q.URL.Path, http.StatusFound)
			}
		}, "it redirects to"},
		"keys redirected to http": {func(i *issuer) {
			i.instead = func(w http.ResponseWriter, q *http.Request) {
				if strings.HasSuffix(q.URL.Path, "/keys") {
					http.Redirect(w, q, "http://"+i.name()+"/x", http.StatusFound)
					return
				}
				i.serve(w, q)
			}
		}, "it redirects to"},
		"a redirect to itself": {func(i *issuer) {
			i.instead = func(w http.ResponseWriter, q *http.Request) {
				http.Redirect(w, q, q.URL.Path, http.StatusFound)
			}
		}, "without end"},
	} {
		i := newIssuer(t, private)
		v, _ := trusting(i, private)
		i.change(func() { c.change(i) })
		_, err := verify(t, v, i.token(keys()["ES256"], nil), i.provider())
		refused(t, what, err, "IDPCommunicationError", errUnreachable.Message)
		if f := fault.Of(err); f.Err == nil || !strings.Contains(f.Err.Error(), c.cause) {
			t.Errorf("%s: the operator is told of %v, want %q", what, f.Err, c.cause)
		} else if len(f.Err.Error()) > 700 {
			t.Errorf("%s: the cause is the issuer's to write: %d bytes", what, len(f.Err.Error()))
		}
	}
}

// TestVerify_RedirectOnOneHost_IsFollowed, and keys may be on another host, as Google's are.
func TestVerify_RedirectOnOneHost_IsFollowed(t *testing.T) {
	private := newAuthority()
	i, other := newIssuer(t, private), newIssuer(t, private)
	v, _ := trusting(i, private)
	i.change(func() {
		i.document["jwks_uri"] = other.server.URL + "/keys"
		i.instead = func(w http.ResponseWriter, q *http.Request) {
			if strings.HasPrefix(q.URL.Path, "/moved") {
				i.serve(w, q)
				return
			}
			http.Redirect(w, q, "/moved"+q.URL.Path, http.StatusFound)
		}
	})
	if _, err := verify(t, v, i.token(keys()["ES256"], nil), i.provider()); err != nil {
		t.Error(err)
	}
	if other.asked.Load() != 1 {
		t.Error("the keys were not fetched from where they are")
	}
}

// TestVerify_SlowIssuer_KeepsNobody: an issuer that never answers is given up.
func TestVerify_SlowIssuer_IsGivenUp(t *testing.T) {
	for _, begun := range []bool{false, true} {
		i := newIssuer(t, nil)
		i.change(func() {
			i.instead = func(w http.ResponseWriter, q *http.Request) {
				if begun {
					fmt.Fprint(w, "{")
					_ = http.NewResponseController(w).Flush()
				}
				<-q.Context().Done()
			}
		})
		v := New(Config{Now: (&clock{}).now, Timeout: 50 * time.Millisecond})
		_, err := verify(t, v, i.token(keys()["ES256"], nil), i.provider())
		refused(t, "slow", err, "IDPCommunicationError", errUnreachable.Message)
	}
}

// TestVerify_RotatedKey_IsFoundAndTheOldOneForgotten: a new key counts at once, one that was taken
// back for an hour at most, and for six if the issuer is down.
func TestVerify_RotatedKey_IsFoundAndTheOldOneForgotten(t *testing.T) {
	private := newAuthority()
	i := newIssuer(t, private)
	v, clock := trusting(i, private)
	before, after := keys()["ES256"], keys()["RS384"]
	long := map[string]any{"exp": begin.Add(24 * time.Hour).Unix()}
	use := func(s *signer) error {
		_, err := verify(t, v, i.token(s, long), i.provider())
		return err
	}
	if err := use(before); err != nil {
		t.Fatal(err)
	}
	i.change(func() { i.set.Keys = []jose.JSONWebKey{after.public()} })
	clock.moves(59 * time.Minute)
	if err := use(before); err != nil {
		t.Error("within the hour nobody asks again:", err)
	}
	clock.moves(2 * time.Minute)
	refused(t, "taken back", use(before), invalidToken, errNoKey.Message)
	if err := use(after); err != nil {
		t.Error(err)
	}

	i.change(func() { i.set.Keys = []jose.JSONWebKey{after.public(), before.public()} })
	if err := use(before); err != nil {
		t.Error("a key that is new is not found at once:", err)
	}

	i.change(func() {
		i.instead = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }
	})
	clock.moves(5 * time.Hour)
	if err := use(after); err != nil {
		t.Error("while the issuer is down its keys hold:", err)
	}
	unknown := &signer{"unknown", "ES256", before.key}
	refused(t, "unknown, issuer down", use(unknown), "IDPCommunicationError", errUnreachable.Message)
	clock.moves(time.Hour + time.Second)
	refused(t, "stale", use(after), "IDPCommunicationError", errUnreachable.Message)
	i.change(func() { i.instead = nil })
	clock.moves(pause)
	if err := use(after); err != nil {
		t.Error("the issuer is up again:", err)
	}
}

// TestVerify_CallerGone_IsToldSo, and what it began goes on for the others.
func TestVerify_CallerGone_LeavesTheRestToOthers(t *testing.T) {
	i := newIssuer(t, nil)
	asked, answer := make(chan struct{}), make(chan struct{})
	i.change(func() {
		i.instead = func(w http.ResponseWriter, q *http.Request) {
			i.instead = nil
			close(asked)
			<-answer
			i.serve(w, q)
		}
	})
	v := New(Config{Now: (&clock{}).now, Timeout: time.Minute})
	token, err := Parse(i.token(keys()["ES256"], nil))
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := contextThatEnds(t)
	gone := make(chan error)
	go func() {
		_, err := v.Verify(ctx, token, i.provider())
		gone <- err
	}()
	<-asked
	leave()
	if err := <-gone; !errors.Is(err, ctx.Err()) {
		t.Errorf("%v, want %v", err, ctx.Err())
	}
	close(answer)
	if _, err := v.Verify(t.Context(), token, i.provider()); err != nil {
		t.Error(err)
	}
	if n := i.asked.Load(); n != 1 {
		t.Errorf("the issuer was asked %d times, want once", n)
	}
}
