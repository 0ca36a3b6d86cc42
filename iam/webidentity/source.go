package webidentity

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

const (
	mostSources = 256 // that are kept; see [Verifier.forget]
	mostFetches = 32  // at once, of all issuers
	mostOfOne   = 8   // of them for one account, so that its slow issuers keep nobody out
	mostOfID    = 4   // keys of one id that are tried: a stranger's token costs no more verifying

	// believed is how long keys are used unasked, and so the longest that one counts after its issuer
	// took it back. While the issuer can't be reached they are used for longer, up to stale.
	believed = time.Hour
	stale    = 6 * time.Hour

	// Whoever sends tokens with made-up ids of keys has an issuer asked this often, and no more.
	burst = 4
	pause = 15 * time.Second
)

// source is where the keys of one issuer come from, and what they are, for one account.
type source struct {
	v       *Verifier
	account string
	issuer  string
	client  *http.Client
	used    uint64 // under the verifier's lock

	mu      sync.Mutex
	keys    []jose.JSONWebKey
	fetched time.Time     // when keys were; zero: never
	err     error         // of the last attempt
	running chan struct{} // closed when the attempt that is under way has ended; nil: there is none
	left    float64       // attempts
	counted time.Time     // when left was reckoned
}

// source returns the source of an issuer's keys for an account. Who trusts other certificates has
// another one: what one account has declared must not be what another one believes.
func (v *Verifier) source(account, issuer string, thumbprints []string) *source {
	if v.config.CAs[issuer] != nil {
		thumbprints = nil // of no account's choice
	}
	thumbprints = slices.Compact(slices.Sorted(slices.Values(thumbprints)))
	name := account + " " + issuer + " " + strings.Join(thumbprints, " ")
	v.mu.Lock()
	defer v.mu.Unlock()
	s := v.sources[name]
	if s == nil {
		if len(v.sources) >= mostSources {
			v.forget()
		}
		s = &source{v: v, account: account, issuer: issuer, client: v.client(issuer, thumbprints),
			left: burst, counted: v.config.Now()}
		v.sources[name] = s
	}
	v.uses++
	s.used = v.uses
	return s
}

// forget drops a source: of the account that has the most of them the one that was used the longest
// ago. No account pushes out those of others.
func (v *Verifier) forget() {
	of, most := map[string]int{}, 0
	for _, s := range v.sources {
		of[s.account]++
		most = max(most, of[s.account])
	}
	oldest := ""
	for name, s := range v.sources {
		if of[s.account] == most && (oldest == "" || s.used < v.sources[oldest].used) {
			oldest = name
		}
	}
	delete(v.sources, oldest)
}

// begin takes one of the fetches that an account may have going on, and reports whether one was
// left.
func (v *Verifier) begin(account string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.running[account] == mostOfOne {
		return false
	}
	v.running[account]++
	return true
}

// end gives back what begin took.
func (v *Verifier) end(account string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.running[account]--; v.running[account] == 0 {
		delete(v.running, account)
	}
}

// keysFor returns the keys that may have signed the token. The issuer is asked if there is none
// among those that are known, or they are old.
func (s *source) keysFor(ctx context.Context, t *Token) (*oidc.StaticKeySet, error) {
	fit, age := s.known(t)
	if len(fit) > 0 && age < believed {
		return &oidc.StaticKeySet{PublicKeys: fit}, nil
	}
	err := s.refresh(ctx)
	if err := ctx.Err(); err != nil {
		return nil, errUnreachable.Because(err)
	}
	fit, age = s.known(t)
	switch {
	case len(fit) > 0 && age < stale:
		return &oidc.StaticKeySet{PublicKeys: fit}, nil
	case err != nil:
		return nil, errUnreachable.Because(err)
	}
	return nil, errNoKey.Because(fmt.Errorf("the issuer has no key %.64q for %s", t.keyID,
		t.algorithm))
}

// known returns the keys that may have signed the token among those that were fetched, and how
// long ago that was. A token that names no key can only have been signed by one: it is not tried
// with all.
func (s *source) known(t *Token) (fit []crypto.PublicKey, age time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.keys {
		if t.fits(&s.keys[i]) {
			fit = append(fit, s.keys[i].Key)
		}
	}
	if t.keyID == "" && len(fit) > 1 {
		fit = nil
	}
	fit = fit[:min(len(fit), mostOfID)]
	return fit, s.v.config.Now().Sub(s.fetched)
}

// algorithmOf is the one algorithm of each curve, by its bits (RFC 7518, section 3.4).
var algorithmOf = map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}

// fits reports whether the key is the one that the token names, and for the token's algorithm.
func (t *Token) fits(k *jose.JSONWebKey) bool {
	if t.keyID != "" && k.KeyID != t.keyID || k.Use != "" && k.Use != "sig" ||
		k.Algorithm != "" && k.Algorithm != t.algorithm {
		return false
	}
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		// RFC 7518 asks for 2,048 bits. More than 8,192 would make verifying a burden.
		bits := key.N.BitLen()
		return strings.HasPrefix(t.algorithm, "RS") && bits >= 2048 && bits <= 8192
	case *ecdsa.PublicKey:
		return t.algorithm == algorithmOf[key.Params().BitSize]
	}
	return false
}

// refresh waits for an attempt to fetch the keys, one for everybody who wants it. If it is too soon
// for another one, it says how the last one ended.
func (s *source) refresh(ctx context.Context) error {
	s.mu.Lock()
	running := s.running
	if running == nil {
		if !s.may(s.v.config.Now()) {
			defer s.mu.Unlock()
			return s.err
		}
		running = make(chan struct{})
		s.running = running
		// It is nobody's in particular: who goes away takes nothing from those who wait.
		go s.attempt(running)
	}
	s.mu.Unlock()
	select {
	case <-running:
	case <-ctx.Done():
		return ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// may takes one of the attempts that are left. Called with the lock held.
func (s *source) may(now time.Time) bool {
	s.left = min(burst, s.left+now.Sub(s.counted).Seconds()/pause.Seconds())
	s.counted = now
	if s.left < 1 {
		return false
	}
	s.left--
	return true
}

func (s *source) attempt(ended chan struct{}) {
	ctx, cancel := context.WithTimeout(context.Background(), s.v.config.Timeout)
	defer cancel()
	now := s.v.config.Now()
	keys, err := s.fetch(ctx)
	if err != nil {
		// The issuer has a say in it: it may hold a page of theirs.
		err = fmt.Errorf("%s: %.512s", s.issuer, strconv.QuoteToASCII(err.Error()))
		s.v.config.Log.Warn("an issuer's keys can't be fetched", "issuer", s.issuer, "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err = err; err == nil {
		s.keys, s.fetched = keys, now
	}
	s.running = nil
	close(ended)
}
