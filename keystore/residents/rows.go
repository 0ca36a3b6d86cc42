package residents

import (
	"context"
	"time"

	"claviger/internal/domain"
	"claviger/internal/rowmac"
	"claviger/keystore/key"
	"claviger/store"
)

// reason is why a key is on the list.
type reason string

const (
	reserved  reason = "RESERVED"  // it is being made, or was when a process ended. It may be in use
	abandoned reason = "ABANDONED" // a tombstone: it was made and came into no KMS key
	deleted   reason = "DELETED"   // a tombstone: its KMS key was deleted
)

// orphan is a key on a token that no KMS key uses, or none yet.
type orphan struct {
	key.StoreRef        // on whose token it is
	name         string // its CKA_ID, 32 hex digits
	reason       reason
	keyID        string // the KMS key that it is, or was to be, the material of
	keyRev       int64  // ... and the revision at which that was deleted, or 0
	created      time.Time
	stale        time.Time // of a reservation: when the making must have ended. Zero of tombstones
}

var signedOrphans = rowmac.Declare("kms_orphaned_materials", func(o *orphan) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("account", &o.Account), rowmac.Text("region", &o.Region),
		rowmac.Text("id", &o.name), rowmac.Text("custom_key_store_id", &o.ID),
		rowmac.Word("reason", &o.reason), rowmac.Text("key_id", &o.keyID),
		rowmac.Integer("key_rev", &o.keyRev),
		rowmac.Time("created", &o.created), rowmac.Time("stale", &o.stale),
	}
})

var (
	qOrphan = store.SQL(`SELECT ` + signedOrphans.Columns() + ` FROM kms_orphaned_materials
		WHERE account = $1 AND region = $2 AND id = $3`)
	qOrphansOf = store.SQL(`SELECT id, stale
		FROM kms_orphaned_materials INDEXED BY kms_orphaned_materials_by_store
		WHERE account = $1 AND region = $2 AND custom_key_store_id = $3`)
	qCountOrphans = store.Wide(`SELECT count(*) FROM kms_orphaned_materials
		WHERE custom_key_store_id = ''`,
		"the service's own token has room for so many keys of all accounts and Regions")
	qCountLeft = store.Wide(`SELECT count(*) FROM kms_orphaned_materials
		WHERE reason = 'RESERVED' AND stale <= $1`,
		"the operator has to destroy what is left on tokens of all accounts and Regions")
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
// one that was destroyed meanwhile can't become a KMS key's. The process forgets that it made the
// key also where nobody can say whether the COMMIT happened: then it may be in use.
func (s *Keys) removeOrphan(on key.StoreRef, name string) domain.Change {
	return func(tx *store.Tx) error {
		tx.After(func() { s.making.forget(name) })
		if err := tx.Change(qDeleteOrphan, on.Account, on.Region, name); err != nil {
			return err
		}
		return s.jobs.Cancel(tx, DestroyJob, on.Account, on.Region, name)
	}
}

// Orphans returns the names of those on the token of a custom key store, or of the service's own
// token that belong to an account and Region, 32 hex digits each, and until when each is reserved:
// zero if it is to be destroyed.
func Orphans(from store.Reader, on key.StoreRef) (until map[string]time.Time, err error) {
	until = map[string]time.Time{}
	err = from.Rows(qOrphansOf, []any{on.Account, on.Region, on.ID},
		func(scan func(...any) error) error {
			var name string
			var stale int64
			err := scan(&name, &stale)
			until[name] = store.FromMicros(stale)
			return err
		})
	return until, err
}

// Left returns how many keys are reserved for longer than the making of a key takes: what processes
// that ended have left on tokens, for a person to look at. It is 0 while the database can't say.
func (s *Keys) Left(now time.Time) (n int) {
	if s.db.Row(qCountLeft, []any{store.Micros(now)}, &n) != nil {
		return 0 // the database logs it by itself
	}
	return n
}

// Forget gives up the orphans of a custom key store that is deleted. They stay on its token, which
// belongs to its owner.
func (s *Keys) Forget(tx *store.Tx, in key.StoreRef) error {
	names, err := Orphans(tx, in)
	if err != nil {
		return err
	}
	for name := range names {
		if err := s.removeOrphan(in, name)(tx); err != nil {
			return err
		}
	}
	return nil
}

// Expedite makes the destruction of a custom key store's orphans due that was put off because the
// store was not connected. Reservations are looked at when they are over.
func (s *Keys) Expedite(tx *store.Tx, in key.StoreRef, due time.Time) error {
	names, err := Orphans(tx, in)
	if err != nil {
		return err
	}
	for name, until := range names {
		if until.Before(due) {
			until = due
		}
		err := s.jobs.Schedule(tx, DestroyJob, in.Account, in.Region, name, until)
		if err != nil {
			return err
		}
	}
	return nil
}
