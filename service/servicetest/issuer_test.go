package servicetest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"claviger/service"

	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// issuer is an OpenID Connect issuer such as a cluster's, by TLS with a certificate of its own.
type issuer struct {
	t      testing.TB
	server *httptest.Server
	key    *ecdsa.PrivateKey
}

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	i := &issuer{t: t, key: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)}
	mux := http.NewServeMux()
	i.server = httptest.NewTLSServer(mux)
	t.Cleanup(i.server.Close)
	point := must(i.key.PublicKey.Bytes())(t)
	serve := func(path string, document map[string]any) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(document)
		})
	}
	serve("/.well-known/openid-configuration", map[string]any{"issuer": i.server.URL,
		"jwks_uri": i.server.URL + "/keys"})
	serve("/keys", map[string]any{"keys": []any{map[string]string{"kty": "EC", "crv": "P-256",
		"kid": "1", "use": "sig", "alg": "ES256", "x": encoded(point[1:33]), "y": encoded(point[33:])}}})
	return i
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// name is the issuer's URL without its scheme.
func (i *issuer) name() string { return strings.TrimPrefix(i.server.URL, "https://") }

// arn is the issuer's as a provider of the account.
func (i *issuer) arn(account string) string {
	return "arn:aws:iam::" + account + ":oidc-provider/" + i.name()
}

// trusted has the service trust the issuer's own authority, as `oidc.issuers.ca_file` does.
func (i *issuer) trusted(c *service.Config) {
	pool := x509.NewCertPool()
	pool.AddCert(i.server.Certificate())
	c.Issuers = map[string]*x509.CertPool{i.server.URL: pool}
}

// thumbprint is how a provider names the issuer's certificate.
func (i *issuer) thumbprint() string {
	digest := sha1.Sum(i.server.Certificate().Raw)
	return hex.EncodeToString(digest[:])
}

// declare makes the issuer a provider of the administrator's account.
func (i *issuer) declare(a *administrator) {
	i.t.Helper()
	must(a.CreateOpenIDConnectProvider(i.t.Context(), &iam.CreateOpenIDConnectProviderInput{
		Url: &i.server.URL, ClientIDList: []string{"sts.amazonaws.com"}}))(i.t)
}

// trust is a statement that lets a service account of the cluster assume a role.
func (i *issuer) trust(arn, subject string) string {
	return `{"Effect":"Allow","Principal":{"Federated":"` + arn +
		`"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"` + i.name() +
		`:aud":"sts.amazonaws.com","` + i.name() + `:sub":"` + subject + `"}}}`
}

// token signs what the issuer says of a service account at a time.
func (i *issuer) token(at time.Time, subject, audience string) string {
	i.t.Helper()
	claims := must(json.Marshal(map[string]any{"iss": i.server.URL, "sub": subject,
		"aud": []string{audience}, "iat": at.Unix(), "nbf": at.Unix(),
		"exp": at.Add(10 * time.Minute).Unix()}))(i.t)
	text := encoded([]byte(`{"alg":"ES256","kid":"1"}`)) + "." + encoded(claims)
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, i.key, digest[:])
	accepted(i.t, err)
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + encoded(signature[:])
}
