package keystore

import (
	"time"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/multiregion"
	"claviger/store"
)

// KeyInput is the input of operations that take a key and nothing else.
type KeyInput struct {
	KeyId string `shape:"KeyIdType,required"`
	op.ByShape
}

func (in KeyInput) keyID() string { return in.KeyId }

// DescribeKeyInput is DescribeKeyRequest of AWS.
type DescribeKeyInput struct {
	KeyId       string   `shape:"KeyIdType,required"`
	GrantTokens []string `shape:"GrantTokenList"`
	op.ByShape
}

// DescribeKeyOutput is DescribeKeyResponse of AWS.
type DescribeKeyOutput struct{ KeyMetadata key.KeyMetadata }

// described is the key of DescribeKey. The key that a service manages is made when its alias is first asked for.
type described struct {
	*target
	service string // whose key is yet to be made, or nothing
}

// Missing implements [op.Target].
func (d described) Missing() error {
	if d.service != "" {
		return nil
	}
	return d.target.Missing()
}

// Ready implements [op.Target].
func (d described) Ready() error {
	if d.service != "" {
		return nil
	}
	return d.target.Ready()
}

// findDescribed takes aliases, as no other operation does that reads of a key and doesn't use it.
func (s *Keys) findDescribed(c *op.Call, in DescribeKeyInput) (d described, err error) {
	d.target, err = s.findGranted(c, "DescribeKey", in.KeyId, true, presented{tokens: in.GrantTokens})
	if err == nil && d.key == nil {
		d.service = managing(d.named.alias)
	}
	return d, err
}

func (s *Keys) describeKey(c *op.Call, _ DescribeKeyInput, d described) (out DescribeKeyOutput, err error) {
	k := d.key
	if d.service != "" {
		if err = s.ensureManaged(c, d.service, d.named.alias); err == nil {
			_, k, err = s.resolve(c, d.named)
		}
		if err != nil {
			return out, err
		}
	}
	return DescribeKeyOutput{k.Metadata()}, nil
}

func (s *Keys) enableKey(_ *op.Call, _ KeyInput, k *key.Key) (multiregion.Change, op.None, error) {
	return multiregion.Change{Key: k.Changed(func(k *key.Key) { k.State = key.Enabled })}, op.None{}, nil
}

func (s *Keys) disableKey(_ *op.Call, _ KeyInput, k *key.Key) (multiregion.Change, op.None, error) {
	return multiregion.Change{Key: k.Changed(func(k *key.Key) { k.State = key.Disabled }), Also: s.forgetting(k)}, op.None{}, nil
}

// The deletion window of the KMS API reference, in days; the model's own limits are wider.
const (
	shortestWindow = 7
	longestWindow  = 30
)

// ScheduleKeyDeletionInput is ScheduleKeyDeletionRequest of AWS.
type ScheduleKeyDeletionInput struct {
	KeyId               string `shape:"KeyIdType,required"`
	PendingWindowInDays *int32 `shape:"PendingWindowInDaysType"`
}

func (in ScheduleKeyDeletionInput) keyID() string { return in.KeyId }

// Validate holds the window to what the service takes.
func (in ScheduleKeyDeletionInput) Validate() error {
	if d := domain.Or(in.PendingWindowInDays, longestWindow); d < shortestWindow || d > longestWindow {
		return kmsfault.Invalid("PendingWindowInDays must be between 7 and 30 (inclusive).")
	}
	return nil
}

// ScheduleKeyDeletionOutput is ScheduleKeyDeletionResponse of AWS.
type ScheduleKeyDeletionOutput struct {
	KeyId               string
	DeletionDate        *wire.Time `json:",omitzero"` // none while a primary key waits for its replicas
	KeyState            key.State
	PendingWindowInDays int32
}

func (s *Keys) scheduleKeyDeletion(c *op.Call, in ScheduleKeyDeletionInput, k *key.Key) (multiregion.Change, ScheduleKeyDeletionOutput, error) {
	days := domain.Or(in.PendingWindowInDays, longestWindow)
	ch := s.ending(c, k, int64(days))
	end, forget := ch.Also, s.forgetting(k)
	ch.Also = func(tx *store.Tx) error {
		if err := forget(tx); err != nil {
			return err
		}
		return end(tx)
	}
	return ch, ScheduleKeyDeletionOutput{k.ARN(), wire.At(ch.Key.DeletionDate), ch.Key.State, days}, nil
}

