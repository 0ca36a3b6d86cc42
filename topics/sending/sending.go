// Package sending brings messages to subscriptions: by the queue of deliveries, which has them
// tried again, to URLs and mail addresses.
//
// # What rests
//
// A delivery holds the message as it was published and the subscription's ARN. Where it goes and
// how is read from the subscription's signed row when it is tried; the message has a MAC, because
// what leaves here is signed as this service's word, and rows of deliveries are not. A message of
// an encrypted topic rests sealed under the topic's key and is opened for each attempt.
//
// # Signatures
//
// What is signed is the same for all receivers of a message, so it is signed once, at the first
// attempt, and kept for the others. Nobody who publishes waits for that. A few are made at a time:
// a burst of messages takes no more of the device.
package sending

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"claviger/internal/custody"
	"claviger/internal/delivery"
	"claviger/internal/envelope"
	"claviger/internal/outbound"
	"claviger/internal/signedtoken"
	"claviger/topics/mail"
	"claviger/topics/notification"
	"claviger/topics/topic"
	"claviger/topics/topicrows"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Kind is what deliveries to subscriptions are called in the queue.
const Kind = "sns"

// Device signs; *hsm.Token does.
type Device interface {
	Sign(ctx context.Context, ref custody.Ref, alg custody.Algorithm, digest []byte) ([]byte, error)
}

// Door posts to what the configuration allows; *outbound.Door does.
type Door interface {
	Check(url string) error
	Do(ctx context.Context, q outbound.Request) (*outbound.Answer, error)
}

// Mailer sends mails; *mail.Server does.
type Mailer interface {
	May(address string) bool
	Send(ctx context.Context, m mail.Message) error
}

// Config is what sending needs.
type Config struct {
	Rows   *topicrows.Rows
	Door   Door
	Mail   Mailer // nil: there is no mail server
	Device Device
	// Key returns the pair that messages are signed by.
	Key    func(context.Context) (custody.Material, error)
	Tokens *signedtoken.Maker
	URL    string // that this service is reached at from outside, without a slash at its end
	// Open opens what rests sealed.
	Open func(ctx context.Context, of topic.Ref, e envelope.Envelope) ([]byte, error)
	Now  func() time.Time
}

// Sending delivers. [New] makes it.
type Sending struct {
	Config
	signatures signatures
	throttles  throttles
	identity   identity
}

// New returns what delivers.
func New(c Config) *Sending {
	return &Sending{Config: c, signatures: signatures{made: map[[sha256.Size]byte]*signature{},
		places: make(chan struct{}, signedAtOnce)}}
}

// parcel is the body of a delivery.
type parcel struct {
	Type   string             `json:"type"`
	Token  string             `json:"token,omitzero"`  // of a confirmation
	Clear  jsontext.Value     `json:"clear,omitzero"`  // a topic.Message, or
	Sealed *envelope.Envelope `json:"sealed,omitzero"` // the same under the topic's key
	MAC    string             `json:"mac"`
}

// scope is what the MAC of a parcel binds together.
func (p *parcel) scope(to string) []string {
	sum := sha256.New()
	sum.Write(p.Clear)
	if p.Sealed != nil {
		sum.Write(p.Sealed.Sealed)
	}
	return []string{"sns:Deliver", to, p.Type, p.Token, string(sum.Sum(nil))}
}

// Outgoing is a message on its way into the queue.
type Outgoing struct {
	*topic.Message
	Sealed *envelope.Envelope // of an encrypted topic: what rests in the message's place
	Type   string             // as package notification has them
	Token  string             // of a confirmation
	Order  string             // what the message is about, if its order matters; or nothing
}

// Delivery makes the delivery of a message to a subscription.
func (s *Sending) Delivery(t *topic.Topic, sub *topic.Subscription, m Outgoing) (
	delivery.Message, error) {
	p := parcel{Type: m.Type, Token: m.Token, Sealed: m.Sealed}
	if m.Sealed == nil {
		clear, err := json.Marshal(m.Message, json.Deterministic(true))
		if err != nil {
			return delivery.Message{}, err
		}
		p.Clear = clear
	}
	to := sub.ARN()
	p.MAC = s.Tokens.Make("", p.scope(to)...)
	body, err := json.Marshal(p)
	return delivery.Message{Account: sub.Topic.Account, Region: sub.Topic.Region, Kind: Kind,
		Receiver: to, Order: m.Order, ID: m.ID, Body: body, Policy: policyOf(t, sub)}, err
}

