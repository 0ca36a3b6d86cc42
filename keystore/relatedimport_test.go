package keystore

import (
	"bytes"
	"reflect"
	"sync"
	"testing"
	"time"

	"claviger/internal/custody"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/cryptoops"
	"claviger/keystore/imports"
	"claviger/keystore/key"
)

// importedRelatedKeys makes a multi-Region key whose material came from outside, as the import of
// it leaves it, and replicates it.
func (s *service) importedRelatedKeys(regions ...string) (id string, first key.Material) {
	s.t.Helper()
	c := s.Runner.Own(s.t.Context(), ourAccount, ourRegion, "kms")
	k, err := s.keys.newKey(c, key.ManagerCustomer, key.OriginKMS, key.SymmetricDefault,
		key.EncryptDecrypt)
	if err != nil {
		s.t.Fatal(err)
	}
	k.ID, k.PrimaryRegion, k.Origin = key.NewMultiRegionID(), ourRegion, key.OriginExternal
	first = k.Materials[k.MaterialID]
	first.ExpirationModel, first.Expires = key.MaterialExpires, s.time().Add(30*key.Day)
	first.Description = "the first"
	k.Put(first)
	insert, err := s.keys.rows.Insert(c, k)
	if err == nil {
		err = s.DB.Commit(insert, nil)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	for _, region := range regions {
		must[ReplicateKeyOutput](s, "ReplicateKey", M{"KeyId": k.ID, "ReplicaRegion": region})
	}
	return k.ID, first
}

// Which imported materials there are is shared, and whether their bytes are there is not: they are
// imported Region by Region.
func TestImportedMaterial_RelatedKeys_IsEachRegionsOwn(t *testing.T) {
	s := start(t)
	id, first := s.importedRelatedKeys(abroad)
	m := s.describe(abroad, id)
	if m.KeyState != key.PendingImport || m.Enabled || m.ExpirationModel != "" || m.ValidTo != nil {
		t.Errorf("the replica is %+v", m)
	}
	if r := s.loadIn(abroad, id); len(r.Materials) != 1 || r.MaterialID != first.ID ||
		r.Materials[first.ID].IsPresent() ||
		!reflect.DeepEqual(r.Materials[first.ID].Check, first.Check) {
		t.Errorf("its materials are %+v", r.Materials)
	}
	blob := must[cryptoops.EncryptOutput](s, "Encrypt",
		M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob
	if _, refused := askIn[any](s, abroad, "Decrypt", M{"CiphertextBlob": blob}); refused == nil ||
		refused.Code != "KMSInvalidStateException" {
		t.Errorf("before its import the replica answers %v", refused)
	}
	err := s.amend(abroad, id, func(_ *op.Call, k *key.Key) {
		own := first
		own.ExpirationModel, own.Expires = key.MaterialDoesNotExpire, time.Time{}
		own.Description = "abroad"
		k.State = key.Enabled
		k.Put(own)
	})
	if err != nil {
		t.Fatal(err)
	}
	mustIn[any](s, abroad, "Decrypt", M{"CiphertextBlob": blob})
	if m := s.describe(ourRegion, id); m.ExpirationModel != key.MaterialExpires || m.ValidTo == nil {
		t.Errorf("the import in one Region changed the other: %+v", m)
	}
	err = s.amend(ourRegion, id, func(_ *op.Call, k *key.Key) {
		k.State = key.PendingImport
		k.Put(k.Materials[first.ID].WithoutBytes())
	})
	if err != nil {
		t.Fatal(err)
	}
	mustIn[any](s, abroad, "Decrypt", M{"CiphertextBlob": blob})
	if r := s.loadIn(abroad, id); r.Materials[first.ID].Description != "abroad" ||
		!r.Materials[first.ID].IsPresent() {
		t.Errorf("the deletion in one Region changed the other: %+v", r.Materials)
	}
}

// A new imported material can become current once every Region has it, in whatever order they get
// it, and also at once.
func TestRotateKeyOnDemand_NewMaterialNotInEveryRegion_IsRefused(t *testing.T) {
	for _, atOnce := range []bool{false, true} {
		s := start(t)
		id, _ := s.importedRelatedKeys(abroad, farAway)
		regions := []string{ourRegion, abroad, farAway}
		next, err := s.Token.Generate(t.Context(), key.NewMaterialID(), custody.AES256)
		if err != nil {
			t.Fatal(err)
		}
		says := func(want string) {
			t.Helper()
			for _, region := range regions {
				if m, ok := s.loadIn(region, id).Materials[next.ID]; !ok || m.RotationType != want {
					t.Errorf("in %s the new material is %q, want %q", region, m.RotationType, want)
				}
			}
		}
		arrive := func(_ *op.Call, k *key.Key) {
			m := k.Materials[next.ID]
			m.Material, m.RotationType = next, key.RotationPending
			k.Put(m)
		}
		if err := s.amend(ourRegion, id, arrive); err != nil {
			t.Fatal(err)
		}
		says(key.RotationPendingImport)
		if _, code := ask[any](s, "RotateKeyOnDemand",
			M{"KeyId": id}); code != "KMSInvalidStateException" {
			t.Errorf("before every Region has it: %q", code)
		}
		var wg sync.WaitGroup
		for _, region := range regions[1:] {
			arrives := func() {
				for s.amend(region, id, arrive) != nil { // somebody else was faster
				}
			}
			if !atOnce {
				arrives()
				continue
			}
			wg.Go(arrives)
		}
		wg.Wait()
		says(key.RotationPending)
		if err := s.amend(abroad, id,
			func(_ *op.Call, k *key.Key) { k.Put(k.Materials[next.ID].WithoutBytes()) }); err != nil {
			t.Fatal(err)
		}
		says(key.RotationPendingImport)
		mustIn[any](s, abroad, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
		s.pass(7 * 24 * time.Hour)
		s.Jobs.RunDue(t.Context())
		regions = []string{ourRegion, farAway}
		says(key.RotationPending)
		must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
		says(key.RotationOnDemand)
		for _, region := range regions {
			if r := s.loadIn(region, id); r.MaterialID != next.ID {
				t.Errorf("in %s the current material is %s", region, r.MaterialID)
			}
		}
	}
}

// Each Region imports the material for itself. A new one goes into the primary first and can become
// current once it is everywhere.
func TestImportKeyMaterial_RelatedKeys_AreImportedRegionByRegion(t *testing.T) {
	s := start(t)
	bring := func(region, id string, key []byte, more M) *fault.Error {
		t.Helper()
		p := mustIn[GetParametersForImportOutput](s, region, "GetParametersForImport",
			M{"KeyId": id, "WrappingAlgorithm": everyKindWrapping, "WrappingKeySpec": "RSA_2048"})
		_, refused := askIn[ImportKeyMaterialOutput](s, region, "ImportKeyMaterial",
			wrap(t, id, p, everyKindWrapping, key).and(more))
		return refused
	}
	accepted := func(refused *fault.Error) {
		t.Helper()
		if refused != nil {
			t.Fatal(refused)
		}
	}
	first, second := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	id := s.relatedKeys(M{"Origin": key.OriginExternal})
	if _, code := ask[any](s, "ReplicateKey",
		M{"KeyId": id, "ReplicaRegion": abroad}); code != "KMSInvalidStateException" {
		t.Errorf("replicating what has no material: %q", code)
	}
	accepted(bring(ourRegion, id, first, nil))
	must[any](s, "ReplicateKey", M{"KeyId": id, "ReplicaRegion": abroad})
	blob := must[cryptoops.EncryptOutput](s, "Encrypt",
		M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob
	if m := s.describe(abroad, id); m.KeyState != key.PendingImport {
		t.Errorf("the replica is %s", m.KeyState)
	}
	if refused := bring(abroad, id, second, nil); refused == nil ||
		refused.Code != "IncorrectKeyMaterialException" {
		t.Errorf("other material in the replica: %v", refused)
	}
	if refused := bring(abroad, id, second, M{"ImportType": imports.NewMaterial}); refused == nil {
		t.Error("new material went into the replica first")
	}
	accepted(bring(abroad, id, first, nil))
	mustIn[any](s, abroad, "Decrypt", M{"CiphertextBlob": blob})

	accepted(bring(ourRegion, id, second, M{"ImportType": imports.NewMaterial}))
	state := func(region string) string {
		all := mustIn[ListKeyRotationsOutput](s, region, "ListKeyRotations",
			M{"KeyId": id, "IncludeKeyMaterial": allMaterial}).Rotations
		return all[len(all)-1].KeyMaterialState
	}
	if here, there := state(ourRegion), state(abroad); here != key.RotationPendingImport ||
		there != key.RotationPendingImport {
		t.Errorf("the new material is %s here and %s there", here, there)
	}
	if _, code := ask[any](s, "RotateKeyOnDemand",
		M{"KeyId": id}); code != "KMSInvalidStateException" {
		t.Errorf("rotating before every Region has it: %q", code)
	}
	accepted(bring(abroad, id, second, nil))
	if here, there := state(ourRegion), state(abroad); here != key.RotationPending ||
		there != key.RotationPending {
		t.Errorf("the new material is %s here and %s there", here, there)
	}
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	s.checkSameRotations(id, blob, ourRegion)
	s.checkSameRotations(id, mustIn[cryptoops.EncryptOutput](s, abroad, "Encrypt",
		M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob, ourRegion)
	mustIn[any](s, abroad, "Decrypt", M{"CiphertextBlob": blob})

	mustIn[any](s, abroad, "DeleteImportedKeyMaterial", M{"KeyId": id})
	primary, replica := s.describe(ourRegion, id).KeyState, s.describe(abroad, id).KeyState
	if primary != key.Enabled || replica != key.PendingImport {
		t.Errorf("after the deletion abroad the key is %s here and %s there", primary, replica)
	}
	accepted(bring(abroad, id, second, nil))
	mustIn[any](s, abroad, "Decrypt", M{"CiphertextBlob": blob})
}
