package keystore

import (
	"time"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"
)

const (
	day         = 24 * time.Hour
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
func (s *Keys) enableKeyRotation(c *op.Call, in EnableKeyRotationInput, k *Key) (change, op.None, error) {
	return change{key: k.changed(func(k *Key) { k.rotateEvery(int64(or(in.RotationPeriodInDays, usualPeriod)), c.Time) })}, op.None{}, nil
}

func (s *Keys) disableKeyRotation(_ *op.Call, _ KeyInput, k *Key) (change, op.None, error) {
	return change{key: k.changed(func(k *Key) { k.Rotation, k.Rotates = 0, time.Time{} })}, op.None{}, nil
}

// rotateEvery has the key rotated each time that days are over, counted from now.
func (k *Key) rotateEvery(days int64, now time.Time) {
	k.Rotation, k.Rotates = days, now.Add(time.Duration(days)*day).Truncate(time.Millisecond)
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
func (s *Keys) getKeyRotationStatus(_ *op.Call, _ KeyInput, k *Key) (GetKeyRotationStatusOutput, error) {
	if k.Rotation == 0 || k.parting() {
		return GetKeyRotationStatusOutput{KeyId: k.ID}, nil
	}
	return GetKeyRotationStatusOutput{KeyRotationEnabled: true, KeyId: k.ID, RotationPeriodInDays: int32(k.Rotation),
		NextRotationDate: wire.At(k.Rotates)}, nil
}

// rotateKeyOnDemand replaces the material now, and leaves the schedule as it is.
func (s *Keys) rotateKeyOnDemand(c *op.Call, _ KeyInput, k *Key) (ch change, out KeyOutput, err error) {
	if next := k.turns(); !next.IsZero() && next.Sub(c.Time) <= quiet {
		return ch, out, fault.New(fault.Conflict, "ConflictException",
			"The request was rejected because an automatic rotation of this key is currently in progress or scheduled to begin within the next 20 minutes.")
	}
	if k.turned(rotationOnDemand) >= onDemand {
		return ch, out, fault.New(fault.Limit, "LimitExceededException", "The on-demand rotations limit has been reached for the given keyId. "+
			"No more on-demand rotations can be performed for this key: "+k.ARN())
	}
	m, err := s.successor(c, k)
	if err != nil {
		return ch, out, err
	}
	return change{key: k.changed(func(k *Key) { k.turn(m, rotationOnDemand, c.Time) })}, KeyOutput{k.ID}, nil
}

// turned counts the rotations of the key that came about in one way.
func (k *Key) turned(how string) (n int) {
	for _, m := range k.materials {
		if m.rotation == how {
			n++
		}
	}
	return n
}

// turn makes m the current material of a key that is being changed. The times of a key's rotations are in their order, also
// where several come at once or the clock was set back.
func (k *Key) turn(m material, how string, now time.Time) {
	m.rotation, m.rotated = how, now.Truncate(time.Microsecond)
	for _, old := range k.materials {
		if !m.rotated.After(old.rotated) {
			m.rotated = old.rotated.Add(time.Microsecond)
		}
	}
	k.with(m)
	k.MaterialID = m.ID
}

// successor returns the material that follows the current one: a new one of the token, or of an imported key the one that
// was imported for this.
func (s *Keys) successor(c *op.Call, k *Key) (material, error) {
	if k.Origin == originExternal {
		return k.nextImported()
	}
	m, err := s.token.Generate(c, newMaterialID(), k.use().kind)
	return material{Material: m, created: c.Time.Truncate(time.Microsecond)}, err
}

func (k *Key) nextImported() (material, error) {
	for _, m := range k.materials {
		if m.rotation == rotationPending && m.there() {
			return m, nil
		}
	}
	return material{}, fault.New(fault.State, "KMSInvalidStateException", "No available key material pending rotation for the key: "+k.ARN()+".")
}
