package apikey_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/secrets/rotation/rotator"
	"claviger/secrets/rotation/rotator/apikey"
)

// kinds are the ways to rotate keys at this API.
func (s *service) kinds() map[string]apikey.Config {
	return map[string]apikey.Config{"chosen": s.choosing(), "issued once": s.issuing(false),
		"issued and listed": s.issuing(true)}
}

// eachKind runs a test for each of them.
func eachKind(t *testing.T, test func(t *testing.T, s *service, c apikey.Config)) {
	for name := range start(t).kinds() {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			test(t, s, s.kinds()[name])
		})
	}
}

func TestRotation_EachKind_LeavesTwoKeys(t *testing.T) {
	eachKind(t, func(t *testing.T, s *service, c apikey.Config) {
		to, from := target(t, c), new(passwords)
		v := rotator.Versions{Current: s.current()}
		for i := range 3 {
			v = begin(t, to, v, from, fmt.Sprint("token", i))
			set(t, to, v)
			set(t, to, v)
			pending, n := s.valid(v.Pending)
			current, _ := s.valid(v.Current)
			if !pending || !current || n != 2 {
				t.Errorf("rotation %d: pending %v, current %v, %d keys", i, pending, current, n)
			}
			if got := v.Pending.Text("scope"); got != `all "of" it` {
				t.Errorf("scope is %q", got)
			}
			v = finish(v)
		}
		for _, seen := range s.seen {
			if strings.Contains(seen, "Secret") {
				t.Errorf("a key is in an address: %s", seen)
			}
		}
		if n := s.requests("PUT") + s.requests("POST"); n != 3 {
			t.Errorf("%d keys were made in 3 rotations", n)
		}
	})
}

// TestRotation_AnswerIsLost_EndsWithTwoKeys: whatever was done and not heard of is found again.
func TestRotation_AnswerIsLost_EndsWithTwoKeys(t *testing.T) {
	for _, lost := range []string{http.MethodPut, http.MethodPost, http.MethodDelete} {
		t.Run(lost, func(t *testing.T) {
			eachKind(t, func(t *testing.T, s *service, c apikey.Config) {
				to, from := target(t, c), new(passwords)
				v := begin(t, to, rotator.Versions{Current: s.current()}, from, "first")
				set(t, to, v)
				v = finish(v)
				s.lose(lost)
				if i, ok := to.(rotator.Issuer); ok && lost == http.MethodPost {
					_, err := i.Issue(t.Context(), v, "second")
					fails(t, err, rotator.CutOff)
					_, err = i.Issue(t.Context(), v, "second")
					fails(t, err, rotator.CutOff)
				} else if !ok || lost == http.MethodDelete {
					v = begin(t, to, v, from, "second")
					if lost != http.MethodPost {
						fails(t, to.Set(t.Context(), v), rotator.CutOff)
					}
				}
				s.lose("")
				if v.Pending.Text("api_key") == "" {
					v = begin(t, to, v, from, "second")
				}
				set(t, to, v)
				pending, n := s.valid(v.Pending)
				if current, _ := s.valid(v.Current); !pending || !current || n != 2 {
					t.Errorf("pending %v, current %v, %d keys", pending, current, n)
				}
			})
		})
	}
}

func TestSet_AbandonedCandidate_IsRevoked(t *testing.T) {
	eachKind(t, func(t *testing.T, s *service, c apikey.Config) {
		to, from := target(t, c), new(passwords)
		abandoned := begin(t, to, rotator.Versions{Current: s.current()}, from, "first")
		set(t, to, abandoned)
		v := begin(t, to, rotator.Versions{Current: s.current(),
			Abandoned: []rotator.Document{abandoned.Pending}}, from,
			"second")
		set(t, to, v)
		if is, n := s.valid(abandoned.Pending); is || n != 2 {
			t.Errorf("it is valid: %v, of %d keys", is, n)
		}
	})
}

// TestSet_CurrentKeyIsDead_IsDoneByAnother: those of before that live may make keys, and are
// revoked when the new one is known to work.
func TestSet_CurrentKeyIsDead_IsDoneByAnother(t *testing.T) {
	eachKind(t, func(t *testing.T, s *service, c apikey.Config) {
		to, from := target(t, c), new(passwords)
		living := s.current()
		dead := living.With("api_key", "SecretDead").With("key_id", "dead")
		v := begin(t, to, rotator.Versions{Current: dead, Previous: &living}, from, "token")
		set(t, to, v)
		if is, n := s.valid(v.Pending); !is || n != 1 {
			t.Errorf("the pending key is valid: %v, of %d keys", is, n)
		}
		if i, ok := to.(rotator.Issuer); ok {
			_, err := i.Issue(t.Context(), rotator.Versions{Current: dead}, "token")
			fails(t, err, rotator.LoginRefused)
			return
		}
		v = begin(t, to, rotator.Versions{Current: dead}, from, "token")
		fails(t, to.Set(t.Context(), v), rotator.LoginRefused)
	})
}

