package keystore

import (
	"strings"
	"testing"

	"claviger/hsm/hsmtest/fakedevice"
	"claviger/keystore/key"
)

// countMarked counts the records of an operation that say that a key pending deletion was asked
// for.
func (s *service) countMarked(operation string) (n int) {
	s.t.Helper()
	for _, r := range s.Records() {
		if strings.Contains(r, `"eventName":"`+operation+`"`) &&
			strings.Contains(r, `"additionalEventData":{"pendingDeletionKeyUsed":true}`) {
			n++
		}
	}
	return n
}

// TestPendingDeletion_EachUse_IsCountedAndRecorded: each operation that would use the key marks its
// record and is counted, and what only looks at the key or changes it isn't.
func TestPendingDeletion_EachUse_IsCountedAndRecorded(t *testing.T) {
	soft, v32 := start(t), startWith(t, fakedevice.LikeV32(t).Config())
	n := 0
	for name, row := range keyStates {
		if row.request == nil {
			continue
		}
		n++
		x := sampleFor(name)
		s := x.serviceFor(soft, v32)
		m := s.inState(n, x, key.PendingDeletion)
		before := s.keys.finder.PendingDeletionUses()
		_, code := ask[any](s, name, row.request(m))
		want := 0
		if key.Usages[name] != "" || name == "GetPublicKey" {
			want = 1
		}
		if got := s.countMarked(name); got != want ||
			s.keys.finder.PendingDeletionUses()-before != uint64(want) {
			t.Errorf("%s was answered with %q: %d records are marked and %d uses counted, want %d", name,
				code, got, s.keys.finder.PendingDeletionUses()-before, want)
		}
	}
}

// TestPendingDeletion_OtherStates_AreNotCounted: not those that can be used, nor those that are
// disabled or serve something else, and the dry run of a use is one.
func TestPendingDeletion_OtherStates_AreNotCounted(t *testing.T) {
	s := start(t)
	noticed := func(want uint64, name string, in M) {
		t.Helper()
		before := s.keys.finder.PendingDeletionUses()
		ask[any](s, name, in)
		if got := s.keys.finder.PendingDeletionUses() - before; got != want {
			t.Errorf("%s %v was counted %d times, want %d", name, in, got, want)
		}
	}
	fine, off := s.inState(1, cipher, key.Enabled), s.inState(2, cipher, key.Disabled)
	gone := s.inState(3, cipher, key.PendingDeletion)
	noticed(0, "Encrypt", M{"KeyId": fine.id, "Plaintext": "eA=="})
	noticed(0, "Encrypt", M{"KeyId": off.id, "Plaintext": "eA=="})
	noticed(0, "Sign", M{"KeyId": gone.id, "Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256"})
	noticed(1, "Encrypt", M{"KeyId": gone.id, "Plaintext": "eA==", "DryRun": true})
	noticed(1, "ReEncrypt", M{"CiphertextBlob": fine.blob, "DestinationKeyId": gone.id})
	noticed(1, "ReEncrypt", M{"CiphertextBlob": gone.blob, "DestinationKeyId": fine.id})
	must[any](s, "CancelKeyDeletion", M{"KeyId": gone.id})
	noticed(0, "Encrypt", M{"KeyId": gone.id, "Plaintext": "eA=="})
}

// TestPendingDeletion_UseByAnotherService_IsCountedAndRecorded: a secret is read under a key that
// somebody wants to delete.
func TestPendingDeletion_UseByAnotherService_IsCountedAndRecorded(t *testing.T) {
	s := start(t)
	id := s.key()
	e := s.seal(id, "x")
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id})
	s.checkClosed(e, pending)
	if s.keys.finder.PendingDeletionUses() != 1 || s.countMarked("Decrypt") != 1 {
		t.Errorf("%d uses counted, %d records marked", s.keys.finder.PendingDeletionUses(),
			s.countMarked("Decrypt"))
	}
}
