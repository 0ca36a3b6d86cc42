package keystore

import (
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/store"
	"context"
)

var (
	qDataKey = store.SQL(`SELECT epoch, id, kind, root, mechanism, sealed, material, verifier, created, mac FROM kms_data_keys
		WHERE account = $1 AND region = $2 AND key_id = $3 AND service = $4 AND epoch = $5`)
	qCurrentDataKey = store.SQL(`SELECT epoch, id, kind, root, mechanism, sealed, material, verifier, created, mac FROM kms_data_keys
		WHERE account = $1 AND region = $2 AND key_id = $3 AND service = $4 ORDER BY epoch DESC LIMIT 1`)
	qDataKeyIDs    = store.SQL(`SELECT id FROM kms_data_keys WHERE account = $1 AND region = $2 AND key_id = $3`)
	qEpochs        = store.SQL(`SELECT service, epoch FROM kms_data_keys WHERE account = $1 AND region = $2 AND key_id = $3`)
	qInsertDataKey = store.SQL(`INSERT INTO kms_data_keys (account, region, key_id, service, epoch, id, kind, root, mechanism, sealed, material, verifier, created, mac)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`)
	qDeleteDataKeys = store.SQL(`DELETE FROM kms_data_keys WHERE account = $1 AND region = $2 AND key_id = $3`)
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
)

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
func (s *Keys) forgetDataKeys(tx *store.Tx, k *key.Key) error {
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

func dataKeyIDs(r store.Reader, k *key.Key) (ids []string, err error) {
	err = r.Rows(qDataKeyIDs, []any{k.Account, k.Region, k.ID}, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// dataKeyRef is the key of a data key in the cache.
type dataKeyRef struct {
	account, region, keyID, service string
	epoch                           int64 // 0 stands for the current one
}
