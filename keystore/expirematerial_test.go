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
		s.importMaterial(id, material, s.until(time.Hour))
		if m := s.metadata(id); m.ExpirationModel != key.MaterialExpires ||
			!m.ValidTo.Equal(s.time().Add(time.Hour)) {
			t.Errorf("%+v", m)
		}
	}
	blob := must[cryptoops.EncryptOutput](s, "Encrypt",
		M{"KeyId": soon, "Plaintext": "eA=="}).CiphertextBlob
	s.importMaterial(later, material, s.until(2*time.Hour))
	s.importMaterial(never, material, M{"ExpirationModel": key.MaterialDoesNotExpire})
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": pending})

	s.pass(time.Hour - time.Millisecond)
	s.Jobs.RunDue(t.Context())
	s.isIn(soon, key.Enabled)
	s.pass(time.Millisecond)
	s.Jobs.RunDue(t.Context())
	s.isIn(soon, key.PendingImport)
	s.hasNoBytes(soon)
	s.isIn(later, key.Enabled)
	s.isIn(never, key.Enabled)
	s.isIn(pending, key.PendingDeletion)
	events := s.eventsOf("DeleteExpiredKeyMaterial")
	for _, e := range events {
		if d := e.ServiceEventDetails; d["keyId"] != soon && d["keyId"] != pending ||
			len(d["keyMaterialId"]) != 64 || len(d) != 2 {
			t.Errorf("%+v", e)
		}
	}
	if len(events) != 2 {
		t.Errorf("%d events of material that expired", len(events))
	}
	s.refuses("Decrypt", "Decrypt", M{"CiphertextBlob": blob}, "KMSInvalidStateException")

	must[any](s, "CancelKeyDeletion", M{"KeyId": pending})
	s.isIn(pending, key.PendingImport)
	s.refuses("enabling a key without material", "EnableKey",
		M{"KeyId": pending}, "KMSInvalidStateException")
	s.importMaterial(pending, material, nil)
	s.isIn(pending, key.Enabled)
	s.importMaterial(soon, material, nil)
	s.decrypts(blob)

	s.pass(time.Hour)
	s.Jobs.RunDue(t.Context())
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
	s.importMaterial(id, one, s.until(2*time.Hour))
	asNew := s.until(time.Hour)
	asNew["ImportType"] = imports.NewMaterial
	s.importMaterial(id, two, asNew)
	shows(key.MaterialExpires, 2*time.Hour)
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	shows(key.MaterialExpires, time.Hour)
	s.importMaterial(id, two, nil)
	shows(key.MaterialExpires, 2*time.Hour)
	s.importMaterial(id, one, nil)
	shows(key.MaterialDoesNotExpire, 0)
}

// The job stays until the time has come again.
func TestExpire_ClockSetBack_KeepsTheMaterial(t *testing.T) {
	s := start(t)
	id := s.externalAES()
	s.importMaterial(id, outsideAES(t), s.until(time.Hour))
	material := s.metadata(id).CurrentKeyMaterialId
	c := s.Runner.Own(t.Context(), ourAccount, ourRegion, "kms")
	if err := s.keys.expireDue(c, imports.Subject(id, material)); err == nil {
		t.Error("the job ended before its time")
	}
	s.isIn(id, key.Enabled)
	for _, subject := range []string{
		imports.Subject(id, strings.Repeat("0a", 32)),
		imports.Subject(anID, material),
		imports.Subject(s.key(), material),
	} {
		if err := s.keys.expireDue(c, subject); err != nil {
			t.Errorf("a job that has nothing to do: %v", err)
		}
	}
}
