package topics

import (
	"maps"
	"slices"
	"time"

	"claviger/internal/delivery"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/store"
	"claviger/topics/notification"
	"claviger/topics/sending"
	"claviger/topics/snsfault"
	"claviger/topics/topic"

	"github.com/google/uuid"
)

// SubscribeInput subscribes a URL or a mail address to a topic. It is sent a request to confirm.
type SubscribeInput struct {
	TopicArn   string            `shape:"topicARN,required"`
	Protocol   string            `shape:"protocol,required"`
	Endpoint   *string           `shape:"endpoint"`
	Attributes map[string]string `shape:"SubscriptionAttributesMap"`

	ReturnSubscriptionArn *bool `shape:"boolean"`
}

// Validate implements [op.Input].
func (in SubscribeInput) Validate() error {
	err := topic.CheckEndpoint(in.Protocol, domain.Or(in.Endpoint, ""))
	if err != nil {
		return err
	}
	return checkSubscribed("Attributes Reason: ", in.Protocol, in.Attributes)
}

// checkSubscribed holds the attributes of a subscription to their rules, filter policies included.
func checkSubscribed(at, protocol string, all map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if err := topic.CheckSubscribed(at, protocol, name, all[name]); err != nil {
			return err
		}
	}
	_, err := topic.CompileFilter(at, all[topic.FilterAttribute], all[topic.ScopeAttribute])
	return err
}

func (in SubscribeInput) topicARN() (member, arn string) { return "TopicArn", in.TopicArn }

// Conditions implements [domain.Conditional].
func (in SubscribeInput) Conditions(v policy.Values) {
	v[protocolKey] = []string{in.Protocol}
	domain.SetText(v, endpointKey, in.Endpoint)
}

// SubscribeOutput has the subscription's ARN, if it is confirmed or was asked for.
type SubscribeOutput struct{ SubscriptionArn string }

func (s *Topics) findSubscribe(c *op.Call, in SubscribeInput) (*target, error) {
	return finding[SubscribeInput](s, "Subscribe")(c, in)
}

func (s *Topics) subscribe(c *op.Call, in SubscribeInput, t *target) (
	op.Commit[SubscribeOutput], error) {
	endpoint := domain.Or(in.Endpoint, "")
	if err := s.allowed(in.Protocol, endpoint); err != nil {
		return nil, err
	}
	there, err := s.rows.ByEndpoint(c, t.Ref, in.Protocol, endpoint)
	if err != nil {
		return nil, err
	}
	if there != nil && there.State != topic.Ended {
		return s.subscribedAlready(c, in, t.found, there)
	}
	n, err := s.rows.Count(t.Ref)
	if err != nil {
		return nil, err
	}
	if n.Confirmed+n.Pending >= topic.MostSubscriptions {
		return nil, snsfault.TooManySubscriptions
	}
	sub := &topic.Subscription{
		SubscriptionRef: topic.SubscriptionRef{Topic: t.Ref, ID: uuid.NewString()},
		TopicID:         t.found.ID, Rev: 1, Owner: c.Caller.Account, Principal: c.Caller.Name(),
		Protocol: in.Protocol, Endpoint: endpoint, State: topic.ToConfirm, Since: c.Time,
		Attributes: kept(in.Attributes)}
	change, err := s.rows.InsertSubscription(c, sub)
	if err != nil {
		return nil, err
	}
	if there != nil {
		change = domain.InOrder(s.rows.RemoveSubscription(there), change)
	}
	return s.asked(c, in, t.found, sub, domain.InOrder(change, s.expires(sub, c.Latest())))
}

// kept are attributes as they rest: a filter policy that is none isn't there.
func kept(given map[string]string) map[string]string {
	all := map[string]string{}
	for name, value := range given {
		if value != "" && !(name == topic.FilterAttribute && topic.IsNoFilter(value)) &&
			name != "RedrivePolicy" {
			all[name] = value
		}
	}
	return all
}

// subscribedAlready answers the subscription that there is, if it is as asked for. One that is
// still to be confirmed is asked once more.
func (s *Topics) subscribedAlready(c *op.Call, in SubscribeInput, t *topic.Topic,
	there *topic.Subscription) (op.Commit[SubscribeOutput], error) {
	if len(in.Attributes) > 0 && !maps.Equal(kept(in.Attributes), there.Attributes) {
		return nil, snsfault.OtherSubscribed
	}
	if there.State == topic.ToConfirm {
		return s.asked(c, in, t, there, nil)
	}
	return op.Unchanged(SubscribeOutput{there.ARN()}), nil
}

// asked is the commit of a change with which a subscription is asked to be confirmed.
func (s *Topics) asked(c *op.Call, in SubscribeInput, t *topic.Topic, sub *topic.Subscription,
	change domain.Change) (op.Commit[SubscribeOutput], error) {
	d, err := s.confirmation(t, sub, notification.SubscriptionConfirmation, c.Time)
	if err != nil {
		return nil, err
	}
	out := SubscribeOutput{"pending confirmation"}
	if domain.Or(in.ReturnSubscriptionArn, false) {
		out.SubscriptionArn = sub.ARN()
	}
	return op.Apply(domain.InOrder(change, s.config.Queue.Offer(d)), out), nil
}

// confirmation is what asks whether a subscription is wanted, or still is.
func (s *Topics) confirmation(t *topic.Topic, sub *topic.Subscription, kind string,
	now time.Time) (delivery.Message, error) {
	m := &topic.Message{ID: uuid.NewString(), Published: now.UnixMilli(),
		Signature: t.SignatureVersion()}
	return s.sending.Delivery(t, sub, sending.Outgoing{Message: m, Type: kind,
		Token: s.sending.Token(sub, now)})
}

// expires has a subscription go that is still in its state after [topic.Pending].
func (s *Topics) expires(sub *topic.Subscription, since time.Time) domain.Change {
	return func(tx *store.Tx) error {
		return s.config.Jobs.Schedule(tx, expiry, sub.Topic.Account, sub.Topic.Region,
			sub.Topic.Name+":"+sub.ID, since.Add(topic.Pending))
	}
}

// stays takes that back.
func (s *Topics) stays(sub *topic.Subscription) domain.Change {
	return func(tx *store.Tx) error {
		return s.config.Jobs.Cancel(tx, expiry, sub.Topic.Account, sub.Topic.Region,
			sub.Topic.Name+":"+sub.ID)
	}
}
