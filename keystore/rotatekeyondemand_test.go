package keystore

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"claviger/keystore/key"
)

func TestRotateKeyOnDemand_TwentyFiveTimes_IsTheLimit(t *testing.T) {
	s := start(t)
	id := s.key()
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	due := s.rotation(id).NextRotationDate
	old := s.encrypt(id, "old")
	for n := range maxOnDemandRotations {
		s.pass(time.Hour)
		out := must[KeyOutput](s, "RotateKeyOnDemand", M{"KeyId": id})
		if out.KeyId != key.ARN(ourAccount, ourRegion, id) {
			t.Errorf("answered %+v", out)
		}
		last := s.rotations(id, "ROTATIONS_ONLY")[n]
		if last.RotationType != "ON_DEMAND" || last.KeyMaterialState != "CURRENT" ||
			!last.RotationDate.Equal(s.time()) {
			t.Errorf("rotation %d: %+v", n, last)
		}
	}
	_, code := ask[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	if code != "LimitExceededException" ||
		len(s.rotations(id, allMaterial)) != maxOnDemandRotations+1 {
		t.Errorf("one more: %q", code)
	}
	if got := s.rotation(id).NextRotationDate; !got.Equal(due.Time) ||
		s.rotation(id).OnDemandRotationStartDate != nil {
		t.Errorf("the schedule moved from %v to %v", due, got)
	}
	if s.material(old, "old") == s.material(s.encrypt(id, "new"), "new") {
		t.Error("the material is what it was")
	}
	s.passAndRun(90*key.Day - maxOnDemandRotations*time.Hour)
	if n := len(s.rotations(id, allMaterial)); n != maxOnDemandRotations+2 {
		t.Errorf("%d materials: the automatic rotation knows no limit", n)
	}
}

func TestRotateKeyOnDemand_NearAnAutomaticRotation_IsAConflict(t *testing.T) {
	s := start(t)
	id := s.key()
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	s.pass(90*key.Day - quietBeforeRotation)
	waits := []time.Duration{0, quietBeforeRotation - time.Second, time.Second, time.Minute}
	for _, wait := range waits { // after the last two it is overdue
		s.pass(wait)
		if _, code := ask[any](s, "RotateKeyOnDemand", M{"KeyId": id}); code != "ConflictException" {
			t.Errorf("%v before the automatic rotation: %q", s.rotation(id).NextRotationDate.Sub(s.time()),
				code)
		}
	}
	s.passAndRun(0)
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	s.pass(90*key.Day - quietBeforeRotation - time.Second)
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
}

func TestRotateKeyOnDemand_ImportedKey_RotatesToThePendingMaterial(t *testing.T) {
	s := start(t)
	expires := s.time().Add(30 * key.Day)
	k, c := s.imported(func(m *key.Material) {
		m.ExpirationModel, m.Expires = key.MaterialExpires, expires
	})
	id, first := k.ID, k.Materials[k.MaterialID]
	if _, code := ask[any](s, "RotateKeyOnDemand",
		M{"KeyId": id}); code != "KMSInvalidStateException" {
		t.Errorf("no material is pending: %q", code)
	}
	next, err := s.Token.Generate(t.Context(), key.NewMaterialID(), "AES_256")
	if err != nil {
		t.Fatal(err)
	}
	waiting := key.Material{Material: next, RotationType: key.RotationPending,
		ExpirationModel: key.MaterialDoesNotExpire, Description: "the second", Created: s.time()}
	incomplete := waiting
	incomplete.RotationType = key.RotationPendingImport
	k = s.amendKey(c, k, func(k *key.Key) { k.Put(incomplete) })
	if _, code := ask[any](s, "RotateKeyOnDemand",
		M{"KeyId": id}); code != "KMSInvalidStateException" {
		t.Errorf("the pending material is not in every Region: %q", code)
	}
	s.amendKey(c, k, func(k *key.Key) { k.Put(waiting) })
	all := s.rotations(id, allMaterial)
	if len(all) != 2 || len(s.rotations(id, "ROTATIONS_ONLY")) != 0 {
		t.Fatalf("%+v", all)
	}
	if e := all[0]; e.KeyMaterialState != "CURRENT" || e.ImportState != "IMPORTED" ||
		e.ExpirationModel != key.MaterialExpires || !e.ValidTo.Equal(expires) {
		t.Errorf("the first: %+v", e)
	}
	if e := all[1]; e.KeyMaterialState != "PENDING_ROTATION" || e.RotationType != "" ||
		e.RotationDate != nil || e.KeyMaterialDescription != "the second" {
		t.Errorf("the pending material: %+v", e)
	}
	old := s.encrypt(id, "old")
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	done := s.rotations(id, "ROTATIONS_ONLY")
	if len(done) != 1 || done[0].KeyMaterialId != next.ID || done[0].RotationType != "ON_DEMAND" ||
		done[0].KeyMaterialState != "CURRENT" {
		t.Errorf("rotated: %+v", done)
	}
	if s.material(old, "old") != first.ID || s.material(s.encrypt(id, "new"), "new") != next.ID {
		t.Error("the wrong materials")
	}
	if _, code := ask[any](s, "RotateKeyOnDemand",
		M{"KeyId": id}); code != "KMSInvalidStateException" {
		t.Errorf("no material is pending any more: %q", code)
	}
}

// TestRotateKeyOnDemand_UnderLoad_EverythingOpens: whoever encrypts or seals while a key is rotated
// notices nothing, and everything opens.
func TestRotateKeyOnDemand_UnderLoad_EverythingOpens(t *testing.T) {
	s := start(t)
	id := s.key()
	var workers sync.WaitGroup
	stop := make(chan struct{})
	until := func(f func(n int)) {
		workers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					f(n)
				}
			}
		})
	}
	var mu sync.Mutex
	seen := map[string]bool{}
	for w := range 4 {
		until(func(n int) {
			plaintext := fmt.Sprint(w, n)
			m := s.material(s.encrypt(id, plaintext), plaintext)
			mu.Lock()
			seen[m] = true
			mu.Unlock()
		})
		until(func(n int) {
			e, err := s.sealAs(sm, id, map[string]string{"SecretARN": "arn"}, fmt.Sprint(w, n))
			if err != nil {
				t.Error(err)
				return
			}
			s.checkOpens(e, fmt.Sprint(w, n))
		})
	}
	for range maxOnDemandRotations {
		must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	}
	close(stop)
	workers.Wait()
	all := s.rotations(id, allMaterial)
	for _, e := range all {
		delete(seen, e.KeyMaterialId)
	}
	var epochs int
	if err := s.DB.Row(qCountDataKeys, []any{ourAccount, ourRegion, id}, &epochs); err != nil {
		t.Fatal(err)
	}
	if len(all) != maxOnDemandRotations+1 || len(seen) != 0 || epochs > len(all) {
		t.Errorf("%d materials, %d used ones that are not listed, %d data keys: one for each material "+
			"at most", len(all), len(seen), epochs)
	}
	s.checkNoFailure()
}

func TestRotateKeyOnDemand_ConcurrentRequests_StayWithinTheLimit(t *testing.T) {
	s := start(t)
	id := s.key()
	var all sync.WaitGroup
	var mu sync.Mutex
	codes := map[string]int{}
	for range maxOnDemandRotations + 5 {
		all.Go(func() {
			_, code := ask[any](s, "RotateKeyOnDemand", M{"KeyId": id})
			mu.Lock()
			defer mu.Unlock()
			codes[code]++
		})
	}
	all.Wait()
	done := s.rotations(id, "ROTATIONS_ONLY")
	if len(done) != codes[""] || len(done) == 0 || len(done) > maxOnDemandRotations || codes[""]+
		codes["LimitExceededException"] != maxOnDemandRotations+5 {
		t.Errorf("%d rotations, answers %v", len(done), codes)
	}
}
