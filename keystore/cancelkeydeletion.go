package keystore

import (
	"time"

	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
	"claviger/store"
)

// cancelKeyDeletion leaves the key disabled, as AWS does. One of imported material that expired
// meanwhile waits for its import. The job is taken back with the same commit; where it runs
// already, whichever commits first makes the other one stale, and that one looks at the key again.
//
// A key that rests on a token is gone for good once it is destroyed, and the row that says that it
// is to be could be put back. So the token is told first.
func (s *Keys) cancelKeyDeletion(c *op.Call, _ KeyInput,
	k *key.Key) (multiregion.Change, KeyOutput, error) {
	if err := s.residents.Keep(c, k); err != nil {
		return multiregion.Change{}, KeyOutput{}, err
	}
	kept := k.Changed(func(k *key.Key) {
		k.State, k.PendingWindow, k.DeletionDate = k.StateAfterCancel(), 0, time.Time{}
	})
	cancel := func(tx *store.Tx) error {
		return s.jobs.Cancel(tx, deleteKeyJob, k.Account, k.Region, k.ID)
	}
	return multiregion.Change{Key: kept, Also: cancel}, KeyOutput{KeyId: k.ARN()}, nil
}
