package keystore

import (
	"context"
	"errors"
	"sync/atomic"

	"claviger/internal/op"
	"claviger/store"

	"github.com/go-json-experiment/json"
)

var (
	qKey = store.SQL(`SELECT rev, manager, spec, usage, origin, state, description, policy, tags, material,
			store, primary_in, replicas, rotation, rotates, waits, created, deletes, mac
		FROM kms_keys WHERE account = $1 AND region = $2 AND id = $3`)
	qInsertKey = store.SQL(`INSERT INTO kms_keys (account, region, id, rev, manager, spec, usage, origin, state, description, policy, tags, material,
			store, primary_in, replicas, rotation, rotates, waits, created, deletes, mac)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`)
	qUpdateKey = store.SQL(`UPDATE kms_keys SET rev = $1, state = $2, description = $3, policy = $4, tags = $5, material = $6,
			primary_in = $7, replicas = $8, rotation = $9, rotates = $10, waits = $11, deletes = $12, mac = $13
		WHERE account = $14 AND region = $15 AND id = $16 AND rev = $17`)
	qDeleteKey = store.SQL(`DELETE FROM kms_keys WHERE account = $1 AND region = $2 AND id = $3 AND rev = $4`)
	qKeyIDs    = store.SQL(`SELECT id FROM kms_keys WHERE account = $1 AND region = $2 AND id > $3 ORDER BY id LIMIT $4`)

	qMaterials = store.SQL(`SELECT id, kind, root, mechanism, wrapped, public, verifier, rotation, rotated, expiration, expires, description, created, mac
		FROM kms_materials WHERE account = $1 AND region = $2 AND key_id = $3`)
	qPutMaterial = store.SQL(`INSERT INTO kms_materials (account, region, key_id, id, kind, root, mechanism, wrapped, public, verifier, rotation, rotated, expiration, expires, description, created, mac)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
		ON CONFLICT (account, region, key_id, id) DO UPDATE SET kind = excluded.kind, root = excluded.root, mechanism = excluded.mechanism,
			wrapped = excluded.wrapped, public = excluded.public, verifier = excluded.verifier, rotation = excluded.rotation, rotated = excluded.rotated,
			expiration = excluded.expiration, expires = excluded.expires, description = excluded.description, created = excluded.created, mac = excluded.mac`)
	qDeleteMaterials = store.SQL(`DELETE FROM kms_materials WHERE account = $1 AND region = $2 AND key_id = $3`)

	qAlias       = store.SQL(`SELECT rev, key_id, created, updated, mac FROM kms_aliases WHERE account = $1 AND region = $2 AND name = $3`)
	qInsertAlias = store.SQL(`INSERT INTO kms_aliases (account, region, name, rev, key_id, created, updated, mac)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`)
	qMoveAlias = store.SQL(`UPDATE kms_aliases SET rev = $1, key_id = $2, updated = $3, mac = $4
		WHERE account = $5 AND region = $6 AND name = $7 AND rev = $8 AND created = $9`)  // a name can be made anew, and begins at rev 1 then
	qDeleteAlias  = store.SQL(`DELETE FROM kms_aliases WHERE account = $1 AND region = $2 AND name = $3 AND rev = $4 AND created = $5`)
	qCountAliases = store.SQL(`SELECT count(*) FROM kms_aliases WHERE account = $1 AND region = $2 AND key_id = $3`)
	qAliases      = store.SQL(`SELECT name, rev, key_id, created, updated, mac FROM kms_aliases
		WHERE account = $1 AND region = $2 AND name > $3 ORDER BY name LIMIT $4`)
	qAliasesOfKey = store.SQL(`SELECT name, rev, key_id, created, updated, mac FROM kms_aliases
		WHERE account = $1 AND region = $2 AND key_id = $3 AND name > $4 ORDER BY name LIMIT $5`)

	qDataKey = store.SQL(`SELECT epoch, id, kind, root, mechanism, sealed, material, verifier, created, mac FROM kms_data_keys
		WHERE account = $1 AND region = $2 AND key_id = $3 AND service = $4 AND epoch = $5`)
	qCurrentDataKey = store.SQL(`SELECT epoch, id, kind, root, mechanism, sealed, material, verifier, created, mac FROM kms_data_keys
		WHERE account = $1 AND region = $2 AND key_id = $3 AND service = $4 ORDER BY epoch DESC LIMIT 1`)
	qDataKeyIDs    = store.SQL(`SELECT id FROM kms_data_keys WHERE account = $1 AND region = $2 AND key_id = $3`)
	qEpochs        = store.SQL(`SELECT service, epoch FROM kms_data_keys WHERE account = $1 AND region = $2 AND key_id = $3`)
	qInsertDataKey = store.SQL(`INSERT INTO kms_data_keys (account, region, key_id, service, epoch, id, kind, root, mechanism, sealed, material, verifier, created, mac)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`)
	qDeleteDataKeys = store.SQL(`DELETE FROM kms_data_keys WHERE account = $1 AND region = $2 AND key_id = $3`)
	qDeleteGrants   = store.SQL(`DELETE FROM kms_grants WHERE account = $1 AND region = $2 AND key_id = $3`)
	qDeleteMaterial = store.SQL(`DELETE FROM kms_materials WHERE account = $1 AND region = $2 AND key_id = $3 AND id = $4`)
	qImportPair     = store.SQL(`SELECT algorithm, spec, kind, root, mechanism, wrapped, public, verifier, expires, mac FROM kms_import_pairs
		WHERE account = $1 AND region = $2 AND key_id = $3 AND id = $4`)
	qInsertImportPair = store.SQL(`INSERT INTO kms_import_pairs (account, region, key_id, id, algorithm, spec, kind, root, mechanism, wrapped, public, verifier, expires, failures, mac)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, $14)`)
	qPairsOfKey   = store.SQL(`SELECT count(*) FROM kms_import_pairs WHERE account = $1 AND region = $2 AND key_id = $3`)
	qCountAttempt = store.SQL(`UPDATE kms_import_pairs SET failures = failures + 1
		WHERE account = $1 AND region = $2 AND key_id = $3 AND id = $4 AND failures < $5`)
	qTakeBackAttempt = store.SQL(`UPDATE kms_import_pairs SET failures = failures - 1
		WHERE account = $1 AND region = $2 AND key_id = $3 AND id = $4 AND failures > 0`)
	qDeleteImportPair  = store.SQL(`DELETE FROM kms_import_pairs WHERE account = $1 AND region = $2 AND key_id = $3 AND id = $4`)
	qDeleteImportPairs = store.SQL(`DELETE FROM kms_import_pairs WHERE account = $1 AND region = $2 AND key_id = $3`)
	qDeleteLastUsed    = store.SQL(`DELETE FROM kms_last_used WHERE account = $1 AND region = $2 AND key_id = $3`)
	qLastUsed          = store.SQL(`SELECT operation, at, event_id, request_id FROM kms_last_used WHERE account = $1 AND region = $2 AND key_id = $3`)
	qPutLastUsed       = store.SQL(`INSERT INTO kms_last_used (account, region, key_id, operation, at, event_id, request_id) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (account, region, key_id) DO UPDATE SET operation = excluded.operation, at = excluded.at, event_id = excluded.event_id,
			request_id = excluded.request_id WHERE at < excluded.at`)
	qUses  = store.SQL(`SELECT leased FROM kms_uses WHERE account = $1 AND region = $2 AND key_id = $3 AND material = $4`)
	qLease = store.SQL(`INSERT INTO kms_uses (account, region, key_id, material, leased) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account, region, key_id, material) DO UPDATE SET leased = excluded.leased WHERE leased < excluded.leased`)
	qUse = store.SQL(`INSERT INTO kms_uses (account, region, key_id, material, leased) VALUES ($1, $2, $3, $4, 1)
		ON CONFLICT (account, region, key_id, material) DO UPDATE SET leased = leased + 1`)
	qDeleteUses = store.SQL(`DELETE FROM kms_uses WHERE account = $1 AND region = $2 AND key_id = $3`)
)

