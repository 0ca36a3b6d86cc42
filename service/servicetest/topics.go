package servicetest

import (
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/internal/delivery"
	"claviger/service"
	"claviger/topics/topicstest"

	tmail "claviger/topics/mail"
)

// topics is how the server reaches those who subscribe to topics: people of example.com.
func (s *Server) topics() service.Topics {
	return service.Topics{URL: s.URL, Mail: &tmail.Server{Address: s.Mails.Address,
		Security: tmail.TLS, Roots: s.Mails.Roots, User: s.Mails.User,
		Password:   func() (string, error) { return s.Mails.Password, nil },
		From:       mail.Address{Name: "Claviger", Address: "claviger@example.com"},
		Recipients: []string{"example.com"}, Dial: s.Mails.Dial}}
}

// Token waits for the next request to confirm a subscription of a topic and returns the token in
// it. What else came to the receiver meanwhile is forgotten.
func (s *Server) Token(t testing.TB, topic string) string {
	t.Helper()
	for {
		for _, got := range s.Receiver.Await(t, 1) {
			if got.Get("X-Amz-Sns-Message-Type") == "SubscriptionConfirmation" &&
				got.Get("X-Amz-Sns-Topic-Arn") == topic {
				return got.Message(t).Token
			}
		}
	}
}

// Verify verifies the signature of what the receiver got, with the certificate that the server
// shows to anybody.
func (s *Server) Verify(t testing.TB, r topicstest.Received) {
	t.Helper()
	err := topicstest.Verify(r.Body, strings.TrimPrefix(s.URL, "http://"),
		func(url string) ([]byte, error) {
			a := s.Send(t, Request{Method: "GET", Path: strings.TrimPrefix(url, s.URL), Unsigned: true})
			return a.Body, nil
		})
	if err != nil {
		t.Errorf("the signature of %s: %v", r.Body, err)
	}
}

// AwaitDeliveries waits until nothing waits but for receivers that have failed: for those it may be
// an hour.
func (s *Server) AwaitDeliveries(t testing.TB) {
	t.Helper()
	for {
		d, err := s.Service().Deliveries(delivery.Which{})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(d.Receivers, func(r delivery.Standing) bool { return r.Failures == 0 }) {
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-t.Context().Done():
			t.Fatalf("there is still something to deliver: %+v", d)
		}
	}
}
