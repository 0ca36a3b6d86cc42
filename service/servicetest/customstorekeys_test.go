package servicetest_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// objects counts the resident keys on a cluster's token, beside its canary and the object that is
// the token itself.
func objects(t testing.TB, device hsm.Config) int {
	t.Helper()
	entries, err := filepath.Glob(
		filepath.Join(hsmtest.Dir(t, hsmtest.Serial(t, device)), "*.object"))
	accepted(t, err)
	return len(entries) - 2
}

// Material goes when its key's window has ended, or as soon as the store is connected then;
// only then, and only disconnected, the store may go.
func TestDeleteCustomKeyStore_KeysDeletedBefore_LeavesNothingOnItsToken(t *testing.T) {
	device := hsmtest.Vault(t)
	s := servicetest.Start(t, oneCluster(device))
	c := s.KMS()
	id := connectedStore(t, s)
	one, two, kept := keyIn(t, c, id), keyIn(t, c, id), keyIn(t, c, id)
	blob := encrypt(t, c, kept.KeyId, "x", nil)
	if n := objects(t, device); n != 3 {
		t.Fatalf("%d keys are resident on the token", n)
	}
	days := aws.Int32(7)
	must(c.ScheduleKeyDeletion(t.Context(),
		&kms.ScheduleKeyDeletionInput{KeyId: one.KeyId, PendingWindowInDays: days}))(t)
	s.Clock.Advance(7*24*time.Hour + time.Minute)
	gone := func(key *string) bool {
		s.RunDueJobs(t)
		_, err := c.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: key})
		return err != nil
	}
	eventually(t, "the key is gone", func() bool { return gone(one.KeyId) })
	eventually(t, "its material is gone", func() bool {
		s.RunDueJobs(t)
		return objects(t, device) == 2
	})

	must(c.ScheduleKeyDeletion(t.Context(),
		&kms.ScheduleKeyDeletionInput{KeyId: two.KeyId, PendingWindowInDays: days}))(t)
	disconnect(t, s, id)
	if st := stateOf(t, c, two.KeyId); st != "PendingDeletion" {
		t.Errorf("pending deletion and disconnected, the key is %s", st)
	}
	_, err := c.DeleteCustomKeyStore(t.Context(),
		&kms.DeleteCustomKeyStoreInput{CustomKeyStoreId: id})
	refused(t, err, "CustomKeyStoreHasCMKsException", "*")
	s.Clock.Advance(7*24*time.Hour + time.Minute)
	eventually(t, "the key of the disconnected store is gone", func() bool {
		return gone(two.KeyId)
	})
	s.RunDueJobs(t)
	if n := objects(t, device); n != 2 {
		t.Errorf("disconnected, %d keys are resident on the token", n)
	}
	if st := connect(t, s, id); st.ConnectionState != "CONNECTED" {
		t.Fatalf("the store is %s", st.ConnectionState)
	}
	eventually(t, "what was left behind is gone", func() bool {
		s.RunDueJobs(t)
		return objects(t, device) == 1
	})
	if got := decrypted(t, c, blob, nil); got != "x" {
		t.Errorf("the key that was kept decrypts to %q", got)
	}
	must(c.ScheduleKeyDeletion(t.Context(),
		&kms.ScheduleKeyDeletionInput{KeyId: kept.KeyId, PendingWindowInDays: days}))(t)
	s.Clock.Advance(7*24*time.Hour + time.Minute)
	eventually(t, "the last key is gone", func() bool { return gone(kept.KeyId) })
	eventually(t, "its material is gone", func() bool {
		s.RunDueJobs(t)
		return objects(t, device) == 0
	})
	disconnect(t, s, id)
	must(c.DeleteCustomKeyStore(t.Context(),
		&kms.DeleteCustomKeyStoreInput{CustomKeyStoreId: id}))(t)
	_, err = c.DescribeCustomKeyStores(t.Context(),
		&kms.DescribeCustomKeyStoresInput{CustomKeyStoreId: id})
	refused(t, err, "CustomKeyStoreNotFoundException", "*")
}

// A key's record can't be written, so its key is destroyed in time.
func TestCreateKey_NotStored_LeavesNothingOnTheToken(t *testing.T) {
	device := hsmtest.Vault(t)
	s := servicetest.Start(t, oneCluster(device))
	id := connectedStore(t, s)
	in := &kms.CreateKeyInput{Origin: "AWS_CLOUDHSM", CustomKeyStoreId: id}
	s.CutLedgerAfter(1)
	if _, err := s.KMS().CreateKey(t.Context(), in); err == nil {
		t.Fatal("a key was made without a record")
	}
	s.RestoreLedger()
	if n := objects(t, device); n != 1 {
		t.Fatalf("%d keys are resident on the token: the test tests nothing", n)
	}
	keyIn(t, s.KMS(), id)
	s.Clock.Advance(2 * time.Hour)
	eventually(t, "what was left behind is gone", func() bool {
		s.RunDueJobs(t)
		return objects(t, device) == 1
	})
}

// It is looked for where the service writes, after uses of all kinds.
func TestStorePassword_AllUses_IsWrittenNowhere(t *testing.T) {
	device := hsmtest.Vault(t)
	right, wrong, short := hex.EncodeToString(unique(10)), hex.EncodeToString(unique(10)),
		hex.EncodeToString(unique(20))
	hsmtest.SetPIN(t, device, right)
	s := servicetest.Start(t, oneCluster(device))
	c := s.KMS()
	planted := []canary{
		plant("the password", []byte(right)), plant("a wrong password", []byte(wrong)),
		plant("a password that is too long", []byte(short)),
	}
	_, err := c.CreateCustomKeyStore(t.Context(),
		&kms.CreateCustomKeyStoreInput{CustomKeyStoreName: aws.String("a"),
			CloudHsmClusterId: aws.String(servicetest.Cluster),
			KeyStorePassword:  &short, TrustAnchorCertificate: aws.String(anchor)})
	refused(t, err, "ValidationException", "*")
	absentFrom(t, "an error", []byte(err.Error()), planted)
	id := newStore(t, c, "a", wrong)
	connect(t, s, id)
	disconnect(t, s, id)
	must(c.UpdateCustomKeyStore(t.Context(),
		&kms.UpdateCustomKeyStoreInput{CustomKeyStoreId: id, KeyStorePassword: &right}))(t)
	if st := connect(t, s, id); st.ConnectionState != "CONNECTED" {
		t.Fatalf("the store is %s: %s", st.ConnectionState, st.ConnectionErrorCode)
	}
	keyIn(t, c, id)
	a := s.Do(t, "TrentService.DescribeCustomKeyStores", "{}")
	absentFrom(t, "a description", a.Body, planted)
	absentFrom(t, "the log", []byte(s.Log.String()), planted)
	for _, r := range s.Trail(t, 0) {
		absentFrom(t, "a record", []byte(r.Line), planted)
	}
	s.Restart(t, func() {
		for _, suffix := range []string{"", "-wal"} {
			b, err := os.ReadFile(s.Database + suffix)
			if err != nil {
				continue // SQLite has taken its log away
			}
			absentFrom(t, "the database", b, planted)
		}
	})
	if bytes.Contains([]byte(s.Log.String()), []byte(right)) {
		t.Error("the log has the password")
	}
}
