package keystore

import (
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/hex"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/publickey"
)

// startSettling is start on a SoftHSM2 token on which keys of Ed25519 rest.
func startSettling(t testing.TB) *service {
	t.Helper()
	c := hsmtest.SoftHSM(t)
	c.Resident = []custody.Kind{custody.Ed25519Sign}
	return startWith(t, c)
}

var edwards = M{"KeySpec": publickey.SpecEd25519, "KeyUsage": key.SignVerify}

// settled counts the keys that rest on the service's own token, beside root, canary and the object that is the token itself.
func (s *service) settled() int {
	s.t.Helper()
	entries, err := filepath.Glob(filepath.Join(hsmtest.Dir(s.t, s.token.Facts().Serial), "*.object"))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(entries) - 3
}

// signsFor checks that a key signs what crypto/ed25519 verifies.
func (s *service) signsFor(id string) {
	s.t.Helper()
	parsed, err := publickey.Parse(publickey.SpecEd25519, must[GetPublicKeyOutput](s, "GetPublicKey", M{"KeyId": id}).PublicKey)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, message := range [][]byte{[]byte("x"), make([]byte, 4096)} {
		in := M{"KeyId": id, "Message": message, "SigningAlgorithm": publickey.Ed25519}
		in["Signature"] = must[SignOutput](s, "Sign", in).Signature
		if !ed25519.Verify(parsed.(ed25519.PublicKey), message, in["Signature"].([]byte)) {
			s.t.Errorf("a signature over %d bytes is none", len(message))
		}
		must[VerifyOutput](s, "Verify", in)
	}
}

// end lets a key's window pass and does what is due then.
func (s *service) end(id string) {
	s.t.Helper()
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	s.pass(7*24*time.Hour + time.Minute)
	for range 2 { // the key, and then its material
		s.jobRunner.RunDue(s.t.Context())
	}
}

func TestAKeyThatRestsOnTheToken(t *testing.T) {
	s := startSettling(t)
	meta := must[CreateKeyOutput](s, "CreateKey", edwards).KeyMetadata
	id := meta.KeyId
	if meta.Origin != key.OriginKMS || meta.CustomKeyStoreId != "" || meta.KeyState != key.Enabled || s.settled() != 1 {
		t.Errorf("%+v, and %d keys on the token", meta, s.settled())
	}
	s.signsFor(id)
	s.restart()
	s.signsFor(id)
	digest := sha512.Sum512(nil)
	prehash := M{"KeyId": id, "Message": digest[:], "MessageType": "DIGEST", "SigningAlgorithm": publickey.Ed25519PH}
	if _, code := ask[any](s, "Sign", prehash); code != "UnsupportedOperationException" { // SoftHSM2 would sign something else
		t.Errorf("Ed25519ph: %q", code)
	}

	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	s.pass(7*24*time.Hour - time.Minute)
	s.jobRunner.RunDue(t.Context())
	s.jobRunner.RunDue(t.Context())
	must[any](s, "CancelKeyDeletion", M{"KeyId": id})
	must[any](s, "EnableKey", M{"KeyId": id})
	s.pass(24 * time.Hour)
	s.jobRunner.RunDue(t.Context())
	s.signsFor(id)
	other := must[CreateKeyOutput](s, "CreateKey", edwards).KeyMetadata.KeyId
	s.end(id)
	if _, code := ask[any](s, "DescribeKey", M{"KeyId": id}); code != "NotFoundException" || s.settled() != 1 {
		t.Errorf("past its window: %q, and %d keys on the token", code, s.settled())
	}
	s.signsFor(other)
}

