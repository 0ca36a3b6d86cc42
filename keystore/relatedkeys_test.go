package keystore

import (
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"claviger/internal/custody"
	"claviger/internal/op"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
)

// relatedKeys makes a primary key of a spec in ourRegion, with replicas, and returns its id.
func (s *service) relatedKeys(in M, regions ...string) string {
	s.t.Helper()
	in["MultiRegion"] = true
	id := must[CreateKeyOutput](s, "CreateKey", in).KeyMetadata.KeyId
	for _, region := range regions {
		must[ReplicateKeyOutput](s, "ReplicateKey", M{"KeyId": id, "ReplicaRegion": region})
	}
	return id
}

func (s *service) describe(region, id string) key.KeyMetadata {
	s.t.Helper()
	return mustIn[DescribeKeyOutput](s, region, "DescribeKey", M{"KeyId": id}).KeyMetadata
}

// isGone reports whether a Region has no key of the id.
func (s *service) isGone(region, id string) bool {
	_, refused := askIn[DescribeKeyOutput](s, region, "DescribeKey", M{"KeyId": id})
	return refused != nil && refused.Code == "NotFoundException"
}

// checkRelated checks that every related key describes all of them: the first Region is the
// primary's.
func (s *service) checkRelated(id string, regions ...string) {
	s.t.Helper()
	at := func(region string) key.MultiRegionKey {
		return key.MultiRegionKey{Arn: key.ARN(ourAccount, region, id), Region: region}
	}
	want := key.MultiRegionConfiguration{PrimaryKey: at(regions[0]),
		ReplicaKeys: []key.MultiRegionKey{}}
	for _, region := range slices.Sorted(slices.Values(regions[1:])) {
		want.ReplicaKeys = append(want.ReplicaKeys, at(region))
	}
	for _, region := range regions {
		want.MultiRegionKeyType = "REPLICA"
		if region == regions[0] {
			want.MultiRegionKeyType = "PRIMARY"
		}
		m := s.describe(region, id)
		if !m.MultiRegion || m.MultiRegionConfiguration == nil ||
			!reflect.DeepEqual(*m.MultiRegionConfiguration, want) ||
			m.Arn != key.ARN(ourAccount, region, id) {
			s.t.Errorf("the key in %s says %+v %+v, want %+v", region, m, m.MultiRegionConfiguration, want)
		}
	}
}

// amend changes a key as an operation would.
func (s *service) amend(region, id string, alter func(*op.Call, *key.Key)) error {
	c, k := s.Runner.Own(s.t.Context(), ourAccount, region, "kms"), s.loadIn(region, id)
	amend, err := s.keys.related.Amend(c, k,
		multiregion.Change{Key: k.Changed(func(k *key.Key) { alter(c, k) })})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.DB.Commit(amend, nil)
}

// What one related key makes, the others open, by name and by what the ciphertext says; and
// nobody else does.
func TestDecrypt_CiphertextOfARelatedKey_Opens(t *testing.T) {
	s := start(t)
	id, other := s.relatedKeys(M{}, abroad, farAway), s.relatedKeys(M{}, abroad)
	context := M{"a": "b"}
	regions := []string{ourRegion, abroad, farAway}
	for _, from := range regions {
		blob := mustIn[cryptoops.EncryptOutput](s, from, "Encrypt",
			M{"KeyId": id, "Plaintext": []byte("secret"), "EncryptionContext": context}).CiphertextBlob
		for _, to := range regions {
			for _, in := range []M{{}, {"KeyId": id}, {"KeyId": key.ARN(ourAccount, to, id)}} {
				in["CiphertextBlob"], in["EncryptionContext"] = blob, context
				out := mustIn[cryptoops.DecryptOutput](s, to, "Decrypt", in)
				if string(out.Plaintext) != "secret" || out.KeyId != key.ARN(ourAccount, to, id) {
					t.Errorf("from %s to %s: %+v", from, to, out)
				}
			}
			if _, refused := askIn[cryptoops.DecryptOutput](s, to, "Decrypt",
				M{"CiphertextBlob": blob}); refused == nil || refused.Code != "InvalidCiphertextException" {
				t.Errorf("from %s to %s in another context: %v", from, to, refused)
			}
		}
		if _, refused := askIn[cryptoops.DecryptOutput](s, abroad, "Decrypt",
			M{"CiphertextBlob": blob, "KeyId": other}); refused == nil ||
			refused.Code != "IncorrectKeyException" {
			t.Errorf("from %s under another key: %v", from, refused)
		}
	}
}

