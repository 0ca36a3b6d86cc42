package topicrows

import (
	"context"

	"claviger/internal/domain"
	"claviger/internal/rowmac"
	"claviger/store"
	"claviger/topics/topic"
)

var subscriptionRows = rowmac.Declare("subscriptions",
	func(s *topic.Subscription) []rowmac.Column {
		return []rowmac.Column{
			rowmac.Text("account", &s.Topic.Account),
			rowmac.Text("region", &s.Topic.Region),
			rowmac.Text("topic", &s.Topic.Name),
			rowmac.Text("id", &s.ID),
			rowmac.Text("topic_id", &s.TopicID),
			rowmac.Integer("rev", &s.Rev),
			rowmac.Text("owner", &s.Owner),
			rowmac.Text("principal", &s.Principal),
			rowmac.Text("protocol", &s.Protocol),
			rowmac.Text("endpoint", &s.Endpoint),
			rowmac.Word("state", &s.State),
			rowmac.Time("since", &s.Since),
			rowmac.JSON("attributes", &s.Attributes),
			rowmac.Flag("authenticated", &s.Authenticated),
			rowmac.Flag("guarded", &s.Guarded),
		}
	})

const subscriptionKey = 4

var (
	qSubscription = store.SQL(`SELECT ` + subscriptionRows.Columns() + ` FROM subscriptions
		WHERE account = $1 AND region = $2 AND topic = $3 AND id = $4`)
	qByEndpoint = store.SQL(`SELECT ` + subscriptionRows.Columns() + ` FROM subscriptions
		WHERE account = $1 AND region = $2 AND topic = $3 AND protocol = $4 AND endpoint = $5`)
	qSubscriptions = store.SQL(`SELECT ` + subscriptionRows.Columns() + ` FROM subscriptions
		WHERE account = $1 AND region = $2 AND topic = $3 AND id > $4 AND state <> 'Deleted'
		ORDER BY id LIMIT $5`)
	qConfirmed = store.SQL(`SELECT ` + subscriptionRows.Columns() + ` FROM subscriptions
		WHERE account = $1 AND region = $2 AND topic = $3 AND state = 'Confirmed' ORDER BY id`)
	qOwned = store.Wide(`SELECT `+subscriptionRows.Columns()+` FROM subscriptions
		INDEXED BY subscriptions_by_owner
		WHERE owner = $1 AND region = $2 AND (account, topic, id) > ($3, $4, $5) AND state <> 'Deleted'
		ORDER BY account, topic, id LIMIT $6`, "an account may subscribe to topics of others")
	qCounts = store.SQL(`SELECT count(*) FILTER (WHERE state = 'Confirmed'),
		count(*) FILTER (WHERE state = 'PendingConfirmation'),
		count(*) FILTER (WHERE state = 'Deleted') FROM subscriptions
		WHERE account = $1 AND region = $2 AND topic = $3`)
	qInsertSubscription = store.SQL(subscriptionRows.Insert())
	qUpdateSubscription = store.SQL(subscriptionRows.Update(subscriptionKey))
	qDeleteSubscription = store.SQL(`DELETE FROM subscriptions
		WHERE account = $1 AND region = $2 AND topic = $3 AND id = $4 AND rev = $5`)
)

// Subscription reads and verifies a subscription. It is nil if there is none.
func (s *Rows) Subscription(ctx context.Context, ref topic.SubscriptionRef) (
	*topic.Subscription, error) {
	return s.one(ctx, qSubscription, ref.Topic, ref.ID)
}

// ByEndpoint reads the subscription of a topic by what it is of. It is nil if there is none.
func (s *Rows) ByEndpoint(ctx context.Context, t topic.Ref, protocol, endpoint string) (
	*topic.Subscription, error) {
	return s.one(ctx, qByEndpoint, t, protocol, endpoint)
}

func (s *Rows) one(ctx context.Context, q *store.Query, t topic.Ref, rest ...any) (
	*topic.Subscription, error) {
	sub, err := subscriptionRows.Load(ctx, s.signer, s.db, q,
		append([]any{t.Account, t.Region, t.Name}, rest...))
	if domain.IsNoRow(err) {
		return nil, nil
	}
	return sub, err
}

// OfTopic returns at most n subscriptions of a topic in order of id, from behind one on, without
// those that were ended.
func (s *Rows) OfTopic(ctx context.Context, t topic.Ref, after string, n int) (
	[]*topic.Subscription, error) {
	return subscriptionRows.Select(ctx, s.signer, s.db, qSubscriptions, t.Account, t.Region, t.Name,
		after, n)
}

// Confirmed returns all subscriptions that messages of a topic go to.
func (s *Rows) Confirmed(ctx context.Context, t topic.Ref) ([]*topic.Subscription, error) {
	return subscriptionRows.Select(ctx, s.signer, s.db, qConfirmed, t.Account, t.Region, t.Name)
}

// Owned returns at most n subscriptions that an account has made, in order of topic and id, from
// behind one on.
func (s *Rows) Owned(ctx context.Context, owner, region string, after topic.SubscriptionRef,
	n int) ([]*topic.Subscription, error) {
	return subscriptionRows.Select(ctx, s.signer, s.db, qOwned, owner, region, after.Topic.Account,
		after.Topic.Name, after.ID, n)
}

// Counts are how many subscriptions of each state a topic has.
type Counts struct{ Confirmed, Pending, Ended int }

// Count counts the subscriptions of a topic.
func (s *Rows) Count(t topic.Ref) (n Counts, err error) {
	err = s.db.Row(qCounts, []any{t.Account, t.Region, t.Name}, &n.Confirmed, &n.Pending, &n.Ended)
	return n, err
}

// InsertSubscription signs a new subscription and returns what stores it.
func (s *Rows) InsertSubscription(ctx context.Context, sub *topic.Subscription) (
	domain.Change, error) {
	values, err := subscriptionRows.Sign(ctx, s.signer, sub)
	if err != nil {
		return nil, err
	}
	return inserting(qInsertSubscription, values), nil
}

// UpdateSubscription signs a changed subscription and returns what stores it over the one that was
// read.
func (s *Rows) UpdateSubscription(ctx context.Context, from, to *topic.Subscription) (
	domain.Change, error) {
	values, err := subscriptionRows.Sign(ctx, s.signer, to)
	if err != nil {
		return nil, err
	}
	args := rowmac.Over(values, subscriptionKey, from.Rev)
	return func(tx *store.Tx) error { return tx.Change(qUpdateSubscription, args...) }, nil
}

// RemoveSubscription returns what deletes a subscription's row.
func (s *Rows) RemoveSubscription(sub *topic.Subscription) domain.Change {
	return func(tx *store.Tx) error {
		return tx.Change(qDeleteSubscription, sub.Topic.Account, sub.Topic.Region, sub.Topic.Name,
			sub.ID, sub.Rev)
	}
}
