package keystore

import (
	"time"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
)

const (
	usualPeriod = 365              // days from one automatic rotation to the next
	onDemand    = 25               // on-demand rotations of a key in its life: AWS's quota, which can't be raised
	quiet       = 20 * time.Minute // before an automatic rotation, none on demand begins
)

// EnableKeyRotationInput is EnableKeyRotationRequest of AWS.
type EnableKeyRotationInput struct {
	KeyId                string `shape:"KeyIdType,required"`
	RotationPeriodInDays *int32 `shape:"RotationPeriodInDaysType"`
	op.ByShape
}

func (in EnableKeyRotationInput) keyID() string { return in.KeyId }

// enableKeyRotation starts the clock, also where it runs already.
func (s *Keys) enableKeyRotation(c *op.Call, in EnableKeyRotationInput, k *key.Key) (multiregion.Change, op.None, error) {
	return multiregion.Change{Key: k.Changed(func(k *key.Key) { k.RotateEvery(int64(domain.Or(in.RotationPeriodInDays, usualPeriod)), c.Time) })}, op.None{}, nil
}

func (s *Keys) disableKeyRotation(_ *op.Call, _ KeyInput, k *key.Key) (multiregion.Change, op.None, error) {
	return multiregion.Change{Key: k.Changed(func(k *key.Key) { k.RotationPeriod, k.NextRotation = 0, time.Time{} })}, op.None{}, nil
}

// GetKeyRotationStatusOutput is GetKeyRotationStatusResponse of AWS. A rotation on demand is done when it is answered, so that
// OnDemandRotationStartDate, which is that of one in progress, is never there.
type GetKeyRotationStatusOutput struct {
	KeyRotationEnabled        bool
	KeyId                     string
	RotationPeriodInDays      int32      `json:",omitzero"`
	NextRotationDate          *wire.Time `json:",omitzero"`
	OnDemandRotationStartDate *wire.Time `json:",omitzero"`
}

// getKeyRotationStatus shows what will happen: a disabled key keeps its status, and one that is pending deletion shows
// none until that is taken back.
func (s *Keys) getKeyRotationStatus(_ *op.Call, _ KeyInput, k *key.Key) (GetKeyRotationStatusOutput, error) {
	if k.RotationPeriod == 0 || k.IsPendingDeletion() {
		return GetKeyRotationStatusOutput{KeyId: k.ID}, nil
	}
	return GetKeyRotationStatusOutput{KeyRotationEnabled: true, KeyId: k.ID, RotationPeriodInDays: int32(k.RotationPeriod),
		NextRotationDate: wire.At(k.NextRotation)}, nil
}

// rotateKeyOnDemand replaces the material now, and leaves the schedule as it is.
func (s *Keys) rotateKeyOnDemand(c *op.Call, _ KeyInput, k *key.Key) (ch multiregion.Change, out KeyOutput, err error) {
	if next := k.RotationDue(); !next.IsZero() && next.Sub(c.Time) <= quiet {
		return ch, out, fault.New(fault.Conflict, "ConflictException",
			"The request was rejected because an automatic rotation of this key is currently in progress or scheduled to begin within the next 20 minutes.")
	}
	if k.CountRotations(key.RotationOnDemand) >= onDemand {
		return ch, out, fault.New(fault.Limit, "LimitExceededException", "The on-demand rotations limit has been reached for the given keyId. "+
			"No more on-demand rotations can be performed for this key: "+k.ARN())
	}
	m, err := s.successor(c, k)
	if err != nil {
		return ch, out, err
	}
	return multiregion.Change{Key: k.Changed(func(k *key.Key) { k.Rotate(m, key.RotationOnDemand, c.Time) })}, KeyOutput{k.ID}, nil
}

// successor returns the material that follows the current one: a new one of the token, or of an imported key the one that
// was imported for this.
func (s *Keys) successor(c *op.Call, k *key.Key) (key.Material, error) {
	if k.Origin == key.OriginExternal {
		return k.NextImported()
	}
	m, err := s.token.Generate(c, key.NewMaterialID(), k.Purpose().Kind)
	return key.Material{Material: m, Created: c.Time.Truncate(time.Microsecond)}, err
}
