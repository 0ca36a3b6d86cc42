package keystore

import (
	"strconv"
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/multiregion"
	"claviger/policy"
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

// KeyID implements [target.Keyed].
func (in ScheduleKeyDeletionInput) KeyID() string { return in.KeyId }

// Conditions puts in the window, which also counts where it was left out.
func (in ScheduleKeyDeletionInput) Conditions(v policy.Values) {
	days := domain.Or(in.PendingWindowInDays, longestWindow)
	v["kms:ScheduleKeyDeletionPendingWindowInDays"] = []string{strconv.Itoa(int(days))}
}

// Validate refuses a window that AWS doesn't take.
func (in ScheduleKeyDeletionInput) Validate() error {
	if d := domain.Or(in.PendingWindowInDays, longestWindow); d < shortestWindow || d > longestWindow {
		return kmsfault.Invalid("PendingWindowInDays must be between 7 and 30 (inclusive).")
	}
	return nil
}

type ScheduleKeyDeletionOutput struct {
	KeyId               string
	DeletionDate        *wire.Time `json:",omitzero"` // none while a primary waits for its replicas
	KeyState            key.State
	PendingWindowInDays int32
}

// scheduleKeyDeletion closes the key at once, and drops the device's handles with the same commit.
// Nothing is destroyed before the window is over: until then a cancellation brings all back.
func (s *Keys) scheduleKeyDeletion(c *op.Call, in ScheduleKeyDeletionInput,
	k *key.Key) (multiregion.Change, ScheduleKeyDeletionOutput, error) {
	days := domain.Or(in.PendingWindowInDays, longestWindow)
	ch := s.planDeletion(c, k, int64(days))
	ch.Also = domain.InOrder(s.dataKeys.ForgetHandles(k), ch.Also)
	return ch, ScheduleKeyDeletionOutput{KeyId: k.ARN(), DeletionDate: wire.At(ch.Key.DeletionDate),
		KeyState: ch.Key.State, PendingWindowInDays: days}, nil
}

// planDeletion returns the change that starts the window after which a key is deleted. A primary
// key with replicas waits for them to be gone, and its window starts then. Until then there is no
// job, and the row keeps the length of the window.
func (s *Keys) planDeletion(c *op.Call, k *key.Key, days int64) multiregion.Change {
	if k.IsPrimary() && len(k.Replicas) > 0 {
		waiting := k.Changed(func(k *key.Key) {
			k.State, k.PendingWindow = key.PendingReplicaDeletion, days
		})
		return multiregion.Change{Key: waiting, Also: domain.Nothing}
	}
	due := c.Latest().AddDate(0, 0, int(days)).Truncate(time.Millisecond)
	pending := k.Changed(func(k *key.Key) {
		k.State, k.PendingWindow, k.DeletionDate = key.PendingDeletion, 0, due
	})
	schedule := func(tx *store.Tx) error {
		return s.jobs.Schedule(tx, deleteKeyJob, k.Account, k.Region, k.ID, due)
	}
	return multiregion.Change{Key: pending, Also: schedule}
}
