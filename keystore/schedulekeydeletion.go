package keystore

import (
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/multiregion"
	"claviger/store"
)

// The deletion window of the KMS API reference, in days; the model's own limits are wider.
const (
	shortestWindow = 7
	longestWindow  = 30
)

type ScheduleKeyDeletionInput struct {
	KeyId               string `shape:"KeyIdType,required"`
	PendingWindowInDays *int32 `shape:"PendingWindowInDaysType"`
}

func (in ScheduleKeyDeletionInput) KeyID() string { return in.KeyId }

// Validate holds the window to what the service takes.
func (in ScheduleKeyDeletionInput) Validate() error {
	if d := domain.Or(in.PendingWindowInDays, longestWindow); d < shortestWindow || d > longestWindow {
		return kmsfault.Invalid("PendingWindowInDays must be between 7 and 30 (inclusive).")
	}
	return nil
}

type ScheduleKeyDeletionOutput struct {
	KeyId string
	// none while a primary key waits for its replicas
	DeletionDate        *wire.Time `json:",omitzero"`
	KeyState            key.State
	PendingWindowInDays int32
}

func (s *Keys) scheduleKeyDeletion(c *op.Call, in ScheduleKeyDeletionInput,
	k *key.Key) (multiregion.Change, ScheduleKeyDeletionOutput, error) {
	days := domain.Or(in.PendingWindowInDays, longestWindow)
	ch := s.planDeletion(c, k, int64(days))
	end, forget := ch.Also, s.dataKeys.ForgetHandles(k)
	ch.Also = func(tx *store.Tx) error {
		if err := forget(tx); err != nil {
			return err
		}
		return end(tx)
	}
	return ch, ScheduleKeyDeletionOutput{k.ARN(), wire.At(ch.Key.DeletionDate), ch.Key.State, days},
		nil
}

// planDeletion returns the change that starts the window after which a key is deleted, or that has a
// primary key wait for its replicas to be gone: its window starts then.
func (s *Keys) planDeletion(c *op.Call, k *key.Key, days int64) multiregion.Change {
	if k.IsPrimary() && len(k.Replicas) > 0 {
		return multiregion.Change{Key: k.Changed(func(k *key.Key) {
			k.State,
				k.PendingWindow = key.PendingReplicaDeletion, days
		}), Also: domain.Nothing}
	}
	due := c.Time.AddDate(0, 0, int(days)).Truncate(time.Millisecond)
	return multiregion.Change{
		Key: k.Changed(func(k *key.Key) {
			k.State, k.PendingWindow, k.DeletionDate = key.PendingDeletion,
				0, due
		}),
		Also: func(tx *store.Tx) error {
			return s.jobs.Schedule(tx, DeleteKeyJob, k.Account, k.Region,
				k.ID, due)
		},
	}
}

func (s *Keys) cancelKeyDeletion(_ *op.Call, _ KeyInput,
	k *key.Key) (multiregion.Change, KeyOutput, error) {
	ch := multiregion.Change{Key: k.Changed(func(k *key.Key) {
		k.State, k.PendingWindow,
			k.DeletionDate = k.StateAfterCancel(), 0, time.Time{}
	})}
	ch.Also = func(tx *store.Tx) error {
		return s.jobs.Cancel(tx, DeleteKeyJob, k.Account, k.Region,
			k.ID)
	}
	return ch, KeyOutput{k.ARN()}, nil
}
