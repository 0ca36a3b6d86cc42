package keystore

import (
	"context"
	"errors"
	"time"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/store"
)

var (
	qStore = store.SQL(`SELECT id, rev, name, type, cluster, anchor, password, state, trouble, created, mac FROM kms_stores
		WHERE account = $1 AND region = $2 AND id = $3`)
	qStores = store.SQL(`SELECT id, rev, name, type, cluster, anchor, password, state, trouble, created, mac FROM kms_stores
		WHERE account = $1 AND region = $2 ORDER BY id`)
	qInsertStore = store.SQL(`INSERT INTO kms_stores (account, region, id, rev, name, type, cluster, anchor, password, state, trouble, created, mac)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`)
	qUpdateStore = store.SQL(`UPDATE kms_stores SET rev = $1, name = $2, cluster = $3, password = $4, state = $5, trouble = $6, mac = $7
		WHERE account = $8 AND region = $9 AND id = $10 AND rev = $11`)
	qDeleteStore  = store.SQL(`DELETE FROM kms_stores WHERE account = $1 AND region = $2 AND id = $3 AND rev = $4`)
	qStoreRev     = store.SQL(`SELECT rev FROM kms_stores WHERE account = $1 AND region = $2 AND id = $3`)
	qCountStores  = store.SQL(`SELECT count(*) FROM kms_stores WHERE account = $1 AND region = $2`)
	qStoreByName  = store.SQL(`SELECT id FROM kms_stores WHERE account = $1 AND region = $2 AND name = $3`)
	qClusters     = store.Wide(`SELECT id, cluster, anchor FROM kms_stores`, "a cluster has one user for all accounts and Regions, and so serves one store")
	qConnected    = store.Wide(`SELECT account, region, id FROM kms_stores WHERE state = 'CONNECTED' ORDER BY account, region, id`, "the service keeps every account's stores open")
	qKeyInStore   = store.SQL(`SELECT id FROM kms_keys WHERE account = $1 AND region = $2 AND custom_key_store_id = $3 LIMIT 1`)
	qDataInStore  = store.SQL(`SELECT id FROM kms_data_keys WHERE account = $1 AND region = $2 AND key_id IN (SELECT id FROM kms_keys WHERE account = $1 AND region = $2 AND custom_key_store_id = $3)`)
	qOrphan       = store.SQL(`SELECT store, created, mac FROM kms_orphans WHERE account = $1 AND region = $2 AND id = $3`)
	qOrphansOf    = store.SQL(`SELECT id FROM kms_orphans WHERE account = $1 AND region = $2 AND store = $3`)
	qInsertOrphan = store.SQL(`INSERT INTO kms_orphans (account, region, id, store, created, mac) VALUES ($1, $2, $3, $4, $5, $6)`)
	qDeleteOrphan = store.SQL(`DELETE FROM kms_orphans WHERE account = $1 AND region = $2 AND id = $3`)
	qResidents    = store.Wide(`SELECT (SELECT count(*) FROM kms_orphans WHERE store = '')
		+ (SELECT count(*) FROM kms_materials m JOIN kms_keys k ON k.account = m.account AND k.region = m.region AND k.id = m.key_id
			WHERE m.mechanism = 'CKA_TOKEN' AND k.custom_key_store_id = '')`, "the service's own token has room for so many keys of all accounts and Regions")
	qResident = store.SQL(`SELECT key_id FROM kms_materials WHERE account = $1 AND region = $2 AND wrapped = $3 LIMIT 1`)
)

// columns is what the MAC of a store's row is over: all of it.
func (st *keyStore) columns() []any {
	return []any{st.account, st.region, st.id, st.rev, st.name, st.kind, st.cluster, st.anchor, st.password, st.state, st.trouble, store.Micros(st.created)}
}

// scanStore reads a row into st and returns the check of its MAC, to be made when no rows are open.
func (s *Keys) scanStore(ctx context.Context, st *keyStore, scan func(...any) error) (check func() error, err error) {
	var created int64
	var mac []byte
	err = scan(&st.id, &st.rev, &st.name, &st.kind, &st.cluster, &st.anchor, &st.password, &st.state, &st.trouble, &created, &mac)
	st.created = store.FromMicros(created)
	return func() error { return s.guard.Verify(ctx, mac, "kms_stores", st.columns()...) }, err
}

