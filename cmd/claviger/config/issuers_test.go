package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"claviger/cmd/claviger/exit"
)

// certificateOf returns the certificate of an authority, or of nobody's, in PEM.
func certificateOf(t *testing.T, authority bool) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a site"},
		IsCA: authority, BasicConstraintsValid: true, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// TestConfig_WrongIssuer_IsRefusedByName: each mistake is named at the start, and none is found out
// by a pod that gets no role.
func TestConfig_WrongIssuer_IsRefusedByName(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	one, two := certificateOf(t, true), certificateOf(t, true)
	good := write("ca.pem", "# a site\n"+one+"\n# its old one\n"+two, 0o644)
	section := func(url, file string) string {
		return "[[oidc.issuers]]\nurl = \"" + url + "\"\nca_file = \"" + file + "\"\n"
	}
	const url = "https://keycloak.example.org:8443/realms/site"
	read := func(issuers string) (map[string]*x509.CertPool, error) {
		c, err := Read(write("claviger.toml", "account = \"111122223333\"\ndatabase = \"x\"\n"+
			"[hsm]\nmodule = \"/m\"\ntoken_label = \"own\"\npin_env = \"PIN\"\n"+issuers, 0o600))
		if err != nil {
			return nil, err
		}
		return c.Authorities()
	}
	for issuers, want := range map[string]string{
		section("keycloak.example.org", good):             "oidc.issuers.url",
		section("http://keycloak.example.org", good):      "loopback only",
		section("http://127.0.0.1:8080", good):            "without TLS",
		section("https://aws", good):                      "a host without a dot",
		section(url, ""):                                  "ca_file is missing",
		section(url, good) + section(url, good):           "two issuers",
		section(url, good) + "name = \"x\"\n":             "no setting",
		section(url, filepath.Join(dir, "absent")):        "no such file",
		section(url, write("empty", "", 0o600)):           "certificates in PEM",
		section(url, write("junk", "certificate", 0o600)): "certificates in PEM",
		section(url, write("more", one+"more", 0o600)):    "nothing behind",
		section(url, write("key", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n",
			0o600)): "certificates in PEM",
		section(url, write("torn", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
			0o600)): "torn",
		section(url, write("leaf", certificateOf(t, false), 0o600)): "no authority's",
		section(url, write("open", one, 0o666)):                     "mode 0666",
	} {
		_, err := read(issuers)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", issuers, err, want)
		}
		if !errors.Is(err, exit.ErrConfig) && !errors.Is(err, exit.ErrExposed) {
			t.Errorf("%s: %v is no fault of the configuration", issuers, err)
		}
	}
	for issuers, want := range map[string]int{"": 0, section(url, good): 1,
		section(url, good) + section("https://kubernetes.default.svc", good): 2} {
		all, err := read(issuers)
		if err != nil || len(all) != want || want > 0 && all[url] == nil {
			t.Errorf("%s: %v, %v", issuers, all, err)
		}
	}
	all, err := read(section(url, good))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{one, two} {
		block, _ := pem.Decode([]byte(text))
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Verify(x509.VerifyOptions{Roots: all[url]}); err != nil {
			t.Errorf("one of two authorities is not trusted: %v", err)
		}
	}
}
