// Package parameterrows is the rows of parameters and of their versions: signed, cached, and
// changed against the revision that was read.
package parameterrows

import (
	"context"
	"errors"
	"slices"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/rowmac"
	"claviger/parameters/parameter"
	"claviger/parameters/policies"
	"claviger/policy"
	"claviger/store"
)

// Rows are the parameters of an installation with their versions, as they rest.
type Rows struct {
	db       *store.DB
	signer   *rowmac.Signer
	cache    *domain.Cache[parameter.Ref, *Entry]
	rules    *domain.Cache[string, *policy.Rules] // by the text of the policy
	settings *domain.Cache[settingRef, *Setting]

	followers []Follower
	watchers  domain.Watchers[watched]
}

// New returns the rows of a database, signed by signer. The followers follow every change.
func New(db *store.DB, signer *rowmac.Signer, followers ...Follower) *Rows {
	return &Rows{db: db, signer: signer, followers: followers,
		cache:    domain.NewCache[parameter.Ref](cachedParameters, keptBytes, (*Entry).weight),
		rules:    domain.NewCache[string, *policy.Rules](cachedRules, 0, nil),
		settings: domain.NewCache[settingRef, *Setting](cachedSettings, 0, nil)}
}

// factColumns are the columns of what a version says.
func factColumns(f *parameter.Facts) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Integer("version", &f.Version),
		rowmac.Text("type", &f.Type),
		rowmac.Text("tier", &f.Tier),
		rowmac.Text("key_id", &f.KeyID),
		rowmac.Text("description", &f.Description),
		rowmac.Text("pattern", &f.AllowedPattern),
		rowmac.Text("data_type", &f.DataType),
		rowmac.JSON("policies", &f.Policies),
		rowmac.Time("modified", &f.Modified),
		rowmac.Text("user", &f.User),
	}
}

// placeColumns are the columns that say where a parameter is, and which of those that had its name.
func placeColumns(r *parameter.Ref, id *string) []rowmac.Column {
	return []rowmac.Column{rowmac.Text("account", &r.Account), rowmac.Text("region", &r.Region),
		rowmac.Text("name", &r.Name), rowmac.Text("id", id)}
}

var parameterRows = rowmac.Declare("parameters", func(p *parameter.Parameter) []rowmac.Column {
	own := []rowmac.Column{
		rowmac.Integer("rev", &p.Rev),
		rowmac.Text("parent", &p.Parent),
		rowmac.Flag("bare", &p.Bare),
		rowmac.JSON("tags", &p.Tags),
		rowmac.JSON("labels", &p.Labels),
		rowmac.Integer("oldest", &p.Oldest),
		rowmac.Time("created", &p.Created),
		rowmac.JSON("sharing", &p.Sharing),
	}
	return slices.Concat(placeColumns(&p.Ref, &p.ID), own, factColumns(&p.Facts))
})

// parameterKey is how many columns say which parameter a row is. The id is one of them: a name that
// was deleted and made again begins with revision 1 again, and is another parameter.
const parameterKey = 4

var (
	qParameter = store.SQL(`SELECT ` + parameterRows.Columns() + ` FROM parameters
		WHERE account = $1 AND region = $2 AND name = $3`)
	qInsertParameter = store.SQL(parameterRows.Insert())
	qUpdateParameter = store.SQL(parameterRows.Update(parameterKey))
	qDeleteParameter = store.SQL(`DELETE FROM parameters
		WHERE account = $1 AND region = $2 AND name = $3 AND id = $4 AND rev = $5`)
)

// Parameter reads and verifies a parameter with the rules of its policy, or returns [store.NoRow].
func (s *Rows) Parameter(ctx context.Context, ref parameter.Ref) (*parameter.Parameter, error) {
	p, err := parameterRows.Load(ctx, s.signer, s.db, qParameter,
		[]any{ref.Account, ref.Region, ref.Name})
	if err != nil {
		return nil, err
	}
	p.Rules, err = s.rulesOf(p.Sharing)
	return p, err
}

// rulesOf compiles a resource policy, or returns nil where there is none.
func (s *Rows) rulesOf(sharing parameter.Sharing) (*policy.Rules, error) {
	if !sharing.There() {
		return nil, nil
	}
	return s.rules.Get(sharing.Policy, func() (*policy.Rules, error) {
		return policy.CompileRules(sharing.Policy), nil
	})
}

// Change is a parameter as it was and as it shall be.
type Change struct {
	Before  *parameter.Parameter // nil for a new one
	After   *parameter.Parameter // nil for one that goes, with all its versions
	Added   *parameter.Version   // or nil
	Removed int64                // the version that goes, or 0
	Acted   []policies.Action    // what parameter policies have asked for, and the change does
}

// parameter is the parameter that the change is of.
func (ch *Change) parameter() *parameter.Parameter {
	if ch.After == nil {
		return ch.Before
	}
	return ch.After
}

// Prepare signs the rows of a change and returns what stores them: the parameter's own row first,
// because it is the fence.
func (s *Rows) Prepare(c *op.Call, ch *Change) (domain.Change, error) {
	own, err := s.prepareParameter(c, ch)
	if err != nil {
		return nil, err
	}
	added, err := s.prepareVersion(c, ch.Added)
	if err != nil {
		return nil, err
	}
	followed, err := s.follow(c, ch)
	if err != nil {
		return nil, err
	}
	return domain.InOrder(s.forget(ch.parameter().Ref), own, added, removeVersion(ch), count(ch),
		followed), nil
}

func (s *Rows) prepareParameter(c *op.Call, ch *Change) (domain.Change, error) {
	if ch.After == nil {
		return remove(ch.Before), nil
	}
	values, err := parameterRows.Sign(c, s.signer, ch.After)
	if err != nil {
		return nil, err
	}
	if ch.Before == nil {
		return insert(values), nil
	}
	args := rowmac.Over(values, parameterKey, ch.Before.Rev)
	return func(tx *store.Tx) error { return tx.Change(qUpdateParameter, args...) }, nil
}

// insert stores a new parameter. If there is one of that name meanwhile, the road looks again.
func insert(values []any) domain.Change {
	return func(tx *store.Tx) error {
		_, err := tx.Exec(qInsertParameter, values...)
		if errors.Is(err, store.Exists) {
			return store.Stale
		}
		return err
	}
}

// remove deletes a parameter with all its versions, which refer to its row.
func remove(p *parameter.Parameter) domain.Change {
	return func(tx *store.Tx) error {
		if _, err := tx.Exec(qDeleteVersions, p.Account, p.Region, p.Name); err != nil {
			return err
		}
		return tx.Change(qDeleteParameter, p.Account, p.Region, p.Name, p.ID, p.Rev)
	}
}

// forget drops a parameter from the cache once the change is committed, and tells those who wait
// for that.
func (s *Rows) forget(ref parameter.Ref) domain.Change {
	return func(tx *store.Tx) error {
		s.cache.Drop(tx, ref)
		s.watchers.Wake(tx, watchedBy(ref)...)
		return nil
	}
}
