// Package authority makes certificates for tests of mutual TLS.
package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority is who has signed the certificates of both sides.
type Authority struct {
	CAFile           string // its own certificate, in PEM
	Certificate, Key string // a client's, in PEM

	server tls.Certificate
	roots  *x509.CertPool
}

// New makes an authority with a server for localhost and 127.0.0.1 and a client. What it writes
// every user can read.
func New(t testing.TB) *Authority {
	t.Helper()
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	caDER, caKey := sign(t, ca, ca, nil)
	of := func(serial int64, name string, usage x509.ExtKeyUsage) ([]byte, *ecdsa.PrivateKey) {
		return sign(t, &x509.Certificate{SerialNumber: big.NewInt(serial),
			Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
			NotBefore:   ca.NotBefore, NotAfter: ca.NotAfter,
			KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage},
		}, ca, caKey)
	}
	a := &Authority{roots: x509.NewCertPool()}
	parsed, err := x509.ParseCertificate(caDER)
	if err != nil {
		t.Fatal(err)
	}
	a.roots.AddCert(parsed)
	der, key := of(2, "server", x509.ExtKeyUsageServerAuth)
	a.server = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}

	der, key = of(3, "client", x509.ExtKeyUsageClientAuth)
	text, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} { // both are the test's own
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	a.CAFile = write(t, dir, "ca.pem", "CERTIFICATE", caDER)
	a.Certificate = write(t, dir, "client.pem", "CERTIFICATE", der)
	a.Key = write(t, dir, "client.key", "EC PRIVATE KEY", text)
	return a
}

// Server is the TLS of a server that is by the authority, and that asks for clients which are too.
func (a *Authority) Server(mutual bool) *tls.Config {
	c := &tls.Config{Certificates: []tls.Certificate{a.server}, MinVersion: tls.VersionTLS12}
	if mutual {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, a.roots
	}
	return c
}

func sign(t testing.TB, c, by *x509.Certificate, with *ecdsa.PrivateKey) ([]byte,
	*ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if with == nil {
		with = key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, by, &key.PublicKey, with)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}

func write(t testing.TB, dir, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
