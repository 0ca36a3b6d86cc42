package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"claviger/cmd/claviger/config"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// certify makes a self-signed certificate for the key, with a serial number to
// know it by, and writes it.
func (s *site) certify(name string, serial int64, key crypto.Signer) *x509.Certificate {
	s.t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(serial),
		Subject: pkix.Name{CommonName: "claviger"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:   time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		s.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		s.t.Fatal(err)
	}
	s.put(name, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), 0o644)
	// Two writings within one tick of the file system's clock must not look alike.
	written := time.Now().Add(time.Duration(serial) * time.Second)
	if err := os.Chtimes(s.path(name), time.Time{}, written); err != nil {
		s.t.Fatal(err)
	}
	return cert
}

func (s *site) putKey(name string, key crypto.Signer) {
	s.t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		s.t.Fatal(err)
	}
	s.put(name, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), 0o600)
}

func ecKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// client speaks TLS to a server with one of the certificates, and HTTP/2 if that is offered.
func client(trusted ...*x509.Certificate) *http.Client {
	pool := x509.NewCertPool()
	for _, c := range trusted {
		pool.AddCert(c)
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool},
		ForceAttemptHTTP2: true}}
}

func (s *site) kms(address string, c *http.Client) *kms.Client {
	return kms.New(kms.Options{BaseEndpoint: aws.String(address), Region: "us-west-2", HTTPClient: c,
		Credentials: credentials.NewStaticCredentialsProvider(s.id, s.secret, ""),
		Retryer:     aws.NopRetryer{}})
}

