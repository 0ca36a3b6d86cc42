// Package secretrows is the rows of secrets and of their versions: signed, cached, and changed
// against the revision that was read.
package secretrows

import (
	"context"
	"errors"
	"strings"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/outbox"
	"claviger/internal/rowmac"
	"claviger/policy"
	"claviger/secrets/events"
	"claviger/secrets/secret"
	"claviger/store"
)

// Rows are the secrets of an installation with their versions, as they rest.
type Rows struct {
	db     *store.DB
	signer *rowmac.Signer
	cache  *domain.Cache[secret.Ref, *Entry]
	rules  *domain.Cache[string, *policy.Rules] // by the text of the policy
	reads  reads
	copies Follower

	watchers domain.Watchers[secret.Ref]
}

// Follower is told of every change of a secret before it is committed.
type Follower interface {
	// Follow returns what belongs into the transaction of the change that makes the secret what it
	// is here: that copies of it are to be changed, too.
	Follow(c *op.Call, s *secret.Secret) domain.Change
}

// New returns the rows of a database, signed by signer. Copies follow every change.
func New(db *store.DB, signer *rowmac.Signer, copies Follower) *Rows {
	return &Rows{db: db, signer: signer, copies: copies,
		cache: domain.NewCache[secret.Ref](cachedSecrets, keptBytes, (*Entry).weight),
		rules: domain.NewCache[string, *policy.Rules](cachedRules, 0, nil)}
}

// secretRows signs every column of a secret but the day of the last access: that is bookkeeping,
// written without the token.
var secretRows = rowmac.Declare("secrets", func(s *secret.Secret) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("account", &s.Account),
		rowmac.Text("region", &s.Region),
		rowmac.Text("name", &s.Name),
		rowmac.Text("suffix", &s.Suffix),
		rowmac.Integer("rev", &s.Rev),
		rowmac.Text("description", &s.Description),
		rowmac.Text("token", &s.Token),
		rowmac.Text("key_id", &s.KeyID),
		rowmac.JSON("tags", &s.Tags),
		rowmac.Flag("tagged", &s.Tagged),
		rowmac.Text("policy", &s.Policy),
		rowmac.JSON("stages", &s.Stages),
		rowmac.Text("type", &s.Type),
		rowmac.Text("owner", &s.Owner),
		rowmac.JSON("rotation", &s.Rotation),
		rowmac.Text("primary_region", &s.PrimaryRegion),
		rowmac.Integer("primary_rev", &s.PrimaryRev),
		rowmac.JSON("replicas", &s.Replicas),
		rowmac.Time("created", &s.Created),
		rowmac.Time("changed", &s.Changed),
		rowmac.Time("deletion_date", &s.DeletionDate),
	}
})

// secretKey is how many columns say which secret a row is. The suffix is one of them: a name that
// was deleted and made again begins with revision 1 again, and is another secret.
const secretKey = 4

var (
	qSecret = store.SQL(`SELECT ` + secretRows.Columns() + ` FROM secrets
		WHERE account = $1 AND region = $2 AND name = $3`)
	qInsertSecret = store.SQL(secretRows.Insert("accessed"))
	qUpdateSecret = store.SQL(secretRows.Update(secretKey))
	qDeleteSecret = store.SQL(`DELETE FROM secrets
		WHERE account = $1 AND region = $2 AND name = $3 AND suffix = $4 AND rev = $5`)
	qSecretAccess = store.SQL(`SELECT accessed FROM secrets
		WHERE account = $1 AND region = $2 AND name = $3`)
	qSecretAccessed = store.SQL(`UPDATE secrets SET accessed = $1
		WHERE account = $2 AND region = $3 AND name = $4 AND suffix = $5 AND accessed < $1`)
)

// Secret reads and verifies a secret with the rules of its policy, or returns [store.NoRow].
func (s *Rows) Secret(ctx context.Context, ref secret.Ref) (*secret.Secret, error) {
	args := []any{ref.Account, ref.Region, ref.Name}
	sec, err := secretRows.Load(ctx, s.signer, s.db, qSecret, args)
	if err != nil || sec.Policy == "" {
		return sec, err
	}
	sec.Rules, err = s.rules.Get(sec.Policy, func() (*policy.Rules, error) {
		return policy.CompileRules(sec.Policy), nil
	})
	return sec, err
}

// Named returns the secret whose ARN ends in tail, or [store.NoRow] if there is none, or a younger
// one of that name.
func (s *Rows) Named(ctx context.Context, account, region, tail string) (*secret.Secret, error) {
	i := strings.LastIndexByte(tail, '-')
	if i < 0 {
		return nil, store.NoRow
	}
	sec, err := s.Secret(ctx, secret.Ref{Account: account, Region: region, Name: tail[:i]})
	if err == nil && sec.Tail() != tail {
		return nil, store.NoRow
	}
	return sec, err
}

// Change is a secret as it shall be, and what else belongs into the same transaction.
type Change struct {
	Secret   *secret.Secret
	Added    []*secret.Version
	Resealed []*secret.Version // present ones under another key
	Removed  []string          // ids of versions that go
	Also     domain.Change
}

// Abandon leaves the event that a rotation was ended by this change, and removes what it had made
// for a test alone. A nil run is none.
func (ch *Change) Abandon(c *op.Call, run *secret.Run) {
	if run == nil {
		return
	}
	events.RotationAbandoned(c, ch.Secret, run)
	if run.Test {
		ch.Removed = append(ch.Removed, run.Version)
	}
}

// Prepare signs the rows of a change and returns what stores them: the secret's own row first,
// because it is the fence.
func (s *Rows) Prepare(c *op.Call, ch *Change) (domain.Change, error) {
	values, err := secretRows.Sign(c, s.signer, ch.Secret)
	if err != nil {
		return nil, err
	}
	versions, err := s.prepareVersions(c, ch)
	if err != nil {
		return nil, err
	}
	sec := ch.Secret
	told := outbox.Outbox{}.Put(events.LabelsMoved(sec)...)
	return domain.InOrder(s.forget(sec), storeSecret(sec, values), versions, ch.Also,
		s.copies.Follow(c, sec), told), nil
}

// forget drops a secret from the cache once the change is committed, and tells those who wait for
// that.
func (s *Rows) forget(sec *secret.Secret) domain.Change {
	return func(tx *store.Tx) error {
		s.cache.Drop(tx, sec.Ref())
		s.watchers.Wake(tx, sec.Ref())
		return nil
	}
}

// storeSecret stores the secret's row. Revision 1 is a new secret: if there is one of that name
// meanwhile, the road looks again.
func storeSecret(sec *secret.Secret, values []any) domain.Change {
	if sec.Rev > 1 {
		args := rowmac.Over(values, secretKey, sec.Rev-1)
		return func(tx *store.Tx) error { return tx.Change(qUpdateSecret, args...) }
	}
	return func(tx *store.Tx) error {
		_, err := tx.Exec(qInsertSecret, values...)
		if errors.Is(err, store.Exists) {
			return store.Stale
		}
		return err
	}
}

// Remove deletes a secret with all its versions.
func (s *Rows) Remove(sec *secret.Secret) domain.Change {
	return domain.InOrder(s.forget(sec), func(tx *store.Tx) error {
		if _, err := tx.Exec(qDeleteVersions, sec.Account, sec.Region, sec.Name); err != nil {
			return err
		}
		return tx.Change(qDeleteSecret, sec.Account, sec.Region, sec.Name, sec.Suffix, sec.Rev)
	})
}
