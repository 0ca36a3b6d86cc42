package keystore

import (
	"strings"
	"testing"
	"time"

	"claviger/keystore/cryptoops"
	"claviger/keystore/imports"
	"claviger/keystore/key"
)

// Material expires by the clock, unless it was imported again for longer or for ever, and comes
// back.
func TestExpire_TimeOver_DeletesMaterial(t *testing.T) {
	s := start(t)
	material := outsideAES(t)
	soon, later := s.externalAES(), s.externalAES()
	never, pending := s.externalAES(), s.externalAES()
	for _, id := range []string{soon, later, never, pending} {
		s.bring(id, material, s.until(time.Hour))
		if m := s.metadata(id); m.ExpirationModel != key.MaterialExpires ||
			!m.ValidTo.Equal(s.time().Add(time.Hour)) {
			t.Errorf("%+v", m)
		}
	}
	blob := must[cryptoops.EncryptOutput](s, "Encrypt",
		M{"KeyId": soon, "Plaintext": "eA=="}).CiphertextBlob
	s.bring(later, material, s.until(2*time.Hour))
	s.bring(never, material, M{"ExpirationModel": key.MaterialDoesNotExpire})
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": pending})

	s.pass(time.Hour - time.Millisecond)
	s.jobRunner.RunDue(t.Context())
	s.isIn(soon, key.Enabled)
	s.pass(time.Millisecond)
	s.jobRunner.RunDue(t.Context())
	s.isIn(soon, key.PendingImport)
	s.hasNoBytes(soon)
	s.isIn(later, key.Enabled)
	s.isIn(never, key.Enabled)
	s.isIn(pending, key.PendingDeletion)
	s.refuses("Decrypt", "Decrypt", M{"CiphertextBlob": blob}, "KMSInvalidStateException")

	must[any](s, "CancelKeyDeletion", M{"KeyId": pending})
	s.isIn(pending, key.PendingImport)
	s.refuses("enabling a key without material", "EnableKey",
		M{"KeyId": pending}, "KMSInvalidStateException")
	s.bring(pending, material, nil)
	s.isIn(pending, key.Enabled)
	s.bring(soon, material, nil)
	s.decrypts(blob)

	s.pass(time.Hour)
	s.jobRunner.RunDue(t.Context())
	s.isIn(later, key.PendingImport)
	s.isIn(never, key.Enabled)
	s.isIn(soon, key.Enabled)
}

// The first to expire counts, current or not, since the key is closed without it. One that was
// never current is none.
func TestDescribeKey_MaterialsThatExpire_ShowsTheFirst(t *testing.T) {
	s := start(t)
	id := s.externalAES()
	one, two := outsideAES(t), outsideAES(t)
	shows := func(model string, in time.Duration) {
		t.Helper()
		m := s.metadata(id)
		if m.ExpirationModel != model || (m.ValidTo == nil) != (in == 0) ||
			in != 0 && !m.ValidTo.Equal(s.time().Add(in)) {
			t.Errorf("%s until %v, want %s for %s", m.ExpirationModel, m.ValidTo, model, in)
		}
	}
	shows("", 0)
	s.bring(id, one, s.until(2*time.Hour))
	asNew := s.until(time.Hour)
	asNew["ImportType"] = imports.NewMaterial
	s.bring(id, two, asNew)
	shows(key.MaterialExpires, 2*time.Hour)
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	shows(key.MaterialExpires, time.Hour)
	s.bring(id, two, nil)
	shows(key.MaterialExpires, 2*time.Hour)
	s.bring(id, one, nil)
	shows(key.MaterialDoesNotExpire, 0)
}

// The job stays until the time has come again.
func TestExpire_ClockSetBack_KeepsTheMaterial(t *testing.T) {
	s := start(t)
	id := s.externalAES()
	s.bring(id, outsideAES(t), s.until(time.Hour))
	material := s.metadata(id).CurrentKeyMaterialId
	c := s.runner.Own(t.Context(), ourAccount, ourRegion, "kms")
	if err := s.keys.Expire(c, imports.Subject(id, material)); err == nil {
		t.Error("the job ended before its time")
	}
	s.isIn(id, key.Enabled)
	for _, subject := range []string{
		imports.Subject(id, strings.Repeat("0a", 32)),
		imports.Subject(anID, material),
		imports.Subject(s.key(), material),
	} {
		if err := s.keys.Expire(c, subject); err != nil {
			t.Errorf("a job that has nothing to do: %v", err)
		}
	}
}
