// Package topics is Amazon SNS: topics, subscriptions that are confirmed by whom they reach, and
// messages that are posted to URLs and sent by mail.
//
// # How a message goes
//
// Publish looks which subscriptions want the message, and has it wait in the queue of deliveries
// for each of them, in one transaction with its record. From there package sending brings it to
// where the subscription says, signed, and the queue tries again what didn't get through.
//
// # Who may
//
// A topic has a policy, which lets in other accounts and services; within the account identity
// policies decide, as everywhere. A link in a message, to confirm a subscription or to end it,
// needs no signature: who has it was sent it.
//
// # Where to read
//
// operations.go is the table of contents, and each operation has a file of its name. Package topic
// is what a topic and a subscription are, topicrows their rows, notification what receivers get,
// sending how it reaches them, mail the mail server.
package topics

import (
	"context"
	"time"

	"claviger/internal/custody"
	"claviger/internal/delivery"
	"claviger/internal/domain"
	"claviger/internal/envelope"
	"claviger/internal/install"
	"claviger/internal/op"
	"claviger/internal/outbound"
	"claviger/store"
	"claviger/topics/mail"
	"claviger/topics/sending"
	"claviger/topics/snsfault"
	"claviger/topics/topic"
	"claviger/topics/topicrows"
)

// Queue has deliveries wait; *delivery.Queue does.
type Queue interface {
	// Offer returns the change that puts messages, or makes dead letters of those for which there is
	// no room.
	Offer(all ...delivery.Message) domain.Change
}

// Config is what topics are made of.
type Config struct {
	DB           *store.DB
	Installation *install.Installation
	Keys         envelope.Keys
	Jobs         domain.Scheduler
	Principals   domain.Principals  // whom policies of topics may name
	UnknownKeys  domain.UnknownKeys // of conditions in them
	Regions      []string           // that are served

	Queue  Queue
	Door   sending.Door // that subscriptions' URLs are called through
	Mail   *mail.Server // nil: there is none
	Device sending.Device
	// URL is what this service is reached at by receivers, without a slash at its end; empty: there
	// are no subscriptions.
	URL string
	// Own makes a call of the service's own, for work that nobody waits for.
	Own func(ctx context.Context, account, region string) *op.Call
	Now func() time.Time
}

// Topics performs the operations of SNS. [New] makes it.
type Topics struct {
	config  Config
	rows    *topicrows.Rows
	sending *sending.Sending
	pages   domain.Pager

	open    op.Query[openInput, openOutput]
	expire  op.Command[expireInput, op.None]
	publish op.Command[forServiceInput, PublishOutput]
}

// New returns the topics of one installation.
func New(c Config) *Topics {
	s := &Topics{config: c, rows: topicrows.New(c.DB, c.Installation.Rows),
		pages: domain.Pager{Tokens: c.Installation.Tokens, Invalid: snsfault.BadPage}}
	out := sending.Config{Rows: s.rows, Door: c.Door, Device: c.Device, Tokens: c.Installation.Tokens,
		Key: func(ctx context.Context) (custody.Material, error) {
			return c.Installation.Key(ctx, install.NotificationKey)
		},
		URL: c.URL, Open: s.openSealed, Now: c.Now}
	if c.Mail != nil {
		out.Mail = c.Mail
	}
	s.sending = sending.New(out)
	s.open = op.Read(routes.Internal("OpenMessage"), s.findOpen, s.openMessage)
	s.expire = op.Write(routes.Internal("DeleteSubscription"), s.findExpired, s.deleteExpired)
	s.publish = op.Write(routes.Internal("Publish"), s.findForService, s.publishForService)
	return s
}

// Receiver delivers to subscriptions; the queue knows it as [sending.Kind].
func (s *Topics) Receiver() delivery.Receiver { return s.sending }

// Jobs is the work that SNS puts off, by kind.
func (s *Topics) Jobs() map[string]domain.Job {
	return map[string]domain.Job{expiry: {Work: s.expireSubscription, Destructive: true}}
}

// Certificate returns the certificate by that name that messages are verified by, or nothing if it
// is another one.
func (s *Topics) Certificate(ctx context.Context, name string) ([]byte, error) {
	made, err := s.sending.Certificate(ctx)
	if err != nil || made.Name != name {
		return nil, err
	}
	return made.PEM, nil
}

var _ sending.Door = (*outbound.Door)(nil)

// allowed says whether a subscription may be made, as far as the configuration has a say in it.
func (s *Topics) allowed(protocol, endpoint string) error {
	switch {
	case s.config.URL == "":
		return snsfault.Invalid("Protocol Reason: the configuration of this service has no [sns] " +
			"url, which receivers confirm their subscriptions at")
	case protocol == topic.HTTP || protocol == topic.HTTPS:
		if err := s.config.Door.Check(endpoint); err != nil {
			return snsfault.Invalid("Endpoint Reason: %s", err).Because(err)
		}
	case s.config.Mail == nil:
		return snsfault.Invalid("Protocol Reason: the configuration of this service has no mail server")
	case !s.config.Mail.May(endpoint):
		return snsfault.Invalid("Endpoint Reason: the configuration of this service allows no mail " +
			"to this address")
	}
	return nil
}