// ref returns the name of the key in caches and tables.
func (k *Key) ref() keyRef { return keyRef{k.Account, k.Region, k.ID} }

// jsonText is the form of a list in its column.
func jsonText[T any](list []T) string {
	if len(list) == 0 {
		return "[]"
	}
	b, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings always have a JSON form
	}
	return string(b)
}

// columns is what the MAC of a key's row is over: all of it.
func (k *Key) columns() []any {
	return []any{k.Account, k.Region, k.ID, k.Rev, k.Manager, k.Spec, k.Usage, k.Origin, string(k.State), k.Description,
		k.Policy, jsonText(k.Tags), k.MaterialID, k.Store, k.Primary, jsonText(k.Replicas), k.Rotation, store.Micros(k.Rotates), k.Waits,
		store.Micros(k.Created), store.Micros(k.Deletes)}
}

func (s *Keys) signKey(ctx context.Context, k *Key) ([]byte, error) {
	return s.guard.Sign(ctx, "kms_keys", k.columns()...)
}

// loadKey reads and verifies a key and its materials.
func (s *Keys) loadKey(ctx context.Context, ref keyRef) (*Key, error) {
	k := &Key{Account: ref.account, Region: ref.region, ID: ref.id, materials: map[string]material{}, noted: new(atomic.Int64)}
	var tags, replicas string
	var rotates, created, deletes int64
	var mac []byte
	err := s.db.Row(qKey, []any{ref.account, ref.region, ref.id}, &k.Rev, &k.Manager, &k.Spec, &k.Usage, &k.Origin,
		&k.State, &k.Description, &k.Policy, &tags, &k.MaterialID, &k.Store, &k.Primary, &replicas, &k.Rotation, &rotates, &k.Waits,
		&created, &deletes, &mac)
	if err != nil {
		return nil, err
	}
	k.Rotates, k.Created, k.Deletes = store.FromMicros(rotates), store.FromMicros(created), store.FromMicros(deletes)
	if err := errors.Join(json.Unmarshal([]byte(tags), &k.Tags), json.Unmarshal([]byte(replicas), &k.Replicas)); err != nil {
		return nil, err
	}
	if err := s.guard.Verify(ctx, mac, "kms_keys", k.columns()...); err != nil {
		return nil, err
	}
	if err := s.loadMaterials(ctx, k); err != nil {
		return nil, err
	}
	return k, k.readPublic(k.materials[k.MaterialID].Material)
}

