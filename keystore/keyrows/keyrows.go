// Package keyrows keeps keys: their rows, the rows of their materials and aliases, and when they
// were last used. A row is signed before it is stored and verified before it is believed, and what
// was verified is cached until a commit changes it.
//
// Every change of a key goes through [Rows.Update], against the revision that was read: a key's own
// row is the fence for its materials, which have none.
package keyrows

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"

	"claviger/internal/domain"
	"claviger/internal/rowmac"
	"claviger/keystore/key"
	"claviger/policy"
	"claviger/store"
)

// Rows are the keys of one installation, of all accounts and Regions.
type Rows struct {
	db      *store.DB
	signer  *rowmac.Signer
	jobs    domain.Scheduler
	keys    *domain.Cache[key.Ref, *key.Key]
	aliases *domain.Cache[AliasRef, *Alias]
	rules   *domain.Cache[string, *policy.Rules] // by the text of the policy
}

// Bounds of the caches: a usual key with its materials costs about 1.5 KiB.
const (
	cachedKeys    = 16384
	cachedAliases = 16384
	cachedRules   = 256  // default policies, and those of keys that are read each time
	heavyKey      = 4096 // bytes of text that callers gave a key: one with more is read each time
)

// New returns the rows in a database. Rotations that are due are put off until then by jobs.
func New(db *store.DB, signer *rowmac.Signer, jobs domain.Scheduler) *Rows {
	return &Rows{db: db, signer: signer, jobs: jobs,
		keys:    domain.NewCache[key.Ref](cachedKeys, heavyKey, (*key.Key).Weight),
		aliases: domain.NewCache[AliasRef, *Alias](cachedAliases, 0, nil),
		rules:   domain.NewCache[string, *policy.Rules](cachedRules, 0, nil)}
}

// signedKeys are the rows of keys: every column is signed.
var signedKeys = rowmac.Declare("kms_keys", func(k *key.Key) []rowmac.Column {
	materials := &k.Lost // as which all count until [Rows.Load] has looked for them
	if k.Materials != nil {
		ids := k.MaterialIDs()
		materials = &ids
	}
	return []rowmac.Column{
		rowmac.Text("account", &k.Account), rowmac.Text("region", &k.Region), rowmac.Text("id", &k.ID),
		rowmac.Integer("rev", &k.Rev), rowmac.Text("manager", &k.Manager), rowmac.Text("spec", &k.Spec),
		rowmac.Text("usage", &k.Usage), rowmac.Text("origin", &k.Origin), rowmac.Word("state", &k.State),
		rowmac.Text("description", &k.Description), rowmac.Text("policy", &k.Policy),
		rowmac.JSON("tags", &k.Tags), rowmac.Text("material_id", &k.MaterialID),
		rowmac.JSON("materials", materials),
		rowmac.Text("custom_key_store_id", &k.CustomKeyStoreID),
		rowmac.Text("primary_region", &k.PrimaryRegion), rowmac.JSON("replicas", &k.Replicas),
		rowmac.Integer("rotation_period", &k.RotationPeriod),
		rowmac.Time("next_rotation", &k.NextRotation),
		rowmac.Integer("pending_window", &k.PendingWindow), rowmac.Time("created", &k.Created),
		rowmac.Time("deletion_date", &k.DeletionDate),
	}
})

// keyColumns is how many columns say which key a row is.
const keyColumns = 3

var (
	qKey = store.SQL(`SELECT ` + signedKeys.Columns() +
		` FROM kms_keys WHERE account = $1 AND region = $2 AND id = $3`)
	qInsertKey = store.SQL(signedKeys.Insert())
	qUpdateKey = store.SQL(signedKeys.Update(keyColumns))
	qDeleteKey = store.SQL(`DELETE FROM kms_keys WHERE account = $1 AND region = $2 AND id = $3 AND rev = $4`)
	qKeyIDs    = store.SQL(`SELECT id FROM kms_keys WHERE account = $1 AND region = $2 AND id > $3 ORDER BY id LIMIT $4`)
	qKeyRev    = store.SQL(`SELECT rev FROM kms_keys WHERE account = $1 AND region = $2 AND id = $3`)
)

// Key returns a key, from the cache or from its verified rows; nil if there is none. It says
// nothing of the custom key store that the key may be in.
func (r *Rows) Key(ctx context.Context, ref key.Ref) (*key.Key, error) {
	return r.keys.Get(ref, func() (*key.Key, error) { return r.Load(ctx, ref) })
}

// Load reads and verifies a key and its materials, whatever is cached: jobs do what can't be taken
// back. Where there is none it returns [store.NoRow].
func (r *Rows) Load(ctx context.Context, ref key.Ref) (*key.Key, error) {
	k, err := r.loadWhole(ctx, ref)
	if err != nil {
		return nil, err
	}
	k.UseNoted = new(atomic.Int64)
	if k.Rules, err = r.compiled(k.PolicyText()); err != nil {
		return nil, err
	}
	return k, k.ReadPublic(k.Materials[k.MaterialID].Material)
}

// loadWhole returns a key with the materials that it had at one time. They are two reads, and
// a change of either is a new revision: a key that is still of the revision that was read first has
// the materials that were read between.
func (r *Rows) loadWhole(ctx context.Context, ref key.Ref) (*key.Key, error) {
	for {
		k, err := r.loadKey(ctx, ref)
		if err != nil {
			return nil, err
		}
		found, err := r.loadMaterials(ctx, ref)
		if err != nil {
			return nil, err
		}
		err = r.Unchanged(r.db, k)
		if err == nil {
			return k, k.Settle(found)
		}
		if err := cmp.Or(ctx.Err(), err); !errors.Is(err, store.Stale) {
			return nil, err
		}
	}
}

