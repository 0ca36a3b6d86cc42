package webidentity

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json/jsontext"
)

// mostKeys are those that AWS reads of an issuer: 100 with RSA and as many with elliptic curves.
const mostKeys = 200

// fetch discovers where the issuer has its keys (OpenID Connect Discovery 1.0) and reads them
// (RFC 7517). It doesn't use go-oidc's remote key set, which asks the issuer again for each
// signature that fails, and never again for those that it has.
func (s *source) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	if !s.v.begin(s.account) {
		return nil, errors.New("too many issuers of the account are asked at the same time")
	}
	defer s.v.end(s.account)
	select {
	case s.v.fetches <- struct{}{}:
		defer func() { <-s.v.fetches }()
	case <-ctx.Done():
		return nil, errors.New("too many issuers are asked at the same time")
	}
	discovered, err := oidc.NewProvider(oidc.ClientContext(ctx, s.client), s.issuer)
	if err != nil {
		return nil, err
	}
	var where struct {
		Keys string `json:"jwks_uri"`
	}
	if err := discovered.Claims(&where); err != nil {
		return nil, err
	}
	if err := s.mayHold(where.Keys); err != nil {
		return nil, fmt.Errorf("jwks_uri: %w", err)
	}
	body, err := s.get(ctx, where.Keys)
	if err != nil {
		return nil, err
	}
	return keysIn(body)
}

// mayHold reports whether an issuer may have its keys there: anywhere by HTTPS, as with AWS, and on
// loopback if it is there itself.
func (s *source) mayHold(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return err
	case u.Host == "" || u.User != nil:
		return errors.New("it names no host, or a user")
	}
	return s.mayAsk(u)
}

func (s *source) get(ctx context.Context, address string) ([]byte, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	a, err := s.client.Do(q)
	if err != nil {
		return nil, err
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", address, a.Status)
	}
	return io.ReadAll(a.Body)
}

// keysIn reads a set of keys. One that can't be read is left out: sets may have keys of types that
// are not known here (RFC 7517, section 5).
func keysIn(body []byte) (keys []jose.JSONWebKey, err error) {
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := read(body, &set); err != nil {
		return nil, err
	}
	if len(set.Keys) > mostKeys {
		return nil, fmt.Errorf("there are %d keys, and %d are the most", len(set.Keys), mostKeys)
	}
	for _, text := range set.Keys {
		var k jose.JSONWebKey
		if k.UnmarshalJSON(text) == nil {
			keys = append(keys, k)
		}
	}
	return keys, nil
}
