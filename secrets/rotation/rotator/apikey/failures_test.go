package apikey_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/apikey"
)

// with returns an answer of a status.
func with(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Location", "https://127.0.0.1:1/?Secret1")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) // whoever has gone reads nothing
	}
}

// raw writes an answer that is no HTTP, or half of one.
func raw(text string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = io.WriteString(conn, text) // as above
			conn.Close()
		}
	}
}

func TestSet_Answer_SaysTheReason(t *testing.T) {
	echo := "Secret0 Secret1"
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		want   rotator.Reason
	}{
		"unauthorized": {with(401, echo), rotator.LoginRefused},
		"forbidden":    {with(403, echo), rotator.Forbidden},
		"redirect":     {with(302, echo), rotator.BadAnswer},
		"kept method":  {with(307, echo), rotator.BadAnswer},
		"not modified": {with(304, ""), rotator.BadAnswer},
		"bad request":  {with(400, echo), rotator.Failed},
		"too many":     {with(429, echo), rotator.Failed},
		"locked":       {with(423, echo), rotator.ReadOnly},
		"broken":       {with(500, echo), rotator.Failed},
		"unavailable":  {with(503, echo), rotator.ReadOnly},
		"huge":         {with(200, strings.Repeat("x", 2<<20)), rotator.BadAnswer},
		"cut off":      {raw(""), rotator.CutOff},
		"half":         {raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), rotator.CutOff},
		"rubbish":      {raw("Secret1 is no HTTP\r\n\r\n"), rotator.BadAnswer},
		"huge header": {raw("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n"),
			rotator.BadAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			eachKind(t, func(t *testing.T, s *service, config apikey.Config) {
				to, from := target(t, config), new(passwords)
				v := begin(t, to, rotator.Versions{Current: s.current()}, from, "first")
				set(t, to, v)
				v = finish(v)
				made := "PUT"
				if _, ok := to.(rotator.Issuer); ok {
					made = "POST"
				}
				before := s.requests(made)
				s.answer(made, c.answer)
				fails(t, candidate(t, to, v.Current, from), c.want)
				if n := s.requests(made) - before; n != 1 {
					t.Errorf("it was asked %d times", n)
				}
				s.answer("", nil)
				v = begin(t, to, v, from, "second")
				s.answer("DELETE", c.answer)
				fails(t, to.Set(t.Context(), v), c.want)
				s.answer("GET /base/whoami", c.answer)
				want := c.want
				if want == rotator.Forbidden {
					want = rotator.LoginRefused
				}
				fails(t, to.Test(t.Context(), v.Current), want)
				s.answer("", nil)
				set(t, to, v)
				if current, n := s.valid(v.Current); !current || n != 2 {
					t.Errorf("the current key is valid: %v, of %d", current, n)
				}
			})
		})
	}
}

func TestSet_KeyWasMadeOrRevokedBefore_GoesOn(t *testing.T) {
	s := start(t)
	to := target(t, s.choosing())
	v := begin(t, to, rotator.Versions{Current: s.current()}, new(passwords), "")
	old := s.current().With("api_key", "SecretOld").With("key_id", "old")
	v.Previous = &old
	for _, status := range []int{404, 410} {
		s.answer("DELETE", with(status, ""))
		set(t, to, v)
	}
	// An API that answers a second time with a conflict is believed if the key works.
	taken := v
	taken.Pending = v.Pending.With("api_key", "SecretOther")
	fails(t, to.Set(t.Context(), taken), rotator.LoginRefused)
	if is, n := s.valid(v.Current); !is || n != 2 {
		t.Errorf("the current key is valid: %v, of %d", is, n)
	}
}

// TestIssue_Answer_HasToTellANewKey: one that nobody knows, or that there was, is no new key.
func TestIssue_Answer_HasToTellANewKey(t *testing.T) {
	for _, answer := range []string{"", "{}", "[]", "no JSON", `{"data":[]}`, `{"data":{}}`,
		`{"data":[{"id":1}]}`, `{"data":[{"secret":"Secret1"}]}`, `{"data":[{"id":1,"secret":""}]}`,
		`{"data":[{"id":1,"secret":"Secret\n1"}]}`, `{"data":[{"id":1,"secret":7}]`,
		`{"data":[{"id":1,"secret":true}]}`, `{"data":[{"id":null,"secret":"Secret1"}]}`,
		`{"data":[{"id":1,"secret":"Secret0"}]}`, `{"data":[{"id":"k0","secret":"Secret1"}]}`,
		`{"data":[{"id":1,"secret":"` + strings.Repeat("Secret", 2000) + `"}]}`} {
		s := start(t)
		s.answer("POST", with(201, answer))
		fails(t, candidate(t, target(t, s.issuing(false)), s.current(), nil), rotator.BadAnswer)
	}
	for _, answer := range []string{"", "{}", "[]", `{"keys":{}}`, `{"keys":[}`} {
		s := start(t)
		s.answer("GET /base/keys", with(200, answer))
		fails(t, candidate(t, target(t, s.issuing(true)), s.current(), nil), rotator.BadAnswer)
		if n := s.requests("POST"); n != 0 {
			t.Errorf("list %q: %d keys were made", answer, n)
		}
	}
}

