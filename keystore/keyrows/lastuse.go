package keyrows

import (
	"time"

	"claviger/audit"
	"claviger/internal/domain"
	"claviger/keystore/key"
	"claviger/store"
)

// LastUse is a successful use of a key, as the row says: the zero value if there was none.
type LastUse struct {
	Operation string
	At        time.Time
	EventID   string // of its record in the trail
	RequestID string
}

// The last use is bookkeeping: nothing is allowed because of it, so it is not signed.
var (
	qDeleteLastUse = store.SQL(
		`DELETE FROM kms_last_used WHERE account = $1 AND region = $2 AND key_id = $3`)
	qLastUse = store.SQL(`SELECT operation, at, event_id, request_id FROM kms_last_used
		WHERE account = $1 AND region = $2 AND key_id = $3`)
	qPutLastUse = store.SQL(`INSERT INTO kms_last_used (account, region, key_id, operation, at, event_id, request_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (account, region, key_id) DO UPDATE SET operation = excluded.operation, at = excluded.at,
			event_id = excluded.event_id, request_id = excluded.request_id WHERE at < excluded.at`)
)

// NoteUse has the use of a key written down that a record tells of. It rides in another's
// transaction, and of several uses of one key that wait the newest counts.
func (r *Rows) NoteUse(ref key.Ref, rec audit.Record) {
	r.db.Note("kms last use "+ref.ARN(), func(tx *store.Tx) error {
		_, err := tx.Exec(qPutLastUse, ref.Account, ref.Region, ref.ID, rec.Name, rec.Time.UnixMicro(),
			rec.EventID, rec.RequestID)
		return err
	})
}

// LastUse returns the last use of a key that was written down.
func (r *Rows) LastUse(ref key.Ref) (u LastUse, err error) {
	var at int64
	err = r.db.Row(qLastUse, []any{ref.Account, ref.Region, ref.ID}, &u.Operation, &at, &u.EventID,
		&u.RequestID)
	if domain.IsNoRow(err) {
		return LastUse{}, nil
	}
	u.At = store.FromMicros(at)
	return u, err
}
