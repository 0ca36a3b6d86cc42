package keystore

import (
	"errors"
	"testing"
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
	"claviger/store"
)

// A primary key waits for its replicas, and its own window begins when the last of them is gone.
func TestScheduleKeyDeletion_PrimaryWithReplicas_WaitsForThem(t *testing.T) {
	s := start(t)
	id := s.relatedKeys(M{}, abroad, farAway)
	blob := must[cryptoops.EncryptOutput](s, "Encrypt",
		M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob
	days := func(n int) { s.pass(time.Duration(n) * 24 * time.Hour); s.Jobs.RunDue(t.Context()) }

	out := must[ScheduleKeyDeletionOutput](s, "ScheduleKeyDeletion",
		M{"KeyId": id, "PendingWindowInDays": 8})
	if out.KeyState != key.PendingReplicaDeletion || out.DeletionDate != nil ||
		out.PendingWindowInDays != 8 {
		t.Errorf("answered %+v", out)
	}
	checkWaiting := func(window int32) {
		t.Helper()
		if m := s.describe(ourRegion, id); m.KeyState != key.PendingReplicaDeletion ||
			m.DeletionDate != nil || m.PendingDeletionWindowInDays != window {
			t.Errorf("the primary is %+v", m)
		}
	}
	checkWaiting(8)
	if _, code := ask[any](s, "ScheduleKeyDeletion", M{"KeyId": id}); code != pending {
		t.Errorf("a second time: %s", code)
	}
	must[KeyOutput](s, "CancelKeyDeletion", M{"KeyId": id})
	if m := s.describe(ourRegion, id); m.KeyState != key.Disabled ||
		m.PendingDeletionWindowInDays != 0 {
		t.Errorf("cancelled: %+v", m)
	}
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 9})

	mustIn[any](s, abroad, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	days(7)
	if !s.isGone(abroad, id) {
		t.Fatal("the first replica is still there")
	}
	s.checkRelated(id, ourRegion, farAway)
	checkWaiting(9)
	mustIn[any](s, farAway, "Decrypt", M{"CiphertextBlob": blob})

	mustIn[any](s, farAway, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	checkWaiting(9)
	days(7)
	if !s.isGone(farAway, id) {
		t.Fatal("the second replica is still there")
	}
	s.checkRelated(id, ourRegion)
	m := s.describe(ourRegion, id)
	if m.KeyState != key.PendingDeletion || m.DeletionDate == nil ||
		!m.DeletionDate.Equal(s.time().AddDate(0, 0, 9)) || m.PendingDeletionWindowInDays != 0 {
		t.Errorf("the primary is %+v at %s", m, s.time())
	}
	must[KeyOutput](s, "CancelKeyDeletion", M{"KeyId": id})
	if m := s.describe(ourRegion, id); m.KeyState != key.Disabled || m.DeletionDate != nil {
		t.Errorf("cancelled: %+v", m)
	}
	must[any](s, "EnableKey", M{"KeyId": id})
	must[any](s, "Decrypt", M{"CiphertextBlob": blob})
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	days(7)
	if !s.isGone(ourRegion, id) {
		t.Error("the primary is still there")
	}
}

// A change of keys that were read before one of them was deleted is refused as a whole.
func TestAmend_ReplicaDeletedMeanwhile_IsStale(t *testing.T) {
	s := start(t)
	id := s.relatedKeys(M{}, abroad)
	k := s.loadIn(ourRegion, id)
	mustIn[any](s, abroad, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	s.pass(7 * 24 * time.Hour)
	s.Jobs.RunDue(t.Context())
	var amend domain.Change
	err := s.within(func(c *op.Call) (err error) {
		amend, err = s.keys.related.Amend(c, k,
			multiregion.Change{Key: k.Changed(func(k *key.Key) { k.RotationPeriod = 90 })})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DB.Commit(amend, nil); !errors.Is(err, store.Stale) {
		t.Errorf("committed: %v", err)
	}
	s.checkRelated(id, ourRegion)
}
