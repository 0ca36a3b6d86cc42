package keystore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/internal/custody"
	"claviger/internal/op"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
	"claviger/keystore/keyrows"
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

// turn lets time pass and has the job runner do what is due then.
func (s *service) turn(d time.Duration) {
	s.t.Helper()
	s.pass(d)
	s.jobRunner.RunDue(s.t.Context())
}

func TestAKeyRotatesByTheClock(t *testing.T) {
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
		s.turn(90*key.Day - time.Second)
		if got := len(s.rotations(id, "ROTATIONS_ONLY")); got != n {
			t.Fatalf("%d rotations a second before number %d", got, n+1)
		}
		s.turn(time.Second)
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
		if m := must[DescribeKeyOutput](s, "DescribeKey", M{"KeyId": id}).KeyMetadata; m.CurrentKeyMaterialId != all[4].KeyMaterialId {
			t.Errorf("described with %s", m.CurrentKeyMaterialId)
		}
		s.restart()
	}
	must[any](s, "DisableKeyRotation", M{"KeyId": id})
	s.turn(1000 * key.Day)
	if got := s.rotation(id); got.KeyRotationEnabled || len(s.rotations(id, "ROTATIONS_ONLY")) != 4 {
		t.Errorf("switched off: %+v", got)
	}
}

// The job outlives the process: it was put off in the transaction that switched rotation on.
func TestARotationIsDueAfterARestart(t *testing.T) {
	s := start(t)
	id := s.key()
	must[any](s, "EnableKeyRotation", M{"KeyId": id})
	s.restart()
	s.turn(365*key.Day - time.Second)
	before := len(s.rotations(id, allMaterial))
	s.turn(time.Second)
	if after := len(s.rotations(id, allMaterial)); before != 1 || after != 2 {
		t.Errorf("%d materials before the year was over and %d after", before, after)
	}
}

func TestEnablingAgainStartsTheClockAnew(t *testing.T) {
	s := start(t)
	id := s.key()
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 100})
	s.turn(99 * key.Day)
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 2560})
	s.turn(2559 * key.Day)
	if got := s.rotation(id); len(s.rotations(id, allMaterial)) != 1 ||
		got.RotationPeriodInDays != 2560 || !got.NextRotationDate.Equal(s.time().Add(key.Day)) {
		t.Errorf("%+v", got)
	}
	must[any](s, "EnableKeyRotation", M{"KeyId": id}) // the usual period and not the one before
	if got := s.rotation(id); got.RotationPeriodInDays != 365 ||
		!got.NextRotationDate.Equal(s.time().Add(365*key.Day)) {
		t.Errorf("%+v", got)
	}
	s.turn(365 * key.Day)
	if n := len(s.rotations(id, allMaterial)); n != 2 {
		t.Errorf("%d materials", n)
	}
}

func TestOnlyAKeyInUseIsRotated(t *testing.T) {
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
	s.turn(20 * key.Day)
	must[any](s, "CancelKeyDeletion", M{"KeyId": going})
	if got := s.rotation(going); !got.KeyRotationEnabled || got.RotationPeriodInDays != 90 {
		t.Errorf("taken back from deletion: %+v", got)
	}
	s.turn(80 * key.Day) // gone is gone by now
	for id, want := range map[string]int{off: 1, going: 1, early: 2} {
		if n := len(s.rotations(id, allMaterial)); n != want {
			t.Errorf("%d materials after 100 days, want %d", n, want)
		}
	}
	for _, id := range []string{off, going} {
		must[any](s, "EnableKey", M{"KeyId": id})
		s.turn(0) // what was overdue is done now
		if n, got := len(s.rotations(id, allMaterial)), s.rotation(id); n != 2 ||
			!got.NextRotationDate.Equal(s.time().Add(90*key.Day)) {
			t.Errorf("enabled again: %d materials, %+v", n, got)
		}
	}
	if n := s.jobs(); n != 3 {
		t.Errorf("%d jobs for three keys that rotate and none that is gone", n)
	}
}

