package topics

import (
	"maps"
	"strconv"

	"claviger/internal/op"
	"claviger/topics/topic"
)

// GetTopicAttributesInput asks for all that is set of a topic.
type GetTopicAttributesInput struct {
	TopicArn string `shape:"topicARN,required"`
	op.ByShape
}

func (in GetTopicAttributesInput) topicARN() (member, arn string) { return "TopicArn", in.TopicArn }

// GetTopicAttributesOutput has texts, whatever they say.
type GetTopicAttributesOutput struct{ Attributes map[string]string }

func (s *Topics) getTopicAttributes(c *op.Call, _ GetTopicAttributesInput, t *topic.Topic) (
	out GetTopicAttributesOutput, err error) {
	text, err := s.policyOf(c, t)
	if err != nil {
		return out, err
	}
	n, err := s.rows.Count(t.Ref)
	if err != nil {
		return out, err
	}
	out.Attributes = map[string]string{
		"TopicArn":                t.ARN(),
		"Owner":                   t.Account,
		topic.PolicyAttribute:     text,
		topic.DisplayAttribute:    "",
		"EffectiveDeliveryPolicy": topic.Text(topic.EffectiveTopic(t)),
		"SubscriptionsConfirmed":  strconv.Itoa(n.Confirmed),
		"SubscriptionsPending":    strconv.Itoa(n.Pending),
		"SubscriptionsDeleted":    strconv.Itoa(n.Ended),
	}
	maps.Copy(out.Attributes, t.Attributes)
	return out, nil
}
