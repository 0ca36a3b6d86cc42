package keystore

import (
	"time"

	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
	"claviger/store"
)

// cancelKeyDeletion leaves the key disabled, as AWS does.
func (s *Keys) cancelKeyDeletion(_ *op.Call, _ KeyInput,
	k *key.Key) (multiregion.Change, KeyOutput, error) {
	kept := k.Changed(func(k *key.Key) {
		k.State, k.PendingWindow, k.DeletionDate = k.StateAfterCancel(), 0, time.Time{}
	})
	cancel := func(tx *store.Tx) error {
		return s.jobs.Cancel(tx, deleteKeyJob, k.Account, k.Region, k.ID)
	}
	return multiregion.Change{Key: kept, Also: cancel}, KeyOutput{KeyId: k.ARN()}, nil
}
