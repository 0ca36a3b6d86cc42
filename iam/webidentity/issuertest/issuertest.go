// Package issuertest starts OpenID Connect issuers on loopback, whose tokens tests send.
package issuertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Issuer is an issuer with one key. [Start] and [StartTLS] make it.
type Issuer struct {
	URL         string
	Name        string            // the URL without its scheme
	Certificate *x509.Certificate // of its server, signed by itself; nil without TLS

	t   testing.TB
	key *ecdsa.PrivateKey
}

// Audience is whom the tokens are for, as those of Kubernetes' service accounts are for AWS.
const Audience = "sts.amazonaws.com"

// Subject is whom the tokens are about.
const Subject = "system:serviceaccount:ns:sa"

// Start starts an issuer by plain HTTP, which is closed when t ends.
func Start(t testing.TB) *Issuer { return start(t, httptest.NewServer) }

// StartTLS starts an issuer by HTTPS, with a certificate that no system trusts.
func StartTLS(t testing.TB) *Issuer { return start(t, httptest.NewTLSServer) }

func start(t testing.TB, serve func(http.Handler) *httptest.Server) *Issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &Issuer{t: t, key: key}
	mux := http.NewServeMux()
	s := serve(mux)
	t.Cleanup(s.Close)
	i.URL, i.Certificate = s.URL, s.Certificate()
	_, i.Name, _ = strings.Cut(s.URL, "://")
	mux.HandleFunc("/.well-known/openid-configuration",
		func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys"})
		})
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]string{
			"kty": "EC", "crv": "P-256", "kid": "k1", "use": "sig", "alg": "ES256",
			"x": encoded(point[1:33]), "y": encoded(point[33:])}}})
	})
	return i
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Token returns a token that was issued at a time and holds for ten minutes, with more claims or
// others than every token has.
func (i *Issuer) Token(at time.Time, more map[string]any) string {
	i.t.Helper()
	claims := map[string]any{"iss": i.URL, "aud": Audience,
		"sub": Subject, "iat": at.Unix(), "exp": at.Add(10 * time.Minute).Unix()}
	for name, value := range more {
		claims[name] = value
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		i.t.Fatal(err)
	}
	text := encoded([]byte(`{"alg":"ES256","kid":"k1"}`)) + "." + encoded(payload)
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, i.key, digest[:])
	if err != nil {
		i.t.Fatal(err)
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + encoded(signature[:])
}

// Forge makes the tokens of i ones of another key from now on, which it doesn't publish.
func (i *Issuer) Forge() {
	i.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	i.key = key
}
