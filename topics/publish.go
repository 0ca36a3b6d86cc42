package topics

import (
	"claviger/internal/delivery"
	"claviger/internal/domain"
	"claviger/internal/envelope"
	"claviger/internal/op"
	"claviger/topics/notification"
	"claviger/topics/sending"
	"claviger/topics/snsfault"
	"claviger/topics/topic"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
)

// PublishInput sends a message to all who subscribe to a topic.
type PublishInput struct {
	TopicArn         *string `shape:"topicARN"` // this, or
	TargetArn        *string `shape:"String"`   // this
	PhoneNumber      *string `shape:"PhoneNumber"`
	Message          string  `shape:"message,required"`
	Subject          *string `shape:"subject"`
	MessageStructure *string `shape:"messageStructure"`

	MessageAttributes map[string]topic.MessageAttributeValue `shape:"MessageAttributeMap" query:"Name"`

	MessageDeduplicationId *string `shape:"String"`
	MessageGroupId         *string `shape:"String"`
}

// Validate implements [op.Input].
func (in PublishInput) Validate() error {
	switch {
	case in.PhoneNumber != nil:
		return snsfault.Invalid("PhoneNumber Reason: text messages are not supported by this service")
	case in.TopicArn == nil && in.TargetArn == nil:
		return snsfault.Invalid("TopicArn or TargetArn Reason: no value for required parameter")
	case in.TopicArn != nil && in.TargetArn != nil:
		return snsfault.Invalid("TargetArn Reason: TopicArn and TargetArn can't both be given")
	}
	_, err := in.published().read()
	return err
}

func (in PublishInput) published() published {
	return published{in.Message, in.Subject, in.MessageStructure, in.MessageAttributes,
		in.MessageDeduplicationId, in.MessageGroupId}
}

// PublishOutput names the message.
type PublishOutput struct {
	MessageId      string
	SequenceNumber *string `json:",omitzero"` // never there: the topic is no FIFO topic
}

// published is what a request says of one message.
type published struct {
	message            string
	subject            *string
	structure          *string
	attributes         map[string]topic.MessageAttributeValue
	deduplicate, group *string
}

// read holds the message to AWS's rules.
func (p published) read() (*topic.Message, error) {
	switch {
	case p.message == "":
		return nil, snsfault.Invalid("Empty message")
	case topic.Size(p.message, p.attributes) > topic.MostMessage:
		return nil, snsfault.Invalid("Message too long")
	case p.deduplicate != nil:
		return nil, snsfault.Invalid("MessageDeduplicationId Reason: The request includes " +
			"MessageDeduplicationId parameter that is not valid for this topic type")
	}
	if err := topic.CheckSubject(p.subject); err != nil {
		return nil, err
	}
	text, by, err := topic.ReadStructure(p.structure, p.message)
	if err != nil {
		return nil, err
	}
	attributes, err := topic.ReadAttributes(p.attributes)
	if err != nil {
		return nil, err
	}
	return &topic.Message{Subject: p.subject, Text: text, By: by, Attributes: attributes}, nil
}

// publishing is a topic that something is published to. Nobody waits for others who do: what is
// changed are deliveries, which are new.
type publishing struct{ *target }

// Changes implements [op.Changer].
func (publishing) Changes() []string { return nil }

func (s *Topics) findPublish(c *op.Call, in PublishInput) (publishing, error) {
	member, arn := "TopicArn", domain.Or(in.TopicArn, "")
	if in.TargetArn != nil {
		member, arn = "TargetArn", *in.TargetArn
	}
	ref, err := topic.ReadARN(member, arn, c.Region)
	if err != nil && in.TargetArn != nil && domain.IsAccount(accountOf(arn)) {
		err = snsfault.Invalid(
			"TargetArn Reason: No endpoint found for the target arn specified")
	}
	if err != nil {
		return publishing{}, err
	}
	return publishing{s.find(c, "Publish", ref, in)}, nil
}

// accountOf returns the account in an ARN of whatever it is.
func accountOf(arn string) string {
	a, _ := domain.ParseARN(arn)
	return a.Account
}

func (s *Topics) publishOne(c *op.Call, in PublishInput, t publishing) (
	op.Commit[PublishOutput], error) {
	m, err := in.published().read()
	if err != nil {
		return nil, err
	}
	m.ID = uuid.NewString()
	all, err := s.deliveries(c, t.found, domain.Or(in.MessageGroupId, ""), m)
	if err != nil {
		return nil, err
	}
	return op.Apply(s.config.Queue.Offer(all...), PublishOutput{MessageId: m.ID}), nil
}

// deliveries are what a message becomes: one for each subscription that wants it.
func (s *Topics) deliveries(c *op.Call, t *topic.Topic, order string, m *topic.Message) (
	all []delivery.Message, err error) {
	m.Published, m.Signature = c.Time.UnixMilli(), t.SignatureVersion()
	subs, err := s.wanting(c, t, m)
	if err != nil {
		return nil, err
	}
	out := sending.Outgoing{Message: m, Type: notification.Notification, Order: order}
	if out.Sealed, err = s.seal(c, t, m); err != nil {
		return nil, err
	}
	for _, sub := range subs {
		d, err := s.sending.Delivery(t, sub, out)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// wanting are the subscriptions whose filter policies let a message through.
func (s *Topics) wanting(c *op.Call, t *topic.Topic, m *topic.Message) (
	wanting []*topic.Subscription, err error) {
	all, err := s.rows.Confirmed(c, t.Ref)
	if err != nil {
		return nil, err
	}
	event := m.Event()
	for _, sub := range all {
		filter, err := s.rows.Filter(sub)
		if err != nil {
			return nil, err
		}
		if sub.TopicID == t.ID && sub.Wants(filter, event, m.For(sub.Protocol)) {
			wanting = append(wanting, sub)
		}
	}
	return wanting, nil
}

// seal seals a message of an encrypted topic, as who publishes it.
func (s *Topics) seal(c *op.Call, t *topic.Topic, m *topic.Message) (*envelope.Envelope, error) {
	if t.Key() == "" {
		return nil, nil
	}
	clear, err := json.Marshal(m, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	e, err := s.config.Keys.Seal(c, topic.Service, t.Key(), contextOf(t.Ref), clear)
	if err != nil {
		return nil, snsfault.OfKey(err)
	}
	return &e, nil
}

// contextOf is the encryption context of a topic's messages.
func contextOf(ref topic.Ref) map[string]string {
	return map[string]string{"aws:sns:topicArn": ref.ARN()}
}
