package rotation

import (
	"context"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/smfault"
	"claviger/secrets/target"
	"claviger/store"
)

// CancelRotateSecretOutput names the version that the rotation was preparing, if one was.
type CancelRotateSecretOutput struct {
	ARN, Name string
	VersionId string `json:",omitzero"`
}

var errNotConfigured = smfault.InvalidRequest("You can't cancel the rotation of a secret that " +
	"rotation was never turned on for.")

// cancelRotateSecret turns rotation off. A rotation in progress ends where it is, and AWSPENDING
// stays where it is, as with AWS; only a built-in rotator that has begun to set credentials ends
// first what it has begun.
func (r *Rotation) cancelRotateSecret(c *op.Call, _ target.Input,
	sec *secret.Secret) (*secretrows.Change, CancelRotateSecretOutput, error) {
	out := CancelRotateSecretOutput{ARN: sec.ARN(), Name: sec.Name}
	if !sec.Rotation.Configured {
		return nil, out, errNotConfigured
	}
	by := r.rotators.of(sec)
	next := sec.Next(c, func(*secret.Secret) {})
	ch := &secretrows.Change{Secret: next}
	out.VersionId = next.CancelRotation(by != nil && by.Target != nil)
	if run := sec.Rotation.Run; run != nil && run.Test {
		ch.Removed = append(ch.Removed, run.Version)
	}
	if next.Rotation.Run == nil {
		ch.Also = domain.InOrder(r.due(next, next.Rotation.Due), r.interrupt(next))
	}
	return ch, out, nil
}

// interrupt ends what is being done on a secret, once the change that wants it ended is durable.
func (r *Rotation) interrupt(sec *secret.Secret) domain.Change {
	return func(tx *store.Tx) error {
		tx.After(func() {
			if end, ok := r.running.Load(sec.ARN()); ok {
				end.(context.CancelCauseFunc)(errEnded)
			}
		})
		return nil
	}
}
