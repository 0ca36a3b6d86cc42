package keystore

import (
	"strconv"
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
	"claviger/policy"
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

// KeyID implements [target.Keyed].
func (in EnableKeyRotationInput) KeyID() string { return in.KeyId }

// Conditions puts in the period, which also counts where it was left out.
func (in EnableKeyRotationInput) Conditions(v policy.Values) {
	days := domain.Or(in.RotationPeriodInDays, defaultRotationPeriod)
	v["kms:RotationPeriodInDays"] = []string{strconv.Itoa(int(days))}
}

// enableKeyRotation starts a period now, also where one runs already: AWS counts from the last
// call.
func (s *Keys) enableKeyRotation(c *op.Call, in EnableKeyRotationInput,
	k *key.Key) (multiregion.Change, op.None, error) {
	days := int64(domain.Or(in.RotationPeriodInDays, defaultRotationPeriod))
	rotating := k.Changed(func(k *key.Key) { k.RotateEvery(days, c.Time) })
	return multiregion.Change{Key: rotating}, op.None{}, nil
}