// State, description and tags are each key's own, and a change of them is stored in no other
// Region.
func TestRelatedKeys_OwnProperties_AreNotShared(t *testing.T) {
	s := start(t)
	id := s.relatedKeys(M{}, abroad)
	before := s.row(abroad, id)
	must[any](s, "DisableKey", M{"KeyId": id})
	must[any](s, "UpdateKeyDescription", M{"KeyId": id, "Description": "d"})
	must[any](s, "TagResource", M{"KeyId": id, "Tags": []M{{"TagKey": "a", "TagValue": "b"}}})
	if after := s.row(abroad, id); !reflect.DeepEqual(before, after) {
		t.Errorf("the replica's row was %v and is %v", before, after)
	}
	blob := mustIn[cryptoops.EncryptOutput](s, abroad, "Encrypt",
		M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob
	if _, code := ask[cryptoops.DecryptOutput](s, "Decrypt",
		M{"CiphertextBlob": blob}); code != "DisabledException" {
		t.Errorf("the disabled primary: %s", code)
	}
	if out := mustIn[cryptoops.DecryptOutput](s, abroad, "Decrypt",
		M{"CiphertextBlob": blob}); string(out.Plaintext) != "x" {
		t.Errorf("the replica: %+v", out)
	}
	mustIn[any](s, abroad, "DisableKey", M{"KeyId": id})
	must[any](s, "EnableKey", M{"KeyId": id})
	if m := s.describe(abroad, id); m.KeyState != key.Disabled {
		t.Errorf("the replica is %s", m.KeyState)
	}
}

// row is a key as the database has it, past all caches.
func (s *service) row(region, id string) []any {
	s.t.Helper()
	k, err := s.keys.rows.Load(s.t.Context(), key.Ref{Account: ourAccount, Region: region, ID: id})
	if err != nil {
		s.t.Fatal(err)
	}
	stored := *k
	stored.Materials, stored.Public, stored.UseNoted = nil, nil, nil
	var row []any
	for i, fields := 0, reflect.ValueOf(stored); i < fields.NumField(); i++ {
		row = append(row, fields.Field(i).Interface())
	}
	return row
}

// A new material and the schedule, changed in one Region, are there in all with the same commit:
// also for whoever has the key cached.
func TestRelatedKeys_SharedProperties_ChangeInAllAtOnce(t *testing.T) {
	s := start(t)
	id := s.relatedKeys(M{}, abroad, farAway)
	old := mustIn[cryptoops.EncryptOutput](s, abroad, "Encrypt",
		M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob
	next := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	err := s.amend(ourRegion, id, func(c *op.Call, k *key.Key) {
		m, err := s.Token.Generate(c, key.NewMaterialID(), custody.AES256)
		if err != nil {
			t.Fatal(err)
		}
		k.MaterialID, k.RotationPeriod, k.NextRotation = m.ID, 365, next
		k.Put(key.Material{Material: m, RotationType: key.RotationOnDemand, Rotated: c.Time,
			Created: c.Time})
	})
	if err != nil {
		t.Fatal(err)
	}
	current := s.describe(ourRegion, id).CurrentKeyMaterialId
	blob := must[cryptoops.EncryptOutput](s, "Encrypt",
		M{"KeyId": id, "Plaintext": "eQ=="}).CiphertextBlob
	for range 2 { // from the caches, and from the rows
		for _, region := range []string{ourRegion, abroad, farAway} {
			if m := s.describe(region, id); m.CurrentKeyMaterialId != current {
				t.Errorf("in %s the current material is %s, want %s", region, m.CurrentKeyMaterialId, current)
			}
			k, err := s.keys.rows.Load(t.Context(), key.Ref{Account: ourAccount, Region: region, ID: id})
			if err != nil || k.RotationPeriod != 365 || !k.NextRotation.Equal(next) ||
				len(k.Materials) != 2 {
				t.Errorf("in %s: %+v, %v", region, k, err)
			}
			for text, b := range map[string][]byte{"x": old, "y": blob} {
				if out := mustIn[cryptoops.DecryptOutput](s, region, "Decrypt",
					M{"CiphertextBlob": b}); string(out.Plaintext) != text {
					t.Errorf("in %s: %q", region, out.Plaintext)
				}
			}
		}
		s.Restart()
	}
	if err := s.amend(abroad, id, func(_ *op.Call, k *key.Key) { k.RotationPeriod = 90 }); err != nil {
		t.Fatal(err)
	}
	if row := s.row(ourRegion, id); !slices.Contains(row, any(int64(90))) {
		t.Errorf("a change in a replica's Region left the primary as %v", row)
	}
}

// Changes of what is shared, from several Regions at once, leave all Regions saying the same.
func TestAmend_ConcurrentRegions_AllAgree(t *testing.T) {
	s := start(t)
	id := s.relatedKeys(M{}, abroad, farAway)
	var wg sync.WaitGroup
	for i, region := range []string{ourRegion, abroad, farAway, ourRegion, abroad, farAway} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c := s.Runner.Own(t.Context(), ourAccount, region, "kms")
			k, err := s.keys.finder.Key(c, key.Ref{Account: ourAccount, Region: region, ID: id})
			if err != nil {
				t.Error(err)
				return
			}
			amend, err := s.keys.related.Amend(c, k,
				multiregion.Change{Key: k.Changed(func(k *key.Key) { k.RotationPeriod = int64(100 + i) })})
			if err != nil {
				t.Error(err)
				return
			}
			_ = s.DB.Commit(amend, nil) // a stale one is refused as a whole
		}()
	}
	wg.Wait()
	seen := map[int64]bool{}
	for _, region := range []string{ourRegion, abroad, farAway} {
		seen[s.loadIn(region, id).RotationPeriod] = true
	}
	if len(seen) != 1 || seen[0] {
		t.Errorf("the Regions say %v", seen)
	}
}

