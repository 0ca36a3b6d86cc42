package keystore

import (
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
)

const (
	defaultRotationPeriod = 365 // days from one automatic rotation to the next
	// on-demand rotations of a key in its life: AWS's quota, which can't be raised
	maxOnDemandRotations = 25
	quietBeforeRotation  = 20 * time.Minute // before an automatic rotation, none on demand begins
)

type EnableKeyRotationInput struct {
	KeyId                string `shape:"KeyIdType,required"`
	RotationPeriodInDays *int32 `shape:"RotationPeriodInDaysType"`
	op.ByShape
}

func (in EnableKeyRotationInput) KeyID() string { return in.KeyId }

// enableKeyRotation starts the clock, also where it runs already.
func (s *Keys) enableKeyRotation(c *op.Call, in EnableKeyRotationInput,
	k *key.Key) (multiregion.Change, op.None, error) {
	return multiregion.Change{Key: k.Changed(
		func(k *key.Key) {
			k.RotateEvery(int64(domain.Or(in.RotationPeriodInDays, defaultRotationPeriod)),
				c.Time)
		})}, op.None{}, nil
}

func (s *Keys) disableKeyRotation(_ *op.Call, _ KeyInput,
	k *key.Key) (multiregion.Change, op.None, error) {
	return multiregion.Change{Key: k.Changed(func(k *key.Key) {
		k.RotationPeriod, k.NextRotation = 0,
			time.Time{}
	})}, op.None{}, nil
}