// TestServe_InitToSecondStart_ServesByTLS is a service's life: the ceremony, a start with TLS, its
// use, a new certificate, its end, and a second start.
func TestServe_InitToSecondStart_ServesByTLS(t *testing.T) {
	t.Parallel()
	s := bare(t)
	said := s.ceremony()
	if strings.Contains(said, userPIN) || strings.Contains(said, officerPIN) ||
		!strings.Contains(said, "Made the root key ") {
		t.Errorf("init said:\n%s", said)
	}
	key := ecKey(t)
	first := s.certify("tls.crt", 1, key)
	s.putKey("tls.key", key)
	s.add(fmt.Sprintf("[tls]\ncertificate = %q\nkey = %q\n", s.path("tls.crt"), s.path("tls.key")))
	s.set("listen", `"0.0.0.0:0"`) // with TLS it may be reached from elsewhere

	p := s.start(s.serve()...)
	_, port, err := net.SplitHostPort(p.address())
	if err != nil {
		t.Fatal(err)
	}
	url := "https://127.0.0.1:" + port
	k := s.kms(url, client(first))
	made, err := k.CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := k.Encrypt(t.Context(),
		&kms.EncryptInput{KeyId: made.KeyMetadata.KeyId, Plaintext: []byte("plain")})
	if err != nil {
		t.Fatal(err)
	}
	sm := secretsmanager.New(secretsmanager.Options{BaseEndpoint: &url, Region: "us-west-2",
		HTTPClient:  client(first),
		Credentials: credentials.NewStaticCredentialsProvider(s.id, s.secret, "")})
	if _, err := sm.CreateSecret(t.Context(),
		&secretsmanager.CreateSecretInput{Name: aws.String("a"),
			SecretString: aws.String("b")}); err != nil {
		t.Error(err)
	}
	resp, err := client(first).Get(url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || resp.ProtoMajor != 2 {
		t.Errorf("/readyz: %s by %s", resp.Status, resp.Proto)
	}
	if _, err := tls.Dial("tcp", "127.0.0.1:"+port,
		&tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	if code := p.stop(); code != 0 {
		t.Errorf("SIGTERM ended it with %d:\n%s", code, &p.stderr)
	}

	// A second start, whose certificate is exchanged before anybody has called.
	p = s.start(s.serve()...)
	if _, port, err = net.SplitHostPort(p.address()); err != nil {
		t.Fatal(err)
	}
	second := s.certify("tls.crt", 2, key)
	k = s.kms("https://127.0.0.1:"+port, client(second))
	opened, err := k.Decrypt(t.Context(), &kms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob})
	if err != nil || string(opened.Plaintext) != "plain" {
		t.Errorf("after a restart: %v, %v", opened, err)
	}
	p.says(&p.stderr, "read a new TLS certificate")
	p.stop()
	for _, secret := range []string{userPIN, officerPIN, s.secret, "plain"} {
		if strings.Contains(p.stderr.String()+p.stdout.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// TestServe_TLSKeyOnTheToken_SignsHandshakes: the handshake is signed by the device.
func TestServe_TLSKeyOnTheToken_SignsHandshakes(t *testing.T) {
	for name, key := range map[string]crypto.Signer{"EC": ecKey(t), "RSA": rsaKey(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := initialised(t)
			cert := s.certify("tls.crt", 1, key)
			s.putKey("key", key)
			s.tool("--import", s.path("key"), "--token", label, "--label", "tls", "--id", "01", "--pin",
				userPIN)
			if err := os.Remove(s.path("key")); err != nil {
				t.Fatal(err)
			}
			s.add(fmt.Sprintf("[tls]\ncertificate = %q\nkey_label = \"tls\"\n", s.path("tls.crt")))
			p := s.start(s.serve()...)
			url := "https://" + p.address()
			made, err := s.kms(url, client(cert)).CreateKey(t.Context(), &kms.CreateKeyInput{})
			if err != nil {
				t.Fatal(err)
			}
			for range 3 { // handshakes
				if _, err := s.kms(url, client(cert)).DescribeKey(t.Context(),
					&kms.DescribeKeyInput{KeyId: made.KeyMetadata.KeyId}); err != nil {
					t.Error(err)
				}
			}
			if code := p.stop(); code != 0 {
				t.Errorf("it ended with %d:\n%s", code, &p.stderr)
			}
		})
	}
}

func TestServe_WrongTLSFiles_IsRefused(t *testing.T) {
	key, other := ecKey(t), ecKey(t)
	for _, c := range []struct {
		name    string
		prepare func(*site)
		code    int
		says    string
	}{
		{"a key of another certificate", func(s *site) { s.putKey("tls.key", other) }, 3, "don't fit"},
		{"a loose key", func(s *site) { os.Chmod(s.path("tls.key"), 0o640) }, 4, "chmod 0600"},
		{"no key", func(s *site) { os.Remove(s.path("tls.key")) }, 3, "tls.key"},
		{"no certificate", func(s *site) { os.Remove(s.path("tls.crt")) }, 3, "tls.crt"},
		{"an empty certificate", func(s *site) { s.put("tls.crt", "", 0o644) }, 3, "don't fit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := initialised(t)
			s.certify("tls.crt", 1, key)
			s.putKey("tls.key", key)
			s.add(fmt.Sprintf("[tls]\ncertificate = %q\nkey = %q\n", s.path("tls.crt"), s.path("tls.key")))
			c.prepare(s)
			s.clear(s.run(s.serve()...), c.code, c.says)
		})
	}
	t.Run("a label that is not there", func(t *testing.T) {
		t.Parallel()
		s := initialised(t)
		s.certify("tls.crt", 1, key)
		s.add(fmt.Sprintf("[tls]\ncertificate = %q\nkey_label = \"nobody\"\n", s.path("tls.crt")))
		s.clear(s.run(s.serve()...), 1, `"nobody"`)
	})
}

// TestCertificate_NewFile_IsTakenIfItFits: a new one is taken, one that doesn't fit is not, and the
// next that fits is again.
func TestCertificate_NewFile_IsTakenIfItFits(t *testing.T) {
	s := bare(t)
	key := ecKey(t)
	s.certify("tls.crt", 1, key)
	s.putKey("tls.key", key)
	var log text
	c := &config.Config{}
	c.TLS.Certificate, c.TLS.Key = s.path("tls.crt"), s.path("tls.key")
	now := time.Now()
	id, err := openIdentity(c, slog.New(slog.NewTextHandler(&log, nil)),
		func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	serves := func(want int64, when string) {
		t.Helper()
		now = now.Add(10 * time.Second)
		cert, err := id.Get(nil)
		if err != nil || cert.Leaf.SerialNumber.Int64() != want {
			t.Errorf("%s: serial %v, %v; want %d", when, cert.Leaf.SerialNumber, err, want)
		}
	}
	serves(1, "at first")
	s.certify("tls.crt", 2, key)
	if cert, _ := id.Get(nil); cert.Leaf.SerialNumber.Int64() != 1 {
		t.Error("the file is looked at for every handshake")
	}
	serves(2, "a new certificate")
	other := ecKey(t)
	s.certify("tls.crt", 3, other)
	serves(2, "a certificate of another key")
	if !strings.Contains(log.String(), "level=ERROR") {
		t.Error("nobody was told")
	}
	s.putKey("tls.key", other)
	serves(3, "the key came after its certificate")
	if err := os.Remove(s.path("tls.crt")); err != nil {
		t.Fatal(err)
	}
	serves(3, "the file is gone")
}

// TestServe_SIGTERM_AnswersWhatIsInProgress: a request in progress is answered, a new one is not
// taken, and the end is an ordinary one.
func TestServe_SIGTERM_AnswersWhatIsInProgress(t *testing.T) {
	t.Parallel()
	s := initialised(t)
	p := s.start(s.serve()...)
	address := p.address()
	body := &slowBody{asked: make(chan struct{}), goOn: make(chan struct{})}
	answered := make(chan *http.Response, 1)
	go func() {
		resp, err := s.listKeys(address, body)
		if err != nil {
			t.Errorf("a request in progress was dropped: %v\n%s", err, &p.stderr)
		}
		answered <- resp
	}()
	<-body.asked // the server is reading it
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p.says(&p.stderr, "draining")
	for {
		late, err := net.Dial("tcp", address)
		if errors.Is(err, syscall.ECONNREFUSED) {
			break
		}
		if err == nil {
			late.Close()
		}
		time.Sleep(time.Millisecond)
	}
	close(body.goOn)
	if resp := <-answered; resp != nil {
		resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Errorf("it was answered %s", resp.Status)
		}
	}
	<-p.ended
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("it ended with %d:\n%s", code, &p.stderr)
	}
	if _, err := os.Stat(s.path("claviger.db-wal")); err == nil {
		t.Error("the database was not left as one file")
	}
}

// slowBody is an empty document that is not sent until the test says so.
type slowBody struct {
	asked, goOn chan struct{}
	rest        *strings.Reader
}

func (b *slowBody) Read(p []byte) (int, error) {
	if b.rest == nil {
		close(b.asked)
		<-b.goOn
		b.rest = strings.NewReader("{}")
	}
	return b.rest.Read(p)
}

// listKeys sends a signed ListKeys whose body is asked for only when the server wants it (RFC 9110
// 10.1.1).
func (s *site) listKeys(address string, body *slowBody) (*http.Response, error) {
	r, err := http.NewRequest("POST", "http://"+address+"/", body)
	if err != nil {
		return nil, err
	}
	r.ContentLength = 2
	r.Header = http.Header{"X-Amz-Target": {"TrentService.ListKeys"},
		"Content-Type": {"application/x-amz-json-1.1"}, "Expect": {"100-continue"}}
	sum := sha256.Sum256([]byte("{}"))
	by := aws.Credentials{AccessKeyID: s.id, SecretAccessKey: s.secret}
	if err := v4.NewSigner().SignHTTP(context.Background(), by, r, hex.EncodeToString(sum[:]), "kms",
		"us-west-2", time.Now()); err != nil {
		return nil, err
	}
	return (&http.Transport{ExpectContinueTimeout: time.Minute, DisableKeepAlives: true}).RoundTrip(r)
}

// TestInit_Again_SaysWhatItDid: the second one makes no database and no root, and adds a key.
func TestInit_Again_SaysWhatItDid(t *testing.T) {
	t.Parallel()
	s := bare(t)
	if said := s.ceremony(); !strings.Contains(said, "Made the database "+s.path("claviger.db")) {
		t.Errorf("the first init says:\n%s", said)
	}
	r := s.run("init", "--config", s.path("claviger.toml"))
	if r.code != 0 || strings.Contains(r.stdout, "Made ") ||
		!strings.Contains(r.stdout, "An access key was added to the database") ||
		!keyPair.MatchString(r.stdout) || strings.Contains(r.stdout, s.id) {
		t.Errorf("the second init: %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	// A file that is there and empty is no database of ours.
	if err := os.Remove(s.path("claviger.db")); err != nil {
		t.Fatal(err)
	}
	s.put("claviger.db", "", 0o600)
	if r := s.run("init", "--config", s.path("claviger.toml")); r.code != 0 ||
		!strings.Contains(r.stdout, "Made the database") {
		t.Errorf("an empty file: %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}
