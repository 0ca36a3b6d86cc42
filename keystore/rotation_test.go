package keystore

import (
	"strings"
	"testing"
	"time"

	"claviger/internal/op"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
	"claviger/keystore/target"
	"claviger/policy"
	"claviger/store"

	"github.com/google/uuid"
)

func (s *service) rotation(id string) GetKeyRotationStatusOutput {
	s.t.Helper()
	return must[GetKeyRotationStatusOutput](s, "GetKeyRotationStatus", M{"KeyId": id})
}

// rotations lists a key's rotations, or all of its materials.
func (s *service) rotations(id, include string) []RotationsListEntry {
	s.t.Helper()
	return must[ListKeyRotationsOutput](s, "ListKeyRotations",
		M{"KeyId": id, "IncludeKeyMaterial": include}).Rotations
}

func (s *service) encrypt(id, plaintext string) []byte {
	s.t.Helper()
	return must[cryptoops.EncryptOutput](s, "Encrypt",
		M{"KeyId": id, "Plaintext": []byte(plaintext)}).CiphertextBlob
}

// material returns the material that decrypts a ciphertext, and holds the plaintext to what it
// should be.
func (s *service) material(blob []byte, want string) string {
	s.t.Helper()
	out := must[cryptoops.DecryptOutput](s, "Decrypt", M{"CiphertextBlob": blob})
	if string(out.Plaintext) != want {
		s.t.Errorf("decrypted %q, want %q", out.Plaintext, want)
	}
	return out.KeyMaterialId
}

// passAndRun lets time pass and has the job runner do what is due then.
func (s *service) passAndRun(d time.Duration) {
	s.t.Helper()
	s.pass(d)
	s.Jobs.RunDue(s.t.Context())
}

func TestRotation_DisabledOrPendingDeletion_WaitsUntilEnabled(t *testing.T) {
	s := start(t)
	off, going, gone, early := s.key(), s.key(), s.key(), s.key()
	for _, id := range []string{off, going, gone, early} {
		must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	}
	must[any](s, "DisableKey", M{"KeyId": off})
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": going})
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": gone})
	must[any](s, "DisableKey", M{"KeyId": early})
	must[any](s, "EnableKey", M{"KeyId": early}) // long before its time: the schedule is as it was
	if got := s.rotation(off); !got.KeyRotationEnabled || got.NextRotationDate == nil {
		t.Errorf("disabled: %+v", got)
	}
	if got := s.rotation(going); got.KeyRotationEnabled || got.RotationPeriodInDays != 0 ||
		got.NextRotationDate != nil {
		t.Errorf("pending deletion: %+v", got)
	}
	s.passAndRun(20 * key.Day)
	must[any](s, "CancelKeyDeletion", M{"KeyId": going})
	if got := s.rotation(going); !got.KeyRotationEnabled || got.RotationPeriodInDays != 90 {
		t.Errorf("taken back from deletion: %+v", got)
	}
	s.passAndRun(80 * key.Day) // gone is gone by now
	for id, want := range map[string]int{off: 1, going: 1, early: 2} {
		if n := len(s.rotations(id, allMaterial)); n != want {
			t.Errorf("%d materials after 100 days, want %d", n, want)
		}
	}
	for _, id := range []string{off, going} {
		must[any](s, "EnableKey", M{"KeyId": id})
		s.passAndRun(0) // what was overdue is done now
		if n, got := len(s.rotations(id, allMaterial)), s.rotation(id); n != 2 ||
			!got.NextRotationDate.Equal(s.time().Add(90*key.Day)) {
			t.Errorf("enabled again: %d materials, %+v", n, got)
		}
	}
	if n := s.jobCount(); n != 3 {
		t.Errorf("%d jobs for three keys that rotate and none that is gone", n)
	}
}

