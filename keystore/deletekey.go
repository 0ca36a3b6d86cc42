package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
	"claviger/store"
)

// destroyKey removes a key, its aliases, its wrapped materials and the data keys under it, and a
// replica from the lists of the keys related to it, which keep their copies of the material.
// Material that rests on a token is destroyed afterwards. A key that is gone, or that was taken
// back from deletion, is left as it is: the job has nothing to do. Where the time has not come,
// because the clock was set back, the job fails: it must stay, or the key would be pending for
// ever.
func (s *Keys) destroyKey(c *op.Call, _ dueInput, e due) (op.Commit[op.None], error) {
	k := e.key
	switch {
	case k == nil || k.State != key.PendingDeletion:
		return op.Unchanged(op.None{}), nil
	case k.DeletionDate.After(c.Time):
		return nil, fault.New(fault.State, "KMSInvalidStateException", k.ARN()+
			" is pending deletion, and its time has not come.")
	}
	leave, err := s.leaving(c, k)
	if err != nil {
		return nil, err
	}
	forget := s.dataKeys.ForgetHandles(k)
	abandon, err := s.residents.Abandon(c, k)
	return func(tx *store.Tx) (op.None, error) {
		if err := leave(tx); err != nil {
			return op.None{}, err
		}
		if err := forget(tx); err != nil {
			return op.None{}, err
		}
		if err := abandon(tx); err != nil {
			return op.None{}, err
		}
		return op.None{}, s.deleteKey(tx, k)
	}, err
}

// Finish ends the key whose deletion window is over. It is the work of a [DeleteKeyJob].
func (s *Keys) Finish(c *op.Call, keyID string) error {
	_, err := op.AsService(c, "kms", s.destroy, dueInput{KeyId: keyID})
	return err
}

// leaving returns what takes a replica that is about to be deleted out of the lists of the keys
// related to it. A primary key that waits for its replicas begins its own window with the last of
// them. Of other keys nothing is to be taken.
func (s *Keys) leaving(c *op.Call, k *key.Key) (func(*store.Tx) error, error) {
	if !k.IsReplica() {
		return domain.Nothing, nil
	}
	primary, err := s.finder.Key(c, k.RelatedRef(k.PrimaryRegion))
	if err != nil {
		return nil, err
	}
	if primary == nil {
		return func(*store.Tx) error { return store.Stale }, nil
	}
	replicas := multiregion.WithoutRegion(primary.Replicas, k.Region)
	ch := multiregion.Change{Key: primary.Changed(func(p *key.Key) { p.Replicas = replicas })}
	if primary.State == key.PendingReplicaDeletion && len(replicas) == 0 {
		without := *primary
		without.Replicas = nil
		ch = s.ending(c, &without, primary.PendingWindow)
	}
	return s.related.Amend(c, primary, ch)
}

// deleteKey removes a key with all that hangs on it.
func (s *Keys) deleteKey(tx *store.Tx, k *key.Key) error {
	if err := s.grants.DeleteAll(tx, k.Ref()); err != nil {
		return err
	}
	if err := s.dataKeys.Delete(tx, k); err != nil {
		return err
	}
	if err := s.importPairs.DeleteAll(tx, k.Ref()); err != nil {
		return err
	}
	if err := s.usage.Delete(tx, k); err != nil {
		return err
	}
	return s.rows.Delete(tx, k)
}
