package keystore

import (
	"context"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/hex"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"claviger/hsm"
	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
	"claviger/internal/op"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
	"claviger/keystore/publickey"
	"claviger/keystore/residents"
)

// startWithResidents is start on a SoftHSM2 token on which keys of Ed25519 are resident.
func startWithResidents(t testing.TB) *service {
	t.Helper()
	c := hsmtest.SoftHSM(t)
	c.Resident = []custody.Kind{custody.Ed25519Sign}
	return startWith(t, c)
}

var edwards = M{"KeySpec": publickey.SpecEd25519, "KeyUsage": key.SignVerify}

// residentCount counts the keys that are resident on the service's own token, beside root, canary,
// authenticator and the object that is the token itself.
func (s *service) residentCount() int {
	s.t.Helper()
	dir := hsmtest.Dir(s.t, s.Token.Facts().Serial)
	entries, err := filepath.Glob(filepath.Join(dir, "*.object"))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(entries) - 4
}

// checkSigns checks that a key signs what crypto/ed25519 verifies.
func (s *service) checkSigns(id string) {
	s.t.Helper()
	spki := must[cryptoops.GetPublicKeyOutput](s, "GetPublicKey", M{"KeyId": id}).PublicKey
	parsed, err := publickey.Parse(publickey.SpecEd25519, spki)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, message := range [][]byte{[]byte("x"), make([]byte, 4096)} {
		in := M{"KeyId": id, "Message": message, "SigningAlgorithm": publickey.Ed25519}
		in["Signature"] = must[cryptoops.SignOutput](s, "Sign", in).Signature
		if !ed25519.Verify(parsed.(ed25519.PublicKey), message, in["Signature"].([]byte)) {
			s.t.Errorf("a signature over %d bytes is none", len(message))
		}
		must[cryptoops.VerifyOutput](s, "Verify", in)
	}
}

// deleteWithWindow lets a key's window pass and does what is due then.
func (s *service) deleteWithWindow(id string) {
	s.t.Helper()
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	s.pass(7*24*time.Hour + time.Minute)
	for range 2 { // the key, and then its material
		s.Jobs.RunDue(s.t.Context())
	}
}

func TestResidentKey_SignedWithAndDeleted_LeavesTheTokenAfterItsWindow(t *testing.T) {
	s := startWithResidents(t)
	meta := must[CreateKeyOutput](s, "CreateKey", edwards).KeyMetadata
	id := meta.KeyId
	if meta.Origin != key.OriginKMS || meta.CustomKeyStoreId != "" ||
		meta.KeyState != key.Enabled || s.residentCount() != 1 {
		t.Errorf("%+v, and %d keys on the token", meta, s.residentCount())
	}
	s.checkSigns(id)
	s.Restart()
	s.checkSigns(id)
	digest := sha512.Sum512(nil)
	prehash := M{"KeyId": id, "Message": digest[:], "MessageType": "DIGEST",
		"SigningAlgorithm": publickey.Ed25519PH}
	// SoftHSM2 would sign something else.
	if _, code := ask[any](s, "Sign", prehash); code != "UnsupportedOperationException" {
		t.Errorf("Ed25519ph: %q", code)
	}

	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	s.pass(7*24*time.Hour - time.Minute)
	s.Jobs.RunDue(t.Context())
	s.Jobs.RunDue(t.Context())
	must[any](s, "CancelKeyDeletion", M{"KeyId": id})
	must[any](s, "EnableKey", M{"KeyId": id})
	s.pass(24 * time.Hour)
	s.Jobs.RunDue(t.Context())
	s.checkSigns(id)
	other := must[CreateKeyOutput](s, "CreateKey", edwards).KeyMetadata.KeyId
	s.deleteWithWindow(id)
	_, code := ask[any](s, "DescribeKey", M{"KeyId": id})
	if code != "NotFoundException" || s.residentCount() != 1 {
		t.Errorf("past its window: %q, and %d keys on the token", code, s.residentCount())
	}
	s.checkSigns(other)
}

