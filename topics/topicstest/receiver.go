// Package topicstest is whom messages of topics go to: a web server that verifies what it gets as
// AWS has receivers do it, and a mail server.
package topicstest

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"claviger/internal/outbound"
)

// Received is a request as it came.
type Received struct {
	Header http.Header
	Body   string
}

// Message is the document in it.
type Message struct {
	Type, MessageId, Token, TopicArn, Message, Timestamp      string
	SignatureVersion, Signature, SigningCertURL, SubscribeURL string
	UnsubscribeURL                                            string
	Subject                                                   *string
	MessageAttributes                                         map[string]struct{ Type, Value string }
}

// Message reads the document.
func (r Received) Message(t testing.TB) (m Message) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.Body), &m); err != nil {
		t.Fatalf("%v in %s", err, r.Body)
	}
	return m
}

// Receiver is a web server with TLS on loopback. Its methods may be called from several goroutines.
type Receiver struct {
	URL string // without a path

	server *httptest.Server
	mu     sync.Mutex
	all    []Received
	count  int // of requests since the answer was set
	answer func(n int) int
	came   chan struct{}
}

// NewReceiver starts a receiver that answers 200.
func NewReceiver(t testing.TB) *Receiver {
	t.Helper()
	r := &Receiver{answer: func(int) int { return http.StatusOK }, came: make(chan struct{}, 1)}
	r.server = httptest.NewTLSServer(r)
	t.Cleanup(r.server.Close)
	r.URL = r.server.URL
	return r
}

// Allowed is the row of a configuration that lets the service call the receiver.
func (r *Receiver) Allowed() outbound.Allowed {
	pool := x509.NewCertPool()
	pool.AddCert(r.server.Certificate())
	return outbound.Allowed{URL: r.URL + "/", Roots: pool, Private: true}
}

// Door lets through to the receiver, and nowhere else.
func (r *Receiver) Door(t testing.TB) *outbound.Door {
	t.Helper()
	d, err := outbound.New([]outbound.Allowed{r.Allowed()})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Answer has the receiver answer with a status, by the number of the request from 1.
func (r *Receiver) Answer(status func(n int) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer, r.count = status, 0
}

// ServeHTTP implements [http.Handler].
func (r *Receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	r.all = append(r.all, Received{q.Header.Clone(), string(body)})
	r.count++
	status := r.answer(r.count)
	r.mu.Unlock()
	w.WriteHeader(status)
	select {
	case r.came <- struct{}{}:
	default:
	}
}

// All returns what came since the last call.
func (r *Receiver) All() []Received {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.all
	r.all = nil
	return all
}

// Await returns what comes next, at least so many.
func (r *Receiver) Await(t testing.TB, n int) (all []Received) {
	t.Helper()
	for {
		if all = append(all, r.All()...); len(all) >= n {
			return all
		}
		select {
		case <-r.came:
		case <-t.Context().Done():
			t.Fatalf("%d of %d came", len(all), n)
		}
	}
}

// signedMembers are what the text to sign has of each type of message, in its order ("Verifying the
// signatures of Amazon SNS messages" of the developer guide).
var signedMembers = map[string][]string{
	"Notification": {"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"},
	"SubscriptionConfirmation": {"Message", "MessageId", "SubscribeURL", "Timestamp", "Token",
		"TopicArn", "Type"},
	"UnsubscribeConfirmation": {"Message", "MessageId", "SubscribeURL", "Timestamp", "Token",
		"TopicArn", "Type"},
}

var certificatePath = regexp.MustCompile(`^/SimpleNotificationService-[0-9a-f]{32}\.pem$`)

// Verify verifies a message as AWS documents it. The host of the certificate's URL has to be the
// one that the receiver knows; fetch gets the file.
func Verify(body, host string, fetch func(url string) ([]byte, error)) error {
	var m map[string]any
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return err
	}
	text := func(name string) string { s, _ := m[name].(string); return s }
	at, err := url.Parse(text("SigningCertURL"))
	if err != nil || at.Host != host || !certificatePath.MatchString(at.Path) {
		return fmt.Errorf("the certificate is at %s", text("SigningCertURL"))
	}
	file, err := fetch(text("SigningCertURL"))
	if err != nil {
		return err
	}
	block, _ := pem.Decode(file)
	if block == nil {
		return errors.New("the certificate is no PEM")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	key, ok := c.PublicKey.(*rsa.PublicKey)
	if !ok {
		return errors.New("the certificate has no RSA key")
	}
	signature, err := base64.StdEncoding.DecodeString(text("Signature"))
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, name := range signedMembers[text("Type")] {
		if value, there := m[name].(string); there {
			b.WriteString(name + "\n" + value + "\n")
		}
	}
	switch text("SignatureVersion") {
	case "1":
		sum := sha1.Sum([]byte(b.String()))
		return rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], signature)
	case "2":
		sum := sha256.Sum256([]byte(b.String()))
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
	}
	return fmt.Errorf("there is no version %s of signatures", text("SignatureVersion"))
}

// Get returns a header of the request.
func (r Received) Get(name string) string { return r.Header.Get(name) }
