package keystore

import (
	"time"

	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
)

// disableKeyRotation ends the schedule only. The materials stay, and so what they have encrypted
// opens.
func (s *Keys) disableKeyRotation(_ *op.Call, _ KeyInput,
	k *key.Key) (multiregion.Change, op.None, error) {
	off := k.Changed(func(k *key.Key) { k.RotationPeriod, k.NextRotation = 0, time.Time{} })
	return multiregion.Change{Key: off}, op.None{}, nil
}
