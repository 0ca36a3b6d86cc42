package rotation

import (
	"claviger/internal/op"
	"claviger/secrets/rotation/rotator"
	"claviger/secrets/secret"
)

// byFunction sends a function of the site's own one event after another.
func (r *Rotation) byFunction(c *op.Call, by *Rotator, sec *secret.Secret) error {
	for {
		run := sec.Rotation.Run
		err := told(func() error {
			return by.Function.Invoke(c, rotator.Event{Step: run.Step, SecretId: sec.ARN(),
				ClientRequestToken: run.Version, RotationToken: run.Token}, known(sec))
		})
		if err != nil {
			return failedBy(run.Step, err)
		}
		next, progress, err := r.done(c, sec, run.Step)
		switch {
		case err != nil:
			return err
		case progress == secret.Completed:
			return nil
		case progress == secret.Undone:
			return failed(run.Step, undone(run.Step))
		}
		sec = next
	}
}

// undone says what a step left undone though it said that it was done.
func undone(step rotator.Step) *rotator.Error {
	if step == rotator.CreateSecret {
		return rotator.Errorf(rotator.Failed,
			"the function ended well and has stored no value for the pending version")
	}
	return rotator.Errorf(rotator.Failed,
		"the function ended well and has not moved the label AWSCURRENT to the pending version")
}

// known is what a function may know of a secret without asking.
func known(sec *secret.Secret) rotator.Secret {
	of := rotator.Secret{Account: sec.Account, Region: sec.Region, ARN: sec.ARN()}
	for _, m := range sec.Rotation.Metadata {
		if of.Metadata == nil {
			of.Metadata = map[string]string{}
		}
		of.Metadata[m.Key] = m.Value
	}
	return of
}