// all returns the first error: err, or that of a check.
func all(err error, checks []func() error) error {
	for _, check := range checks {
		if err != nil {
			return err
		}
		err = check()
	}
	return err
}

// insertKey signs the rows of a new key and its materials, and returns what stores them.
func (s *Keys) insertKey(ctx context.Context, k *Key) (func(*store.Tx) error, error) {
	mac, err := s.signKey(ctx, k)
	if err != nil {
		return nil, err
	}
	puts := []func(*store.Tx) error{func(tx *store.Tx) error {
		_, err := tx.Exec(qInsertKey, append(k.columns(), mac)...)
		return err
	}}
	for _, m := range k.materials {
		put, err := s.putMaterial(ctx, k.ref(), m)
		if err != nil {
			return nil, err
		}
		puts = append(puts, put)
	}
	if !k.turns().IsZero() {
		puts = append(puts, s.scheduleTurn(k))
	}
	return inOrder(puts), nil
}

// updateKey stores a changed key over the revision before it, or is stale.
func (s *Keys) updateKey(tx *store.Tx, k *Key, mac []byte) error {
	tx.After(func() { s.keys.Drop(k.ref()) })
	return tx.Change(qUpdateKey, k.Rev, string(k.State), k.Description, k.Policy, jsonText(k.Tags), k.MaterialID,
		k.Primary, jsonText(k.Replicas), k.Rotation, store.Micros(k.Rotates), k.Waits, store.Micros(k.Deletes), mac,
		k.Account, k.Region, k.ID, k.Rev-1)
}

