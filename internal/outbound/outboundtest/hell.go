// Package outboundtest is receivers as one would rather not have them: they hang, redirect, answer
// byte by byte, present wrong certificates and end connections. Each is a true server on loopback.
package outboundtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Mood is how a receiver is.
type Mood int

// Moods. Well answers 200 at once.
const (
	Well          Mood = iota
	Hangs              // takes the request and says nothing
	Drips              // answers byte by byte, without an end
	Redirects          // to somewhere else, which would take it
	Broken             // answers 500
	Busy               // answers 429, and says when it may be asked again
	Refuses            // answers 400
	Resets             // ends the connection in the middle of the request
	TakesAndKills      // takes the request whole, and ends the connection in the place of an answer
	Endless            // sends headers without an end
	Babbles            // speaks something that is no HTTP
	moods
)

// Bad are all moods but [Well].
func Bad() (all []Mood) {
	for m := Well + 1; m < moods; m++ {
		all = append(all, m)
	}
	return all
}

// Receiver is a server with TLS whose mood may change from request to request.
type Receiver struct {
	URL string // https://localhost:PORT

	mu     sync.Mutex
	mood   func(body string) Mood
	taken  []string // bodies of requests that were answered with 200
	seen   []string // bodies of all requests that came whole
	after  string   // Retry-After
	ended  chan struct{}
	server *httptest.Server
}

// Start starts a receiver that is well until told otherwise. Its certificate is by [Authority].
func Start(t testing.TB) *Receiver {
	t.Helper()
	r := &Receiver{mood: func(string) Mood { return Well }, ended: make(chan struct{}), after: "1"}
	r.server = httptest.NewUnstartedServer(r)
	r.server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate(t, "localhost")}}
	r.server.Config.ErrorLog = log.New(io.Discard, "", 0) // of those who hang up
	r.server.StartTLS()
	t.Cleanup(func() {
		close(r.ended)
		r.server.CloseClientConnections()
		r.server.Close()
	})
	u, err := url.Parse(r.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	r.URL = "https://" + net.JoinHostPort("localhost", u.Port())
	return r
}

// Is sets the mood.
func (r *Receiver) Is(m Mood) { r.IsBy(func(string) Mood { return m }) }

// IsBy has each request decide on the mood, by its body.
func (r *Receiver) IsBy(mood func(body string) Mood) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mood = mood
}

// WantsAfter sets what it says in Retry-After when it is [Busy].
func (r *Receiver) WantsAfter(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.after = text
}

// Taken returns the bodies that it has answered with 200, in their order.
func (r *Receiver) Taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.taken...)
}

// Seen returns the bodies of all requests that have come whole, however they were answered.
func (r *Receiver) Seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.seen...)
}

// ServeHTTP implements [http.Handler].
func (r *Receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(io.LimitReader(q.Body, 4<<20))
	r.mu.Lock()
	m := r.mood(string(body))
	if err == nil {
		r.seen = append(r.seen, string(body))
	}
	if err == nil && m == Well {
		r.taken = append(r.taken, string(body))
	}
	after := r.after
	r.mu.Unlock()
	switch m {
	case Well:
		w.WriteHeader(http.StatusOK)
	case Redirects:
		w.Header().Set("Location", r.URL+"/elsewhere")
		w.WriteHeader(http.StatusTemporaryRedirect)
	case Broken:
		w.WriteHeader(http.StatusInternalServerError)
	case Busy:
		w.Header().Set("Retry-After", after)
		w.WriteHeader(http.StatusTooManyRequests)
	case Refuses:
		w.WriteHeader(http.StatusBadRequest)
	default:
		r.misbehave(w, m)
	}
}

// misbehave answers on the bare connection.
func (r *Receiver) misbehave(w http.ResponseWriter, m Mood) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	switch m {
	case Drips, Endless:
		text := "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
		if m == Endless {
			text += "X-Header: " + strings.Repeat("x", 1000) + "\r\n"
		}
		r.drip(conn, m, text)
	case Babbles:
		_, _ = conn.Write([]byte("220 mail.example.com ESMTP\r\n"))
	case Resets:
		if c, ok := conn.(*tls.Conn); ok {
			if raw, ok := c.NetConn().(*net.TCPConn); ok {
				_ = raw.SetLinger(0)
				raw.Close()
			}
		}
	case Hangs:
		<-r.ended
	}
}

// drip sends a text without an end: byte by byte, or as fast as it is read.
func (r *Receiver) drip(conn net.Conn, m Mood, text string) {
	for i := 0; ; i++ {
		var err error
		if m == Endless {
			_, err = conn.Write([]byte(text[len("HTTP/1.1 200 OK\r\n")*min(i, 1):]))
		} else {
			_, err = conn.Write([]byte{text[i%len(text)]})
		}
		if err != nil {
			return
		}
		if m == Endless {
			continue
		}
		select {
		case <-r.ended:
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Impostor starts a server whose certificate is for another name.
func Impostor(t testing.TB) (address string) {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate(t, "elsewhere.example.com")}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	return "https://" + net.JoinHostPort("localhost", port)
}

// authority is what all certificates here are by, made once.
var authority = sync.OnceValue(func() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Hell"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		panic(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
})

// Authority is what the certificates of receivers are by.
func Authority() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(authority().Leaf)
	return pool
}

// AuthorityPEM is the same, for another process.
func AuthorityPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority().Leaf.Raw})
}

func certificate(t testing.TB, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	by := authority()
	form := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, form, by.Leaf, key.Public(), by.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
