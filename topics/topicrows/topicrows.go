// Package topicrows is the rows of topics and of their subscriptions: signed, and changed against
// the revision that was read.
package topicrows

import (
	"context"
	"errors"

	"claviger/internal/domain"
	"claviger/internal/pattern"
	"claviger/internal/rowmac"
	"claviger/policy"
	"claviger/store"
	"claviger/topics/topic"
)

// How much is kept that was compiled, by its text: a text has one meaning.
const (
	cachedRules   = 256
	cachedFilters = 1024
)

// Rows are the topics of an installation, as they rest.
type Rows struct {
	db      *store.DB
	signer  *rowmac.Signer
	rules   *domain.Cache[string, *policy.Rules]
	filters *domain.Cache[filterText, *pattern.Pattern]
}

// filterText is a filter policy and its scope.
type filterText struct{ text, scope string }

// New returns the rows of a database, signed by signer.
func New(db *store.DB, signer *rowmac.Signer) *Rows {
	return &Rows{db: db, signer: signer,
		rules:   domain.NewCache[string, *policy.Rules](cachedRules, 0, nil),
		filters: domain.NewCache[filterText, *pattern.Pattern](cachedFilters, 0, nil)}
}

var topicRows = rowmac.Declare("topics", func(t *topic.Topic) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("account", &t.Account),
		rowmac.Text("region", &t.Region),
		rowmac.Text("name", &t.Name),
		rowmac.Text("id", &t.ID),
		rowmac.Integer("rev", &t.Rev),
		rowmac.JSON("attributes", &t.Attributes),
		rowmac.Text("policy", &t.Policy),
		rowmac.JSON("tags", &t.Tags),
		rowmac.Time("created", &t.Created),
	}
})

// topicKey is how many columns say which topic a row is: one that was deleted and made again is
// another.
const topicKey = 4

var (
	qTopic = store.SQL(`SELECT ` + topicRows.Columns() + ` FROM topics
		WHERE account = $1 AND region = $2 AND name = $3`)
	qTopics = store.SQL(`SELECT name FROM topics
		WHERE account = $1 AND region = $2 AND name > $3 ORDER BY name LIMIT $4`)
	qInsertTopic = store.SQL(topicRows.Insert())
	qUpdateTopic = store.SQL(topicRows.Update(topicKey))
	qDeleteTopic = store.SQL(`DELETE FROM topics
		WHERE account = $1 AND region = $2 AND name = $3 AND id = $4 AND rev = $5`)
	qDeleteSubscriptions = store.SQL(`DELETE FROM subscriptions
		WHERE account = $1 AND region = $2 AND topic = $3`)
)

// Topic reads and verifies a topic with the rules of its policy. It is nil if there is none.
func (s *Rows) Topic(ctx context.Context, ref topic.Ref) (*topic.Topic, error) {
	t, err := topicRows.Load(ctx, s.signer, s.db, qTopic, []any{ref.Account, ref.Region, ref.Name})
	if domain.IsNoRow(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text := t.Policy
	if text == "" {
		text = topic.DefaultPolicy(ref)
	}
	t.Rules, err = s.rules.Get(text, func() (*policy.Rules, error) {
		if text == topic.Nobody {
			return &policy.Rules{Document: new(policy.Document)}, nil
		}
		return policy.CompileRules(text), nil
	})
	return t, err
}

// Names returns the names of at most n topics of an account, in order, from behind one on.
func (s *Rows) Names(account, region, after string, n int) (names []string, err error) {
	err = s.db.Rows(qTopics, []any{account, region, after, n}, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		names = append(names, name)
		return err
	})
	return names, err
}

// Insert signs a new topic and returns what stores it. If there is one of that name meanwhile, the
// road looks again.
func (s *Rows) Insert(ctx context.Context, t *topic.Topic) (domain.Change, error) {
	values, err := topicRows.Sign(ctx, s.signer, t)
	if err != nil {
		return nil, err
	}
	return inserting(qInsertTopic, values), nil
}

func inserting(q *store.Query, values []any) domain.Change {
	return func(tx *store.Tx) error {
		_, err := tx.Exec(q, values...)
		if errors.Is(err, store.Exists) {
			return store.Stale
		}
		return err
	}
}

// Update signs a changed topic and returns what stores it over the one that was read.
func (s *Rows) Update(ctx context.Context, from, to *topic.Topic) (domain.Change, error) {
	values, err := topicRows.Sign(ctx, s.signer, to)
	if err != nil {
		return nil, err
	}
	args := rowmac.Over(values, topicKey, from.Rev)
	return func(tx *store.Tx) error { return tx.Change(qUpdateTopic, args...) }, nil
}

// Remove returns what deletes a topic with all its subscriptions.
func (s *Rows) Remove(t *topic.Topic) domain.Change {
	return func(tx *store.Tx) error {
		if _, err := tx.Exec(qDeleteSubscriptions, t.Account, t.Region, t.Name); err != nil {
			return err
		}
		return tx.Change(qDeleteTopic, t.Account, t.Region, t.Name, t.ID, t.Rev)
	}
}

// Filter returns the compiled filter policy of a subscription, or nil where it has none. It was
// looked at before it was stored.
func (s *Rows) Filter(of *topic.Subscription) (*pattern.Pattern, error) {
	text := filterText{of.Attributes[topic.FilterAttribute], of.Scope()}
	if topic.IsNoFilter(text.text) {
		return nil, nil
	}
	return s.filters.Get(text, func() (*pattern.Pattern, error) {
		return topic.CompileFilter("", text.text, text.scope)
	})
}