// ending returns the change that starts the window after which a key is deleted, or that has a primary key wait for its
// replicas to be gone: its window starts then.
func (s *Keys) ending(c *op.Call, k *key.Key, days int64) multiregion.Change {
	if k.IsPrimary() && len(k.Replicas) > 0 {
		return multiregion.Change{Key: k.Changed(func(k *key.Key) { k.State, k.PendingWindow = key.PendingReplicaDeletion, days }), Also: nothing}
	}
	due := c.Time.AddDate(0, 0, int(days)).Truncate(time.Millisecond)
	return multiregion.Change{
		Key:  k.Changed(func(k *key.Key) { k.State, k.PendingWindow, k.DeletionDate = key.PendingDeletion, 0, due }),
		Also: func(tx *store.Tx) error { return s.jobs.Schedule(tx, DeleteKeyJob, k.Account, k.Region, k.ID, due) },
	}
}

func nothing(*store.Tx) error { return nil }

// KeyOutput is the output of operations that name the key they changed.
type KeyOutput struct{ KeyId string }

func (s *Keys) cancelKeyDeletion(_ *op.Call, _ KeyInput, k *key.Key) (multiregion.Change, KeyOutput, error) {
	ch := multiregion.Change{Key: k.Changed(func(k *key.Key) { k.State, k.PendingWindow, k.DeletionDate = k.RestingState(), 0, time.Time{} })}
	ch.Also = func(tx *store.Tx) error { return s.jobs.Cancel(tx, DeleteKeyJob, k.Account, k.Region, k.ID) }
	return ch, KeyOutput{k.ARN()}, nil
}

// UpdateKeyDescriptionInput is UpdateKeyDescriptionRequest of AWS.
type UpdateKeyDescriptionInput struct {
	KeyId       string `shape:"KeyIdType,required"`
	Description string `shape:"DescriptionType,required"`
	op.ByShape
}

func (in UpdateKeyDescriptionInput) keyID() string { return in.KeyId }

func (s *Keys) updateKeyDescription(_ *op.Call, in UpdateKeyDescriptionInput, k *key.Key) (multiregion.Change, op.None, error) {
	return multiregion.Change{Key: k.Changed(func(k *key.Key) { k.Description = in.Description })}, op.None{}, nil
}

// forgetting returns what drops the token's handles of a key and of the data keys under it, once the change
// that closes the key is committed. It looks for them inside the transaction, or it would miss a data key made meanwhile.
func (s *Keys) forgetting(k *key.Key) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		ids, err := dataKeyIDs(tx, k)
		if err != nil {
			return err
		}
		for id := range k.Materials {
			ids = append(ids, id)
		}
		tx.After(func() {
			for _, id := range ids {
				s.token.Forget(id)
			}
		})
		return nil
	}
}

// destroyKey removes a key, its aliases, its wrapped materials and the data keys under it, and a replica from the lists of the
// keys related to it, which keep their copies of the material. Material that rests on a token is destroyed afterwards. A key that is gone, or that
// was taken back from deletion, is left as it is: the job has nothing to do. Where the time has not come, because the clock was
// set back, the job fails: it must stay, or the key would be pending for ever.
func (s *Keys) destroyKey(c *op.Call, _ dueInput, e due) (op.Commit[op.None], error) {
	k := e.key
	switch {
	case k == nil || k.State != key.PendingDeletion:
		return op.Unchanged(op.None{}), nil
	case k.DeletionDate.After(c.Time):
		return nil, fault.New(fault.State, "KMSInvalidStateException", k.ARN()+" is pending deletion, and its time has not come.")
	}
	leave, err := s.leaving(c, k)
	if err != nil {
		return nil, err
	}
	forget := s.forgetting(k)
	orphan, err := s.leaveOrphans(c, k)
	return func(tx *store.Tx) (op.None, error) {
		if err := leave(tx); err != nil {
			return op.None{}, err
		}
		if err := forget(tx); err != nil {
			return op.None{}, err
		}
		if err := orphan(tx); err != nil {
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

// leaving returns what takes a replica that is about to be deleted out of the lists of the keys related to it. A primary key that
// waits for its replicas begins its own window with the last of them. Of other keys nothing is to be taken.
func (s *Keys) leaving(c *op.Call, k *key.Key) (func(*store.Tx) error, error) {
	if !k.IsReplica() {
		return nothing, nil
	}
	primary, err := s.key(c, k.RelatedRef(k.PrimaryRegion))
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
	if err := s.forgetGrants(tx, k); err != nil {
		return err
	}
	if err := s.forgetDataKeys(tx, k); err != nil {
		return err
	}
	for _, q := range []*store.Query{qDeleteGrants, qDeleteImportPairs, qDeleteDataKeys} {
		if _, err := tx.Exec(q, k.Account, k.Region, k.ID); err != nil {
			return err
		}
	}
	if !k.IsReplica() { // the primary goes last, and with it the count that all of them share
		if _, err := tx.Exec(qDeleteUses, k.Account, usesIn(k), k.ID); err != nil {
			return err
		}
	}
	return s.rows.Delete(tx, k)
}
