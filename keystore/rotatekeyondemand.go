package keystore

import (
	"time"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
)

// rotateKeyOnDemand replaces the material now, and leaves the schedule as it is. One that is
// overdue counts as in progress: its job is about to run, and two materials would follow each other
// at once.
func (s *Keys) rotateKeyOnDemand(c *op.Call, _ KeyInput,
	k *key.Key) (ch multiregion.Change, out KeyOutput, err error) {
	if next := k.RotationDue(); !next.IsZero() && next.Sub(c.Time) <= quietBeforeRotation {
		return ch, out, fault.New(fault.Conflict, "ConflictException",
			"The request was rejected because an automatic rotation of this key is currently in progress "+
				"or scheduled to begin within the next 20 minutes.")
	}
	if k.CountRotations(key.RotationOnDemand) >= maxOnDemandRotations {
		return ch, out, fault.New(fault.Limit, "LimitExceededException",
			"The on-demand rotations limit has been reached for the given keyId. "+
				"No more on-demand rotations can be performed for this key: "+k.ARN())
	}
	m, err := s.nextMaterial(c, k)
	if err != nil {
		return ch, out, err
	}
	rotated := k.Changed(func(k *key.Key) { k.Rotate(m, key.RotationOnDemand, c.Time) })
	c.Event(op.Event{Name: "RotateKey", Account: k.Account, ARN: k.ARN(),
		Details: rotationOf(k, rotated, "ON_DEMAND")})
	return multiregion.Change{Key: rotated}, KeyOutput{KeyId: k.ARN()}, nil
}

// nextMaterial returns the material that follows the current one: a new one of the token, or the
// pending one of a key whose material is imported. Imported material can't be made here, so AWS has
// it imported before it is rotated to.
func (s *Keys) nextMaterial(c *op.Call, k *key.Key) (key.Material, error) {
	if k.Origin == key.OriginExternal {
		return k.NextImported()
	}
	m, err := s.maker.Generate(c, key.NewMaterialID(), k.Purpose().Kind)
	if err != nil {
		return key.Material{}, err
	}
	return key.Material{Material: m, Created: c.Time.Truncate(time.Microsecond)}, nil
}
