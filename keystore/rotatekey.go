package keystore

import (
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
)

// A key's material is replaced by a job: when its period is over, and before it has encrypted too
// often. The job is there while the key can be rotated and has a time for it: keyrows sees to that.

// rotateKey replaces the material of a key whose time has come, or that has encrypted so often that
// it has to be. The job may have come early, or the key be gone or disabled: then only the job is
// set right.
func (s *Keys) rotateKey(c *op.Call, _ dueKeyInput, d dueKey) (op.Commit[op.None], error) {
	k := d.key
	if k == nil || k.State != key.Enabled || k.IsReplica() {
		return op.Unchanged(op.None{}), nil
	}
	next, err := s.rotateIfDue(c, k)
	if err != nil {
		return nil, err
	}
	if next.MaterialID != k.MaterialID {
		c.Did(rotationOf(k, next, "AUTOMATIC"))
	}
	// Amend sets the job only where the time has changed, and this one ends now: one that came
	// early would be the last.
	amend, err := s.related.Amend(c, k,
		multiregion.Change{Key: next, Also: s.rows.ScheduleRotation(next)})
	return op.Apply(amend, op.None{}), err
}

// rotateIfDue returns the next revision of a key: with a new material if its time has come or its
// current one is over the usage limit, and otherwise as it is. Only the first of the two moves the
// schedule.
func (s *Keys) rotateIfDue(c *op.Call, k *key.Key) (*key.Key, error) {
	due := !k.RotationDue().IsZero() && !k.RotationDue().After(c.Time)
	overLimit, err := s.usage.IsRotationNeeded(k)
	if err != nil {
		return nil, err
	}
	if !due && !overLimit {
		return k.Changed(func(*key.Key) {}), nil
	}
	m, err := s.nextMaterial(c, k)
	if err != nil {
		return nil, err
	}
	return k.Changed(func(k *key.Key) {
		k.Rotate(m, key.RotationAutomatic, c.Time)
		// A rotation for the usage limit comes between two others, and the period that users were
		// told of stays.
		if due {
			k.RotateEvery(k.RotationPeriod, c.Time)
		}
	}), nil
}

// rotateDue replaces the material of a key whose time has come. It is the work of a
// [key.RotateJob].
func (s *Keys) rotateDue(c *op.Call, keyID string) error {
	_, err := op.AsService(c, "kms", c.Caller.Account, s.rotate, dueKeyInput{KeyId: keyID})
	return err
}