func TestSet_KeysInCommonWithBefore_AreNotRevoked(t *testing.T) {
	eachKind(t, func(t *testing.T, s *service, c apikey.Config) {
		to, from := target(t, c), new(passwords)
		v := begin(t, to, rotator.Versions{Current: s.current()}, from, "token")
		set(t, to, v)
		renamed := v.Current.With("key_id", "other")
		v.Previous, v.Abandoned = &renamed, []rotator.Document{v.Pending}
		set(t, to, v)
		foreign := v.Current.With("url", "https://elsewhere/").With("api_key", "SecretX").
			With("key_id", "x")
		nameless := v.Current.With("key_id", "").With("api_key", "SecretY")
		v.Previous, v.Abandoned = &foreign, []rotator.Document{nameless}
		set(t, to, v)
		if n := s.requests("DELETE"); n != 0 {
			t.Errorf("%d keys were revoked", n)
		}
	})
}

func TestSet_Administrator_MakesAndRevokes(t *testing.T) {
	eachKind(t, func(t *testing.T, s *service, c apikey.Config) {
		s.keys["root"] = key{ID: "root", Key: "SecretRoot"}
		to, from := target(t, administered(c)), new(passwords)
		super := s.current().With("api_key", "SecretRoot").With("key_id", "root")
		s.answer("", nil)
		s.instead = func(w http.ResponseWriter, q *http.Request) bool {
			forbidden := strings.Contains(q.URL.Path, "/keys") &&
				q.Header.Get("Authorization") != "Bearer SecretRoot"
			if forbidden {
				w.WriteHeader(http.StatusForbidden)
			}
			return forbidden
		}
		v := rotator.Versions{Current: s.current().With("masterarn", "arn"), Superuser: &super}
		for range 2 {
			v = begin(t, to, v, from, "token")
			set(t, to, v)
			v = finish(v)
		}
		v = begin(t, to, v, from, "again")
		for name, of := range map[string]*rotator.Document{"none": nil,
			"another host": new(super.With("url", "https://localhost")),
			"another path": new(super.With("url", s.URL)), "no key": new(super.With("api_key", ""))} {
			t.Run(name, func(t *testing.T) {
				v.Superuser = of
				fails(t, to.Set(t.Context(), v), rotator.NoSuperuser)
			})
		}
		// Whoever has no valid key of his own gets none by the administrator's.
		v.Superuser = &super
		v.Current = v.Current.With("api_key", "SecretNone")
		v.Pending, v.Previous = v.Current.With("api_key", "SecretMine"), nil
		fails(t, to.Set(t.Context(), v), rotator.LoginRefused)
	})
}

// TestSet_KeyOfSomebodyElse_IsNotRevoked has somebody who may write a secret and has a key of their
// own write the name of another's key beside it, into the version that is the previous one then.
func TestSet_KeyOfSomebodyElse_IsNotRevoked(t *testing.T) {
	eachKind(t, func(t *testing.T, s *service, c apikey.Config) {
		s.keys["root"] = key{ID: "root", Key: "SecretRoot"}
		s.keys["victim"] = key{ID: "victim", Key: "SecretVictim"}
		to := target(t, administered(c))
		super := s.current().With("api_key", "SecretRoot").With("key_id", "root")
		current := s.current().With("masterarn", "arn")
		for _, guess := range []string{"Secret0", "SecretNone"} {
			named := current.With("key_id", "victim").With("api_key", guess)
			v := rotator.Versions{Current: current, Previous: &named, Superuser: &super,
				Abandoned: []rotator.Document{named}}
			set(t, to, begin(t, to, v, new(passwords), "token"))
			if is, _ := s.valid(current.With("api_key", "SecretVictim")); !is {
				t.Fatalf("by %s: the key of another is revoked", guess)
			}
		}
	})
}

func TestIssue_LostKeysWithoutEnd_AreNotAllRevoked(t *testing.T) {
	s := start(t)
	to := target(t, s.issuing(true))
	s.instead = func(w http.ResponseWriter, q *http.Request) bool {
		if q.Method != http.MethodGet || !strings.HasSuffix(q.URL.Path, "/keys") {
			return false
		}
		item := fmt.Sprintf(`{"id":"x","name":%q}`, q.URL.Query().Get("name"))
		fmt.Fprintf(w, `{"keys":[%s]}`, strings.Repeat(item+",", 1000)+item)
		return true
	}
	fails(t, candidate(t, to, s.current(), nil), rotator.BadAnswer)
	if n := s.requests("DELETE"); n > 16 {
		t.Errorf("%d keys are revoked", n)
	}
}

