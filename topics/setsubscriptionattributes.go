package topics

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/topics/topic"
)

// SetSubscriptionAttributesInput sets an attribute of a subscription, or takes it away with an
// empty value.
type SetSubscriptionAttributesInput struct {
	SubscriptionArn string  `shape:"subscriptionARN,required"`
	AttributeName   string  `shape:"attributeName,required"`
	AttributeValue  *string `shape:"attributeValue"`
	op.ByShape
}

func (s *Topics) findChangedSubscription(c *op.Call, in SetSubscriptionAttributesInput) (
	*subscribed, error) {
	ref, err := topic.ReadSubscriptionARN(in.SubscriptionArn, c.Region)
	if err != nil {
		return nil, err
	}
	return s.findSubscribed(c, "SetSubscriptionAttributes", ref, in)
}

func (s *Topics) setSubscriptionAttributes(c *op.Call, in SetSubscriptionAttributesInput,
	t *subscribed) (op.Commit[op.None], error) {
	value := domain.Or(in.AttributeValue, "")
	err := topic.CheckSubscribed("", t.sub.Protocol, in.AttributeName, value)
	if err != nil {
		return nil, err
	}
	if in.AttributeName == topic.FilterAttribute && topic.IsNoFilter(value) ||
		in.AttributeName == "RedrivePolicy" {
		value = ""
	}
	if t.sub.Attributes[in.AttributeName] == value {
		return op.Unchanged(op.None{}), nil
	}
	next := t.sub.Next(func(n *topic.Subscription) {
		if value == "" {
			delete(n.Attributes, in.AttributeName)
			return
		}
		if n.Attributes == nil {
			n.Attributes = map[string]string{}
		}
		n.Attributes[in.AttributeName] = value
	})
	// A filter policy and its scope are set one after the other, and have to fit each other.
	if _, err := topic.CompileFilter("", next.Attributes[topic.FilterAttribute],
		next.Scope()); err != nil {
		return nil, err
	}
	return domain.Done(s.rows.UpdateSubscription(c, t.sub, next))
}
