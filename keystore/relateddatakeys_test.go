package keystore

import (
	"testing"
	"time"

	"claviger/internal/envelope"
	"claviger/internal/op"
)

// Values of other services stay sealed by the data keys of their own Region.
func TestDataKeys_RelatedKeys_AreEachRegionsOwn(t *testing.T) {
	s := start(t)
	id := s.relatedKeys(M{})
	here, err := s.sealAs("secretsmanager", id, nil, "here")
	if err != nil {
		t.Fatal(err)
	}
	must[any](s, "ReplicateKey", M{"KeyId": id, "ReplicaRegion": abroad})
	var there envelope.Envelope
	err = s.withinRegion(abroad, func(c *op.Call) (err error) {
		there, err = s.keys.Seal(c, "secretsmanager", id, nil, []byte("there"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	mustIn[any](s, abroad, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	s.pass(7 * 24 * time.Hour)
	s.Jobs.RunDue(t.Context())
	if value, err := s.unsealAs("secretsmanager", here, nil); err != nil || value != "here" {
		t.Errorf("after the replica has gone: %q, %v", value, err)
	}
	if _, err := s.unsealAs("secretsmanager", there, nil); err == nil {
		t.Error("what was sealed in another Region opens here")
	}
}

// A replica that is made again has its key's material and none of the data keys that were under it
// before, in memory neither: what such a one sealed, nothing could open after a restart.
func TestDataKeys_ReplicaMadeAgain_AreNew(t *testing.T) {
	s := start(t)
	id := s.relatedKeys(M{}, abroad)
	var e envelope.Envelope
	seal := func() {
		t.Helper()
		if err := s.withinRegion(abroad, func(c *op.Call) (err error) {
			e, err = s.keys.Seal(c, sm, id, nil, []byte("there"))
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	seal()
	mustIn[any](s, abroad, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	s.pass(7 * 24 * time.Hour)
	s.Jobs.RunDue(t.Context())
	must[any](s, "ReplicateKey", M{"KeyId": id, "ReplicaRegion": abroad})
	seal()
	s.Restart()
	if err := s.withinRegion(abroad, func(c *op.Call) error {
		value, err := s.keys.Unseal(c, sm, e, nil)
		if err == nil && string(value) != "there" {
			t.Errorf("opened %q", value)
		}
		return err
	}); err != nil {
		t.Errorf("what was sealed under a replica that was made again doesn't open: %v", err)
	}
}

// A secret's data key ends with the material of its own Region's key, which the primary replaced.
func TestRotation_PrimaryRotated_EndsDataKeysInEveryRegion(t *testing.T) {
	s := start(t)
	id := s.relatedKeys(M{}, abroad)
	sealed := func() (e envelope.Envelope) {
		err := s.withinRegion(abroad, func(c *op.Call) (err error) {
			e, err = s.keys.Seal(c, "secretsmanager", id, nil, []byte("x"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	old := sealed()
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	if e := sealed(); e.Epoch != old.Epoch+1 {
		t.Errorf("epoch %d after %d", e.Epoch, old.Epoch)
	}
	err := s.withinRegion(abroad, func(c *op.Call) error {
		_, err := s.keys.Unseal(c, "secretsmanager", old, nil)
		return err
	})
	if err != nil {
		t.Errorf("what was sealed before: %v", err)
	}
}
