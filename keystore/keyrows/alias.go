package keyrows

import (
	"context"
	"time"

	"claviger/internal/domain"
	"claviger/internal/rowmac"
	"claviger/keystore/key"
	"claviger/store"
)

// AliasRef names an alias in caches and tables. The name has its prefix, alias/.
type AliasRef struct{ Account, Region, Name string }

// ARN returns the alias's Amazon Resource Name.
func (a AliasRef) ARN() string {
	return domain.ARN{Service: "kms", Region: a.Region, Account: a.Account, Resource: a.Name}.String()
}

// Alias is a name for a key. It is never changed: a change makes a copy with the next revision.
type Alias struct {
	AliasRef
	Rev              int64
	KeyID            string
	Created, Updated time.Time
}

// aliasColumns is how many columns say which alias a row is. The time of its making is among them:
// a name can be given anew, and begins at revision 1 then.
const aliasColumns = 4

var signedAliases = rowmac.Declare("kms_aliases", func(a *Alias) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("account", &a.Account), rowmac.Text("region", &a.Region),
		rowmac.Text("name", &a.Name), rowmac.Time("created", &a.Created),
		rowmac.Integer("rev", &a.Rev), rowmac.Text("key_id", &a.KeyID),
		rowmac.Time("updated", &a.Updated),
	}
})

var (
	qAlias = store.SQL(`SELECT ` + signedAliases.Columns() + ` FROM kms_aliases
		WHERE account = $1 AND region = $2 AND name = $3`)
	qAliases = store.SQL(`SELECT ` + signedAliases.Columns() + ` FROM kms_aliases
		WHERE account = $1 AND region = $2 AND name > $3 ORDER BY name LIMIT $4`)
	qAliasesOfKey = store.SQL(`SELECT ` + signedAliases.Columns() + ` FROM kms_aliases
		INDEXED BY kms_aliases_by_key
		WHERE account = $1 AND region = $2 AND key_id = $3 AND name > $4 ORDER BY name LIMIT $5`)
	qAliasNames = store.SQL(
		`SELECT name FROM kms_aliases WHERE account = $1 AND region = $2 AND key_id = $3`)
	qCountAliases = store.SQL(
		`SELECT count(*) FROM kms_aliases WHERE account = $1 AND region = $2 AND key_id = $3`)
	qInsertAlias = store.SQL(signedAliases.Insert())
	qUpdateAlias = store.SQL(signedAliases.Update(aliasColumns))
	qDeleteAlias = store.SQL(
		`DELETE FROM kms_aliases WHERE account = $1 AND region = $2 AND name = $3 AND rev = $4 AND created = $5`)
	qDeleteAliases = store.SQL(`DELETE FROM kms_aliases INDEXED BY kms_aliases_by_key
		WHERE account = $1 AND region = $2 AND key_id = $3`)
)

// Alias returns an alias, from the cache or from its verified row; nil if there is none.
func (r *Rows) Alias(ctx context.Context, ref AliasRef) (*Alias, error) {
	return r.aliases.Get(ref, func() (*Alias, error) {
		return signedAliases.Load(ctx, r.signer, r.db, qAlias, []any{ref.Account, ref.Region, ref.Name})
	})
}

// LoadAlias reads and verifies an alias, whatever is cached; nil if there is none.
func (r *Rows) LoadAlias(ctx context.Context, ref AliasRef) (*Alias, error) {
	a, err := signedAliases.Load(ctx, r.signer, r.db, qAlias, []any{ref.Account, ref.Region, ref.Name})
	if domain.IsNoRow(err) {
		return nil, nil
	}
	return a, err
}

// Aliases returns up to n verified aliases whose names follow after, in order: of one key, or of
// all keys if keyID is empty.
func (r *Rows) Aliases(ctx context.Context, account, region, keyID, after string,
	n int) ([]*Alias, error) {
	if keyID != "" {
		return signedAliases.Select(ctx, r.signer, r.db, qAliasesOfKey, account, region, keyID, after, n)
	}
	return signedAliases.Select(ctx, r.signer, r.db, qAliases, account, region, after, n)
}

// InsertAlias prepares what stores a new alias. A name that is taken is [store.Exists].
func (r *Rows) InsertAlias(ctx context.Context, a *Alias) (domain.Change, error) {
	values, err := signedAliases.Sign(ctx, r.signer, a)
	return func(tx *store.Tx) error {
		r.aliases.Drop(tx, a.AliasRef)
		_, err := tx.Exec(qInsertAlias, values...)
		return err
	}, err
}

// UpdateAlias prepares what stores a changed alias over the revision before it, or is stale.
func (r *Rows) UpdateAlias(ctx context.Context, a *Alias) (domain.Change, error) {
	values, err := signedAliases.Sign(ctx, r.signer, a)
	return func(tx *store.Tx) error {
		r.aliases.Drop(tx, a.AliasRef)
		return tx.Change(qUpdateAlias, rowmac.Over(values, aliasColumns, a.Rev-1)...)
	}, err
}

// DeleteAlias removes an alias as it was read, or is stale.
func (r *Rows) DeleteAlias(tx *store.Tx, a *Alias) error {
	r.aliases.Drop(tx, a.AliasRef)
	return tx.Change(qDeleteAlias, a.Account, a.Region, a.Name, a.Rev, store.Micros(a.Created))
}

// CountAliases returns how many aliases a key has.
func (r *Rows) CountAliases(tx *store.Tx, k *key.Key) (n int, err error) {
	err = tx.Row(qCountAliases, []any{k.Account, k.Region, k.ID}, &n)
	return n, err
}

// dropAliases forgets the aliases of a key that is going.
func (r *Rows) dropAliases(tx *store.Tx, k *key.Key) error {
	names, err := Texts(tx, qAliasNames, k.Account, k.Region, k.ID)
	for _, name := range names {
		r.aliases.Drop(tx, AliasRef{Account: k.Account, Region: k.Region, Name: name})
	}
	return err
}
