// Package rulerows is the rows of rules and of the tags of event buses: signed, cached by account
// and Region, and changed against the revision that was read.
package rulerows

import (
	"context"
	"errors"

	"claviger/events/rule"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/rowmac"
	"claviger/store"
)

// Rows are the rules of an installation as they rest.
type Rows struct {
	db     *store.DB
	signer *rowmac.Signer
	books  *domain.Cache[Place, *Book]
	buses  *domain.Cache[Place, *Bus]

	followers []Follower
}

// Place is an account in a Region.
type Place struct{ Account, Region string }

// Follower is told of every change of a rule before it is committed, and returns what belongs into
// the same transaction, or nil.
type Follower interface {
	Follow(c *op.Call, ch *Change) (domain.Change, error)
}

// New returns the rows of a database, signed by signer. The followers follow every change.
func New(db *store.DB, signer *rowmac.Signer, followers ...Follower) *Rows {
	return &Rows{db: db, signer: signer, followers: followers,
		books: domain.NewWeighedCache[Place](cachedBooks, cachedBytes, (*Book).weight),
		buses: domain.NewCache[Place, *Bus](cachedBooks, 0, nil)}
}

var ruleRows = rowmac.Declare("event_rules", func(r *rule.Rule) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("account", &r.Account),
		rowmac.Text("region", &r.Region),
		rowmac.Text("name", &r.Name),
		rowmac.Text("id", &r.ID),
		rowmac.Integer("rev", &r.Rev),
		rowmac.Text("pattern", &r.Pattern),
		rowmac.Text("schedule", &r.Schedule),
		rowmac.Text("state", &r.State),
		rowmac.Text("description", &r.Description),
		rowmac.Text("role_arn", &r.RoleARN),
		rowmac.Text("created_by", &r.CreatedBy),
		rowmac.Time("created", &r.Created),
		rowmac.JSON("tags", &r.Tags),
		rowmac.JSON("targets", &r.Targets),
	}
})

// ruleKey is how many columns say which rule a row is. The id is one of them: a name that was
// deleted and made again begins with revision 1 again, and is another rule.
const ruleKey = 4

var (
	qRules = store.SQL(`SELECT ` + ruleRows.Columns() + ` FROM event_rules
		WHERE account = $1 AND region = $2 ORDER BY name`)
	qCount = store.SQL(`SELECT count(*) FROM event_rules WHERE account = $1 AND region = $2`)

	qInsertRule = store.SQL(ruleRows.Insert())
	qUpdateRule = store.SQL(ruleRows.Update(ruleKey))
	qDeleteRule = store.SQL(`DELETE FROM event_rules
		WHERE account = $1 AND region = $2 AND name = $3 AND id = $4 AND rev = $5`)
)

// Change is a rule as it was and as it shall be.
type Change struct {
	Before *rule.Rule // nil for a new one
	After  *rule.Rule // nil for one that goes
}

// Ref is where the rule is.
func (ch *Change) Ref() rule.Ref {
	if ch.After == nil {
		return ch.Before.Ref
	}
	return ch.After.Ref
}

// Prepare signs the row of a change and returns what stores it, with what follows.
func (s *Rows) Prepare(c *op.Call, ch *Change) (domain.Change, error) {
	ref := ch.Ref()
	own, err := s.prepare(c, ch)
	if err != nil {
		return nil, err
	}
	changes := []domain.Change{own}
	for _, f := range s.followers {
		also, err := f.Follow(c, ch)
		if err != nil {
			return nil, err
		}
		changes = append(changes, also)
	}
	return domain.InOrder(append(changes, func(tx *store.Tx) error {
		s.books.Drop(tx, Place{ref.Account, ref.Region})
		return nil
	})...), nil
}

func (s *Rows) prepare(c *op.Call, ch *Change) (domain.Change, error) {
	if ch.After == nil {
		r := ch.Before
		return func(tx *store.Tx) error {
			return tx.Change(qDeleteRule, r.Account, r.Region, r.Name, r.ID, r.Rev)
		}, nil
	}
	values, err := ruleRows.Sign(c, s.signer, ch.After)
	if err != nil {
		return nil, err
	}
	if ch.Before == nil {
		return insert(ch.After.Ref, values), nil
	}
	args := rowmac.Over(values, ruleKey, ch.Before.Rev)
	return func(tx *store.Tx) error { return tx.Change(qUpdateRule, args...) }, nil
}

// insert stores a new rule. If there is one of that name meanwhile, or as many as there may be, the
// road looks again.
func insert(ref rule.Ref, values []any) domain.Change {
	return func(tx *store.Tx) error {
		if _, err := tx.Exec(qInsertRule, values...); err != nil {
			if errors.Is(err, store.Exists) {
				return store.Stale
			}
			return err
		}
		var n int64
		if err := tx.Row(qCount, []any{ref.Account, ref.Region}, &n); err != nil {
			return err
		}
		if n > rule.MostRules {
			return store.Stale
		}
		return nil
	}
}

// read reads all rules of an account and Region.
func (s *Rows) read(ctx context.Context, at Place) ([]*rule.Rule, error) {
	return ruleRows.Select(ctx, s.signer, s.db, qRules, at.Account, at.Region)
}