func (s *Keys) loadStore(ctx context.Context, ref storeRef) (*keyStore, error) {
	st := &keyStore{storeRef: ref}
	check, err := s.scanStore(ctx, st, func(dest ...any) error {
		return s.db.Row(qStore, []any{ref.account, ref.region, ref.id}, dest...)
	})
	return st, all(err, []func() error{check})
}

// selectStores reads the verified stores of the account, in order of id.
func (s *Keys) selectStores(c *op.Call) (out []*keyStore, err error) {
	account, region := c.Namespace()
	var checks []func() error
	err = s.db.Rows(qStores, []any{account, region}, func(scan func(...any) error) error {
		st := &keyStore{storeRef: storeRef{account: account, region: region}}
		check, err := s.scanStore(c, st, scan)
		out, checks = append(out, st), append(checks, check)
		return err
	})
	return out, all(err, checks)
}

// connectedStores returns the names of all stores whose rows say that they are connected.
func (s *Keys) connectedStores() (refs []storeRef, err error) {
	err = s.db.Rows(qConnected, nil, func(scan func(...any) error) error {
		var ref storeRef
		err := scan(&ref.account, &ref.region, &ref.id)
		refs = append(refs, ref)
		return err
	})
	return refs, err
}

// insertStore signs the row of a new store and returns what stores it, within the quota.
func (s *Keys) insertStore(ctx context.Context, st *keyStore, compared bool) (func(*store.Tx) error, error) {
	mac, err := s.guard.Sign(ctx, "kms_stores", st.columns()...)
	return func(tx *store.Tx) error {
		var n int
		if err := tx.Row(qCountStores, []any{st.account, st.region}, &n); err != nil {
			return err
		}
		if n >= storesPerRegion {
			return fault.Newf(fault.Limit, "LimitExceededException", "An account has at most %d custom key stores in a Region.", storesPerRegion)
		}
		if err := s.unique(tx, st, compared); err != nil {
			return err
		}
		_, err := tx.Exec(qInsertStore, append(st.columns(), mac)...)
		return err
	}, err
}

// unique wants no other store to have the name, and none in the installation to have the cluster or, if anchors are compared,
// a copy of it, which shows by the trust anchor.
func (s *Keys) unique(tx *store.Tx, st *keyStore, compared bool) error {
	var id string
	err := tx.Row(qStoreByName, []any{st.account, st.region, st.name}, &id)
	switch {
	case err == nil && id != st.id:
		return errNameInUse
	case err != nil && !errors.Is(err, store.NoRow):
		return err
	}
	return tx.Rows(qClusters, nil, func(scan func(...any) error) error {
		var cluster, anchor string
		if err := scan(&id, &cluster, &anchor); err != nil {
			return err
		}
		if id != st.id && (cluster == st.cluster || compared && sameCertificate(anchor, st.anchor)) {
			return errClusterInUse
		}
		return nil
	})
}

// amendStore signs the row of a changed store and returns what stores it over the revision before it, with what else
// belongs into the same transaction, or is stale.
func (s *Keys) amendStore(ctx context.Context, st *keyStore, also func(*store.Tx) error) (func(*store.Tx) error, error) {
	mac, err := s.guard.Sign(ctx, "kms_stores", st.columns()...)
	return func(tx *store.Tx) error {
		tx.After(func() { s.stores.Drop(st.storeRef) })
		if err := also(tx); err != nil { // first: what it refuses has a better name than a row that is there already
			return err
		}
		return tx.Change(qUpdateStore, st.rev, st.name, st.cluster, st.password, st.state, st.trouble, mac, st.account, st.region, st.id, st.rev-1)
	}, err
}

