package jobs

import (
	"time"

	"claviger/store"

	"github.com/google/uuid"
)

const rowSaysWhose = "the row names its account and Region"

var (
	qSchedule = store.Wide(`INSERT INTO jobs
		(id, kind, account, region, subject, due, rev, lease, expires, attempts)
		VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0)
		ON CONFLICT (kind, account, region, subject)
		DO UPDATE SET due = excluded.due, rev = rev + 1, attempts = 0`, rowSaysWhose)
	qCancel = store.Wide(`DELETE FROM jobs
		WHERE kind = $1 AND account = $2 AND region = $3 AND subject = $4`, rowSaysWhose)
)

// Queue is where work is put off. It satisfies what the domains ask for; the zero value is ready.
type Queue struct{}

// Schedule puts work on subject off until it is due, in the transaction that decides on it. Work of
// one kind on one subject is there once: a second call moves it. Work that is being done meanwhile
// goes on, and is done again when the new time has come.
func (Queue) Schedule(tx *store.Tx, kind, account, region, subject string, due time.Time) error {
	_, err := tx.Exec(qSchedule, uuid.NewString(), kind, account, region, subject, due.UnixMicro())
	return err
}

// Cancel takes work back. Work that is not there is as good. Work that is being done is told so by
// the end of its context once it would renew its lease.
func (Queue) Cancel(tx *store.Tx, kind, account, region, subject string) error {
	_, err := tx.Exec(qCancel, kind, account, region, subject)
	return err
}
