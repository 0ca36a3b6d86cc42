// Package webidentity verifies the tokens of web identities: JSON Web Tokens that an OpenID Connect
// issuer of the site's choice has signed (OpenID Connect Core 1.0, RFC 7519), such as those of
// Kubernetes' service accounts.
//
// It keeps no rows. [Parse] reads what a token says of itself, so that its provider can be looked
// up, and [Verifier.Verify] finds out whether it is true. The order of checks is AWS's.
package webidentity

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// Provider is what an account declares of an issuer (CreateOpenIDConnectProvider).
type Provider struct {
	ARN       string
	URL       string   // of the issuer, with its scheme or without
	ClientIDs []string // for one of which a token must have been issued

	// Thumbprints are SHA-1 digests of certificates, 40 hexadecimal digits in small letters. A chain
	// that leads to one of these is trusted if the system doesn't trust it.
	Thumbprints []string
}

// Config is what a [Verifier] goes by. Its zero value serves.
type Config struct {
	// CAs are the only authorities that are trusted for the issuers of these URLs, and for where
	// they have their keys. All others are trusted by the system's authorities, or by thumbprint.
	CAs map[string]*x509.CertPool

	Timeout time.Duration    // for the discovery of an issuer's keys as a whole; 0: five seconds
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil: none
}

// Verifier verifies tokens, and keeps the keys of their issuers. It is safe for concurrent use.
type Verifier struct {
	config  Config
	fetches chan struct{} // as many as may go on at once

	mu      sync.Mutex
	sources map[string]*source
	uses    uint64         // of sources, to know which was used last
	running map[string]int // fetches, by account
}

// New returns a verifier that knows no keys yet.
func New(c Config) *Verifier {
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Verifier{config: c, fetches: make(chan struct{}, mostFetches),
		sources: map[string]*source{}, running: map[string]int{}}
}

// Verify proves that p's issuer has signed the token for one of p's clients and that it holds now,
// and returns what it says. Errors are faults of STS's names, whose causes are for the operator:
// InvalidIdentityToken, ExpiredTokenException, IDPCommunicationError. A token may be used as often
// as one likes while it holds, as with AWS.
func (v *Verifier) Verify(ctx context.Context, t *Token, p Provider) (*Claims, error) {
	if !p.declares(t) {
		return nil, t.NoProvider()
	}
	audience, err := t.audience(p.ClientIDs)
	if err != nil {
		return nil, err
	}
	keys, err := v.source(p.account(), t.Issuer, p.Thumbprints).keysFor(ctx, t)
	if err != nil {
		return nil, err
	}
	if err := t.signedBy(ctx, keys); err != nil {
		return nil, errNotValidated.Because(err)
	}
	c := &Claims{Provider: p.ARN, Issuer: t.Issuer, Audience: audience}
	if err := c.times(t.claims, v.config.Now()); err != nil {
		return nil, err
	}
	return c, c.read(t)
}

// declares reports whether the provider is the token's. IAM keeps URLs without their scheme: that
// is HTTPS, and may be HTTP on loopback, where both are one machine's.
func (p *Provider) declares(t *Token) bool { return p.URL == t.Issuer || p.URL == t.Name }

// account is the provider's: the number in its ARN.
func (p *Provider) account() string {
	parts := strings.SplitN(p.ARN, ":", 6)
	return parts[min(4, len(parts)-1)]
}

// signedBy verifies the signature and the issuer. What was verified must be what was read: two
// readings of one token would be two tokens.
func (t *Token) signedBy(ctx context.Context, keys *oidc.StaticKeySet) error {
	verified, err := oidc.NewVerifier(t.Issuer, keys, &oidc.Config{
		SupportedSigningAlgs: algorithms,
		SkipClientIDCheck:    true, // done before, as AWS does
		SkipExpiryCheck:      true, // done after, with AWS's words
	}).Verify(ctx, t.text)
	if err != nil {
		return err
	}
	var payload json.RawMessage
	if err := verified.Claims(&payload); err != nil {
		return err
	}
	if !bytes.Equal(payload, bytes.TrimSpace(t.payload)) {
		return errors.New("the payload that is signed is not the one that was read")
	}
	return nil
}

// audience returns for whom the token was issued: the authorized party if it names one, and
// otherwise that one of its audiences that the provider knows.
func (t *Token) audience(clients []string) (string, error) {
	if _, names := t.claims["azp"]; names {
		party, err := t.claims.text("azp")
		if err != nil {
			return "", err
		}
		if !slices.Contains(clients, party) {
			return "", errAudience
		}
		return party, nil
	}
	audiences, err := t.claims.texts("aud")
	if err != nil {
		return "", err
	}
	for _, a := range audiences {
		if slices.Contains(clients, a) {
			return a, nil
		}
	}
	return "", errAudience
}
