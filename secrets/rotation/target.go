package rotation

import (
	"context"
	"errors"
	"slices"
	"time"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/secrets/events"
	"claviger/secrets/password"
	"claviger/secrets/rotation/rotator"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/target"
)

// mostOfTarget is how long a built-in target may take, as long as AWS lets a function: one that
// answers each question late, and has many, would hold its place for hours.
const mostOfTarget = 15 * time.Minute

// byTarget does for a built-in target what a function would do: the candidate is stored, then set,
// tried and made current. The last three are one commit.
func (r *Rotation) byTarget(c *op.Call, by *Rotator, sec *secret.Secret) error {
	run := sec.Rotation.Run
	ctx, end := context.WithTimeout(c, mostOfTarget)
	defer end()
	if run.Step == rotator.CreateSecret {
		next, err := r.proposed(ctx, c, by, sec)
		if err != nil {
			return failedBy(rotator.CreateSecret, err)
		}
		sec = next
	}
	v, err := r.valuesOf(c, by, sec)
	if err != nil {
		return failedBy(rotator.SetSecret, err)
	}
	if !run.Test {
		if err := told(func() error { return by.Target.Set(ctx, v.Versions) }); err != nil {
			return failedBy(rotator.SetSecret, err)
		}
	}
	if err := told(func() error { return by.Target.Test(ctx, v.Pending) }); err != nil {
		return failedBy(rotator.TestSecret, err)
	}
	if run.Test {
		_, _, err := r.done(c, sec, rotator.TestSecret)
		return err
	}
	out, err := op.AsService(c.Anew(), secret.Service, sec.Account, r.own.finish,
		runInput{Subject: sec.Tail(), ClientRequestToken: run.Version})
	if err == nil && out.Progress != secret.Completed {
		err = errSuperseded
	}
	return failedBy(rotator.FinishSecret, err)
}

// proposeInput has the candidate, where a target has made it already.
type proposeInput struct {
	Subject            string `shape:"Subject,required"`
	ClientRequestToken string `shape:"Subject"`
	Issued             []byte `shape:"SecretBinaryType"`
	op.ByShape
}

func (in proposeInput) subject() string { return in.Subject }

// proposed gives the pending version a value, unless it has one. A target that makes credentials
// itself is asked for them first, and asked again if its answer was lost.
func (r *Rotation) proposed(ctx context.Context, c *op.Call, by *Rotator,
	sec *secret.Secret) (*secret.Secret, error) {
	in := proposeInput{Subject: sec.Tail(), ClientRequestToken: sec.Rotation.Run.Version}
	if t, ok := by.Target.(rotator.Issuer); ok && sec.Rotation.Empty == in.ClientRequestToken {
		v, err := r.valuesOf(c, by, sec)
		if err != nil {
			return nil, err
		}
		var issued rotator.Document
		err = told(func() (err error) {
			issued, err = t.Issue(ctx, v.Versions, in.ClientRequestToken)
			return err
		})
		if err != nil {
			return nil, err
		}
		in.Issued = issued.Bytes()
	}
	out, err := op.AsService(c.Anew(), secret.Service, sec.Account, r.own.propose, in)
	return advanced(out, err)
}

// fillTest gives the version that is tested the current value.
func (r *Rotation) fillTest(c *op.Call, sec *secret.Secret) (*secret.Secret, error) {
	return advanced(op.AsService(c.Anew(), secret.Service, sec.Account, r.own.fill,
		runInput{Subject: sec.Tail(), ClientRequestToken: sec.Rotation.Run.Version}))
}

// advanced returns the secret if the rotation has gone on.
func advanced(out changed, err error) (*secret.Secret, error) {
	if err == nil && out.Progress != secret.Advanced {
		err = errSuperseded
	}
	return out.Secret, err
}

// propose makes the candidate of a built-in target.
func (r *Rotation) propose(c *op.Call, in proposeInput, to *changed) (*secretrows.Change, error) {
	if in.Issued != nil {
		return r.fillWith(c, in.ClientRequestToken, to, func([]byte) (*secret.Value, error) {
			return &secret.Value{Bytes: in.Issued}, nil
		})
	}
	return r.fillWith(c, in.ClientRequestToken, to, func(current []byte) (*secret.Value, error) {
		by := r.rotators.of(to.Secret)
		if by == nil || by.Target == nil {
			return nil, errSuperseded
		}
		doc, err := rotator.Parse(current)
		if err != nil {
			return nil, err
		}
		err = told(func() (err error) {
			doc, err = by.Target.Candidate(c, doc, passwords{r.random})
			return err
		})
		return &secret.Value{Bytes: doc.Bytes()}, err
	})
}

func (r *Rotation) fill(c *op.Call, in runInput, to *changed) (*secretrows.Change, error) {
	return r.fillWith(c, in.ClientRequestToken, to, nil)
}

// fillWith adds the pending version with what value makes of the current one, or with just that if
// value is nil. The step is done with it.
func (r *Rotation) fillWith(c *op.Call, version string, to *changed,
	value func(current []byte) (*secret.Value, error)) (*secretrows.Change, error) {
	sec, ch := to.Secret, &secretrows.Change{}
	ch.Secret = sec
	if sec.Rotation.Empty == version {
		v, err := r.valueOf(c, sec, sec.Stages[secret.Current])
		if err != nil {
			return nil, err
		}
		defer clear(v.Bytes)
		if value != nil {
			if v.Binary {
				return nil, rotator.Errorf(rotator.BadSecret, "the secret's value is binary")
			}
			if v, err = value(v.Bytes); err != nil {
				return nil, err
			}
			defer clear(v.Bytes)
		}
		_, err = r.versions.Add(c, ch, version, v, secret.Pending)
		if err != nil {
			return nil, err
		}
	}
	to.Progress = sec.StepDone(version, rotator.CreateSecret, secret.Now(c))
	if to.Progress != secret.Advanced {
		return nil, nil
	}
	return ch, nil
}

