package topics

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/topics/topic"
)

// ListSubscriptionsByTopicInput asks for a page of a topic's subscriptions.
type ListSubscriptionsByTopicInput struct {
	TopicArn  string  `shape:"topicARN,required"`
	NextToken *string `shape:"nextToken"`
	op.ByShape
}

func (in ListSubscriptionsByTopicInput) topicARN() (member, arn string) {
	return "TopicArn", in.TopicArn
}

// ListSubscriptionsByTopicOutput is a page, in no order that says anything.
type ListSubscriptionsByTopicOutput struct {
	Subscriptions []Subscription
	NextToken     string `json:",omitzero"`
}

func (s *Topics) listSubscriptionsByTopic(c *op.Call, in ListSubscriptionsByTopicInput,
	t *topic.Topic) (out ListSubscriptionsByTopicOutput, err error) {
	page, err := s.pages.Page(c, "ListSubscriptionsByTopic", t.ARN(), pageSize, in.NextToken)
	if err != nil {
		return out, err
	}
	subs, err := s.rows.OfTopic(c, t.Ref, page.After, pageSize+1)
	if err != nil {
		return out, err
	}
	subs, out.NextToken = domain.Cut(page, subs, func(sub *topic.Subscription) string {
		return sub.ID
	})
	out.Subscriptions = shown(subs)
	return out, nil
}
