package webidentity

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/internal/fault"
)

func contextThatEnds(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

// TestVerify_GarbageTokens_DontHammerTheIssuer: whoever makes up ids of keys has it asked a few
// times and then every quarter of a minute, whether it answers or not.
func TestVerify_GarbageTokens_DontHammerTheIssuer(t *testing.T) {
	i := newIssuer(t, nil)
	clock := &clock{}
	v := New(Config{Now: clock.now})
	garbage := func(n int) {
		for k := range n {
			s := &signer{fmt.Sprint("made up ", k), "ES256", keys()["ES256"].key}
			if _, err := verify(t, v, i.token(s, nil), i.provider()); err == nil {
				t.Fatal("believed")
			}
		}
	}
	garbage(100)
	if n := i.asked.Load(); n != burst {
		t.Errorf("100 tokens had the issuer asked %d times, want %d", n, burst)
	}
	if _, err := verify(t, v, i.token(keys()["ES256"], nil), i.provider()); err != nil {
		t.Error("the owner of a true token pays for it:", err)
	}
	for range 3 {
		clock.moves(pause)
		garbage(20)
	}
	if n := i.asked.Load(); n != burst+3 {
		t.Errorf("three pauses later it was asked %d times, want %d", n, burst+3)
	}
	clock.moves(24 * time.Hour)
	garbage(100)
	if n := i.asked.Load(); n != 2*burst+3 {
		t.Errorf("a day later it was asked %d times, want %d", n, 2*burst+3)
	}
}

// TestVerify_ManyAtOnce_AskOnce: those who come while the issuer is asked wait for the one answer.
func TestVerify_ManyAtOnce_AskOnce(t *testing.T) {
	i := newIssuer(t, nil)
	v := New(Config{Now: (&clock{}).now})
	token, err := Parse(i.token(keys()["ES256"], nil))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	i.mu.Lock() // nothing is answered before all have come
	for range 50 {
		all.Go(func() {
			if _, err := v.Verify(t.Context(), token, i.provider()); err != nil {
				t.Error(err)
			}
		})
	}
	i.mu.Unlock()
	all.Wait()
	if n := i.asked.Load(); n != 1 {
		t.Errorf("the issuer was asked %d times, want once", n)
	}
}

// TestSources_ManyIssuers_AreForgotten: accounts declare as many as they like, and those that are
// used stay.
func TestSources_ManyIssuers_AreForgotten(t *testing.T) {
	v := New(Config{Now: (&clock{}).now})
	const account, other = "111122223333", "444455556666"
	first := v.source(account, "https://0.example.org", nil)
	second := v.source(account, "https://1.example.org", nil)
	others := v.source(other, "https://0.example.org", nil)
	if others == first {
		t.Error("two accounts have one")
	}
	for k := range 2 * mostSources {
		v.source(account, fmt.Sprintf("https://%d.example.org", k+2), nil)
		if v.source(account, "https://0.example.org", nil) != first {
			t.Fatal("one that is used was forgotten")
		}
	}
	if len(v.sources) != mostSources {
		t.Errorf("%d are kept, want %d", len(v.sources), mostSources)
	}
	if v.source(other, "https://0.example.org", nil) != others {
		t.Error("another account's was pushed out")
	}
	if v.source(account, "https://1.example.org", nil) == second {
		t.Error("one that nobody used was kept")
	}
}

// TestVerify_Certificate_IsTrustedByWhoSaysSo: the configuration's authority alone if there is one,
// otherwise the system's, and what has a thumbprint.
func TestVerify_Certificate_IsTrustedByWhoSaysSo(t *testing.T) {
	private, other := newAuthority(), newAuthority()
	own, public := private.server(t), system.server(t)
	along := own // with an authority that has issued nothing here
	along.Certificate = append(slices.Clone(own.Certificate), other.certificate.Raw)
	elsewhere, publicElsewhere := private.server(t, "a.example.org"), system.server(t, "a.example.org")
	ca, another := private.certificate.Raw, other.certificate.Raw
	for what, c := range map[string]struct {
		shown      tls.Certificate
		configured *authority
		thumbprint []byte // of what
		refusal    string // empty: it is believed
	}{
		"the system's":                     {public, nil, nil, ""},
		"nobody's":                         {own, nil, nil, "unknown authority"},
		"a configured authority's":         {own, private, nil, ""},
		"another configured authority's":   {own, other, nil, "unknown authority"},
		"the system's, another configured": {public, other, nil, "unknown authority"},
		"its authority's thumbprint":       {own, nil, ca, ""},
		"its own thumbprint":               {own, nil, own.Certificate[0], ""},
		"another's thumbprint":             {own, nil, another, "unknown authority"},
		"the system's, another thumbprint": {public, nil, another, ""},
		"a thumbprint, another configured": {own, other, ca, "unknown authority"},
		"an authority that is sent along":  {along, nil, another, "unknown authority"},
		"a thumbprint, for another host":   {elsewhere, nil, ca, "certificate for 127.0.0.1"},
		"the system's for another host": {publicElsewhere, nil, another,
			"certificate for 127.0.0.1"},
	} {
		i := startIssuer(t, c.shown)
		config := Config{Now: (&clock{}).now}
		if c.configured != nil {
			config.CAs = map[string]*x509.CertPool{i.server.URL: c.configured.pool()}
		}
		p := i.provider()
		if c.thumbprint != nil {
			p.Thumbprints = []string{thumbprint(c.thumbprint)}
		}
		_, err := verify(t, New(config), i.token(keys()["ES256"], nil), p)
		if c.refusal == "" {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		refused(t, what, err, "IDPCommunicationError", errUnreachable.Message)
		if f := fault.Of(err); f == nil || f.Err == nil || !strings.Contains(f.Err.Error(), c.refusal) {
			t.Errorf("%s: the operator is told of %v, want %q", what, f, c.refusal)
		}
	}
}

// TestVerify_ThumbprintsOfOneAccount_AreNoOthers: keys that one account's trust let in are not
// believed for another account with the same issuer.
func TestVerify_ThumbprintsOfOneAccount_AreNoOthers(t *testing.T) {
	private := newAuthority()
	i := newIssuer(t, private)
	v := New(Config{Now: (&clock{}).now})
	mine, theirs := i.provider(), i.provider()
	mine.Thumbprints = []string{thumbprint(private.certificate.Raw)}
	token := i.token(keys()["ES256"], nil)
	for range 2 {
		if _, err := verify(t, v, token, mine); err != nil {
			t.Fatal(err)
		}
		_, err := verify(t, v, token, theirs)
		refused(t, "without thumbprints", err, "IDPCommunicationError", errUnreachable.Message)
	}
}
