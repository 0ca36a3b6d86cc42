package topics

import (
	"strings"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/topics/topic"
)

// ListSubscriptionsInput asks for a page of the subscriptions that the account has made.
type ListSubscriptionsInput struct {
	NextToken *string `shape:"nextToken"`
	op.ByShape
}

// ListSubscriptionsOutput is a page, in order of topic.
type ListSubscriptionsOutput struct {
	Subscriptions []Subscription
	NextToken     string `json:",omitzero"`
}

func (s *Topics) listSubscriptions(c *op.Call, in ListSubscriptionsInput, _ domain.Account) (
	out ListSubscriptionsOutput, err error) {
	page, err := s.pages.Page(c, "ListSubscriptions", "", pageSize, in.NextToken)
	if err != nil {
		return out, err
	}
	account, region := c.Namespace()
	subs, err := s.rows.Owned(c, account, region, placeOf(page.After), pageSize+1)
	if err != nil {
		return out, err
	}
	subs, out.NextToken = domain.Cut(page, subs, func(sub *topic.Subscription) string {
		return sub.Topic.Account + " " + sub.Topic.Name + " " + sub.ID
	})
	out.Subscriptions = shown(subs)
	return out, nil
}

// placeOf reads where a page ended.
func placeOf(after string) (ref topic.SubscriptionRef) {
	parts := strings.Split(after, " ")
	if len(parts) == 3 {
		ref.Topic.Account, ref.Topic.Name, ref.ID = parts[0], parts[1], parts[2]
	}
	return ref
}