func TestTarget_Secret_HasToBeForThisAPI(t *testing.T) {
	eachKind(t, func(t *testing.T, s *service, c apikey.Config) {
		to := target(t, c)
		good := s.current()
		bare := good.With("url", "")
		for name, of := range map[string]struct {
			secret rotator.Document
			want   rotator.Reason
		}{
			"plain":        {good.With("url", "http"+s.URL[len("https"):]), rotator.BadSecret},
			"a user":       {good.With("url", "https://me@127.0.0.1"), rotator.BadSecret},
			"a query":      {good.With("url", s.URL+"?x"), rotator.BadSecret},
			"no url":       {good.With("url", "::"), rotator.BadSecret},
			"no host":      {bare, rotator.BadSecret},
			"elsewhere":    {good.With("url", "https://elsewhere/"), rotator.NotAllowed},
			"another port": {bare.With("host", "127.0.0.1"), rotator.NotAllowed},
			"no key":       {good.With("api_key", ""), rotator.BadSecret},
			"two lines":    {good.With("api_key", "Secret\r\nX-Other: 1"), rotator.BadSecret},
			"no ASCII":     {good.With("api_key", "Secreté"), rotator.BadSecret},
		} {
			t.Run(name, func(t *testing.T) {
				fails(t, to.Test(t.Context(), of.secret), of.want)
				fails(t, to.Set(t.Context(), rotator.Versions{Current: good, Pending: of.secret}), of.want)
				fails(t, candidate(t, to, of.secret, new(passwords)), of.want)
			})
		}
		for _, id := range []string{"", ".", ".."} {
			fails(t, candidate(t, to, good.With("key_id", id), new(passwords)), rotator.BadSecret)
		}
		other := good.With("url", s.URL+"/other")
		fails(t, to.Set(t.Context(), rotator.Versions{Current: good, Pending: other}), rotator.BadSecret)
	})
}

// candidate returns the error of having a new key made.
func candidate(t *testing.T, of rotator.Target, current rotator.Document,
	from *passwords) (err error) {
	t.Helper()
	if i, ok := of.(rotator.Issuer); ok {
		_, err = i.Issue(t.Context(), rotator.Versions{Current: current}, "token")
		return err
	}
	pending, err := of.Candidate(t.Context(), current, from)
	if err != nil {
		return err
	}
	return of.Set(t.Context(), rotator.Versions{Current: current, Pending: pending})
}

func TestTarget_HostAndPort_StandForURL(t *testing.T) {
	s := start(t)
	c := s.choosing()
	for _, r := range []*apikey.Request{&c.Try, &c.Make, &c.Revoke} {
		r.Path = "/base" + r.Path
	}
	host, port, err := net.SplitHostPort(strings.TrimPrefix(s.URL, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	d := parse(t, fmt.Sprintf(`{"host":%q,"port":%s,"api_key":"Secret0","key_id":"k0","scope":"x"}`,
		host, port))
	to := target(t, c)
	set(t, to, begin(t, to, rotator.Versions{Current: d}, new(passwords), ""))
}

func TestTarget_ServerIsAway_SaysHow(t *testing.T) {
	s := start(t)
	c := s.choosing()
	c.Reach.Roots = x509.NewCertPool()
	fails(t, target(t, c).Test(t.Context(), s.current()), rotator.Untrusted)

	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	go func() { _ = http.Serve(plain, http.NotFoundHandler()) }() // ends with its listener
	address := plain.Addr().String()
	c = s.choosing()
	c.Reach.Targets = append(c.Reach.Targets, address)
	fails(t, target(t, c).Test(t.Context(), s.current().With("url", "https://"+address)),
		rotator.Untrusted)
	plain.Close()
	fails(t, target(t, c).Test(t.Context(), s.current().With("url", "https://"+address)),
		rotator.Unreachable)

	within, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	wait := make(chan struct{})
	defer close(wait)
	s.answer("GET", func(http.ResponseWriter) { <-wait })
	fails(t, target(t, s.choosing()).Test(within, s.current()), rotator.TimedOut)
}

// TestRotations_ClientsAskMeanwhile_NoneIsLockedOut is the promise of this package.
func TestRotations_ClientsAskMeanwhile_NoneIsLockedOut(t *testing.T) {
	for _, name := range []string{"chosen", "issued once"} {
		s := start(t)
		to, from := target(t, s.kinds()[name]), new(passwords)
		v := rotator.Versions{Current: s.current()}
		var label sync.RWMutex // held for as long as a client uses what it has fetched
		current := v.Current
		ctx, stop := context.WithCancel(t.Context())
		var clients sync.WaitGroup
		for range 2 {
			clients.Go(func() {
				for ctx.Err() == nil {
					label.RLock()
					err := to.Test(t.Context(), current)
					label.RUnlock()
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		for i := range 100 {
			v = begin(t, to, v, from, fmt.Sprint("token", i))
			set(t, to, v)
			label.Lock()
			current = v.Pending
			label.Unlock()
			v = finish(v)
		}
		stop()
		clients.Wait()
		if _, n := s.valid(current); n != 2 {
			t.Errorf("%s: there are %d keys at the end", name, n)
		}
	}
}