func (s *service) jobCount() (n int) {
	s.t.Helper()
	if err := s.DB.Row(qCountJobs, nil, &n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// What can't be rotated says so, after its state as AWS does, and is not changed.
func TestRotation_AsymmetricOrHMACKey_IsRefused(t *testing.T) {
	s := start(t)
	signer := must[CreateKeyOutput](s, "CreateKey",
		M{"KeySpec": "ECC_NIST_P256", "KeyUsage": key.SignVerify}).KeyMetadata.KeyId
	hmacKey := must[CreateKeyOutput](s, "CreateKey",
		M{"KeySpec": "HMAC_256", "KeyUsage": key.GenerateVerifyMac}).KeyMetadata.KeyId
	operations := []string{"EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand",
		"ListKeyRotations"}
	for _, name := range operations {
		for _, id := range []string{signer, hmacKey} {
			if _, code := ask[any](s, name, M{"KeyId": id}); code != "UnsupportedOperationException" {
				t.Errorf("%s: %q", name, code)
			}
		}
	}
	// Terraform reads it of each key that it has made.
	for _, id := range []string{signer, hmacKey} {
		if out := must[GetKeyRotationStatusOutput](s, "GetKeyRotationStatus",
			M{"KeyId": id}); out != (GetKeyRotationStatusOutput{KeyId: id}) {
			t.Errorf("the status of rotation is %+v", out)
		}
	}
	must[any](s, "DisableKey", M{"KeyId": signer})
	if _, code := ask[any](s, "RotateKeyOnDemand", M{"KeyId": signer}); code != "DisabledException" {
		t.Errorf("a disabled key that can't be rotated: %q", code)
	}
	id := s.key()
	for days, want := range map[int]string{0: "ValidationException", 89: "ValidationException",
		2561: "ValidationException", 90: "", 2560: ""} {
		if _, code := ask[any](s, "EnableKeyRotation",
			M{"KeyId": id, "RotationPeriodInDays": days}); code != want {
			t.Errorf("every %d days: %q", days, code)
		}
	}
}

func TestRotation_OtherOriginOrReplica_IsRefused(t *testing.T) {
	for _, c := range []struct{ origin, primary, operation, want string }{
		{key.OriginExternal, "", "EnableKeyRotation", "UnsupportedOperationException"},
		{key.OriginExternal, "", "GetKeyRotationStatus", "UnsupportedOperationException"},
		{key.OriginExternal, "", "RotateKeyOnDemand", ""},
		{key.OriginExternal, "", "ListKeyRotations", ""},
		{key.OriginCloudHSM, "", "EnableKeyRotation", "UnsupportedOperationException"},
		{key.OriginCloudHSM, "", "RotateKeyOnDemand", "UnsupportedOperationException"},
		{key.OriginCloudHSM, "", "ListKeyRotations", "UnsupportedOperationException"},
		{key.OriginKMS, ourRegion, "EnableKeyRotation", ""},
		{key.OriginKMS, "eu-west-1", "EnableKeyRotation", "UnsupportedOperationException"},
		{key.OriginKMS, "eu-west-1", "DisableKeyRotation", "UnsupportedOperationException"},
		{key.OriginKMS, "eu-west-1", "RotateKeyOnDemand", "UnsupportedOperationException"},
		{key.OriginKMS, "eu-west-1", "GetKeyRotationStatus", ""},
	} {
		k := &key.Key{Account: ourAccount, Region: ourRegion, ID: anID, State: key.Enabled,
			Spec: key.SymmetricDefault, Usage: key.EncryptDecrypt,
			Origin: c.origin, PrimaryRegion: c.primary, RotationPeriod: 365, NextRotation: time.Unix(1e9, 0)}
		if code := faultCode((&target.Target{Key: k, Operation: c.operation}).Ready()); code != c.want {
			t.Errorf("%s of a key of origin %s with its primary in %q: %q, want %q", c.operation, c.origin,
				c.primary, code, c.want)
		}
		if k.RotationDue().IsZero() != (c.primary == "eu-west-1") {
			t.Errorf("the next rotation of a key with its primary in %q: %v", c.primary, k.RotationDue())
		}
	}
}

// loadAsOwner returns a key as it is, and a call of the account's owner.
func (s *service) loadAsOwner(id string) (*key.Key, *op.Call) {
	s.t.Helper()
	c := s.Runner.Own(s.t.Context(), ourAccount, ourRegion, "kms")
	c.Caller, c.Via = policy.Caller{Type: policy.Root, Account: ourAccount}, ""
	k, err := s.keys.rows.Load(c, key.Ref{Account: ourAccount, Region: ourRegion, ID: id})
	if err != nil {
		s.t.Fatal(err)
	}
	return k, c
}

// imported makes a key with imported material, for first to complete.
func (s *service) imported(first func(*key.Material)) (*key.Key, *op.Call) {
	s.t.Helper()
	made, c := s.loadAsOwner(s.key())
	k := *made
	m := k.Materials[k.MaterialID]
	first(&m)
	k.ID, k.Origin, k.Rev = uuid.NewString(), key.OriginExternal, 1
	k.Materials = map[string]key.Material{m.ID: m}
	insert, err := s.keys.rows.Insert(c, &k)
	if err == nil {
		err = s.DB.Commit(insert, nil)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return &k, c
}

// amendKey makes of a key what no operation would.
func (s *service) amendKey(c *op.Call, k *key.Key, to func(*key.Key)) *key.Key {
	s.t.Helper()
	next := k.Changed(to)
	amend, err := s.keys.related.Amend(c, k, multiregion.Change{Key: next})
	if err == nil {
		err = s.DB.Commit(amend, nil)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return next
}

func TestRotation_AutomaticAndOnDemand_IsRecorded(t *testing.T) {
	s := start(t)
	id := s.key()
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	s.passAndRun(90 * key.Day)
	text := strings.Join(s.Records(), "\n")
	for _, name := range []string{"EnableKeyRotation", "RotateKeyOnDemand"} {
		if strings.Count(text, `"eventName":"`+name+`"`) != 1 {
			t.Errorf("no record, or several, of %s", name)
		}
	}
	events := s.eventsOf("RotateKey")
	if len(events) != 2 {
		t.Fatalf("%d events of RotateKey", len(events))
	}
	for i, how := range []string{"ON_DEMAND", "AUTOMATIC"} {
		d := events[i].ServiceEventDetails
		if d["rotationType"] != how || d["keyOrigin"] != "AWS_KMS" || d["keyId"] != id ||
			len(d["currentKeyMaterialId"]) != 64 || len(d) != 5 {
			t.Errorf("%s: %v", how, d)
		}
	}
	if events[0].ServiceEventDetails["currentKeyMaterialId"] !=
		events[1].ServiceEventDetails["previousKeyMaterialId"] {
		t.Errorf("the second rotation does not follow the first: %+v", events)
	}
	s.checkNoFailure()
}

var qCountJobs = store.Wide(`SELECT count(*) FROM jobs`, "a test counts all jobs")
