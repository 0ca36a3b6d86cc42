package keystore

import (
	"context"
	"testing"
	"time"

	"claviger/internal/custody"
	"claviger/keystore/key"
)

// A job that comes again, or too early, rotates nothing and loses nothing.
func TestRotate_NotDue_ChangesNothing(t *testing.T) {
	s := start(t)
	id := s.key()
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	for range 3 {
		c := s.Runner.Own(t.Context(), ourAccount, ourRegion, "kms")
		if err := s.keys.rotateDue(c, id); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.rotations(id, allMaterial)); n != 1 {
		t.Errorf("%d materials", n)
	}
	s.passAndRun(90 * key.Day)
	if n := len(s.rotations(id, allMaterial)); n != 2 {
		t.Errorf("%d materials when it was due", n)
	}
}

// unavailableMaker is a token that makes no keys for a while.
type unavailableMaker struct{ Maker }

func (unavailableMaker) Generate(context.Context, string, custody.Kind) (custody.Material, error) {
	return custody.Material{}, custody.ErrUnavailable
}

// A rotation that the token can't do now changes nothing, and is done once it can.
func TestRotation_TokenUnavailable_IsRetried(t *testing.T) {
	s := start(t)
	id, other := s.key(), s.key()
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	before := s.rotation(id)
	s.keys.maker = unavailableMaker{s.Token}
	s.passAndRun(90 * key.Day)
	if after := s.rotation(id); len(s.rotations(id, allMaterial)) != 1 ||
		!after.NextRotationDate.Equal(before.NextRotationDate.Time) {
		t.Errorf("without a token: %+v", after)
	}
	if _, code := ask[any](s, "RotateKeyOnDemand",
		M{"KeyId": other}); code != "KeyUnavailableException" {
		t.Errorf("on demand: %q", code)
	}
	s.encrypt(id, "x")
	s.keys.maker = s.Token
	s.passAndRun(time.Hour)
	if n := len(s.rotations(id, allMaterial)); n != 2 || len(s.rotations(other, allMaterial)) != 1 {
		t.Errorf("%d materials once the token is back", n)
	}
}