// deleteKey removes a key with all that hangs on it.
func (s *Keys) deleteKey(tx *store.Tx, k *Key) error {
	var gone []aliasRef
	err := tx.Rows(qAliasesOfKey, []any{k.Account, k.Region, k.ID, "", aliasesPerKey + 1}, func(scan func(...any) error) error {
		a := aliasRef{account: k.Account, region: k.Region}
		err := scan(&a.name, new(int64), new(string), new(int64), new(int64), new([]byte))
		gone = append(gone, a)
		return err
	})
	if err != nil {
		return err
	}
	tx.After(func() {
		s.keys.Drop(k.ref())
		for _, a := range gone {
			s.aliases.Drop(a)
		}
	})
	if err := s.forgetGrants(tx, k); err != nil {
		return err
	}
	if err := s.forgetDataKeys(tx, k); err != nil {
		return err
	}
	for _, q := range []*store.Query{qDeleteAliasesOfKey, qDeleteGrants, qDeleteImportPairs, qDeleteLastUsed, qDeleteDataKeys, qDeleteMaterials} {
		if _, err := tx.Exec(q, k.Account, k.Region, k.ID); err != nil {
			return err
		}
	}
	if !k.replica() { // the primary goes last, and with it the count that all of them share
		if _, err := tx.Exec(qDeleteUses, k.Account, k.usesIn(), k.ID); err != nil {
			return err
		}
	}
	return tx.Change(qDeleteKey, k.Account, k.Region, k.ID, k.Rev)
}

var qDeleteAliasesOfKey = store.SQL(`DELETE FROM kms_aliases WHERE account = $1 AND region = $2 AND key_id = $3`)

