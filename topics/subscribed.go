package topics

import (
	"claviger/internal/op"
	"claviger/policy"
	"claviger/topics/snsfault"
	"claviger/topics/topic"
)

// subscribed is a subscription that an operation touches, there or not. What is demanded is on its
// topic: policies know no subscriptions.
type subscribed struct {
	*target
	ref topic.SubscriptionRef
	sub *topic.Subscription // nil if there is none
	own bool                // it is the caller's, though the topic may be another account's
}

// Demands implements [op.Target]. The account that has subscribed may do with its subscription what
// the topic's account may.
func (t *subscribed) Demands() []policy.Demand {
	d := t.demand()
	d.Resource.Also = t.ref.ARN()
	if t.own {
		d.Resource.Account = t.sub.Owner
	}
	return []policy.Demand{d}
}

// Missing implements [op.Target].
func (t *subscribed) Missing() error {
	switch {
	case t.unread != nil:
		return t.unread
	case t.sub == nil || t.sub.State == topic.Ended:
		return snsfault.NoSubscription
	}
	return nil
}

// findSubscribed looks for a subscription.
func (s *Topics) findSubscribed(c *op.Call, operation string, ref topic.SubscriptionRef,
	in op.Input) (*subscribed, error) {
	t := &subscribed{target: s.find(c, operation, ref.Topic, in), ref: ref}
	if t.unread != nil {
		return t, nil
	}
	t.sub, t.unread = s.rows.Subscription(c, ref)
	t.own = t.sub != nil && t.sub.Owner == c.Caller.Account
	return t, nil
}

// Subscription is a subscription in a list.
type Subscription struct {
	SubscriptionArn string
	Owner           string
	Protocol        string
	Endpoint        string
	TopicArn        string
}

func shown(subs []*topic.Subscription) []Subscription {
	all := []Subscription{}
	for _, s := range subs {
		all = append(all, Subscription{SubscriptionArn: s.Shown(), Owner: s.Owner,
			Protocol: s.Protocol, Endpoint: s.Endpoint, TopicArn: s.Topic.ARN()})
	}
	return all
}