func TestListKeys_RelatedKeys_AreEachRegionsOwn(t *testing.T) {
	s := start(t)
	id, single := s.relatedKeys(M{}, abroad), s.key()
	list := func(region string) (ids []string) {
		for _, k := range mustIn[ListKeysOutput](s, region, "ListKeys", nil).Keys {
			ids = append(ids, k.KeyArn)
		}
		return ids
	}
	here := slices.Sorted(slices.Values(list(ourRegion)))
	want := []string{key.ARN(ourAccount, ourRegion, single), key.ARN(ourAccount, ourRegion, id)}
	if slices.Sort(want); !slices.Equal(here, want) {
		t.Errorf("here: %v", here)
	}
	if got := list(abroad); !slices.Equal(got, []string{key.ARN(ourAccount, abroad, id)}) {
		t.Errorf("abroad: %v", got)
	}
	if got := list(farAway); len(got) != 0 {
		t.Errorf("far away: %v", got)
	}
}

func (s *service) loadIn(region, id string) *key.Key {
	s.t.Helper()
	k, err := s.keys.finder.Key(s.t.Context(), key.Ref{Account: ourAccount, Region: region, ID: id})
	if err != nil || k == nil {
		s.t.Fatalf("the key in %s: %v, %v", region, k, err)
	}
	return k
}