// valueOf opens a version that is to be there.
func (r *Rotation) valueOf(c *op.Call, sec *secret.Secret, id string) (*secret.Value, error) {
	if id == "" {
		return nil, rotator.Errorf(rotator.BadSecret, "the secret has no value yet")
	}
	v, err := r.rows.Version(c, sec, id, secretrows.AnySize)
	if domain.IsNoRow(err) {
		return nil, r.versions.None(c, sec, id)
	}
	if err != nil {
		return nil, err
	}
	plain, err := r.sealer.Unseal(c, sec, v)
	return &secret.Value{Bytes: plain, Binary: v.Binary}, err
}

// passwords makes passwords of the token's random numbers.
type passwords struct{ random password.Random }

// Password implements [rotator.Passwords].
func (p passwords) Password(ctx context.Context, rules rotator.Rules) (string, error) {
	return password.Make(ctx, rules, p.random)
}

// finish makes the candidate current. A built-in target has set and tried it.
func (r *Rotation) finish(c *op.Call, in runInput, to *changed) (*secretrows.Change, error) {
	run := to.Secret.Rotation.Run
	to.Progress = to.Secret.Finish(in.ClientRequestToken, secret.Now(c))
	if to.Progress != secret.Completed {
		return nil, nil
	}
	events.RotationSucceeded(c, to.Secret, run)
	return &secretrows.Change{}, nil
}

// readInput asks for the values of a secret that a rotation is of, or for the current one alone.
type readInput struct {
	Subject  string `shape:"Subject,required"`
	Rotation bool   `shape:"BooleanType"`
	op.ByShape
}

// values are what a built-in target sets credentials by.
type values struct{ rotator.Versions }

func (r *Rotation) findRead(c *op.Call, in readInput) (target.Owned, error) {
	return r.finder.FindOwned(c, "GetSecretValue", in.Subject)
}

// read opens the versions. A version that may be out of use, because its key is gone, is left out.
func (r *Rotation) read(c *op.Call, in readInput, o target.Owned) (out values, err error) {
	if o.Secret == nil || o.Secret.ScheduledForDeletion() {
		return out, rotator.Errorf(rotator.NoSuperuser, "the secret isn't there")
	}
	sec := o.Secret
	if out.Current, err = r.document(c, sec, sec.Stages[secret.Current]); err != nil || !in.Rotation {
		return out, err
	}
	if sec.Rotation.Run == nil {
		return out, errSuperseded
	}
	if version := sec.Rotation.Run.Version; version != sec.Rotation.Empty {
		if out.Pending, err = r.document(c, sec, version); err != nil {
			return out, err
		}
	}
	if out.Previous, err = r.older(c, sec, sec.Stages[secret.Previous]); err != nil {
		return out, err
	}
	for _, id := range slices.Backward(sec.Rotation.Abandoned) {
		abandoned, err := r.older(c, sec, id)
		if err != nil {
			return out, err
		}
		if abandoned != nil {
			out.Abandoned = append(out.Abandoned, *abandoned)
		}
	}
	return out, nil
}

// older opens a version that is only tried where the current one isn't right. It is nil if there is
// none, or it can't be read.
func (r *Rotation) older(c *op.Call, sec *secret.Secret, id string) (*rotator.Document, error) {
	if id == "" {
		return nil, nil
	}
	doc, err := r.document(c, sec, id)
	switch {
	case err == nil:
		return &doc, nil
	case isOfSecret(err) || isTold(err):
		return nil, nil
	}
	return nil, err
}

func (r *Rotation) document(c *op.Call, sec *secret.Secret, id string) (rotator.Document, error) {
	v, err := r.valueOf(c, sec, id)
	if err != nil {
		return rotator.Document{}, err
	}
	defer clear(v.Bytes)
	return rotator.Parse(v.Bytes)
}

// masterARN is the member of a secret that names the superuser's.
const masterARN = "masterarn"

// valuesOf returns the values of a rotation, and those of the superuser that the secret names. Only
// the configuration says which secrets may be named: whoever may write this one may not thereby
// have any other one used.
func (r *Rotation) valuesOf(c *op.Call, by *Rotator, sec *secret.Secret) (values, error) {
	v, err := op.AsService(c.Anew(), secret.Service, sec.Account, r.own.read,
		readInput{Subject: sec.Tail(), Rotation: true})
	if err != nil {
		return v, err
	}
	arn := v.Current.Text(masterARN)
	if arn == "" {
		return v, nil
	}
	if !slices.Contains(by.Superusers, arn) {
		return v, rotator.Errorf(rotator.NoSuperuser,
			"masterarn names a secret that isn't among the rotator's superusers")
	}
	a, _ := domain.ParseARN(arn)
	super, err := op.AsService(c.Anew(), secret.Service, a.Account, r.own.read,
		readInput{Subject: a.Resource[min(len(secret.ARNResource), len(a.Resource)):]})
	if err != nil {
		return v, err
	}
	v.Superuser = &super.Current
	return v, nil
}

// isOfSecret reports whether an error is about a secret or its key, which people can mend, and not
// the service's own trouble.
func isOfSecret(err error) bool {
	switch fault.Of(err).Kind {
	case fault.Internal, fault.Unavailable, fault.Uncertain, fault.Conflict, fault.Throttled:
		return false
	}
	return true
}

func isTold(err error) bool {
	var told *rotator.Error
	return errors.As(err, &told)
}

// textOf is what a fault says to callers.
func textOf(err error) string {
	f := fault.Of(err)
	return f.Code + " " + f.Message
}
