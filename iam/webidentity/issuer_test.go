package webidentity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// system is the authority that stands for the system's in this process.
var system *authority

// TestMain makes it before anything asks for the system's authorities, which are read once.
func TestMain(m *testing.M) {
	system = newAuthority()
	dir, err := os.MkdirTemp("", "webidentity")
	if err != nil {
		panic(err)
	}
	bundle := filepath.Join(dir, "bundle.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: system.certificate.Raw})
	if err := os.WriteFile(bundle, text, 0o600); err != nil {
		panic(err)
	}
	os.Setenv("SSL_CERT_FILE", bundle)
	os.Setenv("SSL_CERT_DIR", dir)
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

// authority makes certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority() *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), IsCA: true,
		Subject: pkix.Name{CommonName: rand.Text()}, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		panic(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return &authority{made, key}
}

// server returns the certificate of a server on loopback, with the authority's behind it.
func (a *authority) server(t *testing.T, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if names == nil {
		form.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, form, a.certificate, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der, a.certificate.Raw}, PrivateKey: key}
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.certificate)
	return p
}

func thumbprint(der []byte) string {
	digest := sha1.Sum(der)
	return hex.EncodeToString(digest[:])
}

// signer is one key of an issuer.
type signer struct {
	id, algorithm string
	key           crypto.Signer
}

// keys are one for each algorithm. Those with RSA take a while to make.
var keys = sync.OnceValue(func() map[string]*signer {
	all := map[string]*signer{}
	for _, name := range algorithms {
		var key crypto.Signer
		var err error
		switch name {
		case "ES256":
			key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		case "ES384":
			key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		case "ES512":
			key, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
		default:
			key, err = rsa.GenerateKey(rand.Reader, 2048)
		}
		if err != nil {
			panic(err)
		}
		all[name] = &signer{"key of " + name, name, key}
	}
	return all
})

// sign makes the compact form of a header and a payload.
func (s *signer) sign(t *testing.T, header, payload string) string {
	t.Helper()
	text := encoded(header) + "." + encoded(payload)
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384,
		"512": crypto.SHA512}[s.algorithm[2:]]
	h := hash.New()
	h.Write([]byte(text))
	var signature []byte
	var err error
	switch key := s.key.(type) {
	case *rsa.PrivateKey:
		signature, err = rsa.SignPKCS1v15(rand.Reader, key, hash, h.Sum(nil))
	case *ecdsa.PrivateKey:
		var r, v *big.Int
		r, v, err = ecdsa.Sign(rand.Reader, key, h.Sum(nil))
		if err == nil {
			size := (key.Params().BitSize + 7) / 8
			signature = make([]byte, 2*size)
			r.FillBytes(signature[:size])
			v.FillBytes(signature[size:])
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + encoded(string(signature))
}

func encoded(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func (s *signer) header() string {
	return `{"alg":"` + s.algorithm + `","kid":"` + s.id + `","typ":"JWT"}`
}

// public is the key as a set has it.
func (s *signer) public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: s.key.Public(), KeyID: s.id, Use: "sig"}
}

// issuer is a true one: its server discovers it and has its keys.
type issuer struct {
	t      *testing.T
	server *httptest.Server
	asked  atomic.Int64 // for its keys

	mu       sync.Mutex
	set      jose.JSONWebKeySet
	document map[string]any // of discovery
	instead  http.HandlerFunc
}

// newIssuer starts one with the key of ES256, whose certificate is by a, or without TLS if that is
// nil.
func newIssuer(t *testing.T, a *authority) *issuer {
	t.Helper()
	if a == nil {
		return startIssuer(t)
	}
	return startIssuer(t, a.server(t))
}

// startIssuer starts one with a certificate, or without TLS if there is none.
func startIssuer(t *testing.T, certificates ...tls.Certificate) *issuer {
	t.Helper()
	i := &issuer{t: t, set: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{keys()["ES256"].public()}}}
	i.server = httptest.NewUnstartedServer(i)
	i.server.Config.ErrorLog = log.New(t.Output(), "", 0)
	if certificates == nil {
		i.server.Start()
	} else {
		i.server.TLS = &tls.Config{Certificates: certificates}
		i.server.StartTLS()
	}
	t.Cleanup(i.server.Close)
	i.document = map[string]any{"issuer": i.server.URL, "jwks_uri": i.server.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256"}}
	return i
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.instead != nil {
		i.instead(w, q)
		return
	}
	i.serve(w, q)
}

func (i *issuer) serve(w http.ResponseWriter, q *http.Request) {
	switch {
	case strings.HasSuffix(q.URL.Path, "/.well-known/openid-configuration"):
		_ = json.NewEncoder(w).Encode(i.document)
	case strings.HasSuffix(q.URL.Path, "/keys"):
		i.asked.Add(1)
		_ = json.NewEncoder(w).Encode(i.set)
	default:
		http.NotFound(w, q)
	}
}

// change changes what it serves.
func (i *issuer) change(f func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	f()
}

func (i *issuer) name() string {
	_, name, _ := strings.Cut(i.server.URL, "://")
	return name
}

func (i *issuer) provider() Provider {
	return Provider{ARN: "arn:aws:iam::111122223333:oidc-provider/" + i.name(), URL: i.name(),
		ClientIDs: []string{"sts.amazonaws.com", "a-client"}}
}

// begin is the time of all tests, in which tokens hold and clocks stand still.
var begin = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// claims are those of a pod's token.
func (i *issuer) claims() map[string]any {
	return map[string]any{"iss": i.server.URL, "sub": "system:serviceaccount:shop:till",
		"aud": []string{"sts.amazonaws.com"}, "exp": begin.Add(time.Hour).Unix(),
		"nbf": begin.Unix(), "iat": begin.Unix()}
}

// token signs claims, some of which may be changed: a nil is left out.
func (i *issuer) token(s *signer, changes map[string]any) string {
	i.t.Helper()
	said := i.claims()
	for name, value := range changes {
		if said[name] = value; value == nil {
			delete(said, name)
		}
	}
	payload, err := json.Marshal(said)
	if err != nil {
		i.t.Fatal(err)
	}
	return s.sign(i.t, s.header(), string(payload))
}

// clock is a time that moves when it is told to.
type clock struct{ after atomic.Int64 }

func (c *clock) now() time.Time              { return begin.Add(time.Duration(c.after.Load())) }
func (c *clock) moves(forward time.Duration) { c.after.Add(int64(forward)) }

// verify is what the service does with a token.
func verify(t *testing.T, v *Verifier, token string, p Provider) (*Claims, error) {
	t.Helper()
	parsed, err := Parse(token)
	if err != nil {
		return nil, err
	}
	return v.Verify(t.Context(), parsed, p)
}
