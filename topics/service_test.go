package topics_test

import (
	"context"
	"log/slog"
	"maps"
	"net/mail"
	"slices"
	"strings"
	"testing"

	"claviger/hsm/hsmtest"
	"claviger/internal/delivery"
	"claviger/internal/op"
	"claviger/internal/op/optest"
	"claviger/internal/outbound"
	"claviger/jobs"
	"claviger/keystore"
	"claviger/keystore/cryptoops"
	"claviger/topics"
	tmail "claviger/topics/mail"
	"claviger/topics/model"
	"claviger/topics/sending"
	"claviger/topics/topicstest"
)

const (
	account = optest.Account
	region  = optest.Region
	url     = "https://claviger.example.com"
	host    = "claviger.example.com"
	prefix  = "arn:aws:sns:" + region + ":" + account + ":"
)

// service is SNS and KMS on a true token and database, with a web and a mail server to send to.
type service struct {
	*optest.Asker
	optest.People
	*topics.Topics
	queue    *delivery.Queue
	receiver *topicstest.Receiver
	mails    *topicstest.MailServer
}

func start(t testing.TB) *service {
	t.Helper()
	s := &service{Asker: optest.NewAsker(t, model.SNS), receiver: topicstest.NewReceiver(t),
		mails: topicstest.NewMailServer(t, false)}
	s.Kit = optest.Start(t, hsmtest.SoftHSM(t), s.assemble)
	return s
}

func (s *service) assemble(k *optest.Kit) optest.Parts {
	t := k.Token
	keys := keystore.New(keystore.Config{DB: k.DB, Jobs: jobs.Queue{}, Installation: k.Installation,
		Principals: &s.People, Regions: []string{region}, Device: keystore.Device{Maker: t, Sealer: t,
			DataKeys: t, Residents: t, Imports: t,
			Crypto: cryptoops.Device{Random: t, Signer: t, Opener: t}}})
	receivers := map[string]delivery.Receiver{}
	var err error
	s.queue, err = delivery.Open(delivery.Config{DB: k.DB, Now: k.Clock.Now,
		Log: slog.New(slog.NewTextHandler(k.Log, nil)), Receivers: receivers})
	if err != nil {
		s.T.Fatal(err)
	}
	door, err := outbound.New([]outbound.Allowed{s.receiver.Allowed()})
	if err != nil {
		s.T.Fatal(err)
	}
	s.Topics = topics.New(topics.Config{DB: k.DB, Installation: k.Installation, Keys: keys,
		Jobs: jobs.Queue{}, Principals: &s.People, Regions: []string{region, "eu-central-1"},
		Queue: s.queue, Door: door, Mail: s.mailer(), Device: t, URL: url, Now: k.Clock.Now,
		Own: func(ctx context.Context, account, region string) *op.Call {
			return k.Runner.Own(ctx, account, region, model.SNS.Name)
		}})
	receivers[sending.Kind] = s.Receiver()
	due := keys.Jobs()
	maps.Copy(due, s.Topics.Jobs())
	return optest.Parts{Operations: slices.Concat(keys.Operations(), s.Topics.Operations()),
		Jobs: due}
}

func (s *service) mailer() *tmail.Server {
	return &tmail.Server{Address: s.mails.Address, Security: tmail.STARTTLS, Roots: s.mails.Roots,
		User: s.mails.User, Password: func() (string, error) { return s.mails.Password, nil },
		From:       mail.Address{Name: "Claviger", Address: "claviger@example.com"},
		Recipients: []string{"example.com", "one@example.org"}, Dial: s.mails.Dial}
}

// M is a request's document.
type M = optest.M

func must[O any](s *service, name string, in M) O {
	s.T.Helper()
	return optest.Must[O](s.Asker, name, in)
}

// deliver sends all that is due.
func (s *service) deliver() { s.queue.Settle(s.T.Context()) }

// topic makes a topic and returns its ARN.
func (s *service) topic(name string) string {
	s.T.Helper()
	return must[topics.CreateTopicOutput](s, "CreateTopic", M{"Name": name}).TopicArn
}

// subscribe subscribes something and confirms it by the token that was sent there.
func (s *service) subscribe(topic, protocol, endpoint string, attributes M) string {
	s.T.Helper()
	out := must[topics.SubscribeOutput](s, "Subscribe", M{"TopicArn": topic, "Protocol": protocol,
		"Endpoint": endpoint, "Attributes": attributes, "ReturnSubscriptionArn": true})
	s.confirm(topic)
	return out.SubscriptionArn
}

// confirm confirms the subscription whose request for it comes next.
func (s *service) confirm(topic string) string {
	s.T.Helper()
	s.deliver()
	return must[topics.ConfirmSubscriptionOutput](s, "ConfirmSubscription",
		M{"TopicArn": topic, "Token": s.token()}).SubscriptionArn
}

// token is the one that was sent last.
func (s *service) token() string {
	s.T.Helper()
	if all := s.receiver.All(); len(all) > 0 {
		return all[len(all)-1].Message(s.T).Token
	}
	all := s.mails.All()
	if len(all) == 0 {
		s.T.Fatalf("nothing was sent; the log says %s", s.Log)
	}
	_, _, text := all[len(all)-1].Read(s.T)
	_, token, _ := strings.Cut(text, "&Token=")
	token, _, _ = strings.Cut(token, "\n")
	return token
}

// verify verifies the signature of what was received.
func (s *service) verify(r topicstest.Received) {
	s.T.Helper()
	err := topicstest.Verify(r.Body, host, func(at string) ([]byte, error) {
		return s.Certificate(s.T.Context(), strings.TrimPrefix(at, url+"/"))
	})
	if err != nil {
		s.T.Errorf("the signature of %s: %v", r.Body, err)
	}
}

// attributes returns what is set of a topic or a subscription.
func (s *service) attributes(arn string) map[string]string {
	s.T.Helper()
	if strings.Count(arn, ":") == 5 {
		return must[topics.GetTopicAttributesOutput](s, "GetTopicAttributes",
			M{"TopicArn": arn}).Attributes
	}
	return must[topics.GetSubscriptionAttributesOutput](s, "GetSubscriptionAttributes",
		M{"SubscriptionArn": arn}).Attributes
}

// received is a document that came some other way.
func received(text string) topicstest.Received { return topicstest.Received{Body: text} }
