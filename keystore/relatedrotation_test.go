package keystore

import (
	"reflect"
	"testing"
	"time"

	"claviger/internal/fault"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
	"claviger/keystore/usage"
)

// checkOneMaterial checks that all related keys have the same current material, and that each opens
// what the others encrypted.
func (s *service) checkOneMaterial(id string, regions ...string) string {
	s.t.Helper()
	current := s.describe(regions[0], id).CurrentKeyMaterialId
	for _, region := range regions {
		if m := s.describe(region, id).CurrentKeyMaterialId; m != current {
			s.t.Errorf("the key in %s encrypts under %s, and in %s under %s", region, m, regions[0], current)
		}
		blob := mustIn[cryptoops.EncryptOutput](s, region, "Encrypt",
			M{"KeyId": id, "Plaintext": []byte(region)}).CiphertextBlob
		for _, other := range regions {
			out := mustIn[cryptoops.DecryptOutput](s, other, "Decrypt", M{"CiphertextBlob": blob})
			if string(out.Plaintext) != region || out.KeyMaterialId != current {
				s.t.Errorf("what was encrypted in %s is %q under %s in %s", region, out.Plaintext,
					out.KeyMaterialId, other)
			}
		}
	}
	return current
}

func TestRotation_RelatedKeys_ShareOneMaterial(t *testing.T) {
	s := start(t)
	regions := []string{ourRegion, abroad, farAway}
	id := s.relatedKeys(M{}, abroad, farAway)
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	first := s.checkOneMaterial(id, regions...)
	for _, region := range regions {
		if got := mustIn[GetKeyRotationStatusOutput](s, region, "GetKeyRotationStatus",
			M{"KeyId": id}); !got.KeyRotationEnabled ||
			!got.NextRotationDate.Equal(s.time().Add(90*key.Day)) {
			t.Errorf("the status in %s: %+v", region, got)
		}
	}
	if n := s.jobCount(); n != 1 {
		t.Errorf("%d jobs for one set of related keys", n)
	}
	s.passAndRun(90 * key.Day)
	second := s.checkOneMaterial(id, regions...)
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	third := s.checkOneMaterial(id, regions...)
	if first == second || second == third {
		t.Errorf("materials %s, %s, %s", first, second, third)
	}
	// The schedule goes over to another primary, and the job with it.
	must[any](s, "UpdatePrimaryRegion", M{"KeyId": id, "PrimaryRegion": abroad})
	if n := s.jobCount(); n != 1 {
		t.Errorf("%d jobs after the primary moved", n)
	}
	must[any](s, "DisableKey", M{"KeyId": id}) // a replica now: its state is its own
	s.passAndRun(90 * key.Day)
	must[any](s, "EnableKey", M{"KeyId": id})
	if fourth := s.checkOneMaterial(id, regions...); fourth == third {
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
	id := s.relatedKeys(M{}, abroad)
	use := func(region string) {
		t.Helper()
		mustIn[any](s, region, "Encrypt", M{"KeyId": id, "Plaintext": "eA=="})
	}
	m := s.current(id)
	for range 6 {
		use(ourRegion)
		use(abroad)
	}
	if s.passAndRun(0); s.current(id) != m || s.leased(id)[m] != 12 {
		t.Errorf("%d uses are counted of twelve", s.leased(id)[m])
	}
	use(abroad)
	s.passAndRun(0)
	if next := s.checkOneMaterial(id, regions...); next == m {
		t.Error("over the limit in a replica's Region, and not replaced")
	}
}

// The count outlives a replica, and goes with the last of the related keys.
func TestUsage_DeletedReplica_LeavesTheCount(t *testing.T) {
	s := start(t)
	id := s.relatedKeys(M{}, abroad)
	mustIn[any](s, abroad, "Encrypt", M{"KeyId": id, "Plaintext": "eA=="})
	mustIn[any](s, abroad, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	s.passAndRun(7 * key.Day)
	if n := s.leased(id)[s.current(id)]; !s.isGone(abroad, id) || n != usage.DefaultLimits.Block {
		t.Errorf("%d uses are left after the replica was deleted", n)
	}
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	s.passAndRun(7*key.Day + time.Second)
	if n := len(s.leased(id)); !s.isGone(ourRegion, id) || n != 0 {
		t.Errorf("%d counts are left after the last key was deleted", n)
	}
}

// checkSameRotations checks that a ciphertext opens in every Region, and that all of them name the
// same current material and the same rotations.
func (s *service) checkSameRotations(id string, blob []byte, regions ...string) {
	s.t.Helper()
	all := func(region string) []RotationsListEntry {
		return mustIn[ListKeyRotationsOutput](s, region, "ListKeyRotations",
			M{"KeyId": id, "IncludeKeyMaterial": allMaterial}).Rotations
	}
	for _, region := range regions {
		mustIn[cryptoops.DecryptOutput](s, region, "Decrypt", M{"CiphertextBlob": blob})
		want := s.describe(regions[0], id).CurrentKeyMaterialId
		if got := s.describe(region, id).CurrentKeyMaterialId; got != want {
			s.t.Errorf("the current material is %s in %s and %s in %s", got, region, want, regions[0])
		}
		if got, want := all(region), all(regions[0]); !reflect.DeepEqual(got, want) {
			s.t.Errorf("the rotations are %+v in %s and %+v in %s", got, region, want, regions[0])
		}
	}
}

// The primary rotates, by hand and by itself, and the same holds in every Region at once. Whoever
// becomes the primary goes on.
func TestRotation_PrimaryWithReplicas_ShowsInEveryRegion(t *testing.T) {
	s := start(t)
	id := s.relatedKeys(M{}, abroad)
	rotations := func(region string) int {
		return len(mustIn[ListKeyRotationsOutput](s, region, "ListKeyRotations",
			M{"KeyId": id}).Rotations)
	}
	encrypted := func(region string) []byte {
		return mustIn[cryptoops.EncryptOutput](s, region, "Encrypt",
			M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob
	}
	before := encrypted(abroad)
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	must[any](s, "ReplicateKey", M{"KeyId": id, "ReplicaRegion": farAway})
	regions := []string{ourRegion, abroad, farAway}
	for _, region := range regions {
		status := mustIn[GetKeyRotationStatusOutput](s, region, "GetKeyRotationStatus", M{"KeyId": id})
		if !status.KeyRotationEnabled || status.RotationPeriodInDays != 90 ||
			!status.NextRotationDate.Equal(s.time().AddDate(0, 0, 90)) {
			t.Errorf("in %s: %+v", region, status)
		}
		s.checkSameRotations(id, before, regions...)
		s.checkSameRotations(id, encrypted(region), regions...)
	}
	for _, name := range []string{"EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"} {
		if _, refused := askIn[any](s, abroad, name, M{"KeyId": id}); refused == nil ||
			refused.Code != "UnsupportedOperationException" {
			t.Errorf("%s of a replica: %v", name, refused)
		}
	}
	quarter := func() { s.pass(90 * 24 * time.Hour); s.Jobs.RunDue(t.Context()) }
	quarter()
	if n := rotations(abroad); n != 2 {
		t.Errorf("%d rotations after the first period, want 2", n)
	}
	must[any](s, "UpdatePrimaryRegion", M{"KeyId": id, "PrimaryRegion": abroad})
	must[any](s, "DisableKey", M{"KeyId": id}) // a replica now: what it is doesn't matter
	quarter()
	if n := rotations(abroad); n != 3 {
		t.Errorf("%d rotations after the promotion and the second period, want 3", n)
	}
	must[any](s, "EnableKey", M{"KeyId": id})
	s.checkSameRotations(id, before, regions...)
	mustIn[any](s, abroad, "RotateKeyOnDemand", M{"KeyId": id})
	mustIn[any](s, abroad, "DisableKeyRotation", M{"KeyId": id})
	quarter()
	if n := rotations(ourRegion); n != 4 {
		t.Errorf("%d rotations after it was disabled, want 4", n)
	}
	s.checkSameRotations(id, before, regions...)
}

func TestRotation_Replica_IsRefused(t *testing.T) {
	s := start(t)
	id, single := s.relatedKeys(M{}, abroad), s.key()
	for _, operation := range []string{"EnableKeyRotation", "DisableKeyRotation",
		"RotateKeyOnDemand"} {
		for _, k := range []*key.Key{s.loadIn(ourRegion, id), s.loadIn(ourRegion, single)} {
			if err := k.Serves(operation, operation); err != nil {
				t.Errorf("%s of %s: %v", operation, k.ARN(), err)
			}
		}
		f := fault.Of(s.loadIn(abroad, id).Serves(operation, operation))
		if f == nil || f.Code != "UnsupportedOperationException" ||
			f.Message != key.ARN(ourAccount, abroad, id)+" is not a multi-region primary key." {
			t.Errorf("%s of a replica: %v", operation, f)
		}
	}
	if err := s.loadIn(abroad, id).Serves("GetKeyRotationStatus", "GetKeyRotationStatus"); err != nil {
		t.Errorf("GetKeyRotationStatus of a replica: %v", err)
	}
}

// The Regions of a key seal by one material, so its uses are counted together, and a replica that
// brings it over the limit has the primary replace it.
func TestUsage_ReplicaOverLimit_RotatesThePrimary(t *testing.T) {
	s := start(t)
	s.limit(lowLimits)
	id := s.relatedKeys(M{}, abroad)
	m := s.current(id)
	seal := func(region string) {
		mustIn[cryptoops.EncryptOutput](s, region, "Encrypt", M{"KeyId": id, "Plaintext": "eA=="})
	}
	seal(ourRegion)
	for range lowLimits.Rotate {
		seal(abroad)
	}
	if n := s.leased(id)[m]; n != lowLimits.Rotate+lowLimits.Block {
		t.Errorf("%d uses are leased", n)
	}
	s.Jobs.RunDue(t.Context())
	if here, there := s.current(id), s.describe(abroad, id).CurrentKeyMaterialId; here == m ||
		here != there {
		t.Errorf("the current material is %s here and %s there, and was %s", here, there, m)
	}
}
