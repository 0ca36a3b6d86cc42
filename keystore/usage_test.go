package keystore

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/keystore/key"
	"claviger/keystore/usage"
	"claviger/store"
)

// limit makes uses count for more: the service's own limits are too high to be reached.
func (s *service) limit(to usage.Limits) { s.keys.usage.Limits = to }

var lowLimits = usage.Limits{Block: 4, Alarm: 8, Rotate: 12, Max: 20, Epoch: 8}

// blocksOf returns the service's own limits with blocks of n uses.
func blocksOf(n int64) usage.Limits {
	limits := usage.DefaultLimits
	limits.Block = n
	return limits
}

// leased returns what the database knows of the uses of a key's materials and data keys, by id.
func (s *service) leased(id string) map[string]int64 {
	s.t.Helper()
	out := map[string]int64{}
	err := s.DB.Rows(qAllUses, []any{ourAccount, id}, func(scan func(...any) error) error {
		var material string
		var n int64
		err := scan(&material, &n)
		out[material] = n
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

var qAllUses = store.Wide(`SELECT material, leased FROM kms_uses
	WHERE account = $1 AND key_id = $2`,
	"a test looks into every Region")

func (s *service) current(id string) string {
	s.t.Helper()
	return must[DescribeKeyOutput](s, "DescribeKey", M{"KeyId": id}).KeyMetadata.CurrentKeyMaterialId
}

// TestUsage_EachAnswer_FollowsItsLease: after each answer the database has leased as many uses as
// there were, and not a block more.
func TestUsage_EachAnswer_FollowsItsLease(t *testing.T) {
	s := start(t)
	s.limit(blocksOf(4))
	id := s.key()
	m := s.current(id)
	batches := len(s.Records())
	for n := int64(1); n <= 13; n++ {
		s.encrypt(id, "x")
		if got := s.leased(id)[m]; got != (n+3)/4*4 {
			t.Fatalf("%d uses, %d leased", n, got)
		}
	}
	if made := len(s.Records()) - batches; made != 13 {
		t.Errorf("%d records of 13 uses", made)
	}
}

// Every operation that makes a ciphertext is counted, and none that doesn't.
func TestUsage_OperationThatSeals_IsCounted(t *testing.T) {
	s := start(t)
	s.limit(blocksOf(1))
	id, other := s.key(), s.key()
	m, want := s.current(id), int64(0)
	blob := s.encrypt(other, "x")
	for _, c := range []struct {
		name string
		in   M
		uses int64
	}{
		{"Encrypt", M{"KeyId": id, "Plaintext": "eA=="}, 1},
		{"GenerateDataKey", M{"KeyId": id, "KeySpec": "AES_256"}, 1},
		{"GenerateDataKeyWithoutPlaintext", M{"KeyId": id, "KeySpec": "AES_256"}, 1},
		{"GenerateDataKeyPair", M{"KeyId": id, "KeyPairSpec": "ECC_NIST_P256"}, 1},
		{"GenerateDataKeyPairWithoutPlaintext", M{"KeyId": id, "KeyPairSpec": "ECC_NIST_P256"}, 1},
		{"ReEncrypt", M{"CiphertextBlob": blob, "DestinationKeyId": id}, 1},
		{"DescribeKey", M{"KeyId": id}, 0},
	} {
		must[any](s, c.name, c.in)
		if want += c.uses; s.leased(id)[m] != want {
			t.Errorf("%s: %d uses, want %d", c.name, s.leased(id)[m], want)
		}
	}
	must[any](s, "Decrypt", M{"CiphertextBlob": s.encrypt(id, "x")})
	want++
	e := s.seal(id, "x") // one use of the key for the data key, and one of the data key
	want++
	s.checkOpens(e, "x")
	s.seal(id, "y")
	all := s.leased(id)
	if all[m] != want || len(all) != 2 {
		t.Errorf("uses %v, want %d of the material", all, want)
	}
	for of, n := range all {
		if of != m && n != 2 {
			t.Errorf("%d uses of the data key, want 2", n)
		}
	}
}

func TestUsage_Restart_LosesABlockAtMost(t *testing.T) {
	s := start(t)
	w := blocksOf(4)
	s.limit(w)
	id := s.key()
	m := s.current(id)
	for n := int64(1); n <= 5; n++ {
		s.encrypt(id, "x")
		s.Restart()
		s.limit(w)
		if got := s.leased(id)[m]; got != 4*n {
			t.Fatalf("%d leased after %d processes with one use each", got, n)
		}
	}
}

func TestUsage_MaterialOverRotationLimit_IsRotated(t *testing.T) {
	s := start(t)
	s.limit(lowLimits)
	id := s.key()
	m := s.current(id)
	old := s.encrypt(id, "old")
	for n := 2; n <= 12; n++ {
		s.encrypt(id, "x")
	}
	s.passAndRun(0)
	if s.current(id) != m {
		t.Fatal("rotated before it was over the limit")
	}
	s.encrypt(id, "x")
	s.passAndRun(0)
	done := s.rotations(id, "ROTATIONS_ONLY")
	if len(done) != 1 || done[0].RotationType != key.RotationAutomatic {
		t.Fatalf("rotations %+v", done)
	}
	if got := s.rotation(id); got.KeyRotationEnabled {
		t.Errorf("rotation went on: %+v", got)
	}
	s.encrypt(id, "x")
	if s.material(old, "old") != m || s.leased(id)[s.current(id)] != lowLimits.Block {
		t.Errorf("uses %v", s.leased(id))
	}
	s.passAndRun(time.Hour)
	if n := len(s.rotations(id, "ROTATIONS_ONLY")); n != 1 {
		t.Errorf("%d rotations", n)
	}
}

// Being over the limit doesn't move the schedule, and the job that both share doesn't lose it.
func TestUsage_RotationOverLimit_LeavesTheSchedule(t *testing.T) {
	s := start(t)
	s.limit(lowLimits)
	id := s.key()
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	due := s.rotation(id).NextRotationDate
	for range 13 {
		s.encrypt(id, "x")
	}
	s.passAndRun(key.Day)
	got := s.rotation(id).NextRotationDate
	if len(s.rotations(id, "ROTATIONS_ONLY")) != 1 || !got.Equal(due.Time) {
		t.Errorf("the next is on %v, want %v", got, due)
	}
	s.passAndRun(89 * key.Day)
	if n := len(s.rotations(id, "ROTATIONS_ONLY")); n != 2 {
		t.Errorf("%d rotations when it was due", n)
	}
}

// TestUsage_ImportedMaterialOverLimit_SealsNoMore: where no job comes, because the token is away or
// nothing can rotate the key, there is an end.
func TestUsage_ImportedMaterialOverLimit_SealsNoMore(t *testing.T) {
	s := start(t)
	s.limit(lowLimits)
	k, _ := s.imported(func(*key.Material) {})
	blob := s.encrypt(k.ID, "x")
	for n := int64(2); n <= lowLimits.Max; n++ {
		s.encrypt(k.ID, "x")
	}
	s.passAndRun(0) // nothing can be done about imported material
	for range 2 {
		for range 3 {
			for name, in := range map[string]M{
				"Encrypt":         {"KeyId": k.ID, "Plaintext": "eA=="},
				"GenerateDataKey": {"KeyId": k.ID, "KeySpec": "AES_256"},
				"ReEncrypt":       {"CiphertextBlob": blob, "DestinationKeyId": k.ID},
			} {
				if _, code := ask[any](s, name, in); code != "KMSInvalidStateException" {
					t.Errorf("%s beyond the limit: %q", name, code)
				}
			}
		}
		if got := s.leased(k.ID)[k.MaterialID]; got != lowLimits.Max {
			t.Errorf("%d leased, and %d is the limit", got, lowLimits.Max)
		}
		s.material(blob, "x")
		s.Restart()
		s.limit(lowLimits)
	}
}

// A key of KMS's own origin that waits for its job seals no more over the limit, and goes on with
// its next material.
func TestUsage_KeyOverLimit_GoesOnByRotation(t *testing.T) {
	s := start(t)
	s.limit(lowLimits)
	id := s.key()
	for range lowLimits.Max {
		s.encrypt(id, "x")
	}
	_, code := ask[any](s, "Encrypt", M{"KeyId": id, "Plaintext": "eA=="})
	if code != "KMSInvalidStateException" {
		t.Errorf("beyond the limit: %q", code)
	}
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	s.encrypt(id, "x")
}

func TestUsage_BlockBeyondAlarm_IsNotedAndCounted(t *testing.T) {
	s := start(t)
	s.limit(lowLimits)
	id := s.key()
	for range 8 {
		s.encrypt(id, "x")
	}
	trail := strings.Join(s.Records(), "")
	if s.keys.UsageAlarms() != 0 || strings.Contains(trail, "keyMaterialUses") {
		t.Error("an alarm before its time")
	}
	s.encrypt(id, "x")
	trail = strings.Join(s.Records(), "")
	noted := strings.Count(trail, `"keyMaterialUses":9`)
	if n := s.keys.UsageAlarms(); n != 1 || noted != 1 {
		t.Errorf("%d alarms", n)
	}
}

func TestDataKey_SealsOverLimit_EndEpoch(t *testing.T) {
	s := start(t)
	w := blocksOf(4)
	w.Epoch = 8
	s.limit(w)
	id := s.key()
	var first, last int64
	for n := range 9 {
		e := s.seal(id, "x")
		s.checkOpens(e, "x")
		if n == 0 {
			first = e.Epoch
		} else if n == 7 && e.Epoch != first {
			t.Errorf("epoch %d after %d seals", e.Epoch, n)
		}
		last = e.Epoch
	}
	if last != first+1 {
		t.Errorf("epoch %d after nine seals, began with %d", last, first)
	}
	for range 7 {
		s.seal(id, "x")
	}
	s.Restart()
	s.limit(w)
	if e := s.seal(id, "x"); e.Epoch != first+2 {
		t.Errorf("epoch %d after a restart", e.Epoch)
	}
}

// The memory of counts is bounded. What finds no room is counted all the same, use by use.
func TestUsage_CountsBeyondCapacity_AreInTheDatabase(t *testing.T) {
	s := start(t)
	w := usage.Limits{Block: 4, Alarm: 8, Rotate: 12, Max: 20, Epoch: 6}
	s.limit(w)
	s.keys.usage.Capacity = 3
	var ids []string
	for range 6 {
		ids = append(ids, s.key())
	}
	for range 5 {
		for _, id := range ids {
			s.encrypt(id, "x")
		}
	}
	for i, id := range ids {
		want := int64(5)
		if i < 3 {
			want = 8
		}
		if got := s.leased(id)[s.current(id)]; got != want {
			t.Errorf("key %d: %d leased for 5 uses, want %d", i, got, want)
		}
	}
	last := ids[5]
	for range 8 {
		s.encrypt(last, "x")
	}
	if n := s.keys.UsageAlarms(); n != 2 {
		t.Errorf("%d alarms where two blocks began beyond the limit", n)
	}
	s.passAndRun(0)
	if n := len(s.rotations(last, "ROTATIONS_ONLY")); n != 1 {
		t.Errorf("%d rotations of what is over the limit", n)
	}
	for n := range int64(7) {
		want := int64(1)
		if n == w.Epoch {
			want = 2
		}
		if e := s.seal(last, "x"); e.Epoch != want {
			t.Errorf("seal %d is in epoch %d", n+1, e.Epoch)
		}
	}
}

// TestUsage_ConcurrentSeals_AreCountedOnce: however many use a material at once, each use is
// counted once, in memory or not.
func TestUsage_ConcurrentSeals_AreCountedOnce(t *testing.T) {
	s := start(t)
	w := blocksOf(8)
	for _, limit := range []int64{usage.DefaultCapacity, 1} {
		s.limit(w)
		s.keys.usage.Capacity = limit
		ids := []string{s.key(), s.key(), s.key()}
		var all sync.WaitGroup
		const workers, each = 8, 30
		for range workers {
			all.Go(func() {
				for n := range each {
					s.encrypt(ids[n%len(ids)], "x")
				}
			})
		}
		all.Wait()
		for _, id := range ids {
			used, leased := int64(workers*each/len(ids)), s.leased(id)[s.current(id)]
			if leased < used || limit == usage.DefaultCapacity && leased > used+w.Block {
				t.Errorf("with %d counts in memory: %d uses, %d leased", limit, used, leased)
			}
		}
		s.Restart()
	}
}

// A use whose record can't be kept was never made: what it would have leased is leased by the next
// one.
func TestUsage_FailedRecord_LeasesNothing(t *testing.T) {
	s := start(t)
	s.limit(lowLimits)
	id := s.key()
	s.Runner.Ledger = failingDB{s.DB}
	if _, code := ask[any](s, "Encrypt", M{"KeyId": id, "Plaintext": "eA=="}); code == "" {
		t.Fatal("answered without a record")
	}
	s.Runner.Ledger = s.DB
	if n := len(s.leased(id)); n != 0 {
		t.Errorf("%d leases", n)
	}
	s.encrypt(id, "x")
	if got := s.leased(id)[s.current(id)]; got != lowLimits.Block {
		t.Errorf("%d leased", got)
	}
}

// failingDB is a ledger that keeps nothing.
type failingDB struct{ *store.DB }

func (failingDB) Commit(func(*store.Tx) error, func(error) []byte) error {
	return fmt.Errorf("the disk is gone")
}

func TestUsage_DeletedKey_TakesItsCountsAlong(t *testing.T) {
	s := start(t)
	id := s.key()
	s.seal(id, "x")
	if n := len(s.leased(id)); n != 2 {
		t.Fatalf("%d leases", n)
	}
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	s.passAndRun(7 * key.Day)
	if n := len(s.leased(id)); n != 0 {
		t.Errorf("%d leases of a key that is gone", n)
	}
}