// policyOf is how a subscription's messages are tried again. That of mails is AWS's: 50 times
// within six hours.
func policyOf(t *topic.Topic, sub *topic.Subscription) delivery.Policy {
	if !sub.Web() {
		return delivery.Policy{Retries: 50, AtMin: 2, AtMax: 38, Min: 10, Max: 600,
			Backoff: delivery.Exponential}
	}
	r := topic.EffectiveOf(t, sub).Retries
	return delivery.Policy{Retries: r.NumRetries, NoDelay: r.NumNoDelayRetries,
		AtMin: r.NumMinDelayRetries, AtMax: r.NumMaxDelayRetries, Min: r.MinDelayTarget,
		Max: r.MaxDelayTarget, Backoff: delivery.Backoff(r.BackoffFunction), Age: topic.Longest}
}

// Deliver implements [delivery.Receiver].
func (s *Sending) Deliver(ctx context.Context, d delivery.Message) error {
	p, err := s.open(d)
	if err != nil {
		return err
	}
	ref, err := topic.ReadSubscriptionARN(d.Receiver, d.Region)
	if err != nil {
		return delivery.ErrGone
	}
	sub, err := s.Rows.Subscription(ctx, ref)
	switch {
	case err != nil:
		return err
	case sub == nil:
		return delivery.ErrGone
	case sub.State != expected[p.Type]:
		return nil // it was confirmed or ended meanwhile, and nobody waits for this any more
	}
	t, err := s.Rows.Topic(ctx, ref.Topic)
	if err != nil {
		return err
	}
	if t == nil || t.ID != sub.TopicID {
		return delivery.ErrGone
	}
	m, err := s.message(ctx, t, p)
	if err != nil {
		return err
	}
	if sub.Web() {
		return s.post(ctx, t, sub, p, m)
	}
	return s.mail(ctx, t, sub, p, m)
}

// expected is the state in which a subscription gets something.
var expected = map[string]topic.State{
	notification.Notification:             topic.Confirmed,
	notification.SubscriptionConfirmation: topic.ToConfirm,
	notification.UnsubscribeConfirmation:  topic.Ended,
}

// errForged is what becomes of a delivery that this service has not made.
var errForged = errors.New("a delivery was changed outside the service: its MAC does not fit")

func (s *Sending) open(d delivery.Message) (*parcel, error) {
	p := new(parcel)
	err := json.Unmarshal(d.Body, p)
	if err == nil {
		_, err = s.Tokens.Read(p.MAC, p.scope(d.Receiver)...)
	}
	if err != nil {
		return nil, &delivery.Failure{Code: delivery.InternalError, Permanent: true,
			Text: "the message is not as it was published", Cause: errForged}
	}
	return p, nil
}

// message returns what was published.
func (s *Sending) message(ctx context.Context, t *topic.Topic, p *parcel) (*topic.Message, error) {
	clear := []byte(p.Clear)
	if p.Sealed != nil {
		var err error
		if clear, err = s.Open(ctx, t.Ref, *p.Sealed); err != nil {
			return nil, &delivery.Failure{Code: delivery.NoPermissions, Cause: err,
				Text: "the message could not be opened with the topic's KMS key"}
		}
	}
	m := new(topic.Message)
	return m, json.Unmarshal(clear, m)
}

// content is what a subscription gets, signed.
func (s *Sending) content(ctx context.Context, sub *topic.Subscription, p *parcel,
	m *topic.Message) (*notification.Content, error) {
	c := &notification.Content{Type: p.Type, MessageID: m.ID, Token: p.Token,
		TopicARN: sub.Topic.ARN(), Subject: m.Subject, Message: m.For(sub.Protocol),
		Published: time.UnixMilli(m.Published), SignatureVersion: m.Signature,
		Attributes: m.Attributes}
	if p.Type == notification.Notification {
		c.UnsubscribeURL = s.UnsubscribeURL(sub.SubscriptionRef)
	} else {
		c.SubscribeURL = s.SubscribeURL(sub.Topic, p.Token)
		c.Message = notification.TextOf(p.Type, sub.SubscriptionRef)
	}
	certificate, err := s.Certificate(ctx)
	if err != nil {
		return nil, err
	}
	c.SigningCertURL = s.URL + "/" + certificate.Name
	c.Signature, err = s.sign(ctx, c)
	return c, err
}
