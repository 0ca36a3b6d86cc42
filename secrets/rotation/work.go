package rotation

import (
	"context"
	"errors"
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/secrets/rotation/rotator"
	"claviger/secrets/secret"
)

// errEnded is why what is being done on a secret ends before its time.
var errEnded = errors.New("rotation: the rotation was cancelled or abandoned")

// errSuperseded ends the work on a rotation that isn't the one in progress any more.
var errSuperseded = errors.New("rotation: another change has ended the rotation")

// work does what is due on a secret: it begins a scheduled rotation, or goes on with the one in
// progress, until that is complete or has failed. What a rotation comes to is in the secret's row;
// an error is one of the service's own, and has the job tried again.
func (r *Rotation) work(c *op.Call, subject string) error {
	arn := secret.ARN(c.Caller.Account, c.Region, subject)
	ctx, end := context.WithCancelCause(c.Context)
	defer end(nil)
	r.running.Store(arn, end)
	defer r.running.Delete(arn)
	sec, err := r.dueNow(c, subject)
	if err != nil || sec == nil {
		return err
	}
	by := r.rotators.of(sec)
	if due, ok := r.places.take(by, c.Time); !ok {
		return domain.Later{Due: due}
	}
	defer r.places.give(by)
	if sec, err = r.begun(c, sec); err != nil || sec == nil {
		return err
	}
	within := *c
	within.Context = ctx
	err = r.attempt(&within, sec)
	var failed *failure
	switch {
	case errors.Is(err, errSuperseded), errors.Is(context.Cause(ctx), errEnded):
	case c.Err() != nil:
		return c.Err() // the process ends: the step will be done again
	case errors.As(err, &failed):
		if err := r.fail(c, sec, failed); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	return r.rest(c, subject)
}

// dueNow returns a secret of which something is due, or nil.
func (r *Rotation) dueNow(c *op.Call, subject string) (*secret.Secret, error) {
	sec, err := r.rows.Named(c, c.Caller.Account, c.Region, subject)
	if domain.IsNoRow(err) {
		return nil, nil
	}
	if err != nil || sec.ScheduledForDeletion() || sec.IsReplica() {
		return nil, err
	}
	due := sec.Rotation.Due
	if run := sec.Rotation.Run; run != nil {
		due = run.Retry
	} else if due.IsZero() {
		return nil, nil
	}
	if due.After(c.Time) {
		return nil, domain.Later{Due: due}
	}
	return sec, nil
}

// begun returns a secret, of which something is due, with a rotation in progress: where none is it
// begins the one that is due by the schedule. It is nil if that isn't wanted any more.
func (r *Rotation) begun(c *op.Call, sec *secret.Secret) (*secret.Secret, error) {
	switch run := sec.Rotation.Run; {
	case run == nil:
		return r.beginScheduled(c, sec)
	case !run.Retry.IsZero():
		return r.beginAgain(c, sec)
	}
	return sec, nil
}

// attempt takes the steps that are left.
func (r *Rotation) attempt(c *op.Call, sec *secret.Secret) error {
	by := r.rotators.of(sec)
	if by == nil {
		return failed(sec.Rotation.Run.Step, rotator.Errorf(rotator.NotAllowed,
			"the configuration has no rotator for %s", sec.Rotation.Function))
	}
	if run := sec.Rotation.Run; run.Test && run.Step == rotator.CreateSecret {
		next, err := r.fillTest(c, sec)
		if err != nil {
			return failedBy(run.Step, err)
		}
		sec = next
	}
	if by.Target != nil {
		return r.byTarget(c, by, sec)
	}
	return r.byFunction(c, by, sec)
}

// failure is what ends an attempt: a step that didn't go well.
type failure struct {
	step  rotator.Step
	cause *rotator.Error
}

// Error implements error.
func (f *failure) Error() string { return string(f.step) + ": " + f.cause.Text }

// Unwrap returns the cause.
func (f *failure) Unwrap() error { return f.cause }

func failed(step rotator.Step, cause *rotator.Error) error { return &failure{step, cause} }

// failedBy says that a step failed, if err is something that a rotator says or that is wrong with
// the secret. Everything else is the service's own trouble, and stays what it is.
func failedBy(step rotator.Step, err error) error {
	var told *rotator.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &told):
		return failed(step, told)
	case isOfSecret(err):
		return failed(step, rotator.Errorf(rotator.BadSecret,
			"the secret's value can't be read or written: %s", textOf(err)).Because(err))
	}
	return err
}

// next has the work on a secret done when it is due again, or not unless something else happens.
// While a rotation goes on the job that does it stays as it is: who comes after a crash finds it.
func (r *Rotation) next(sec *secret.Secret) domain.Change {
	run := sec.Rotation.Run
	switch {
	case run == nil:
		return r.due(sec, sec.Rotation.Due)
	case run.Retry.IsZero():
		return nil
	}
	return r.due(sec, run.Retry)
}

// rest puts the work off to what is due next: who ended the rotation meanwhile, by a value put by
// hand, has left the job to it, which is the one of the schedule too.
func (r *Rotation) rest(c *op.Call, subject string) error {
	sec, err := r.rows.Named(c, c.Caller.Account, c.Region, subject)
	if domain.IsNoRow(err) {
		return nil
	}
	if err != nil || sec.ScheduledForDeletion() {
		return err
	}
	due := sec.Rotation.Due
	if run := sec.Rotation.Run; run != nil {
		// Whoever began another one has moved the job, and isn't kept waiting.
		due = c.Time.Add(pauseBetween)
		if run.Retry.After(due) {
			due = run.Retry
		}
	}
	if due.IsZero() {
		return nil
	}
	return domain.Later{Due: due}
}

// pauseBetween keeps work from being looked at without a pause.
const pauseBetween = 2 * time.Second
