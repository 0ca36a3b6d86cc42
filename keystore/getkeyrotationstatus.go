package keystore

import (
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/keystore/key"
)

// GetKeyRotationStatusOutput: a rotation on demand is done when it is answered, so that
// OnDemandRotationStartDate, which is that of one in progress, is never there.
type GetKeyRotationStatusOutput struct {
	KeyRotationEnabled        bool
	KeyId                     string
	RotationPeriodInDays      int32      `json:",omitzero"`
	NextRotationDate          *wire.Time `json:",omitzero"`
	OnDemandRotationStartDate *wire.Time `json:",omitzero"`
}

// getKeyRotationStatus shows what will happen: a disabled key keeps its status, and one that is
// pending deletion shows none until that is taken back.
func (s *Keys) getKeyRotationStatus(_ *op.Call, _ KeyInput,
	k *key.Key) (GetKeyRotationStatusOutput, error) {
	if k.RotationPeriod == 0 || k.IsPendingDeletion() {
		return GetKeyRotationStatusOutput{KeyId: k.ID}, nil
	}
	return GetKeyRotationStatusOutput{KeyRotationEnabled: true, KeyId: k.ID,
		RotationPeriodInDays: int32(k.RotationPeriod),
		NextRotationDate:     wire.At(k.NextRotation)}, nil
}