func (s *service) jobs() (n int) {
	s.t.Helper()
	if err := s.db.Row(qCountJobs, nil, &n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

func TestTwentyFiveRotationsOnDemand(t *testing.T) {
	s := start(t)
	id := s.key()
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	due := s.rotation(id).NextRotationDate
	old := s.encrypt(id, "old")
	for n := range onDemand {
		s.pass(time.Hour)
		if out := must[KeyOutput](s, "RotateKeyOnDemand", M{"KeyId": id}); out.KeyId != id {
			t.Errorf("answered %+v", out)
		}
		last := s.rotations(id, "ROTATIONS_ONLY")[n]
		if last.RotationType != "ON_DEMAND" || last.KeyMaterialState != "CURRENT" ||
			!last.RotationDate.Equal(s.time()) {
			t.Errorf("rotation %d: %+v", n, last)
		}
	}
	_, code := ask[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	if code != "LimitExceededException" || len(s.rotations(id, allMaterial)) != onDemand+1 {
		t.Errorf("one more: %q", code)
	}
	if got := s.rotation(id).NextRotationDate; !got.Equal(due.Time) ||
		s.rotation(id).OnDemandRotationStartDate != nil {
		t.Errorf("the schedule moved from %v to %v", due, got)
	}
	if s.material(old, "old") == s.material(s.encrypt(id, "new"), "new") {
		t.Error("the material is what it was")
	}
	s.turn(90*key.Day - onDemand*time.Hour)
	if n := len(s.rotations(id, allMaterial)); n != onDemand+2 {
		t.Errorf("%d materials: the automatic rotation knows no limit", n)
	}
}

func TestNoRotationOnDemandNearAnAutomaticOne(t *testing.T) {
	s := start(t)
	id := s.key()
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	s.pass(90*key.Day - quiet)
	for _, wait := range []time.Duration{0, quiet - time.Second, time.Second, time.Minute} {
		// the last two: it is overdue
		s.pass(wait)
		if _, code := ask[any](s, "RotateKeyOnDemand", M{"KeyId": id}); code != "ConflictException" {
			t.Errorf("%v before the automatic rotation: %q", s.rotation(id).NextRotationDate.Sub(s.time()),
				code)
		}
	}
	s.turn(0)
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	s.pass(90*key.Day - quiet - time.Second)
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
}

// What can't be rotated says so, after its state as AWS does, and is not changed.
func TestWhatCantBeRotated(t *testing.T) {
	s := start(t)
	signer := must[CreateKeyOutput](s, "CreateKey",
		M{"KeySpec": "ECC_NIST_P256", "KeyUsage": key.SignVerify}).KeyMetadata.KeyId
	tally := must[CreateKeyOutput](s, "CreateKey",
		M{"KeySpec": "HMAC_256", "KeyUsage": key.GenerateVerifyMac}).KeyMetadata.KeyId
	operations := []string{"EnableKeyRotation", "DisableKeyRotation", "GetKeyRotationStatus",
		"RotateKeyOnDemand", "ListKeyRotations"}
	for _, name := range operations {
		for _, id := range []string{signer, tally} {
			if _, code := ask[any](s, name, M{"KeyId": id}); code != "UnsupportedOperationException" {
				t.Errorf("%s: %q", name, code)
			}
		}
	}
	must[any](s, "DisableKey", M{"KeyId": signer})
	if _, code := ask[any](s, "RotateKeyOnDemand", M{"KeyId": signer}); code != "DisabledException" {
		t.Errorf("a disabled key that can't be rotated: %q", code)
	}
	id := s.key()
	for days, want := range map[int]string{0: "ValidationException", 89: "ValidationException",
		2561: "ValidationException", 90: "", 2560: ""} {
		if _, code := ask[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": days}); code != want {
			t.Errorf("every %d days: %q", days, code)
		}
	}
}

func TestKeysOfOtherOriginsAndReplicas(t *testing.T) {
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

func TestAnImportedKeyRotatesToWhatWasImported(t *testing.T) {
	s := start(t)
	expires := s.time().Add(30 * key.Day)
	k, c := s.imported(func(m *key.Material) {
		m.ExpirationModel, m.Expires = key.MaterialExpires,
			expires
	})
	id, first := k.ID, k.Materials[k.MaterialID]
	if _, code := ask[any](s, "RotateKeyOnDemand", M{"KeyId": id}); code != "KMSInvalidStateException" {
		t.Errorf("nothing waits: %q", code)
	}
	next, err := s.token.Generate(t.Context(), key.NewMaterialID(), "AES_256")
	if err != nil {
		t.Fatal(err)
	}
	waiting := key.Material{Material: next, RotationType: key.RotationPending,
		ExpirationModel: key.MaterialDoesNotExpire, Description: "the second", Created: s.time()}
	incomplete := waiting
	incomplete.RotationType = key.RotationPendingImport
	k = s.change(c, k, func(k *key.Key) { k.Put(incomplete) })
	if _, code := ask[any](s, "RotateKeyOnDemand", M{"KeyId": id}); code != "KMSInvalidStateException" {
		t.Errorf("what waits is not in every Region: %q", code)
	}
	s.change(c, k, func(k *key.Key) { k.Put(waiting) })
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
		t.Errorf("what waits: %+v", e)
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
	if _, code := ask[any](s, "RotateKeyOnDemand", M{"KeyId": id}); code != "KMSInvalidStateException" {
		t.Errorf("nothing waits any more: %q", code)
	}
}

// facts returns a key as it is, and a call of the account's owner.
func (s *service) facts(id string) (*key.Key, *op.Call) {
	s.t.Helper()
	c := s.runner.Own(s.t.Context(), ourAccount, ourRegion, "kms")
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
	made, c := s.facts(s.key())
	k := *made
	m := k.Materials[k.MaterialID]
	first(&m)
	k.ID, k.Origin, k.Rev, k.Materials = uuid.NewString(), key.OriginExternal, 1, map[string]key.Material{m.ID: m}
	insert, err := s.keys.rows.Insert(c, &k)
	if err == nil {
		err = s.db.Commit(insert, nil)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return &k, c
}

// change makes of a key what no operation would.
func (s *service) change(c *op.Call, k *key.Key, to func(*key.Key)) *key.Key {
	s.t.Helper()
	next := k.Changed(to)
	amend, err := s.keys.related.Amend(c, k, multiregion.Change{Key: next})
	if err == nil {
		err = s.db.Commit(amend, nil)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return next
}

func TestRotationsComeInPages(t *testing.T) {
	s := start(t)
	id := s.key()
	for range 7 {
		must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
		s.pass(time.Minute)
	}
	for include, want := range map[string]int{"ROTATIONS_ONLY": 7, allMaterial: 8} {
		var got []string
		in := M{"KeyId": id, "IncludeKeyMaterial": include, "Limit": 3}
		for {
			out := must[ListKeyRotationsOutput](s, "ListKeyRotations", in)
			for _, e := range out.Rotations {
				got = append(got, e.KeyMaterialId)
			}
			if out.Truncated != (out.NextMarker != "") ||
				out.Truncated != (len(out.Rotations) == 3 && len(got) < want) {
				t.Fatalf("%s: a page of %d, truncated %v, marker %q", include, len(out.Rotations),
					out.Truncated, out.NextMarker)
			}
			if !out.Truncated {
				break
			}
			in["Marker"] = out.NextMarker
		}
		var whole []string
		for _, e := range s.rotations(id, include) {
			whole = append(whole, e.KeyMaterialId)
		}
		if len(got) != want || !slices.Equal(got, whole) {
			t.Errorf("%s in pages: %d of %d", include, len(got), want)
		}
	}
	marker := must[ListKeyRotationsOutput](s, "ListKeyRotations",
		M{"KeyId": id, "Limit": 1}).NextMarker
	for name, in := range map[string]M{"another key": {"KeyId": s.key(), "Marker": marker},
		"another list": {"KeyId": id, "IncludeKeyMaterial": allMaterial, "Marker": marker},
		"made up":      {"KeyId": id, "Marker": "x"}} {
		if _, code := ask[any](s, "ListKeyRotations", in); code != "InvalidMarkerException" {
			t.Errorf("a marker of %s: %q", name, code)
		}
	}
}

// A job that comes again, or too early, rotates nothing and loses nothing.
func TestARotationThatIsNotDueIsNotDone(t *testing.T) {
	s := start(t)
	id := s.key()
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	for range 3 {
		if err := s.keys.Rotate(s.runner.Own(t.Context(), ourAccount, ourRegion, "kms"), id); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.rotations(id, allMaterial)); n != 1 {
		t.Errorf("%d materials", n)
	}
	s.turn(90 * key.Day)
	if n := len(s.rotations(id, allMaterial)); n != 2 {
		t.Errorf("%d materials when it was due", n)
	}
}

// barren is a token that makes no keys for a while.
type barren struct{ Maker }

func (barren) Generate(context.Context, string, custody.Kind) (custody.Material, error) {
	return custody.Material{}, custody.ErrUnavailable
}

// A rotation that the token can't do now changes nothing, and is done once it can.
func TestARotationWaitsForTheToken(t *testing.T) {
	s := start(t)
	id, other := s.key(), s.key()
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	before := s.rotation(id)
	s.keys.maker = barren{s.token}
	s.turn(90 * key.Day)
	if after := s.rotation(id); len(s.rotations(id, allMaterial)) != 1 ||
		!after.NextRotationDate.Equal(before.NextRotationDate.Time) {
		t.Errorf("without a token: %+v", after)
	}
	if _, code := ask[any](s, "RotateKeyOnDemand", M{"KeyId": other}); code != "KeyUnavailableException" {
		t.Errorf("on demand: %q", code)
	}
	s.encrypt(id, "x")
	s.keys.maker = s.token
	s.turn(time.Hour)
	if n := len(s.rotations(id, allMaterial)); n != 2 || len(s.rotations(other, allMaterial)) != 1 {
		t.Errorf("%d materials once the token is back", n)
	}
}

func TestEveryRotationIsRecorded(t *testing.T) {
	s := start(t)
	id := s.key()
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	s.turn(90 * key.Day)
	text := strings.Join(s.records(), "\n")
	for _, name := range []string{"EnableKeyRotation", "RotateKeyOnDemand", "RotateKey"} {
		if strings.Count(text, `"eventName":"`+name+`"`) != 1 {
			t.Errorf("no record, or several, of %s", name)
		}
	}
	s.noFailure()
}

// TestRotationUnderLoad: whoever encrypts or seals while a key is rotated notices nothing, and
// everything opens.
func TestRotationUnderLoad(t *testing.T) {
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
			s.opens(e, fmt.Sprint(w, n))
		})
	}
	for range onDemand {
		must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	}
	close(stop)
	workers.Wait()
	all := s.rotations(id, allMaterial)
	for _, e := range all {
		delete(seen, e.KeyMaterialId)
	}
	var epochs int
	if err := s.db.Row(qCountDataKeys, []any{ourAccount, ourRegion, id}, &epochs); err != nil {
		t.Fatal(err)
	}
	if len(all) != onDemand+1 || len(seen) != 0 || epochs > len(all) {
		t.Errorf("%d materials, %d used ones that are not listed, %d data keys: one for each material "+
			"at most", len(all), len(seen), epochs)
	}
	s.noFailure()
}

// A request that found its key before it was rotated ends no epoch, and its value opens.
func TestSeal_KeyBehindItsRotation_EndsNoEpoch(t *testing.T) {
	s := start(t)
	id := s.key()
	s.seal(id, "one")
	old, c := s.facts(id)
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	if e := s.seal(id, "two"); e.Epoch != 2 {
		t.Fatalf("epoch %d after a rotation", e.Epoch)
	}
	for range 3 {
		s.forgetDataKeys(id) // the old key couldn't open a data key under the new material
		e, err := s.keys.dataKeys.Seal(c, old, sm, map[string]string{"SecretARN": "arn"}, []byte("x"))
		if err != nil || e.Epoch != 2 {
			t.Errorf("a key that is behind got %+v, %v", e, err)
		}
		s.opens(e, "x")
	}
	must[any](s, "DisableKey", M{"KeyId": id})
	if _, err := s.keys.dataKeys.Seal(c, old, sm, nil, []byte("x")); faultCode(err) != "DisabledException" {
		t.Errorf("a key that is behind its disabling: %v", err)
	}
}

// forgetDataKeys drops the token's handles of the data keys under a key.
func (s *service) forgetDataKeys(id string) {
	s.t.Helper()
	ids, err := keyrows.Texts(s.db, qDataKeyIDs, ourAccount, ourRegion, id)
	if err != nil || len(ids) == 0 {
		s.t.Fatalf("%d data keys, %v", len(ids), err)
	}
	for _, id := range ids {
		s.token.Forget(id)
	}
}

var qDataKeyIDs = store.SQL(
	`SELECT id FROM kms_data_keys WHERE account = $1 AND region = $2 AND key_id = $3`)

func TestManyRotateOnDemandAtOnce(t *testing.T) {
	s := start(t)
	id := s.key()
	var all sync.WaitGroup
	var mu sync.Mutex
	codes := map[string]int{}
	for range onDemand + 5 {
		all.Go(func() {
			_, code := ask[any](s, "RotateKeyOnDemand", M{"KeyId": id})
			mu.Lock()
			defer mu.Unlock()
			codes[code]++
		})
	}
	all.Wait()
	done := s.rotations(id, "ROTATIONS_ONLY")
	if len(done) != codes[""] || len(done) == 0 || len(done) > onDemand || codes[""]+
		codes["LimitExceededException"]+codes["ThrottlingException"] != onDemand+5 {
		t.Errorf("%d rotations, answers %v", len(done), codes)
	}
}

// As with AWS, asking for the key of a service that we have makes it; of one that we don't have
// there is none.
func TestDescribeKeyMakesTheServicesKey(t *testing.T) {
	s := start(t)
	var all sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		all.Go(func() {
			name := []string{"alias/aws/" + sm, "arn:aws:kms:" + ourRegion + ":" + ourAccount +
				":alias/aws/" + sm}[i%2]
			out, code := ask[DescribeKeyOutput](s, "DescribeKey", M{"KeyId": name})
			if code != "" || out.KeyMetadata.KeyManager != key.ManagerAWS {
				t.Errorf("%q, %+v", code, out)
			}
			ids[i] = out.KeyMetadata.KeyId
		})
	}
	all.Wait()
	if ids = slices.Compact(ids); len(ids) != 1 || s.seal("", "x").KeyID != ids[0] {
		t.Errorf("keys %v", ids)
	}
	for _, name := range []string{"alias/aws/s3", "alias/aws/", "alias/app"} {
		if _, code := ask[any](s, "DescribeKey", M{"KeyId": name}); code != "NotFoundException" {
			t.Errorf("%s: %q", name, code)
		}
	}
	s.noFailure()
}

func TestAManagedKeyRotatesYearly(t *testing.T) {
	s := start(t)
	e := s.seal("", "x")
	if got := s.rotation(e.KeyID); !got.KeyRotationEnabled || got.RotationPeriodInDays != 365 {
		t.Errorf("%+v", got)
	}
	for _, name := range []string{"EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"} {
		if _, code := ask[any](s, name, M{"KeyId": e.KeyID}); code != "AccessDeniedException" {
			t.Errorf("%s on a key that a service manages: %q", name, code)
		}
	}
	s.turn(365 * key.Day)
	if n := len(s.rotations(e.KeyID, "ROTATIONS_ONLY")); n != 1 {
		t.Errorf("%d rotations in a year", n)
	}
	s.opens(e, "x")
	if again := s.seal("", "y"); again.Epoch != e.Epoch+1 {
		t.Errorf("epoch %d after the rotation", again.Epoch)
	}
}

var qCountJobs = store.Wide(`SELECT count(*) FROM jobs`, "a test counts all jobs")