// unchangedStore is stale if the store isn't any more what was read.
func (s *Keys) unchangedStore(tx *store.Tx, st *keyStore) error {
	var rev int64
	err := tx.Row(qStoreRev, []any{st.account, st.region, st.id}, &rev)
	if errors.Is(err, store.NoRow) || err == nil && rev != st.rev {
		return store.Stale
	}
	return err
}

// removeStore deletes a store without keys. What it could not destroy on its token stays there.
func (s *Keys) removeStore(tx *store.Tx, st *keyStore) error {
	err := tx.Row(qKeyInStore, []any{st.account, st.region, st.id}, new(string))
	switch {
	case err == nil:
		return fault.New(fault.State, "CustomKeyStoreHasCMKsException", "The custom key store contains KMS keys. Delete them and wait until their windows have ended.")
	case !errors.Is(err, store.NoRow):
		return err
	}
	orphans, err := orphansOf(tx, st.storeRef)
	if err != nil {
		return err
	}
	for _, id := range orphans {
		if err := s.forgetOrphan(tx, st.storeRef, id); err != nil {
			return err
		}
	}
	tx.After(func() { s.stores.Drop(st.storeRef) })
	return tx.Change(qDeleteStore, st.account, st.region, st.id, st.rev)
}

func dataKeyIDsOfStore(r store.Reader, ref storeRef) ([]string, error) {
	return texts(r, qDataInStore, ref.account, ref.region, ref.id)
}

func orphansOf(r store.Reader, ref storeRef) ([]string, error) {
	return texts(r, qOrphansOf, ref.account, ref.region, ref.id)
}

// texts reads a query of one column.
func texts(r store.Reader, q *store.Query, args ...any) (out []string, err error) {
	err = r.Rows(q, args, func(scan func(...any) error) error {
		var text string
		err := scan(&text)
		out = append(out, text)
		return err
	})
	return out, err
}

// orphan is a key on a token that no KMS key uses, or none yet.
type orphan struct {
	storeRef        // without an id: on the service's own token
	key      string // its CKA_ID, 32 hex digits
	created  time.Time
}

func (o *orphan) columns() []any {
	return []any{o.account, o.region, o.key, o.id, store.Micros(o.created)}
}

// loadOrphan reads and verifies one.
func (s *Keys) loadOrphan(ctx context.Context, account, region, id string) (*orphan, error) {
	o := &orphan{storeRef: storeRef{account: account, region: region}, key: id}
	var created int64
	var mac []byte
	if err := s.db.Row(qOrphan, []any{account, region, id}, &o.id, &created, &mac); err != nil {
		return nil, err
	}
	o.created = store.FromMicros(created)
	return o, s.guard.Verify(ctx, mac, "kms_orphans", o.columns()...)
}

// insertOrphan signs the row of an orphan and returns what stores it and has it destroyed when it is due.
func (s *Keys) insertOrphan(ctx context.Context, o *orphan, due time.Time) (func(*store.Tx) error, error) {
	mac, err := s.guard.Sign(ctx, "kms_orphans", o.columns()...)
	return func(tx *store.Tx) error {
		if _, err := tx.Exec(qInsertOrphan, append(o.columns(), mac)...); err != nil {
			return err
		}
		return s.jobs.Schedule(tx, DestroyMaterialJob, o.account, o.region, o.key, due)
	}, err
}

// forgetOrphan removes the row of an orphan and the job that would destroy it, or is stale.
func (s *Keys) forgetOrphan(tx *store.Tx, ref storeRef, id string) error {
	if err := tx.Change(qDeleteOrphan, ref.account, ref.region, id); err != nil {
		return err
	}
	return s.jobs.Cancel(tx, DestroyMaterialJob, ref.account, ref.region, id)
}

// hasten makes the destruction of a store's orphans due that was put off because the store was not connected. If one
// of them is of a key that is being made, that is as good: its store has another revision now, so that it begins again.
func (s *Keys) hasten(tx *store.Tx, ref storeRef, due time.Time) error {
	orphans, err := orphansOf(tx, ref)
	for _, id := range orphans {
		if err == nil {
			err = s.jobs.Schedule(tx, DestroyMaterialJob, ref.account, ref.region, id, due)
		}
	}
	return err
}
