package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
	"claviger/store"
)

// deleteKey removes a key, its aliases, its wrapped materials and the data keys under it, and a
// replica from the lists of the keys related to it, which keep their copies of the material.
// Material that rests on a token is destroyed afterwards. A key that is gone, or that was taken
// back from deletion, is left as it is: the job has nothing to do. Where the time has not come,
// because the clock was set back, the job fails: it must stay, or the key would be pending for
// ever.
func (s *Keys) deleteKey(c *op.Call, _ dueKeyInput, e dueKey) (op.Commit[op.None], error) {
	k := e.key
	switch {
	case k == nil || k.State != key.PendingDeletion:
		return op.Unchanged(op.None{}), nil
	case k.DeletionDate.After(c.Time):
		return nil, fault.New(fault.State, "KMSInvalidStateException", k.ARN()+
			" is pending deletion, and its time has not come.")
	}
	leave, err := s.planReplicaRemoval(c, k)
	if err != nil {
		return nil, err
	}
	forget := s.dataKeys.ForgetHandles(k)
	abandon, err := s.residents.AddOrphans(c, k)
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
		return op.None{}, s.deleteRows(tx, k)
	}, err
}

// DeleteDue ends the key whose deletion window is over. It is the work of a [DeleteKeyJob].
func (s *Keys) DeleteDue(c *op.Call, keyID string) error {
	_, err := op.AsService(c, "kms", s.delete, dueKeyInput{KeyId: keyID})
	return err
}

// planReplicaRemoval returns what takes a replica that is about to be deleted out of the lists of the keys
// related to it. A primary key that waits for its replicas begins its own window with the last of
// them. Of other keys nothing is to be taken.
func (s *Keys) planReplicaRemoval(c *op.Call, k *key.Key) (func(*store.Tx) error, error) {
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
		ch = s.planDeletion(c, &without, primary.PendingWindow)
	}
	return s.related.Amend(c, primary, ch)
}

// deleteRows removes a key with all that hangs on it.
func (s *Keys) deleteRows(tx *store.Tx, k *key.Key) error {
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
