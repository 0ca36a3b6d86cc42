package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/outbox"
	"claviger/keystore/customstore"
	"claviger/keystore/events"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
	"claviger/store"
)

// deleteKey removes a key, its aliases, its wrapped materials and the data keys under it. A replica
// also leaves the lists of the keys related to it, which keep their copies of the material.
// Material that is resident on a token becomes an orphan and is destroyed afterwards.
//
// A key that is gone, or whose deletion was cancelled, is left as it is: the job has nothing to do.
// Where the time has not come, because the clock was set back or can't be believed, the job fails:
// it must stay, or the key would be pending for ever.
func (s *Keys) deleteKey(c *op.Call, _ dueKeyInput, d dueKey) (op.Commit[op.None], error) {
	k := d.key
	switch {
	case k == nil || k.State != key.PendingDeletion:
		return op.Unchanged(op.None{}), nil
	case !c.Settled().Reached(k.DeletionDate):
		return nil, fault.New(fault.State, "KMSInvalidStateException", k.ARN()+
			" is pending deletion, and its time has not come.")
	}
	removeReplica, err := s.planReplicaRemoval(c, k)
	if err != nil {
		return nil, err
	}
	addOrphans, err := s.residents.AddOrphans(c, k)
	if err != nil {
		return nil, err
	}
	customstore.NoteDeleted(c, k)
	c.Did(nil)
	// Handles are found by the rows of data keys, so that these go last.
	deleteRows := func(tx *store.Tx) error { return s.deleteRows(tx, k) }
	told := outbox.Outbox{}.Put(events.Deleted(k, c.Time))
	return op.Apply(domain.InOrder(removeReplica, s.dataKeys.ForgetHandles(k), addOrphans,
		deleteRows, told), op.None{}), nil
}

// deleteDue deletes a key whose deletion window is over. It is the work of a [deleteKeyJob].
func (s *Keys) deleteDue(c *op.Call, keyID string) error {
	_, err := op.AsService(c, "kms", c.Caller.Account, s.delete, dueKeyInput{KeyId: keyID})
	return err
}

// planReplicaRemoval returns the change that takes a replica which is about to be deleted out of
// the lists of the keys related to it. With the last replica the window of a primary key begins
// that is in state PendingReplicaDeletion. For a key that is no replica the change is empty.
func (s *Keys) planReplicaRemoval(c *op.Call, k *key.Key) (func(*store.Tx) error, error) {
	if !k.IsReplica() {
		return domain.Nothing, nil
	}
	primary, err := s.finder.Key(c, k.RelatedRef(k.PrimaryRegion))
	if err != nil {
		return nil, err
	}
	if primary == nil { // another Region has become the primary since k was read: try again
		return func(*store.Tx) error { return store.Stale }, nil
	}
	replicas := multiregion.WithoutRegion(primary.Replicas, k.Region)
	ch := multiregion.Change{Key: primary.Changed(func(p *key.Key) { p.Replicas = replicas })}
	if primary.State == key.PendingReplicaDeletion && len(replicas) == 0 {
		// planDeletion decides by the list whether the window may begin, so it is shown the list as
		// it will be.
		without := *primary
		without.Replicas = nil
		ch = s.planDeletion(c, &without, primary.PendingWindow)
	}
	return s.related.Amend(c, primary, ch)
}

// deleteRows removes the rows of a key with all that refer to it. Its own row goes last, because it
// is the one with a revision: a key that changed meanwhile takes everything back. Nothing may be
// left for a key that comes back under the same id, as a replica can. With its data keys goes all
// that other services sealed under the key.
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