func TestCreateKey_KindThatIsNotResident_LeavesNoResidentKey(t *testing.T) {
	s := start(t)
	if _, code := ask[any](s, "CreateKey", edwards); code != "UnsupportedOperationException" {
		t.Errorf("without the setting: %q", code)
	}
	s = startWithResidents(t)
	with := func(name string, value any) M {
		return M{"KeySpec": publickey.SpecEd25519, "KeyUsage": key.SignVerify, name: value}
	}
	_, code := ask[any](s, "CreateKey", with("MultiRegion", true))
	if code != "UnsupportedOperationException" {
		t.Errorf("in all Regions: %q", code)
	}
	_, code = ask[any](s, "CreateKey", with("Origin", key.OriginExternal))
	if code != "UnsupportedOperationException" {
		t.Errorf("made elsewhere: %q", code)
	}
	must[CreateKeyOutput](s, "CreateKey", M{"KeySpec": "ECC_NIST_P256", "KeyUsage": key.SignVerify})
	if n := s.residentCount(); n != 0 {
		t.Errorf("%d keys are resident", n)
	}
}

// reserveFor makes the resident key of a KMS key that is never stored.
func (s *service) reserveFor() {
	s.t.Helper()
	err := s.within(func(c *op.Call) error {
		k := keyWithoutMaterial(c, key.ManagerCustomer, publickey.SpecEd25519, key.SignVerify)
		_, err := s.keys.residents.Generate(c, k, s.Token)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// orphans returns the names on the list.
func (s *service) orphans() []string {
	s.t.Helper()
	left, err := residents.Orphans(s.DB, key.StoreRef{Account: ourAccount, Region: ourRegion})
	if err != nil {
		s.t.Fatal(err)
	}
	return slices.Collect(maps.Keys(left))
}

// runDue does what is due, and what becomes due by that.
func (s *service) runDue() {
	for range 2 {
		s.Jobs.RunDue(s.t.Context())
	}
}

// The process that made it knows that nothing uses it.
func TestReservedResident_NotStored_IsDestroyedInTime(t *testing.T) {
	s := startWithResidents(t)
	kept := must[CreateKeyOutput](s, "CreateKey", edwards).KeyMetadata.KeyId
	s.reserveFor()
	s.pass(residents.ReservationTime - time.Minute)
	s.runDue()
	if n := s.residentCount(); n != 2 {
		t.Fatalf("%d keys are resident before the time", n)
	}
	s.pass(2 * time.Minute)
	s.runDue()
	if n, left := s.residentCount(), s.orphans(); n != 1 || len(left) != 0 {
		t.Errorf("%d keys are resident, and %v are orphans", n, left)
	}
	s.checkSigns(kept)
}

// The next process can't know what it finds: it names the key, and a person destroys it.
func TestReservedResident_ProcessEnds_IsNamedAndStays(t *testing.T) {
	s := startWithResidents(t)
	kept := must[CreateKeyOutput](s, "CreateKey", edwards).KeyMetadata.KeyId
	s.reserveFor()
	name := s.orphans()[0]
	err := s.within(func(c *op.Call) error { // the process ends before this one is made
		return s.keys.residents.Reserve(c, "", "a key", hex.EncodeToString(hsmtest.ResidentID()))
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Restart()
	if n := s.keys.ResidentsLeft(s.time()); n != 0 {
		t.Errorf("%d are left behind before the time", n)
	}
	for range 3 {
		s.pass(25 * time.Hour)
		s.runDue()
		left := s.orphans()
		if n := s.residentCount(); n != 2 || len(left) != 1 || left[0] != name {
			t.Fatalf("%d keys are resident, and %v are orphans", n, left)
		}
	}
	if said := s.Log.String(); strings.Count(said, name) != 3 || s.keys.ResidentsLeft(s.time()) != 1 {
		t.Errorf("%d are left behind, and the log has\n%s", s.keys.ResidentsLeft(s.time()), said)
	}
	id, err := hex.DecodeString(name)
	if err == nil {
		err = s.Token.Destroy(t.Context(), id)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.pass(25 * time.Hour)
	s.runDue()
	if left := s.orphans(); len(left) != 0 || s.keys.ResidentsLeft(s.time()) != 0 {
		t.Errorf("once it is destroyed %v are orphans", left)
	}
	s.checkSigns(kept)
}

// A key that is slow to make may still be stored when its reservation is over.
func TestReservedResident_StillBeingMade_IsNotTouched(t *testing.T) {
	var making atomic.Bool
	var s *service
	c := hsmtest.SoftHSM(t)
	c.Resident = []custody.Kind{custody.Ed25519Sign}
	s = startAround(t, c, func(real *hsm.Token) Token {
		return slowMaker{real, func() {
			if making.Load() {
				s.pass(residents.ReservationTime + time.Minute)
				s.runDue()
			}
		}}
	})
	making.Store(true)
	id := must[CreateKeyOutput](s, "CreateKey", edwards).KeyMetadata.KeyId
	making.Store(false)
	s.runDue()
	if n, left := s.residentCount(), s.orphans(); n != 1 || len(left) != 0 {
		t.Errorf("%d keys are resident, and %v are orphans", n, left)
	}
	s.checkSigns(id)
}

// slowMaker does something before it answers with the key that it has made.
type slowMaker struct {
	*hsm.Token
	made func()
}

func (m slowMaker) GenerateResident(ctx context.Context, id string, k custody.Kind, label string,
	name []byte) (custody.Material, error) {
	made, err := m.Token.GenerateResident(ctx, id, k, label, name)
	m.made()
	return made, err
}

// However many are made at once, and of whatever Region. What is gone makes room.
func TestResidentKeys_TokenIsFull_AreRefused(t *testing.T) {
	s := startWithResidents(t)
	s.keys.residents.Max = 3
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
	if made.Load() != 1 || refused.Load() != 5 || s.residentCount() != 3 {
		t.Errorf("%d were made, %d refused, and %d are resident",
			made.Load(), refused.Load(), s.residentCount())
	}
	s.key() // its material is wrapped
	s.deleteWithWindow(first)
	must[CreateKeyOutput](s, "CreateKey", edwards)
	if n := s.residentCount(); n != 3 {
		t.Errorf("%d are resident", n)
	}
}

// What isn't found is not deleted.
func TestResidentKey_LostByTheToken_IsUnavailableAndStays(t *testing.T) {
	s := startWithResidents(t)
	id := must[CreateKeyOutput](s, "CreateKey", edwards).KeyMetadata.KeyId
	ref := key.Ref{Account: ourAccount, Region: ourRegion, ID: id}
	k, err := s.keys.rows.Load(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Token.Destroy(t.Context(), k.Materials[k.MaterialID].Wrapped); err != nil {
		t.Fatal(err)
	}
	s.Token.Forget(k.MaterialID)
	in := M{"KeyId": id, "Message": []byte("x"), "SigningAlgorithm": publickey.Ed25519}
	if _, code := ask[any](s, "Sign", in); code != "KeyUnavailableException" {
		t.Errorf("a key that is lost: %q", code)
	}
	described := must[DescribeKeyOutput](s, "DescribeKey", M{"KeyId": id}).KeyMetadata
	if described.KeyState != key.Enabled {
		t.Errorf("it is %s", described.KeyState)
	}
	s.deleteWithWindow(id)
	if _, code := ask[any](s, "DescribeKey", M{"KeyId": id}); code != "NotFoundException" {
		t.Errorf("past its window: %q", code)
	}
}

// However a key got onto the list, one that a KMS key uses is never destroyed.
func TestOrphan_UsedByAKMSKey_IsNotDestroyed(t *testing.T) {
	s := startWithResidents(t)
	id := must[CreateKeyOutput](s, "CreateKey", edwards).KeyMetadata.KeyId
	ref := key.Ref{Account: ourAccount, Region: ourRegion, ID: id}
	k, err := s.keys.rows.Load(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	name := hex.EncodeToString(k.Materials[k.MaterialID].Wrapped)
	err = s.within(func(c *op.Call) error { return s.keys.residents.Reserve(c, "", id, name) })
	if err != nil {
		t.Fatal(err)
	}
	s.pass(residents.ReservationTime + time.Minute)
	s.Jobs.RunDue(t.Context())
	s.checkSigns(id)
	if n, left := s.residentCount(), s.orphans(); n != 1 || len(left) != 0 {
		t.Errorf("%d keys are resident, and %v are orphans", n, left)
	}
	if !strings.Contains(s.Log.String(), id) {
		t.Error("nobody was told")
	}
}
