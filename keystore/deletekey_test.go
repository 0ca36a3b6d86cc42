package keystore

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
)

// checkDestroyed brings a key to the end of its window and does what is due.
func (s *service) checkDestroyed(id string) {
	s.t.Helper()
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	s.pass(7*24*time.Hour - time.Second)
	s.Jobs.RunDue(s.t.Context())
	if _, code := ask[any](s, "DescribeKey", M{"KeyId": id}); code != "" {
		s.t.Fatalf("before the window ended: %s", code)
	}
	s.pass(time.Second)
	s.Jobs.RunDue(s.t.Context())
}

func TestDeleteKey_WindowOver_KeyIsGone(t *testing.T) {
	s := start(t)
	id, other := s.key(), s.key()
	must[any](s, "CreateAlias", M{"AliasName": "alias/a", "TargetKeyId": id})
	must[any](s, "CreateAlias", M{"AliasName": "alias/b", "TargetKeyId": other})
	blob := must[cryptoops.EncryptOutput](s, "Encrypt",
		M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob
	e, kept := s.seal(id, "x"), s.seal(other, "y")
	k, err := s.keys.rows.Load(t.Context(), key.Ref{Account: ourAccount, Region: ourRegion, ID: id})
	if err != nil {
		t.Fatal(err)
	}
	wrapped := k.Materials[k.MaterialID].Wrapped
	s.checkDestroyed(id)

	for name, in := range map[string]M{
		"DescribeKey":       {"KeyId": id},
		"EnableKey":         {"KeyId": id},
		"CancelKeyDeletion": {"KeyId": id},
		"Encrypt":           {"KeyId": "alias/a", "Plaintext": "eA=="},
	} {
		if _, code := ask[any](s, name, in); code != "NotFoundException" {
			t.Errorf("%s: %q", name, code)
		}
	}
	if _, code := ask[any](s, "Decrypt", M{"CiphertextBlob": blob}); code != "AccessDeniedException" {
		t.Errorf("Decrypt: %q", code)
	}
	s.checkClosed(e, "NotFoundException")
	s.checkOpens(kept, "y")
	list := must[ListAliasesOutput](s, "ListAliases", nil).Aliases
	list = slices.DeleteFunc(list, func(a AliasListEntry) bool {
		return strings.HasPrefix(a.AliasName, managedAlias(""))
	})
	if len(list) != 1 || list[0].AliasName != "alias/b" {
		t.Errorf("aliases %+v", list)
	}
	must[any](s, "CreateAlias", M{"AliasName": "alias/a", "TargetKeyId": other})

	// secure_delete: the wrapped material isn't in the file either.
	path := s.Path
	if err := s.DB.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, wrapped) {
			t.Errorf("%s still holds the wrapped material", file)
		}
	}
}

func TestDeleteKey_JobAgain_ChangesNothing(t *testing.T) {
	s := start(t)
	id := s.key()
	finish := func(keyID string) error {
		return s.keys.deleteDue(s.Runner.Own(t.Context(), ourAccount, ourRegion, "kms"), keyID)
	}
	alive := func(when string) {
		t.Helper()
		if _, code := ask[any](s, "DescribeKey", M{"KeyId": id}); code != "" {
			t.Fatalf("%s: %s", when, code)
		}
	}
	if err := finish(id); err != nil {
		t.Error(err)
	}
	alive("a job for a key that nobody scheduled")
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id})
	if err := finish(id); err == nil {
		t.Error("a job that came too early is said to be done")
	}
	alive("a job that came too early")
	must[any](s, "CancelKeyDeletion", M{"KeyId": id})
	s.pass(31 * 24 * time.Hour)
	s.Jobs.RunDue(t.Context())
	if err := finish(id); err != nil {
		t.Error(err)
	}
	alive("a job for a key that was taken back")

	s.checkDestroyed(id)
	for range 2 {
		if err := finish(id); err != nil {
			t.Errorf("a job that is done again: %v", err)
		}
	}
	if err := finish(anID); err != nil {
		t.Errorf("a job for a key that never was: %v", err)
	}
	if err := finish("alias/a"); err == nil {
		t.Error("a job for an alias")
	}
}

// A job that is met by a clock that was set back stays until the key's own time has come.
func TestDeleteKey_ClockSetBack_WaitsForItsTime(t *testing.T) {
	s := start(t)
	id := s.key()
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id})
	s.Jobs.Now = func() time.Time { return s.time().Add(31 * 24 * time.Hour) }
	s.Jobs.RunDue(t.Context())
	s.Jobs.Now = s.time
	s.pass(32 * 24 * time.Hour)
	s.Jobs.RunDue(t.Context())
	if _, code := ask[any](s, "DescribeKey", M{"KeyId": id}); code != "NotFoundException" {
		t.Errorf("the key is still there: %q", code)
	}
}

func TestScheduleKeyDeletion_ScheduledAnew_KeepsNewTime(t *testing.T) {
	s := start(t)
	id := s.key()
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	must[any](s, "CancelKeyDeletion", M{"KeyId": id})
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 30})
	s.pass(8 * 24 * time.Hour)
	s.Jobs.RunDue(t.Context())
	if _, code := ask[any](s, "DescribeKey", M{"KeyId": id}); code != "" {
		t.Errorf("at the old time: %s", code)
	}
	s.pass(22 * 24 * time.Hour)
	s.Jobs.RunDue(t.Context())
	if _, code := ask[any](s, "DescribeKey", M{"KeyId": id}); code != "NotFoundException" {
		t.Errorf("at the new time: %q", code)
	}
}
