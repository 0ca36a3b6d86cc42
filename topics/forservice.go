package topics

import (
	"context"

	"claviger/internal/op"
	"claviger/policy"
	"claviger/topics/topic"

	"github.com/google/uuid"
)

// Published is a message that a service publishes to a topic: an event that a rule sends there.
type Published struct {
	Account, Region string // on whose behalf
	TopicARN        string
	Service         string // events, by its principal's name without .amazonaws.com
	Source          string // the ARN of the rule, which the topic's policy may turn on
	// ID names the message to who publishes it: if it comes again it has the same MessageId.
	ID    string
	Order string // what it is about, if its order matters; or nothing
	Text  string
}

// PublishFor publishes a message as a service, which the topic's policy has to let in: within the
// account, too. An error is final if its fault is of kind Denied, NotFound or Invalid.
func (s *Topics) PublishFor(ctx context.Context, p Published) error {
	c := s.config.Own(ctx, p.Account, p.Region)
	_, err := op.AsService(c, p.Service, p.Account, s.publish, forServiceInput{
		TopicArn: p.TopicARN, Message: p.Text, Source: p.Source, ID: p.ID, Order: p.Order})
	return err
}

// forServiceInput is [Published] on the road.
type forServiceInput struct {
	TopicArn string `shape:"topicARN,required"`
	Message  string `shape:"message,required"`
	Source   string `shape:"String"`
	ID       string `shape:"String"`
	Order    string `shape:"String"`
}

// Validate implements [op.Input].
func (in forServiceInput) Validate() error {
	_, err := published{message: in.Message}.read()
	return err
}

func (s *Topics) findForService(c *op.Call, in forServiceInput) (publishing, error) {
	ref, err := topic.ReadARN("TopicArn", in.TopicArn, c.Region)
	if err != nil {
		return publishing{}, err
	}
	t := s.find(c, "Publish", ref, in)
	t.byPolicy = true
	account := c.Caller.Account
	t.says = func(v policy.Values) {
		v["aws:SourceAccount"] = []string{account}
		if in.Source != "" {
			v["aws:SourceArn"] = []string{in.Source}
		}
	}
	return publishing{t}, nil
}

func (s *Topics) publishForService(c *op.Call, in forServiceInput, t publishing) (
	op.Commit[PublishOutput], error) {
	id := uuid.NewString()
	if in.ID != "" {
		id = uuid.NewSHA1(uuid.NameSpaceURL, []byte(t.ARN()+"\n"+in.Source+"\n"+in.ID)).String()
	}
	all, err := s.deliveries(c, t.found, in.Order, &topic.Message{ID: id, Text: in.Message})
	if err != nil {
		return nil, err
	}
	return op.Apply(s.config.Queue.Offer(all...), PublishOutput{MessageId: id}), nil
}
