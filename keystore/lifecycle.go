package keystore

import (
	"time"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"
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
type DescribeKeyOutput struct{ KeyMetadata KeyMetadata }

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

func (s *Keys) enableKey(_ *op.Call, _ KeyInput, k *Key) (change, op.None, error) {
	return change{key: k.changed(func(k *Key) { k.State = Enabled })}, op.None{}, nil
}

func (s *Keys) disableKey(_ *op.Call, _ KeyInput, k *Key) (change, op.None, error) {
	return change{key: k.changed(func(k *Key) { k.State = Disabled }), also: s.forgetting(k)}, op.None{}, nil
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
	if d := or(in.PendingWindowInDays, longestWindow); d < shortestWindow || d > longestWindow {
		return invalid("PendingWindowInDays must be between 7 and 30 (inclusive).")
	}
	return nil
}

// ScheduleKeyDeletionOutput is ScheduleKeyDeletionResponse of AWS.
type ScheduleKeyDeletionOutput struct {
	KeyId               string
	DeletionDate        *wire.Time `json:",omitzero"` // none while a primary key waits for its replicas
	KeyState            State
	PendingWindowInDays int32
}

func (s *Keys) scheduleKeyDeletion(c *op.Call, in ScheduleKeyDeletionInput, k *Key) (change, ScheduleKeyDeletionOutput, error) {
	days := or(in.PendingWindowInDays, longestWindow)
	ch := s.ending(c, k, int64(days))
	end, forget := ch.also, s.forgetting(k)
	ch.also = func(tx *store.Tx) error {
		if err := forget(tx); err != nil {
			return err
		}
		return end(tx)
	}
	return ch, ScheduleKeyDeletionOutput{k.ARN(), wire.At(ch.key.Deletes), ch.key.State, days}, nil
}

// ending returns the change that starts the window after which a key is deleted, or that has a primary key wait for its
// replicas to be gone: its window starts then.
func (s *Keys) ending(c *op.Call, k *Key, days int64) change {
	if k.primary() && len(k.Replicas) > 0 {
		return change{key: k.changed(func(k *Key) { k.State, k.Waits = PendingReplicaDeletion, days }), also: nothing}
	}
	due := c.Time.AddDate(0, 0, int(days)).Truncate(time.Millisecond)
	return change{
		key:  k.changed(func(k *Key) { k.State, k.Waits, k.Deletes = PendingDeletion, 0, due }),
		also: func(tx *store.Tx) error { return s.jobs.Schedule(tx, DeleteKeyJob, k.Account, k.Region, k.ID, due) },
	}
}

func nothing(*store.Tx) error { return nil }

// KeyOutput is the output of operations that name the key they changed.
type KeyOutput struct{ KeyId string }

func (s *Keys) cancelKeyDeletion(_ *op.Call, _ KeyInput, k *Key) (change, KeyOutput, error) {
	ch := change{key: k.changed(func(k *Key) { k.State, k.Waits, k.Deletes = k.resting(), 0, time.Time{} })}
	ch.also = func(tx *store.Tx) error { return s.jobs.Cancel(tx, DeleteKeyJob, k.Account, k.Region, k.ID) }
	return ch, KeyOutput{k.ARN()}, nil
}

// resting is the state of a key that was taken back from deletion: it is not used again without somebody saying so. Imported
// material may have gone meanwhile.
func (k *Key) resting() State {
	if k.Origin == originExternal && !k.complete() {
		return PendingImport
	}
	return Disabled
}

// UpdateKeyDescriptionInput is UpdateKeyDescriptionRequest of AWS.
type UpdateKeyDescriptionInput struct {
	KeyId       string `shape:"KeyIdType,required"`
	Description string `shape:"DescriptionType,required"`
	op.ByShape
}

func (in UpdateKeyDescriptionInput) keyID() string { return in.KeyId }

func (s *Keys) updateKeyDescription(_ *op.Call, in UpdateKeyDescriptionInput, k *Key) (change, op.None, error) {
	return change{key: k.changed(func(k *Key) { k.Description = in.Description })}, op.None{}, nil
}

// forgetting returns what drops the token's handles of a key and of the data keys under it, once the change
// that closes the key is committed. It looks for them inside the transaction, or it would miss a data key made meanwhile.
func (s *Keys) forgetting(k *Key) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		ids, err := dataKeyIDs(tx, k)
		if err != nil {
			return err
		}
		for id := range k.materials {
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
	case k == nil || k.State != PendingDeletion:
		return func(*store.Tx) (op.None, error) { return op.None{}, nil }, nil
	case k.Deletes.After(c.Time):
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
