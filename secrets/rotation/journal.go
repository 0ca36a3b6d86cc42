package rotation

import (
	"cmp"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/secrets/events"
	"claviger/secrets/rotation/diagnosis"
	"claviger/secrets/rotation/rotator"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/target"

	"github.com/google/uuid"
)

// operations are those that only the service itself performs, as its own principal. Each has the
// name of the operation that a function of the site's own would use for the same.
type operations struct {
	begin   op.Command[runInput, changed]
	again   op.Command[runInput, changed]
	advance op.Command[stepInput, changed]
	fail    op.Command[failInput, changed]
	fill    op.Command[runInput, changed]
	propose op.Command[proposeInput, changed]
	read    op.Query[readInput, values]
	finish  op.Command[runInput, changed]

	forService op.Command[forServiceInput, op.None]

	diagnose op.Query[target.Input, diagnosis.Diagnosis]
}

func (r *Rotation) operations(describe func(name string) op.Info) operations {
	if describe == nil {
		return operations{}
	}
	return operations{
		begin:   change(r, describe("RotateSecret"), r.begin),
		again:   change(r, describe("RotateSecret"), r.again),
		advance: change(r, describe("RotateSecret"), r.advance),
		fail:    change(r, describe("RotateSecret"), r.failed),
		fill:    change(r, describe("PutSecretValue"), r.fill),
		propose: change(r, describe("PutSecretValue"), r.propose),
		read:    op.Read(describe("GetSecretValue"), r.findRead, r.read),
		finish:  change(r, describe("UpdateSecretVersionStage"), r.finish),

		forService: op.Write(describe("RotateSecret"), r.findForService, r.rotateForService),

		diagnose: target.Read(r.finder, describe("DescribeSecret"), diagnose),
	}
}

// runInput names a secret by the last part of its ARN, and the rotation by its version.
type runInput struct {
	Subject            string `shape:"Subject,required"`
	ClientRequestToken string `shape:"Subject"`
	op.ByShape
}

func (in runInput) subject() string { return in.Subject }

// subjected is an input of an operation of the service's own on one secret.
type subjected interface {
	op.Input
	subject() string
}

// changed is the secret after a change, and how far the rotation is.
type changed struct {
	Secret   *secret.Secret
	Progress secret.Progress
}

// change makes an operation that changes a secret. Its plan gets a copy to alter, and returns what
// belongs to the change besides; nothing is stored if that is nil. A secret that has gone is left
// alone.
func change[I subjected](r *Rotation, n op.Info, plan func(*op.Call, I,
	*changed) (*secretrows.Change, error)) op.Command[I, changed] {
	find := func(c *op.Call, in I) (target.Owned, error) {
		return r.finder.FindOwned(c, n.Name, in.subject())
	}
	return op.Write(n, find, func(c *op.Call, in I, o target.Owned) (op.Commit[changed], error) {
		if o.Secret == nil {
			return op.Unchanged(changed{}), nil
		}
		out := changed{Secret: o.Secret.Next(c, func(*secret.Secret) {})}
		ch, err := plan(c, in, &out)
		if err != nil {
			return nil, err
		}
		if ch == nil {
			out.Secret = o.Secret
			return op.Unchanged(out), nil
		}
		ch.Secret = out.Secret
		ch.Also = domain.InOrder(ch.Also, r.next(out.Secret))
		return domain.Planned(c, r.rows.Prepare, ch, out)
	})
}

// beginScheduled begins the rotation that is due by the schedule.
func (r *Rotation) beginScheduled(c *op.Call, sec *secret.Secret) (*secret.Secret, error) {
	out, err := op.AsService(c, secret.Service, sec.Account, r.own.begin,
		runInput{Subject: sec.Tail()})
	if err != nil || out.Secret == nil || out.Secret.Rotation.Run == nil {
		return nil, err
	}
	return out.Secret, nil
}

// begin is a rotation by the schedule, unless somebody has put AWSPENDING on a version by hand:
// that window is passed over, for whose label it is nobody here knows.
func (r *Rotation) begin(c *op.Call, _ runInput, to *changed) (*secretrows.Change, error) {
	sec, now := to.Secret, secret.Now(c)
	if due := sec.Rotation.Due; sec.Rotation.Run != nil || due.IsZero() || due.After(c.Time) {
		return nil, nil
	}
	run := &secret.Run{Version: uuid.NewString(), Step: rotator.CreateSecret}
	if sec.RotationPending() {
		sec.Rotation.Failure = &secret.Failure{Version: sec.Stages[secret.Pending],
			Step: rotator.CreateSecret, Reason: rotator.Blocked, At: now,
			Text: "the staging label AWSPENDING is on another version than the current one"}
		sec.Schedule(sec.Rotation.Next)
		events.RotationFailed(c, sec, run, run.Step)
		return &secretrows.Change{}, nil
	}
	sec.BeginRotation(run.Version, uuid.NewString(), now)
	events.RotationStarted(c, sec, sec.Rotation.Run)
	return &secretrows.Change{}, nil
}

