package keystore

import (
	"testing"
	"time"

	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
	"claviger/keystore/usage"
)

// oneMaterial holds every key of a family to the same current material, and to opening what the
// others encrypted.
func (s *service) oneMaterial(id string, regions ...string) string {
	s.t.Helper()
	current := s.describe(regions[0], id).CurrentKeyMaterialId
	for _, region := range regions {
		if m := s.describe(region, id).CurrentKeyMaterialId; m != current {
			s.t.Errorf("the key in %s encrypts under %s, and in %s under %s", region, m, regions[0], current)
		}
		blob := mustIn[cryptoops.EncryptOutput](s, region, "Encrypt",
			M{"KeyId": id, "Plaintext": []byte(region)}).CiphertextBlob
		for _, other := range regions {
			if out := mustIn[cryptoops.DecryptOutput](s, other, "Decrypt", M{"CiphertextBlob": blob}); string(out.Plaintext) != region || out.KeyMaterialId != current {
				s.t.Errorf("what was encrypted in %s is %q under %s in %s", region, out.Plaintext,
					out.KeyMaterialId, other)
			}
		}
	}
	return current
}

func TestAFamilyRotatesAsOne(t *testing.T) {
	s := start(t)
	regions := []string{ourRegion, abroad, farAway}
	id := s.relatives(M{}, abroad, farAway)
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	first := s.oneMaterial(id, regions...)
	for _, region := range regions {
		if got := mustIn[GetKeyRotationStatusOutput](s, region, "GetKeyRotationStatus", M{"KeyId": id}); !got.KeyRotationEnabled ||
			!got.NextRotationDate.Equal(s.time().Add(90*key.Day)) {
			t.Errorf("the status in %s: %+v", region, got)
		}
	}
	if n := s.jobs(); n != 1 {
		t.Errorf("%d jobs for one family", n)
	}
	s.turn(90 * key.Day)
	second := s.oneMaterial(id, regions...)
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	third := s.oneMaterial(id, regions...)
	if first == second || second == third {
		t.Errorf("materials %s, %s, %s", first, second, third)
	}
	// The schedule goes over to another primary, and the job with it.
	must[any](s, "UpdatePrimaryRegion", M{"KeyId": id, "PrimaryRegion": abroad})
	if n := s.jobs(); n != 1 {
		t.Errorf("%d jobs after the primary moved", n)
	}
	must[any](s, "DisableKey", M{"KeyId": id}) // a replica now: its state is its own
	s.turn(90 * key.Day)
	must[any](s, "EnableKey", M{"KeyId": id})
	if fourth := s.oneMaterial(id, regions...); fourth == third {
		t.Error("the new primary was not rotated")
	}
	for _, region := range regions { // the first two came at one time
		if list := mustIn[ListKeyRotationsOutput](s, region, "ListKeyRotations",
			M{"KeyId": id}).Rotations; len(list) != 3 || list[1].RotationType != "ON_DEMAND" {
			t.Errorf("rotations in %s: %+v", region, list)
		}
	}
}

// The Regions share the material, and so its count: whichever of them brings it over the limit has
// it replaced in all.
func TestUsage_RelatedKeysOverLimit_RotateTogether(t *testing.T) {
	s := start(t)
	s.limit(lowLimits)
	regions := []string{ourRegion, abroad}
	id := s.relatives(M{}, abroad)
	use := func(region string) {
		t.Helper()
		mustIn[any](s, region, "Encrypt", M{"KeyId": id, "Plaintext": "eA=="})
	}
	m := s.current(id)
	for range 6 {
		use(ourRegion)
		use(abroad)
	}
	if s.turn(0); s.current(id) != m || s.leased(id)[m] != 12 {
		t.Errorf("%d uses are counted of twelve", s.leased(id)[m])
	}
	use(abroad)
	s.turn(0)
	if next := s.oneMaterial(id, regions...); next == m {
		t.Error("over the limit in a replica's Region, and not replaced")
	}
}

// The count outlives a replica, and goes with the last of the family.
func TestUsage_DeletedReplica_LeavesTheCount(t *testing.T) {
	s := start(t)
	id := s.relatives(M{}, abroad)
	mustIn[any](s, abroad, "Encrypt", M{"KeyId": id, "Plaintext": "eA=="})
	mustIn[any](s, abroad, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	s.turn(7 * key.Day)
	if n := s.leased(id)[s.current(id)]; !s.gone(abroad, id) || n != usage.Usual.Block {
		t.Errorf("%d uses are left of a family that lost a replica", n)
	}
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	s.turn(7*key.Day + time.Second)
	if n := len(s.leased(id)); !s.gone(ourRegion, id) || n != 0 {
		t.Errorf("%d counts are left of a family that is gone", n)
	}
}