// compiled returns the rules of a policy's text. No text ever has others, so that none is dropped.
func (r *Rows) compiled(text string) (*policy.Rules, error) {
	return r.rules.Get(text, func() (*policy.Rules, error) { return policy.CompileRules(text), nil })
}

// loadKey reads and verifies the row of a key. One that is absent while its materials are there was
// not deleted but lost: a deletion takes all of them in one transaction.
func (r *Rows) loadKey(ctx context.Context, ref key.Ref) (*key.Key, error) {
	args := []any{ref.Account, ref.Region, ref.ID}
	k, err := signedKeys.Load(ctx, r.signer, r.db, qKey, args)
	if !domain.IsNoRow(err) {
		return k, err
	}
	var materials int
	if err := r.db.Row(qCountMaterials, args, &materials); err != nil || materials == 0 {
		return nil, cmp.Or(err, store.NoRow)
	}
	// It may have been made since.
	if k, err = signedKeys.Load(ctx, r.signer, r.db, qKey, args); domain.IsNoRow(err) {
		return nil, key.ErrGone("the key " + key.ARN(ref.Account, ref.Region, ref.ID))
	}
	return k, err
}

// Insert prepares what stores a new key with its materials, and its first rotation if it has a time
// for one.
func (r *Rows) Insert(ctx context.Context, k *key.Key) (domain.Change, error) {
	values, err := signedKeys.Sign(ctx, r.signer, k)
	if err != nil {
		return nil, err
	}
	changes := []domain.Change{func(tx *store.Tx) error {
		_, err := tx.Exec(qInsertKey, values...)
		return err
	}}
	for _, m := range k.Materials {
		put, err := r.putMaterial(ctx, k.Ref(), m)
		if err != nil {
			return nil, err
		}
		changes = append(changes, put)
	}
	if !k.RotationDue().IsZero() {
		changes = append(changes, r.ScheduleRotation(k))
	}
	return domain.InOrder(changes...), nil
}

// Update prepares what stores a changed key over the revision before it, or is stale: its own row,
// those of the materials that are new or not what they were, and the time of its next rotation.
func (r *Rows) Update(ctx context.Context, from, to *key.Key) (domain.Change, error) {
	values, err := signedKeys.Sign(ctx, r.signer, to)
	if err != nil {
		return nil, err
	}
	changes := []domain.Change{func(tx *store.Tx) error {
		r.keys.Drop(tx, to.Ref())
		return tx.Change(qUpdateKey, rowmac.Over(values, keyColumns, to.Rev-1)...)
	}}
	for id, m := range to.Materials {
		if old, ok := from.Materials[id]; ok && old.Equal(m) {
			continue
		}
		put, err := r.putMaterial(ctx, to.Ref(), m)
		if err != nil {
			return nil, err
		}
		changes = append(changes, put)
	}
	if !to.RotationDue().Equal(from.RotationDue()) {
		changes = append(changes, r.ScheduleRotation(to))
	}
	return domain.InOrder(changes...), nil
}

// ScheduleRotation puts the next automatic rotation of a key off until its time, or takes it back
// if it has none.
func (r *Rows) ScheduleRotation(k *key.Key) domain.Change {
	return func(tx *store.Tx) error {
		if k.RotationDue().IsZero() {
			return r.jobs.Cancel(tx, key.RotateJob, k.Account, k.Region, k.ID)
		}
		return r.jobs.Schedule(tx, key.RotateJob, k.Account, k.Region, k.ID, k.RotationDue())
	}
}

// Unchanged is stale if a key is no longer as it was read.
func (r *Rows) Unchanged(from store.Reader, k *key.Key) error {
	var rev int64
	err := from.Row(qKeyRev, []any{k.Account, k.Region, k.ID}, &rev)
	if domain.IsNoRow(err) || err == nil && rev != k.Rev {
		return store.Stale
	}
	return err
}

// Delete removes a key with its materials, aliases and last use. Whatever else hangs on it has to
// be gone before.
func (r *Rows) Delete(tx *store.Tx, k *key.Key) error {
	if err := r.dropAliases(tx, k); err != nil {
		return err
	}
	r.keys.Drop(tx, k.Ref())
	for _, q := range []*store.Query{qDeleteAliases, qDeleteLastUse, qDeleteMaterials} {
		if _, err := tx.Exec(q, k.Account, k.Region, k.ID); err != nil {
			return err
		}
	}
	return tx.Change(qDeleteKey, k.Account, k.Region, k.ID, k.Rev)
}

// IDs returns up to n ids of keys that follow the one named after, in order.
func (r *Rows) IDs(account, region, after string, n int) (ids []string, err error) {
	return Texts(r.db, qKeyIDs, account, region, after, n)
}

// Texts reads a query of one column of text.
func Texts(from store.Reader, q *store.Query, args ...any) (out []string, err error) {
	err = from.Rows(q, args, func(scan func(...any) error) error {
		var text string
		err := scan(&text)
		out = append(out, text)
		return err
	})
	return out, err
}

// Same reports whether two keys are stored as the same row.
func Same(a, b *key.Key) bool { return equalValues(signedKeys.Values(a), signedKeys.Values(b)) }
