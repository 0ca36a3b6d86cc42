package jobs

import (
	"context"
	"errors"
	"sync"
	"time"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/store"
)

const (
	lease    = 2 * time.Minute // how long a worker may give no sign before another one tries
	renewal  = lease / 3       // so that two renewals may fail
	firstTry = 2 * time.Second // between the first two attempts at work that fails
	slowest  = time.Hour       // between two attempts at last

	// Work during which the process dies again and again may be why it dies.
	atOnceAfter = 3           // deaths in a row after which it is done again at once
	restarted   = time.Second // after one more, and twice as long after each further one
	longestDead = time.Minute // at last
)

const knownByID = "a job is known by its id"

var (
	qLease = store.Wide(`UPDATE jobs SET lease = lease + 1, expires = $1, attempts = attempts + 1
		WHERE id = $2 AND lease = $3 AND rev = $4`, knownByID)
	qRenew = store.Wide(`UPDATE jobs SET expires = $1 WHERE id = $2 AND lease = $3`, knownByID)
	qRetry = store.Wide(`UPDATE jobs SET due = $1, expires = 0, cut = 0
		WHERE id = $2 AND lease = $3 AND rev = $4`, knownByID)
	qRelease = store.Wide(`UPDATE jobs SET expires = 0, attempts = max(attempts - 1, 0)
		WHERE id = $1 AND lease = $2`, knownByID)
	qFree = store.Wide(`UPDATE jobs SET lease = lease + 1, expires = 0,
		attempts = max(attempts - 1, 0), cut = cut + 1,
		due = CASE WHEN cut < $1 THEN due ELSE max(due, $2 + min($3 << min(cut - $1, 32), $4)) END
		WHERE expires > 0`, "whoever held a lease of any job is gone")
	qFinish = store.Wide(`DELETE FROM jobs WHERE id = $1 AND lease = $2 AND rev = $3`, knownByID)
)

// errLost is why the context of work ends before the process does.
var errLost = errors.New("jobs: the job was taken back, or another worker has it")

// do leases a job that has a slot, does it and takes it away. Then it signals again, for another
// may wait for the slot. A job that could not even be leased signals nothing, or a database that
// takes nothing would be asked without a pause.
//
// A job that is no longer as it was read signals too: it held a slot that another one waited for,
// and the next look reads its new state.
func (r *Runner) do(ctx context.Context, j job, again chan<- struct{}) {
	leasable := true
	defer func() {
		r.pool().leave(j.kind, r.target(j))
		if !leasable {
			return
		}
		select {
		case again <- struct{}{}:
		default: // a look is coming that will see it
		}
	}()
	err := r.change(qLease, r.leaseEnd(), j.id, j.lease, j.rev)
	if errors.Is(err, store.Stale) {
		return // it was done, moved or taken back since, or another worker has it
	}
	if err != nil {
		r.Log.Error("a job can't be leased", "kind", j.kind, "subject", j.subject, "error", err)
		leasable = false
		return
	}
	j.lease++
	failure := r.perform(ctx, j)
	if failure != nil && ctx.Err() != nil {
		r.release(j) // the process ends, which is no failure of the work
		return
	}
	r.conclude(j, failure)
}

// release gives a leased job back as it was, to be done by the next process at once.
func (r *Runner) release(j job) {
	err := r.change(qRelease, j.id, j.lease)
	if err != nil && !errors.Is(err, store.Stale) {
		r.Log.Error("a job can't be given back", "kind", j.kind, "subject", j.subject, "error", err)
	}
}

// FreeLeases takes all jobs back that were being done when the process before this one died, so
// that they are done at once and not when their leases end. That is no failed attempt at them. Only
// a job during which the process died more than three times in a row waits, for up to a minute: it
// may be what kills it, and the service is there in between. Whoever calls it knows that no other
// process has the database, and calls it before [Runner.Run].
func (r *Runner) FreeLeases() error {
	return r.commit(func(tx *store.Tx) error {
		_, err := tx.Exec(qFree, atOnceAfter, r.Now().UnixMicro(), restarted.Microseconds(),
			longestDead.Microseconds())
		return err
	})
}

// perform does the work and renews the lease meanwhile. A panic is a failure of this job alone.
func (r *Runner) perform(ctx context.Context, j job) (err error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	ended := make(chan struct{})
	var renewing sync.WaitGroup
	renewing.Go(func() { r.renew(j, ended, stop) })
	defer renewing.Wait()
	defer close(ended)
	defer func() {
		if v := recover(); v != nil {
			err = fault.Panic(v)
		}
	}()
	call := r.Operations.Own(ctx, j.account, j.region, service(j.kind))
	return r.work(j.kind)(call, j.subject)
}

// renew keeps the lease until the work has ended, also while the process shuts down. Once the lease
// is lost the work is told to stop. A renewal that can't be stored is no loss yet: the database
// that refuses it gives nobody else the job.
func (r *Runner) renew(j job, ended <-chan struct{}, stop context.CancelCauseFunc) {
	tick := time.NewTicker(renewal)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
		}
		err := r.change(qRenew, r.leaseEnd(), j.id, j.lease)
		if errors.Is(err, store.Stale) {
			stop(errLost)
			return
		}
		if err != nil {
			r.Log.Warn("a lease can't be renewed", "kind", j.kind, "subject", j.subject, "error", err)
		}
	}
}

// conclude ends a job that was done, and puts off one that failed, later and later. A job that was
// scheduled anew meanwhile keeps its new time. One whose lease was lost is no longer ours to end.
func (r *Runner) conclude(j job, failure error) {
	q, args := qFinish, []any{j.id, j.lease, j.rev}
	var later domain.Later
	switch {
	case failure == nil:
	case errors.As(failure, &later):
		q, args = qRetry, []any{later.Due.UnixMicro(), j.id, j.lease, j.rev}
	default:
		r.Log.Error("work failed and will be tried again",
			"kind", j.kind, "subject", j.subject, "error", failure)
		q, args = qRetry, []any{r.Now().Add(pause(j.attempts)).UnixMicro(), j.id, j.lease, j.rev}
	}
	err := r.commit(func(tx *store.Tx) error {
		err := tx.Change(q, args...)
		if errors.Is(err, store.Stale) {
			return tx.Change(qRelease, j.id, j.lease)
		}
		return err
	})
	if err != nil && !errors.Is(err, store.Stale) {
		r.Log.Error("the state of a job can't be stored",
			"kind", j.kind, "subject", j.subject, "error", err)
	}
}

func (r *Runner) leaseEnd() int64 { return r.Now().Add(lease).UnixMicro() }

// change alters one job's row.
func (r *Runner) change(q *store.Query, args ...any) error {
	return r.commit(func(tx *store.Tx) error { return tx.Change(q, args...) })
}

// commit leaves no record: what the job does leaves its own.
func (r *Runner) commit(apply func(*store.Tx) error) error {
	return r.DB.Commit(apply, func(error) []byte { return nil })
}

// pause doubles with every attempt.
func pause(attempts int64) time.Duration {
	return min(firstTry<<min(attempts, 20), slowest)
}