func TestWhatRestsOnNoToken(t *testing.T) {
	s := start(t)
	if _, code := ask[any](s, "CreateKey", edwards); code != "UnsupportedOperationException" {
		t.Errorf("without the setting: %q", code)
	}
	s = startSettling(t)
	if _, code := ask[any](s, "CreateKey", M{"KeySpec": publickey.SpecEd25519, "KeyUsage": key.SignVerify, "MultiRegion": true}); code != "UnsupportedOperationException" {
		t.Errorf("in all Regions: %q", code)
	}
	if _, code := ask[any](s, "CreateKey", M{"KeySpec": publickey.SpecEd25519, "KeyUsage": key.SignVerify, "Origin": key.OriginExternal}); code != "UnsupportedOperationException" {
		t.Errorf("made elsewhere: %q", code)
	}
	must[CreateKeyOutput](s, "CreateKey", M{"KeySpec": "ECC_NIST_P256", "KeyUsage": key.SignVerify})
	if n := s.settled(); n != 0 {
		t.Errorf("%d keys rest on the token", n)
	}
}

// TestAKeyThatWasOnlyAnnounced: the process ended before it was made, or after, and the next one leaves nothing on the token.
func TestAKeyThatWasOnlyAnnounced(t *testing.T) {
	s := startSettling(t)
	kept := must[CreateKeyOutput](s, "CreateKey", edwards).KeyMetadata.KeyId
	for range 2 {
		name := hsmtest.ResidentID()
		err := s.within(func(c *op.Call) error {
			_, err := op.AsService(c, "kms", s.keys.announce, orphanInput{Id: hex.EncodeToString(name)})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if s.settled() == 1 {
			if _, err := s.token.GenerateResident(t.Context(), "a", custody.Ed25519Sign, "", name); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.restart()
	s.jobRunner.RunDue(t.Context())
	if n := s.settled(); n != 2 {
		t.Fatalf("%d keys rest on the token before the time", n)
	}
	s.pass(birth + time.Minute)
	s.jobRunner.RunDue(t.Context())
	left, err := orphansOf(s.db, storeRef{account: ourAccount, region: ourRegion})
	if n := s.settled(); err != nil || n != 1 || len(left) != 0 {
		t.Errorf("%d keys rest on the token, and %v are announced, %v", n, left, err)
	}
	s.signsFor(kept)
}

// TestTheTokenHasRoomForSoManyKeys: however many are made at once, and of whatever Region. What is gone makes room.
func TestTheTokenHasRoomForSoManyKeys(t *testing.T) {
	s := startSettling(t)
	s.keys.residents = 3
	first := must[CreateKeyOutput](s, "CreateKey", edwards).KeyMetadata.KeyId
	mustIn[CreateKeyOutput](s, abroad, "CreateKey", edwards)
	var made, refused atomic.Int64
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			switch _, code := ask[any](s, "CreateKey", edwards); code {
			case "":
				made.Add(1)
			case "LimitExceededException":
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 || refused.Load() != 5 || s.settled() != 3 {
		t.Errorf("%d were made, %d refused, and %d rest on the token", made.Load(), refused.Load(), s.settled())
	}
	s.key() // others don't rest there
	s.end(first)
	must[CreateKeyOutput](s, "CreateKey", edwards)
	if n := s.settled(); n != 3 {
		t.Errorf("%d rest on the token", n)
	}
}

// TestAKeyThatIsLost: what isn't found is not deleted.
func TestAKeyThatIsLost(t *testing.T) {
	s := startSettling(t)
	id := must[CreateKeyOutput](s, "CreateKey", edwards).KeyMetadata.KeyId
	k, err := s.keys.rows.Load(t.Context(), key.Ref{Account: ourAccount, Region: ourRegion, ID: id})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.token.Destroy(t.Context(), k.Materials[k.MaterialID].Wrapped); err != nil {
		t.Fatal(err)
	}
	s.token.Forget(k.MaterialID)
	if _, code := ask[any](s, "Sign", M{"KeyId": id, "Message": []byte("x"), "SigningAlgorithm": publickey.Ed25519}); code != "KeyUnavailableException" {
		t.Errorf("a key that is lost: %q", code)
	}
	if state := must[DescribeKeyOutput](s, "DescribeKey", M{"KeyId": id}).KeyMetadata.KeyState; state != key.Enabled {
		t.Errorf("it is %s", state)
	}
	s.end(id)
	if _, code := ask[any](s, "DescribeKey", M{"KeyId": id}); code != "NotFoundException" {
		t.Errorf("past its window: %q", code)
	}
}
