package servicetest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Request is a request as a test wants it on the wire. What is left empty is as a
// good client would have it.
type Request struct {
	Method, Path string // POST and /
	Target       string // X-Amz-Target
	Type         string // Content-Type; application/x-amz-json-1.1 on /, otherwise application/json
	Body         []byte
	Header       http.Header // more headers, signed as the SDK signs them

	As      aws.Credentials // the account's root
	Region  string
	Service string        // signing name; that of the operation
	Skew    time.Duration // of the client's clock

	Unsigned bool                // send it without a signature
	Presign  bool                // put the signature into the query
	Tamper   func(*http.Request) // change it after it was signed
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends one JSON 1.1 request as the account's root and returns the answer. target is
// X-Amz-Target; body is sent as it is if it is a string, and in its JSON form otherwise.
func (s *Server) Do(t testing.TB, target string, body any) Answer {
	t.Helper()
	return s.Send(t, Request{Target: target, Body: document(t, body)})
}

// REST sends one request to a REST route as the account's root. A nil body is none.
func (s *Server) REST(t testing.TB, method, path string, body any) Answer {
	t.Helper()
	return s.Send(t, Request{Method: method, Path: path, Body: document(t, body)})
}

// Send sends a request of any kind.
func (s *Server) Send(t testing.TB, q Request) Answer {
	t.Helper()
	r := s.build(t, q)
	client := *s.front.Client()
	client.CheckRedirect = func(*http.Request,
		[]*http.Request) error {
		return http.ErrUseLastResponse
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: reading the answer: %v", r.Method, r.URL.Path, err)
	}
	return Answer{resp.StatusCode, resp.Header, body}
}

// build makes the request and signs it.
func (s *Server) build(t testing.TB, q Request) *http.Request {
	t.Helper()
	q = s.complete(q)
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), q.Method, s.URL+q.Path,
		bytes.NewReader(q.Body))
	if err != nil {
		t.Fatal(err)
	}
	if q.Header != nil {
		r.Header = q.Header.Clone()
	}
	if q.Type != "" {
		r.Header.Set("Content-Type", q.Type)
	}
	if q.Target != "" {
		r.Header.Set("X-Amz-Target", q.Target)
	}
	if !q.Unsigned {
		r = s.sign(t, q, r)
	}
	if q.Tamper != nil {
		q.Tamper(r)
	}
	return r
}

// complete sets what the request leaves out.
func (s *Server) complete(q Request) Request {
	if q.Method == "" {
		q.Method = http.MethodPost
	}
	if q.Path == "" {
		q.Path = "/"
	}
	if q.Type == "" {
		q.Type = "application/json"
		if q.Path == "/" {
			q.Type = "application/x-amz-json-1.1"
		}
	}
	if q.As.AccessKeyID == "" {
		q.As = s.Root
	}
	if q.Region == "" {
		q.Region = Region
	}
	if q.Service == "" {
		q.Service = s.signingName(q)
	}
	return q
}

// signingName finds the service that a request is for: by its target's prefix, or
// by the route it fits.
func (s *Server) signingName(q Request) string {
	for _, o := range s.Service().Operations {
		n := o.Info()
		if q.Target != "" {
			if strings.HasPrefix(q.Target, n.Service.Target+".") {
				return n.Service.Name
			}
			continue
		}
		for _, r := range n.Routes() {
			if route, _, _ := strings.Cut(r.Path, "{"); strings.HasPrefix(q.Path, route) {
				return n.Service.Name
			}
		}
	}
	return "kms"
}

func (s *Server) sign(t testing.TB, q Request, r *http.Request) *http.Request {
	t.Helper()
	at := s.Clock.Now().Add(q.Skew)
	sum := sha256.Sum256(q.Body)
	hash := hex.EncodeToString(sum[:])
	if !q.Presign {
		err := v4.NewSigner().SignHTTP(t.Context(), q.As, r, hash, q.Service, q.Region, at)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	query := r.URL.Query()
	query.Set("X-Amz-Expires", "300")
	r.URL.RawQuery = query.Encode()
	to, header, err := v4.NewSigner().PresignHTTP(t.Context(), q.As, r, hash, q.Service, q.Region, at,
		func(o *v4.SignerOptions) { o.DisableHeaderHoisting = true }) // X-Amz-Target has to stay a header
	if err != nil {
		t.Fatal(err)
	}
	signed, err := http.NewRequestWithContext(r.Context(), r.Method, to, bytes.NewReader(q.Body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		if name != "Host" && name != "Content-Length" {
			signed.Header[name] = values
		}
	}
	return signed
}

func document(t testing.TB, body any) []byte {
	t.Helper()
	switch b := body.(type) {
	case nil:
		return nil
	case string:
		return []byte(b)
	}
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// RequestID returns the request's number: what its audit records carry.
func (a Answer) RequestID() string { return a.Header.Get("X-Amzn-Requestid") }

// Code returns AWS's name of the error, in whatever protocol, or nothing.
func (a Answer) Code() string { return cmp.Or(a.text("__type", "code"), a.xml().Code) }

// Message returns what an error says, in whatever protocol, or nothing.
func (a Answer) Message() string {
	return cmp.Or(a.text("message", "Message", "detail"), a.xml().Message)
}

// failure is an error of AWS's query protocol.
type failure struct{ Code, Message string }

func (a Answer) xml() failure {
	var doc struct{ Error failure }
	_ = xml.Unmarshal(a.Body, &doc) // what is no such document names no error
	return doc.Error
}

// Text returns a member of the answer that is a string, or nothing.
func (a Answer) Text(member string) string { return a.text(member) }

func (a Answer) text(members ...string) string {
	var doc map[string]any
	if json.Unmarshal(a.Body, &doc) != nil {
		return ""
	}
	for _, m := range members {
		if s, ok := doc[m].(string); ok {
			return s
		}
	}
	return ""
}
