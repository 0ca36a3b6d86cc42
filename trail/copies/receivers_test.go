package copies_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// seen is what receivers have got: the number of each record in the order in which they came.
type seen struct {
	mu      sync.Mutex
	numbers []int64
}

func (s *seen) add(t testing.TB, record string) {
	var r struct{ EventID string }
	if err := json.Unmarshal([]byte(record), &r); err != nil {
		t.Errorf("%.100q is no record: %v", record, err)
		return
	}
	n, err := strconv.ParseInt(strings.TrimPrefix(r.EventID, "event-"), 10, 64)
	if err != nil {
		t.Error(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.numbers = append(s.numbers, n)
}

// missing returns the first of n records that is not there, or 0.
func (s *seen) missing(n int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	there := map[int64]bool{}
	for _, number := range s.numbers {
		there[number] = true
	}
	for number := int64(1); number <= n; number++ {
		if !there[number] {
			return number
		}
	}
	return 0
}

func (s *seen) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.numbers)
}

// mustHave waits until all of n records are there.
func (s *seen) mustHave(t testing.TB, n int64) {
	t.Helper()
	eventually(t, func() bool { return s.missing(n) == 0 }, func() string {
		return fmt.Sprintf("record %d of %d did not come", s.missing(n), n)
	})
}

func eventually(t testing.TB, done func() bool, what func() string) {
	t.Helper()
	for began := time.Now(); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > time.Minute {
			t.Fatal(what())
		}
	}
}

// certificate returns one for loopback, and who trusts it.
func certificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "logs"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(made)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// syslogd is a receiver of syslog over TLS, as RFC 5425 has it.
type syslogd struct {
	seen
	t        testing.TB
	listener net.Listener
	roots    *x509.CertPool
	messages []string

	hangs atomic.Bool  // it takes connections and reads nothing
	cuts  atomic.Int64 // after so many messages a connection is lost, with what is in it
	slow  atomic.Bool  // it reads a few bytes at a time
}

func newSyslogd(t testing.TB) *syslogd {
	t.Helper()
	own, roots := certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &syslogd{t: t, listener: l, roots: roots}
	var each sync.WaitGroup
	each.Go(func() {
		for {
			raw, err := l.Accept()
			if err != nil {
				return
			}
			each.Go(func() { s.serve(raw, &tls.Config{Certificates: []tls.Certificate{own}}) })
		}
	})
	t.Cleanup(func() { l.Close(); each.Wait() })
	return s
}

// header is the head of a message by RFC 5424, with a text that says to be UTF-8.
var header = regexp.MustCompile(`^<(\d{1,3})>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [!-~]{1,255} claviger - ` +
	`[!-~]{1,32} \[meta sequenceId="(\d+)"\] ` + "\xEF\xBB\xBF")

func (s *syslogd) serve(raw net.Conn, c *tls.Config) {
	defer raw.Close()
	if s.hangs.Load() {
		for s.hangs.Load() {
			time.Sleep(10 * time.Millisecond)
		}
		return
	}
	conn := tls.Server(raw, c)
	var from io.Reader = conn
	if s.slow.Load() {
		from = bitByBit{conn}
	}
	in := bufio.NewReader(from)
	for count := int64(0); ; count++ {
		length, err := in.ReadString(' ')
		if err == io.EOF && length == "" { // the other side has said that it is the end
			conn.Close() // and so does this one
			return
		}
		n, bad := strconv.Atoi(strings.TrimSuffix(length, " "))
		if err != nil || bad != nil {
			return // cut off
		}
		message := make([]byte, n)
		if _, err := io.ReadFull(in, message); err != nil {
			return
		}
		if cuts := s.cuts.Load(); cuts > 0 && count >= cuts {
			return // and nobody has this message
		}
		text := string(message)
		head := header.FindString(text)
		if head == "" {
			s.t.Errorf("%.200q is no message of RFC 5424", text)
			return
		}
		s.add(s.t, text[len(head):])
		s.mu.Lock()
		s.messages = append(s.messages, text)
		s.mu.Unlock()
	}
}

type bitByBit struct{ io.Reader }

func (b bitByBit) Read(p []byte) (int, error) {
	time.Sleep(time.Millisecond)
	return b.Reader.Read(p[:min(len(p), 64)])
}
