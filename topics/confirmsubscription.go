package topics

import (
	"slices"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/topics/sending"
	"claviger/topics/snsfault"
	"claviger/topics/topic"
)

// ConfirmSubscriptionInput confirms a subscription. Its token is proof enough: a signature is
// needed only to have an end of the subscription need one.
type ConfirmSubscriptionInput struct {
	TopicArn string `shape:"topicARN,required"`
	Token    string `shape:"token,required"`

	AuthenticateOnUnsubscribe *string `shape:"authenticateOnUnsubscribe"`
	op.ByShape
}

// ConfirmSubscriptionOutput is the subscription, however often it is confirmed.
type ConfirmSubscriptionOutput struct{ SubscriptionArn string }

// linked is somebody who follows a link: whoever he is, he was sent it.
func linked(account string) policy.Caller {
	return policy.Caller{Type: policy.Anonymous, Account: account,
		PrincipalID: "ANONYMOUS_PRINCIPAL"}
}

// proof is what a link proves.
type proof struct {
	ref    topic.Ref
	token  sending.Confirmation
	signed bool // the caller is who signed
}

// identifyConfirming reads the token. Nothing else is asked for, so that a stranger learns of no
// topic.
func (s *Topics) identifyConfirming(c *op.Call, in ConfirmSubscriptionInput) (
	policy.Caller, proof, error) {
	p := proof{signed: c.Caller.Type != ""}
	if !p.signed {
		c.Region = topic.RegionOf(in.TopicArn)
	}
	var err error
	if p.ref, err = topic.ReadARN("TopicArn", in.TopicArn, c.Region); err != nil {
		return c.Caller, p, err
	}
	if !slices.Contains(s.config.Regions, c.Region) {
		return c.Caller, p, snsfault.Invalid("Topic")
	}
	if p.token, err = s.sending.ReadToken(p.ref, in.Token, c.Time); err != nil {
		return c.Caller, p, err
	}
	if p.signed {
		return c.Caller, p, nil
	}
	return linked(p.ref.Account), p, nil
}

// confirmed is a subscription that is confirmed by its token.
type confirmed struct {
	*target
	proof proof
	sub   *topic.Subscription // nil if there is none
}

// Demands implements [op.Target].
func (t confirmed) Demands() []policy.Demand {
	if t.proof.signed {
		return t.target.Demands()
	}
	return []policy.Demand{{Action: topic.Prefix + t.action,
		Open: "the token was sent to whom the subscription is for"}}
}

// Missing implements [op.Target].
func (t confirmed) Missing() error {
	if err := t.target.Missing(); err != nil {
		return err
	}
	if t.sub == nil {
		return snsfault.BadToken
	}
	return nil
}

// Changes implements [op.Changer]: also where no permission names the topic.
func (t confirmed) Changes() []string { return []string{t.ARN()} }

func (s *Topics) findConfirmed(c *op.Call, in ConfirmSubscriptionInput, p proof) (
	t confirmed, err error) {
	t = confirmed{target: s.find(c, "ConfirmSubscription", p.ref, in), proof: p}
	if t.found == nil || t.unread != nil {
		return t, nil
	}
	t.sub, err = s.rows.Subscription(c, topic.SubscriptionRef{Topic: p.ref, ID: p.token.ID})
	if t.sub != nil && t.sub.TopicID != t.found.ID {
		t.sub = nil
	}
	return t, err
}

func (s *Topics) confirmSubscription(c *op.Call, in ConfirmSubscriptionInput, t confirmed) (
	op.Commit[ConfirmSubscriptionOutput], error) {
	guarded := domain.Or(in.AuthenticateOnUnsubscribe, "") == "true"
	if guarded && !t.proof.signed {
		return nil, snsfault.MustSign
	}
	out := ConfirmSubscriptionOutput{t.sub.ARN()}
	switch {
	case t.sub.State == topic.Confirmed:
		return op.Unchanged(out), nil
	case t.sub.State == topic.Ended && (!t.proof.token.Restore ||
		t.proof.token.Made.Before(t.sub.Since)):
		return nil, snsfault.BadToken // that is of the time before the subscription was ended
	}
	change, err := s.rows.UpdateSubscription(c, t.sub, t.sub.Next(func(n *topic.Subscription) {
		n.State, n.Since = topic.Confirmed, c.Time
		n.Authenticated, n.Guarded = t.proof.signed, guarded
	}))
	if err != nil {
		return nil, err
	}
	return op.Apply(domain.InOrder(change, s.stays(t.sub)), out), nil
}
