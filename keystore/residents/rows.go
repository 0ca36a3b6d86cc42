package residents

import (
	"context"
	"time"

	"claviger/internal/domain"
	"claviger/internal/rowmac"
	"claviger/keystore/key"
	"claviger/keystore/keyrows"
	"claviger/store"
)

// orphan is a key on a token that no KMS key uses, or none yet.
type orphan struct {
	key.StoreRef        // on whose token it is
	name         string // its CKA_ID, 32 hex digits
	created      time.Time
}

var signedOrphans = rowmac.Declare("kms_orphaned_materials", func(o *orphan) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("account", &o.Account), rowmac.Text("region", &o.Region),
		rowmac.Text("id", &o.name), rowmac.Text("custom_key_store_id", &o.ID),
		rowmac.Time("created", &o.created),
	}
})

var (
	qOrphan = store.SQL(`SELECT ` + signedOrphans.Columns() + ` FROM kms_orphaned_materials
		WHERE account = $1 AND region = $2 AND id = $3`)
	qOrphansOf = store.SQL(`SELECT id FROM kms_orphaned_materials
		WHERE account = $1 AND region = $2 AND custom_key_store_id = $3`)
	qCountOrphans = store.Wide(`SELECT count(*) FROM kms_orphaned_materials
		WHERE custom_key_store_id = ''`,
		"the service's own token has room for so many keys of all accounts and Regions")
	qInsertOrphan = store.SQL(signedOrphans.Insert())
	qDeleteOrphan = store.SQL(`DELETE FROM kms_orphaned_materials
		WHERE account = $1 AND region = $2 AND id = $3`)
)

// load reads and verifies one, or returns [store.NoRow].
func (s *Keys) load(ctx context.Context, account, region, name string) (*orphan, error) {
	return signedOrphans.Load(ctx, s.signer, s.db, qOrphan, []any{account, region, name})
}

// insert prepares what puts an orphan on the list and has it destroyed when it is due.
func (s *Keys) insert(ctx context.Context, o *orphan, due time.Time) (domain.Change, error) {
	values, err := signedOrphans.Sign(ctx, s.signer, o)
	return func(tx *store.Tx) error {
		if _, err := tx.Exec(qInsertOrphan, values...); err != nil {
			return err
		}
		return s.jobs.Schedule(tx, DestroyJob, o.Account, o.Region, o.name, due)
	}, err
}

// removeOrphan takes a key off the list and cancels its job. It is stale if the key isn't there:
// one that was destroyed meanwhile can't become a KMS key's.
func (s *Keys) removeOrphan(on key.StoreRef, name string) domain.Change {
	return func(tx *store.Tx) error {
		if err := tx.Change(qDeleteOrphan, on.Account, on.Region, name); err != nil {
			return err
		}
		return s.jobs.Cancel(tx, DestroyJob, on.Account, on.Region, name)
	}
}

// Orphans returns the names of those on the token of a custom key store, or of the service's own
// token that belong to an account and Region: 32 hex digits each.
func Orphans(from store.Reader, on key.StoreRef) (names []string, err error) {
	return keyrows.Texts(from, qOrphansOf, on.Account, on.Region, on.ID)
}

// Forget gives up the orphans of a custom key store that is deleted. They stay on its token, which
// belongs to its owner.
func (s *Keys) Forget(tx *store.Tx, in key.StoreRef) error {
	names, err := Orphans(tx, in)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.removeOrphan(in, name)(tx); err != nil {
			return err
		}
	}
	return nil
}

// Expedite makes the destruction of a custom key store's orphans due that was put off because the
// store was not connected. If one of them is reserved for a key that is being made, that is as
// good: its store has another revision now, so that the making begins again.
func (s *Keys) Expedite(tx *store.Tx, in key.StoreRef, due time.Time) error {
	names, err := Orphans(tx, in)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.jobs.Schedule(tx, DestroyJob, in.Account, in.Region, name, due); err != nil {
			return err
		}
	}
	return nil
}
