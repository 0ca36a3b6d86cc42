package topics

import (
	"strings"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/topics/topic"
)

// expiry is the kind of the job by which a subscription goes that nobody has confirmed, or taken up
// again. Its subject is the topic's name and the subscription's id with a colon between.
const expiry = topic.Service + ":ExpireSubscription"

// expireInput names a subscription whose time may be over.
type expireInput struct {
	TopicArn        string `shape:"topicARN,required"`
	SubscriptionArn string `shape:"subscriptionARN,required"`
	op.ByShape
}

func (s *Topics) expireSubscription(c *op.Call, subject string) error {
	account, region := c.Namespace()
	name, id, _ := strings.Cut(subject, ":")
	ref := topic.SubscriptionRef{ID: id, Topic: topic.Ref{Account: account, Region: region,
		Name: name}}
	sub, err := s.rows.Subscription(c, ref)
	if err != nil || sub == nil || sub.State == topic.Confirmed {
		return err
	}
	if due := sub.Since.Add(topic.Pending); due.After(c.Time) {
		return domain.Later{Due: due}
	}
	_, err = op.AsService(c, topic.Service, account, s.expire, expireInput{
		TopicArn: ref.Topic.ARN(), SubscriptionArn: ref.ARN()})
	return err
}

func (s *Topics) findExpired(c *op.Call, in expireInput) (*subscribed, error) {
	ref, err := topic.ReadSubscriptionARN(in.SubscriptionArn, c.Region)
	if err != nil {
		return nil, err
	}
	return s.findSubscribed(c, "Unsubscribe", ref, in)
}

// deleteExpired deletes the subscription, if it still waits and its time is over.
func (s *Topics) deleteExpired(c *op.Call, _ expireInput, t *subscribed) (
	op.Commit[op.None], error) {
	if t.sub.State == topic.Confirmed || !c.Settled().Reached(t.sub.Since.Add(topic.Pending)) {
		return op.Unchanged(op.None{}), nil
	}
	return op.Apply(s.rows.RemoveSubscription(t.sub), op.None{}), nil
}
