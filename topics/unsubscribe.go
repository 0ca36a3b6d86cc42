package topics

import (
	"slices"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/topics/notification"
	"claviger/topics/snsfault"
	"claviger/topics/topic"
)

// UnsubscribeInput ends a subscription. One that isn't there is ended already.
type UnsubscribeInput struct {
	SubscriptionArn string `shape:"subscriptionARN,required"`
	op.ByShape
}

// leaving is who ends a subscription, and which.
type leaving struct {
	ref    topic.SubscriptionRef
	signed bool
}

// identifyLeaving takes whoever knows the subscription's id for somebody who was sent it: it is
// random and in each message. Of an id that there isn't a stranger learns nothing but that.
func (s *Topics) identifyLeaving(c *op.Call, in UnsubscribeInput) (
	_ policy.Caller, l leaving, err error) {
	l.signed = c.Caller.Type != ""
	if !l.signed {
		c.Region = topic.RegionOf(in.SubscriptionArn)
	}
	if l.ref, err = topic.ReadSubscriptionARN(in.SubscriptionArn, c.Region); err != nil {
		return c.Caller, l, err
	}
	if l.signed {
		return c.Caller, l, nil
	}
	if !slices.Contains(s.config.Regions, c.Region) {
		return c.Caller, l, snsfault.Invalid("SubscriptionArn")
	}
	sub, err := s.rows.Subscription(c, l.ref)
	switch {
	case err != nil:
		return c.Caller, l, err
	case sub == nil:
		return c.Caller, l, snsfault.NoSubscription
	case sub.Guarded:
		return c.Caller, l, snsfault.MustSign
	}
	return linked(l.ref.Topic.Account), l, nil
}

// left is a subscription that is to be ended.
type left struct {
	subscribed
	leaving leaving
}

// Demands implements [op.Target].
func (t left) Demands() []policy.Demand {
	if t.leaving.signed {
		return t.subscribed.Demands()
	}
	return []policy.Demand{{Action: topic.Prefix + t.action,
		Open: "the link was sent to whom the subscription is for"}}
}

// Missing implements [op.Target]: it may be absent.
func (t left) Missing() error { return t.unread }

// Changes implements [op.Changer]: also where no permission names the topic.
func (t left) Changes() []string { return []string{t.ARN()} }

func (s *Topics) findLeft(c *op.Call, in UnsubscribeInput, l leaving) (left, error) {
	t, err := s.findSubscribed(c, "Unsubscribe", l.ref, in)
	return left{*t, l}, err
}

func (s *Topics) unsubscribe(c *op.Call, _ UnsubscribeInput, t left) (op.Commit[op.None], error) {
	switch {
	case t.sub == nil, t.sub.State == topic.Ended && !t.leaving.signed:
		return op.Unchanged(op.None{}), nil
	case t.leaving.signed || t.sub.State == topic.ToConfirm || t.found == nil:
		return op.Apply(domain.InOrder(s.rows.RemoveSubscription(t.sub), s.stays(t.sub)),
			op.None{}), nil
	}
	// Whoever has followed the link may not have meant it, or not be whom it was sent to: for a while
	// the subscription can be taken up again.
	next := t.sub.Next(func(n *topic.Subscription) { n.State, n.Since = topic.Ended, c.Time })
	change, err := s.rows.UpdateSubscription(c, t.sub, next)
	if err != nil {
		return nil, err
	}
	d, err := s.confirmation(t.found, next, notification.UnsubscribeConfirmation, c.Time)
	if err != nil {
		return nil, err
	}
	return op.Apply(domain.InOrder(change, s.expires(next, c.Latest()),
		s.config.Queue.Offer(d)), op.None{}), nil
}
