package keystore

import (
	"time"

	"claviger/internal/op"
	"claviger/store"
)

// A key's material is replaced by a job: when its period is over, and before it has encrypted too often. The job is there
// while the key can be rotated and has a time for it, and amend sees to that.

// turns returns when the key is to be rotated automatically, or zero. A disabled key and one that is pending deletion aren't
// rotated: what is overdue when such a key is enabled again is done then. A replica is rotated with its primary.
func (k *Key) turns() time.Time {
	if k.Rotation == 0 || k.State != Enabled || k.replica() {
		return time.Time{}
	}
	return k.Rotates
}

// scheduleTurn returns what puts off the next automatic rotation of a key until its time, or takes it back if there is none.
func (s *Keys) scheduleTurn(k *Key) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		if k.turns().IsZero() {
			return s.jobs.Cancel(tx, RotateKeyJob, k.Account, k.Region, k.ID)
		}
		return s.jobs.Schedule(tx, RotateKeyJob, k.Account, k.Region, k.ID, k.turns())
	}
}

// rotateKey replaces the material of a key whose time has come, or that has encrypted so often that it has to be. The job
// may have come early, or the key be gone or disabled: then only the job is set right.
func (s *Keys) rotateKey(c *op.Call, _ dueInput, d due) (op.Commit[op.None], error) {
	k := d.key
	if k == nil || k.State != Enabled || k.replica() {
		return func(*store.Tx) (op.None, error) { return op.None{}, nil }, nil
	}
	next, err := s.turnDue(c, k)
	if err != nil {
		return nil, err
	}
	amend, err := s.amend(c, k, change{key: next, also: s.scheduleTurn(next)})
	return func(tx *store.Tx) (op.None, error) { return op.None{}, amend(tx) }, err
}

// turnDue returns the key as it shall be: with a new material if it is time, and with the next time if this one has come.
func (s *Keys) turnDue(c *op.Call, k *Key) (*Key, error) {
	due := !k.turns().IsZero() && !k.turns().After(c.Time)
	worn, err := s.worn(k)
	if err != nil {
		return nil, err
	}
	if !due && !worn {
		return k.changed(func(*Key) {}), nil
	}
	m, err := s.successor(c, k)
	return k.changed(func(k *Key) {
		k.turn(m, rotationAutomatic, c.Time)
		if due {
			k.rotateEvery(k.Rotation, c.Time)
		}
	}), err
}

// Rotate replaces the material of a key whose time has come. It is the work of a [RotateKeyJob].
func (s *Keys) Rotate(c *op.Call, keyID string) error {
	_, err := op.AsService(c, "kms", s.rotate, dueInput{KeyId: keyID})
	return err
}
