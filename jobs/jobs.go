// Package jobs is the clockwork: work that a commit put off until it is due. A job is leased, done, and taken away;
// the number of its lease fences it, so that a worker that was thought dead can't end what another has begun.
// What a job does must be idempotent: it may be done again after a crash. The package knows no domain.
package jobs

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"claviger/internal/op"
	"claviger/store"

	"github.com/google/uuid"
)

const (
	period   = time.Second     // how often due work is looked for
	lease    = 2 * time.Minute // how long a worker may take before another one tries
	atOnce   = 64              // jobs taken in one look
	slowest  = time.Hour       // between two attempts at work that fails
	firstTry = 2 * time.Second
)

var (
	qSchedule = store.Wide(`INSERT INTO jobs (id, kind, account, region, subject, due, lease, attempts) VALUES ($1, $2, $3, $4, $5, $6, 0, 0)
		ON CONFLICT (kind, account, region, subject) DO UPDATE SET due = excluded.due, lease = lease + 1, attempts = 0`,
		"the row names its account and Region")
	qCancel = store.Wide(`DELETE FROM jobs WHERE kind = $1 AND account = $2 AND region = $3 AND subject = $4`, "the row names its account and Region")
	qDue    = store.Wide(`SELECT id, kind, account, region, subject, lease, attempts FROM jobs WHERE due <= $1 ORDER BY due LIMIT $2`,
		"the clockwork works for every account")
	qLease  = store.Wide(`UPDATE jobs SET lease = lease + 1, due = $1, attempts = attempts + 1 WHERE id = $2 AND lease = $3`, "a job is known by its id")
	qRetry  = store.Wide(`UPDATE jobs SET due = $1 WHERE id = $2 AND lease = $3`, "a job is known by its id")
	qFinish = store.Wide(`DELETE FROM jobs WHERE id = $1 AND lease = $2`, "a job is known by its id")
)

// Book is where work is put off. It satisfies what the domains ask for; the zero value is ready.
type Book struct{}

// Schedule puts work on subject off until it is due, in the transaction that decides on it. Work of one
// kind on one subject is there once: a second call moves it.
func (Book) Schedule(tx *store.Tx, kind, account, region, subject string, due time.Time) error {
	_, err := tx.Exec(qSchedule, uuid.NewString(), kind, account, region, subject, due.UnixMicro())
	return err
}

// Cancel takes work back. Work that is not there is as good.
func (Book) Cancel(tx *store.Tx, kind, account, region, subject string) error {
	_, err := tx.Exec(qCancel, kind, account, region, subject)
	return err
}

// Work does one kind of job. It runs as the service's own principal, may run twice, and must check for
// itself that the work is still wanted.
type Work func(c *op.Call, subject string) error

// Clockwork does jobs when they are due. All fields must be set.
type Clockwork struct {
	DB     *store.DB
	Runner *op.Runner
	Works  map[string]Work // by kind
	Log    *slog.Logger
	Now    func() time.Time
}

type job struct {
	id, kind, account, region, subject string
	lease, attempts                    int64
}

// Run does jobs until ctx ends.
func (w *Clockwork) Run(ctx context.Context) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			w.Turn(ctx)
		}
	}
}

// Turn does what is due now.
func (w *Clockwork) Turn(ctx context.Context) {
	due, err := w.due()
	if err != nil {
		w.Log.Error("due work can't be read", "error", err)
		return
	}
	for _, j := range due {
		if ctx.Err() != nil {
			return
		}
		w.do(ctx, j)
	}
}

func (w *Clockwork) due() (out []job, err error) {
	err = w.DB.Rows(qDue, []any{w.Now().UnixMicro(), atOnce}, func(scan func(...any) error) error {
		var j job
		err := scan(&j.id, &j.kind, &j.account, &j.region, &j.subject, &j.lease, &j.attempts)
		out = append(out, j)
		return err
	})
	return out, err
}

// do leases a job, does it and takes it away. If it fails it stays, to be tried again later and later.
func (w *Clockwork) do(ctx context.Context, j job) {
	work, ok := w.Works[j.kind]
	if !ok {
		work = unknown
	}
	err := w.change(qLease, w.Now().Add(lease).UnixMicro(), j.id, j.lease)
	if errors.Is(err, store.Stale) {
		return // another worker has it, or it was taken back
	}
	if err == nil {
		j.lease++
		err = work(w.Runner.Own(ctx, j.account, j.region, service(j.kind)), j.subject)
	}
	if err == nil {
		err = w.change(qFinish, j.id, j.lease)
	} else {
		w.Log.Error("work failed and will be tried again", "kind", j.kind, "subject", j.subject, "error", err)
		err = w.change(qRetry, w.Now().Add(pause(j.attempts)).UnixMicro(), j.id, j.lease)
	}
	if err != nil && !errors.Is(err, store.Stale) {
		w.Log.Error("the state of a job can't be stored", "kind", j.kind, "subject", j.subject, "error", err)
	}
}

// unknown stands for work that only another version of the program knows. It fails as other work does, so that its job
// stays and makes room for those behind it.
func unknown(*op.Call, string) error {
	return errors.New("no work of this kind is known: was the database used by a newer version?")
}

// change alters one job's row. It leaves no record: what the job does leaves its own.
func (w *Clockwork) change(q *store.Query, args ...any) error {
	return w.DB.Commit(func(tx *store.Tx) error { return tx.Change(q, args...) }, func(error) []byte { return nil })
}

// pause doubles with every attempt.
func pause(attempts int64) time.Duration {
	return min(firstTry<<min(attempts, 20), slowest)
}

// service is the first part of a kind: kms of kms:DeleteKey.
func service(kind string) string {
	for i := range kind {
		if kind[i] == ':' {
			return kind[:i]
		}
	}
	return kind
}
