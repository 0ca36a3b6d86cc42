package keystore

import (
	"fmt"
	"testing"
	"time"

	"claviger/keystore/key"
)

func TestEnableKeyRotation_PeriodOver_RotatesEachTime(t *testing.T) {
	s := start(t)
	id := s.key()
	if got := s.rotation(id); got.KeyRotationEnabled || got.RotationPeriodInDays != 0 ||
		got.NextRotationDate != nil || got.KeyId != id {
		t.Errorf("a new key: %+v", got)
	}
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	due := s.time().Add(90 * key.Day)
	if got := s.rotation(id); !got.KeyRotationEnabled || got.RotationPeriodInDays != 90 ||
		!got.NextRotationDate.Equal(due) {
		t.Errorf("switched on: %+v, want the next on %v", got, due)
	}
	blobs := map[string][]byte{}
	for n := range 4 {
		plaintext := fmt.Sprint("before rotation ", n)
		blobs[plaintext] = s.encrypt(id, plaintext)
		s.passAndRun(90*key.Day - time.Second)
		if got := len(s.rotations(id, "ROTATIONS_ONLY")); got != n {
			t.Fatalf("%d rotations a second before number %d", got, n+1)
		}
		s.passAndRun(time.Second)
	}
	all := s.rotations(id, allMaterial)
	done := s.rotations(id, "ROTATIONS_ONLY")
	if len(all) != 5 || len(done) != 4 || all[0].RotationDate != nil || all[0].RotationType != "" ||
		all[0].KeyMaterialState != "NON_CURRENT" {
		t.Fatalf("the history: %+v", all)
	}
	for n, e := range done {
		state := "NON_CURRENT"
		if n == 3 {
			state = "CURRENT"
		}
		if e.KeyMaterialId != all[n+1].KeyMaterialId || e.RotationType != "AUTOMATIC" || e.KeyId != id ||
			e.KeyMaterialState != state || e.ImportState != "" ||
			!e.RotationDate.Equal(due.Add(time.Duration(n)*90*key.Day)) {
			t.Errorf("rotation %d: %+v", n, e)
		}
	}
	for range 2 {
		for n := range 4 {
			plaintext := fmt.Sprint("before rotation ", n)
			if got := s.material(blobs[plaintext], plaintext); got != all[n].KeyMaterialId {
				t.Errorf("what was encrypted before rotation %d is under %s", n, got)
			}
		}
		if current := s.material(s.encrypt(id, "now"), "now"); current != all[4].KeyMaterialId {
			t.Errorf("encrypted under %s", current)
		}
		if current := s.current(id); current != all[4].KeyMaterialId {
			t.Errorf("described with %s", current)
		}
		s.Restart()
	}
	must[any](s, "DisableKeyRotation", M{"KeyId": id})
	s.passAndRun(1000 * key.Day)
	if got := s.rotation(id); got.KeyRotationEnabled || len(s.rotations(id, "ROTATIONS_ONLY")) != 4 {
		t.Errorf("switched off: %+v", got)
	}
}

// The job outlives the process: it was put off in the transaction that switched rotation on.
func TestEnableKeyRotation_Restarted_RotatesWhenDue(t *testing.T) {
	s := start(t)
	id := s.key()
	must[any](s, "EnableKeyRotation", M{"KeyId": id})
	s.Restart()
	s.passAndRun(365*key.Day - time.Second)
	before := len(s.rotations(id, allMaterial))
	s.passAndRun(time.Second)
	if after := len(s.rotations(id, allMaterial)); before != 1 || after != 2 {
		t.Errorf("%d materials before the year was over and %d after", before, after)
	}
}

func TestEnableKeyRotation_EnabledAgain_StartsANewPeriod(t *testing.T) {
	s := start(t)
	id := s.key()
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 100})
	s.passAndRun(99 * key.Day)
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 2560})
	s.passAndRun(2559 * key.Day)
	if got := s.rotation(id); len(s.rotations(id, allMaterial)) != 1 ||
		got.RotationPeriodInDays != 2560 || !got.NextRotationDate.Equal(s.time().Add(key.Day)) {
		t.Errorf("%+v", got)
	}
	must[any](s, "EnableKeyRotation", M{"KeyId": id}) // the usual period and not the one before
	if got := s.rotation(id); got.RotationPeriodInDays != 365 ||
		!got.NextRotationDate.Equal(s.time().Add(365*key.Day)) {
		t.Errorf("%+v", got)
	}
	s.passAndRun(365 * key.Day)
	if n := len(s.rotations(id, allMaterial)); n != 2 {
		t.Errorf("%d materials", n)
	}
}