func (s *Keys) selectKeyIDs(c *op.Call, p page) (ids []string, err error) {
	account, region := c.Namespace()
	err = s.db.Rows(qKeyIDs, []any{account, region, p.after, p.size + 1}, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

func (a *alias) columns() []any {
	return []any{a.account, a.region, a.name, a.rev, a.keyID, store.Micros(a.created), store.Micros(a.updated)}
}

// scanAlias reads a row into a and returns the check of its MAC, to be made when no rows are open.
func (s *Keys) scanAlias(ctx context.Context, a *alias, scan func(...any) error, first ...any) (check func() error, err error) {
	var created, updated int64
	var mac []byte
	err = scan(append(first, &a.rev, &a.keyID, &created, &updated, &mac)...)
	a.created, a.updated = store.FromMicros(created), store.FromMicros(updated)
	return func() error { return s.guard.Verify(ctx, mac, "kms_aliases", a.columns()...) }, err
}

func (s *Keys) loadAlias(ctx context.Context, ref aliasRef) (*alias, error) {
	a := &alias{aliasRef: ref}
	check, err := s.scanAlias(ctx, a, func(dest ...any) error {
		return s.db.Row(qAlias, []any{ref.account, ref.region, ref.name}, dest...)
	})
	return a, all(err, []func() error{check})
}

func (s *Keys) insertAlias(ctx context.Context, a *alias) (func(*store.Tx) error, error) {
	mac, err := s.guard.Sign(ctx, "kms_aliases", a.columns()...)
	return func(tx *store.Tx) error {
		tx.After(func() { s.aliases.Drop(a.aliasRef) })
		_, err := tx.Exec(qInsertAlias, append(a.columns(), mac)...)
		return err
	}, err
}

func (s *Keys) moveAlias(ctx context.Context, a *alias) (func(*store.Tx) error, error) {
	mac, err := s.guard.Sign(ctx, "kms_aliases", a.columns()...)
	return func(tx *store.Tx) error {
		tx.After(func() { s.aliases.Drop(a.aliasRef) })
		return tx.Change(qMoveAlias, a.rev, a.keyID, store.Micros(a.updated), mac, a.account, a.region, a.name, a.rev-1, store.Micros(a.created))
	}, err
}

func (s *Keys) removeAlias(tx *store.Tx, a *alias) error {
	tx.After(func() { s.aliases.Drop(a.aliasRef) })
	return tx.Change(qDeleteAlias, a.account, a.region, a.name, a.rev, store.Micros(a.created))
}

func (s *Keys) countAliases(tx *store.Tx, k *Key) (n int, err error) {
	err = tx.Row(qCountAliases, []any{k.Account, k.Region, k.ID}, &n)
	return n, err
}

// selectAliases reads a page of verified aliases and one more, of one key or of all.
func (s *Keys) selectAliases(c *op.Call, keyID string, p page) (out []*alias, err error) {
	account, region := c.Namespace()
	q, args := qAliases, []any{account, region, p.after, p.size + 1}
	if keyID != "" {
		q, args = qAliasesOfKey, []any{account, region, keyID, p.after, p.size + 1}
	}
	var checks []func() error
	err = s.db.Rows(q, args, func(scan func(...any) error) error {
		a := &alias{aliasRef: aliasRef{account: account, region: region}}
		check, err := s.scanAlias(c, a, scan, &a.name)
		out, checks = append(out, a), append(checks, check)
		return err
	})
	return out, all(err, checks)
}

func (d *dataKey) columns() []any {
	return []any{d.account, d.region, d.keyID, d.service, d.epoch, d.id, string(d.m.Kind), d.m.Root, d.m.Mechanism,
		d.sealed, d.material, d.m.Check, store.Micros(d.created)}
}

func (s *Keys) loadDataKey(ctx context.Context, ref dataKeyRef) (*dataKey, error) {
	return s.readDataKey(ctx, ref, qDataKey, ref.account, ref.region, ref.keyID, ref.service, ref.epoch)
}

func (s *Keys) loadCurrentDataKey(ctx context.Context, ref dataKeyRef) (*dataKey, error) {
	return s.readDataKey(ctx, ref, qCurrentDataKey, ref.account, ref.region, ref.keyID, ref.service)
}

func (s *Keys) readDataKey(ctx context.Context, ref dataKeyRef, q *store.Query, args ...any) (*dataKey, error) {
	d := &dataKey{dataKeyRef: ref}
	var created int64
	var mac []byte
	err := s.db.Row(q, args, &d.epoch, &d.id, &d.m.Kind, &d.m.Root, &d.m.Mechanism, &d.sealed, &d.material, &d.m.Check, &created, &mac)
	if err != nil {
		return nil, err
	}
	d.m.ID, d.created = d.id, store.FromMicros(created)
	return d, s.guard.Verify(ctx, mac, "kms_data_keys", d.columns()...)
}

func (s *Keys) insertDataKey(ctx context.Context, d *dataKey) (op.Commit[op.None], error) {
	mac, err := s.guard.Sign(ctx, "kms_data_keys", d.columns()...)
	current := d.dataKeyRef
	current.epoch = 0
	return func(tx *store.Tx) (op.None, error) {
		tx.After(func() { s.dataKeys.Drop(current) })
		_, err := tx.Exec(qInsertDataKey, append(d.columns(), mac)...)
		return op.None{}, err
	}, err
}

// forgetDataKeys drops the data keys of a key that is going from the cache, once they are gone: a replica may be made again, with the
// same id and material.
func (s *Keys) forgetDataKeys(tx *store.Tx, k *Key) error {
	var gone []dataKeyRef
	err := tx.Rows(qEpochs, []any{k.Account, k.Region, k.ID}, func(scan func(...any) error) error {
		ref := dataKeyRef{account: k.Account, region: k.Region, keyID: k.ID}
		err := scan(&ref.service, &ref.epoch)
		current := ref
		current.epoch = 0
		gone = append(gone, ref, current)
		return err
	})
	tx.After(func() {
		for _, ref := range gone {
			s.dataKeys.Drop(ref)
		}
	})
	return err
}

func dataKeyIDs(r store.Reader, k *Key) (ids []string, err error) {
	err = r.Rows(qDataKeyIDs, []any{k.Account, k.Region, k.ID}, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}