// beginAgain begins the next attempt at a rotation that has failed.
func (r *Rotation) beginAgain(c *op.Call, sec *secret.Secret) (*secret.Secret, error) {
	out, err := op.AsService(c, secret.Service, sec.Account, r.own.again, runInput{
		Subject: sec.Tail(), ClientRequestToken: sec.Rotation.Run.Version})
	if err != nil || out.Progress != secret.Advanced {
		return nil, err
	}
	return out.Secret, nil
}

// again stores that an attempt is going on: who cancels it has to know.
func (r *Rotation) again(c *op.Call, in runInput, to *changed) (*secretrows.Change, error) {
	run := to.Secret.Rotation.Run
	if run == nil || run.Version != in.ClientRequestToken {
		return nil, nil
	}
	to.Secret.Resume()
	to.Progress = secret.Advanced
	events.RotationStarted(c, to.Secret, run)
	return &secretrows.Change{}, nil
}

// stepInput says which step of which rotation is done.
type stepInput struct {
	Subject            string `shape:"Subject,required"`
	ClientRequestToken string `shape:"Subject"`
	Step               string `shape:"Subject"`
	op.ByShape
}

func (in stepInput) subject() string { return in.Subject }

// done stores that a step is done, and returns the secret with what is next.
func (r *Rotation) done(c *op.Call, sec *secret.Secret, step rotator.Step) (*secret.Secret,
	secret.Progress, error) {
	out, err := op.AsService(c.Anew(), secret.Service, sec.Account, r.own.advance, stepInput{
		Subject: sec.Tail(), ClientRequestToken: sec.Rotation.Run.Version, Step: string(step)})
	if err == nil && out.Progress == secret.Superseded {
		err = errSuperseded
	}
	return out.Secret, out.Progress, err
}

func (r *Rotation) advance(c *op.Call, in stepInput, to *changed) (*secretrows.Change, error) {
	run := to.Secret.Rotation.Run
	to.Progress = to.Secret.StepDone(in.ClientRequestToken, rotator.Step(in.Step), secret.Now(c))
	ch := &secretrows.Change{}
	switch to.Progress {
	case secret.Superseded, secret.Undone:
		return nil, nil
	case secret.Completed:
		events.RotationSucceeded(c, to.Secret, run)
		if run.Test {
			ch.Removed = []string{run.Version}
		}
	}
	return ch, nil
}

// failInput says why a step of a rotation failed.
type failInput struct {
	Subject            string `shape:"Subject,required"`
	ClientRequestToken string `shape:"Subject"`
	Step               string `shape:"Subject"`
	Reason             string `shape:"Subject"`
	Text               string `shape:"Subject" json:"-"`
	Said               string `shape:"Subject" json:"-"`
	op.ByShape
}

func (in failInput) subject() string { return in.Subject }

// mostOfText is how much is kept of why an attempt failed, in bytes.
const mostOfText = 1024

// fail stores that an attempt failed, and when the next one begins.
func (r *Rotation) fail(c *op.Call, sec *secret.Secret, f *failure) error {
	c.Log().Warn("a rotation failed", "secret", sec.ARN(), "step", string(f.step),
		"reason", string(f.cause.Reason), "error", op.Clip(f.cause.Text, mostOfText),
		"cause", causeOf(f.cause))
	_, err := op.AsService(c.Anew(), secret.Service, sec.Account, r.own.fail, failInput{
		Subject: sec.Tail(), ClientRequestToken: sec.Rotation.Run.Version, Step: string(f.step),
		Reason: string(f.cause.Reason), Text: op.Clip(f.cause.Text, mostOfText),
		Said: r.said(c, sec, f)})
	return err
}

// causeOf is what a log says of a cause. A server that is asked may have much to say.
func causeOf(e *rotator.Error) string {
	if e.Err == nil {
		return ""
	}
	return op.Clip(e.Err.Error(), mostOfText)
}

func (r *Rotation) failed(c *op.Call, in failInput, to *changed) (*secretrows.Change, error) {
	run := to.Secret.Rotation.Run
	step := rotator.Step(in.Step)
	if !to.Secret.StepFailed(in.ClientRequestToken, secret.Failure{Step: step,
		Reason: rotator.Reason(in.Reason), Text: in.Text, Said: in.Said,
		At: secret.Now(c)}) {
		return nil, nil
	}
	events.RotationFailed(c, to.Secret, run, cmp.Or(step, run.Step))
	ch := &secretrows.Change{}
	if run.Test {
		ch.Removed = []string{run.Version}
	}
	return ch, nil
}