// TestIssue_TokenIsSomebodyElses_ReachesNoOtherKey: callers choose tokens of rotations.
func TestIssue_TokenIsSomebodyElses_ReachesNoOtherKey(t *testing.T) {
	s := start(t)
	s.keys["k1"] = key{ID: "k1", Key: "SecretMine", Name: "the-name-of-somebody-elses-key"}
	once := target(t, s.issuing(false))
	mine := s.current().With("api_key", "SecretMine").With("key_id", "k1")
	one := begin(t, once, rotator.Versions{Current: s.current()}, nil, "token")
	two := begin(t, once, rotator.Versions{Current: mine}, nil, "token")
	if one.Pending.Text("api_key") == two.Pending.Text("api_key") {
		t.Error("two secrets were given one key")
	}
	listed := target(t, s.issuing(true))
	begin(t, listed, rotator.Versions{Current: s.current()}, nil, "the-name-of-somebody-elses-key")
	if is, _ := s.valid(mine); !is {
		t.Error("the key of somebody else was revoked")
	}
}

func TestIssue_ManyLostKeys_AreRevoked(t *testing.T) {
	s := start(t)
	to := target(t, s.issuing(true))
	s.lose(http.MethodPost)
	for i := range 5 {
		fails(t, candidate(t, to, s.current(), nil), rotator.CutOff)
		if _, n := s.valid(s.current()); n != 2 {
			t.Errorf("attempt %d leaves %d keys", i, n)
		}
	}
}

func TestCandidate_IssuedKey_IsNotMadeHere(t *testing.T) {
	s := start(t)
	_, err := target(t, s.issuing(false)).Candidate(t.Context(), s.current(), new(passwords))
	fails(t, err, rotator.Failed)
}

func TestTarget_Headers_AreAsConfigured(t *testing.T) {
	s := start(t)
	s.instead = func(w http.ResponseWriter, q *http.Request) bool {
		if q.Header.Get("X-Api-Key") != "Secret0" || q.Header.Get("Authorization") != "" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		return true
	}
	c := s.choosing()
	c.Header = "X-Api-Key"
	if err := target(t, c).Test(t.Context(), s.current()); err != nil {
		t.Error(err)
	}
}

func TestNew_Configuration_IsChecked(t *testing.T) {
	s := start(t)
	for name, c := range map[string]struct {
		change func(c *apikey.Config)
		listed bool
		chosen bool
	}{
		"header":          {change: func(c *apikey.Config) { c.Header = "X Key" }},
		"prefix":          {change: func(c *apikey.Config) { c.Header, c.Prefix = "X", "a\r\nb" }},
		"no path":         {change: func(c *apikey.Config) { c.Try.Path = "" }},
		"an address":      {change: func(c *apikey.Config) { c.Try.Path = "//elsewhere/x" }},
		"a fragment":      {change: func(c *apikey.Config) { c.Try.Path = "/x#y" }},
		"key in a path":   {change: func(c *apikey.Config) { c.Revoke.Path = "/keys/{api_key}" }},
		"method":          {change: func(c *apikey.Config) { c.Try.Method = "CONNECT" }},
		"body":            {change: func(c *apikey.Config) { c.Make.Body = `{"name":{token}` }},
		"revoke whom":     {change: func(c *apikey.Config) { c.Revoke.Path = "/keys" }},
		"token to try":    {change: func(c *apikey.Config) { c.Try.Path = "/{token}" }},
		"token to revoke": {change: func(c *apikey.Config) { c.Revoke.Path += "{token}" }},
		"token, chosen":   {change: func(c *apikey.Config) { c.Make.Path += "{token}" }, chosen: true},
		"key isn't told":  {change: func(c *apikey.Config) { c.Make.Body = "" }, chosen: true},
		"id isn't told":   {change: func(c *apikey.Config) { c.Make.Path = "/keys" }, chosen: true},
		"space": {change: func(c *apikey.Config) { c.Rules.IncludeSpace = new(true) },
			chosen: true},
		"nothing to choose": {change: func(c *apikey.Config) { c.Rules.PasswordLength = new(int64(1)) },
			chosen: true},
		"key is told":      {change: func(c *apikey.Config) { c.Make.Body = `"{api_key}"` }},
		"no pointer":       {change: func(c *apikey.Config) { c.Issued.Key = "data" }},
		"no id":            {change: func(c *apikey.Config) { c.Issued.ID = "" }},
		"nothing finds it": {change: func(c *apikey.Config) { c.Issued.Idempotency = "" }},
		"the key's header": {change: func(c *apikey.Config) { c.Issued.Idempotency = "authorization" }},
		"both":             {change: func(c *apikey.Config) { c.Issued.Idempotency = "X" }, listed: true},
		"token isn't told": {change: func(c *apikey.Config) { c.Make.Body = "{}" }, listed: true},
		"unproved id":      {change: func(c *apikey.Config) { c.Superusers = true }},
		"unproved user": {chosen: true, change: func(c *apikey.Config) {
			c.Superusers, c.Try.Path = true, "/whoami/{key_id}"
		}},
		"list's path":  {change: func(c *apikey.Config) { c.Issued.List.Path = "" }, listed: true},
		"list's items": {change: func(c *apikey.Config) { c.Issued.List.Items = "x" }, listed: true},
		"list's token": {change: func(c *apikey.Config) { c.Issued.List.Token = "" }, listed: true},
	} {
		t.Run(name, func(t *testing.T) {
			config := s.issuing(c.listed)
			if c.chosen {
				config = s.choosing()
			}
			if _, err := apikey.New(config); err != nil {
				t.Fatal(err)
			}
			c.change(&config)
			if _, err := apikey.New(config); err == nil {
				t.Error("it is taken")
			}
		})
	}
}
