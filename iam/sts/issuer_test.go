package sts_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"claviger/iam/entity"
	"claviger/internal/op/optest"
)

// issuer is an OpenID Connect issuer on loopback.
type issuer struct {
	t   testing.TB
	url string
	key *ecdsa.PrivateKey
}

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key}
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	i.url = s.URL
	mux.HandleFunc("/.well-known/openid-configuration",
		func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(map[string]any{"issuer": i.url, "jwks_uri": i.url + "/keys"})
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

// token signs what the issuer says, beside what every token has.
func (i *issuer) token(at time.Time, more map[string]any) string {
	i.t.Helper()
	claims := map[string]any{"iss": i.url, "aud": "sts.amazonaws.com",
		"sub": "system:serviceaccount:ns:sa", "iat": at.Unix(), "exp": at.Add(10 * time.Minute).Unix()}
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

// declare makes the issuer a provider of an account.
func (h *fixture) declare(i *issuer, account string) *entity.Provider {
	h.t.Helper()
	p := entity.NewProvider(account, "http", i.url[len("http://"):], optest.Began)
	p.ClientIDs = []string{"sts.amazonaws.com"}
	h.commit(h.entities.Providers.Insert(h.t.Context(), p))
	return p
}
