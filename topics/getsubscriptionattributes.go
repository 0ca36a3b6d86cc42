package topics

import (
	"maps"
	"strconv"

	"claviger/internal/op"
	"claviger/topics/topic"
)

// GetSubscriptionAttributesInput asks for all that is set of a subscription.
type GetSubscriptionAttributesInput struct {
	SubscriptionArn string `shape:"subscriptionARN,required"`
	op.ByShape
}

// GetSubscriptionAttributesOutput has texts, whatever they say.
type GetSubscriptionAttributesOutput struct{ Attributes map[string]string }

func (s *Topics) findReadSubscription(c *op.Call, in GetSubscriptionAttributesInput) (
	*subscribed, error) {
	ref, err := topic.ReadSubscriptionARN(in.SubscriptionArn, c.Region)
	if err != nil {
		return nil, err
	}
	return s.findSubscribed(c, "GetSubscriptionAttributes", ref, in)
}

func (s *Topics) getSubscriptionAttributes(_ *op.Call, _ GetSubscriptionAttributesInput,
	t *subscribed) (out GetSubscriptionAttributesOutput, err error) {
	sub := t.sub
	out.Attributes = map[string]string{
		"SubscriptionArn":              sub.ARN(),
		"TopicArn":                     sub.Topic.ARN(),
		"Protocol":                     sub.Protocol,
		"Endpoint":                     sub.Endpoint,
		"Owner":                        sub.Owner,
		"SubscriptionPrincipal":        sub.Principal,
		"ConfirmationWasAuthenticated": strconv.FormatBool(sub.Authenticated),
		"PendingConfirmation":          strconv.FormatBool(sub.State == topic.ToConfirm),
		topic.RawAttribute:             "false",
	}
	maps.Copy(out.Attributes, sub.Attributes)
	if sub.Attributes[topic.FilterAttribute] == "" {
		delete(out.Attributes, topic.ScopeAttribute) // it is about nothing
	} else {
		out.Attributes[topic.ScopeAttribute] = sub.Scope()
	}
	if sub.Web() && t.found != nil {
		out.Attributes["EffectiveDeliveryPolicy"] = topic.Text(topic.EffectiveOf(t.found, sub))
	}
	return out, nil
}
