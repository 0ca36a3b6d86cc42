package keystore

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/internal/custody"
	"claviger/internal/envelope"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/cryptoops"
	"claviger/keystore/imports"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
	"claviger/policy"
	"claviger/store"
)

// relatives makes a primary key of a spec in ourRegion, with replicas, and returns its id.
func (s *service) relatives(in M, regions ...string) string {
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

// gone reports whether a Region has no key of the id.
func (s *service) gone(region, id string) bool {
	_, refused := askIn[DescribeKeyOutput](s, region, "DescribeKey", M{"KeyId": id})
	return refused != nil && refused.Code == "NotFoundException"
}

// isFamily checks what every key of a family says of it: the first Region is the primary's.
func (s *service) isFamily(id string, regions ...string) {
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
	c, k := s.runner.Own(s.t.Context(), ourAccount, region, "kms"), s.load(region, id)
	amend, err := s.keys.related.Amend(c, k,
		multiregion.Change{Key: k.Changed(func(k *key.Key) { alter(c, k) })})
	if err != nil {
		s.t.Fatal(err)
	}
	return s.db.Commit(amend, nil)
}

func TestWhatCreateKeySaysOfAMultiRegionKey(t *testing.T) {
	s := start(t)
	id := s.relatives(M{})
	if !key.IsID(id) || !strings.HasPrefix(id, "mrk-") {
		t.Errorf("its id is %q", id)
	}
	s.isFamily(id, ourRegion)
	single := s.describe(ourRegion, s.key())
	if single.MultiRegion || single.MultiRegionConfiguration != nil {
		t.Errorf("a single-Region key says %+v", single)
	}
	if _, code := ask[CreateKeyOutput](s, "CreateKey",
		M{"MultiRegion": true, "CustomKeyStoreId": "cks-1234567890abcdef0"}); code != "UnsupportedOperationException" {
		t.Errorf("in a custom key store: %s", code)
	}
}

func TestReplicateKeyAnswersAndTheReplicaIsThere(t *testing.T) {
	s := start(t)
	id := s.relatives(M{"Description": "the primary's", "Policy": aPolicy,
		"Tags": []M{{"TagKey": "its", "TagValue": "own"}}})
	must[any](s, "CreateAlias", M{"AliasName": "alias/app", "TargetKeyId": id})
	out := must[ReplicateKeyOutput](s, "ReplicateKey", M{"KeyId": id, "ReplicaRegion": abroad})
	m := out.ReplicaKeyMetadata
	if m.KeyState != key.Creating || m.Enabled || m.Description != "" || m.KeyId != id ||
		m.Arn != key.ARN(ourAccount, abroad, id) ||
		m.MultiRegionConfiguration.MultiRegionKeyType != "REPLICA" ||
		len(m.MultiRegionConfiguration.ReplicaKeys) != 1 {
		t.Errorf("answered %+v", m)
	}
	if out.ReplicaPolicy != mustIn[GetKeyPolicyOutput](s, abroad, "GetKeyPolicy",
		M{"KeyId": id}).Policy || !strings.Contains(out.ReplicaPolicy, "key-default-1") ||
		out.ReplicaTags == nil || len(out.ReplicaTags) != 0 {
		t.Errorf("answered policy %s and tags %v", out.ReplicaPolicy, out.ReplicaTags)
	}
	now := s.describe(abroad, id)
	if now.KeyState != key.Enabled || !now.Enabled || now.Description != "" ||
		now.CurrentKeyMaterialId != s.describe(ourRegion, id).CurrentKeyMaterialId {
		t.Errorf("right after it the replica is %+v", now)
	}
	s.isFamily(id, ourRegion, abroad)
	if tags := mustIn[ListResourceTagsOutput](s, abroad, "ListResourceTags", M{"KeyId": id}).Tags; len(tags) != 0 {
		t.Errorf("its tags are %v", tags)
	}
	if aliases := mustIn[ListAliasesOutput](s, abroad, "ListAliases", M{"KeyId": id}).Aliases; len(aliases) != 0 {
		t.Errorf("its aliases are %v", aliases)
	}

	locked := strings.Replace(aPolicy, "kms:*", "kms:Encrypt", 1)
	out = must[ReplicateKeyOutput](s, "ReplicateKey",
		M{"KeyId": id, "ReplicaRegion": farAway, "Description": "far", "Policy": locked,
			"BypassPolicyLockoutSafetyCheck": true, "Tags": []M{{"TagKey": "a", "TagValue": "b"}}})
	if out.ReplicaPolicy != locked ||
		!reflect.DeepEqual(out.ReplicaTags, []key.Tag{{TagKey: "a", TagValue: "b"}}) ||
		s.describe(farAway, id).Description != "far" {
		t.Errorf("answered %+v", out)
	}
	s.isFamily(id, ourRegion, abroad, farAway)
}

func TestWhatReplicateKeyRefuses(t *testing.T) {
	s := start(t)
	id, single := s.relatives(M{}, abroad), s.key()
	absent := key.NewMultiRegionID()
	notPrimary := func(region, id string) string {
		return key.ARN(ourAccount, region, id) + " is not a multi-region primary key."
	}
	for _, x := range []struct {
		name, in      string
		request       M
		code, message string
	}{
		{"a single-Region key", ourRegion, M{"KeyId": single, "ReplicaRegion": abroad},
			"UnsupportedOperationException", notPrimary(ourRegion, single)},
		{"a replica", abroad, M{"KeyId": id, "ReplicaRegion": farAway}, "UnsupportedOperationException",
			notPrimary(abroad, id)},
		{"a second replica", ourRegion, M{"KeyId": id, "ReplicaRegion": abroad}, "AlreadyExistsException",
			"The key " + key.ARN(ourAccount, abroad, id) + " already exists."},
		{"its own Region", ourRegion, M{"KeyId": id, "ReplicaRegion": ourRegion},
			"AlreadyExistsException", "The key " + key.ARN(ourAccount, ourRegion, id) + " already exists."},
		{"a Region not served", ourRegion, M{"KeyId": id, "ReplicaRegion": "us-west-2"},
			"UnsupportedOperationException", "The Region us-west-2 is not one that this service serves."},
		{"no Region", ourRegion, M{"KeyId": id, "ReplicaRegion": "nowhere"}, "ValidationException", ""},
		{"no key", ourRegion, M{"KeyId": absent, "ReplicaRegion": abroad}, "NotFoundException", "Key '" +
			key.ARN(ourAccount, ourRegion, absent) + "' does not exist"},
		{"an alias", ourRegion, M{"KeyId": "alias/app", "ReplicaRegion": abroad}, "NotFoundException",
			"Invalid keyId 'alias/app'"},
		{"no policy", ourRegion, M{"KeyId": id, "ReplicaRegion": farAway, "Policy": "[]"},
			"MalformedPolicyDocumentException", ""},
		{"a policy that locks out", ourRegion,
			M{"KeyId": id, "ReplicaRegion": farAway,
				"Policy": strings.Replace(aPolicy, "kms:*", "kms:Encrypt",
					1)}, "MalformedPolicyDocumentException", ""},
		{"a reserved tag", ourRegion,
			M{"KeyId": id, "ReplicaRegion": farAway,
				"Tags": []M{{"TagKey": "aws:x", "TagValue": "b"}}}, "TagException", ""},
	} {
		_, refused := askIn[ReplicateKeyOutput](s, x.in, "ReplicateKey", x.request)
		if refused == nil || refused.Code != x.code || x.message != "" && refused.Message != x.message {
			t.Errorf("%s: %v, want %s %s", x.name, refused, x.code, x.message)
		}
	}
	s.isFamily(id, ourRegion, abroad)
	if !s.gone(farAway, id) || !s.gone(abroad, single) {
		t.Error("a refused ReplicateKey made a key")
	}
}

// What one key of a family makes, the others open, by name and by what the ciphertext says; and
// nobody else does.
func TestKeysOfAFamilyOpenWhatTheOthersMade(t *testing.T) {
	s := start(t)
	id, other := s.relatives(M{}, abroad, farAway), s.relatives(M{}, abroad)
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
			if _, refused := askIn[cryptoops.DecryptOutput](s, to, "Decrypt", M{"CiphertextBlob": blob}); refused == nil || refused.Code != "InvalidCiphertextException" {
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

func TestSpecialKeysAreReplicatedToo(t *testing.T) {
	s := start(t)
	message := M{"KeyId": s.relatives(M{"KeySpec": "ECC_NIST_P256", "KeyUsage": key.SignVerify},
		abroad), "Message": []byte("x"), "SigningAlgorithm": "ECDSA_SHA_256"}
	message["Signature"] = must[cryptoops.SignOutput](s, "Sign", message).Signature
	mustIn[cryptoops.VerifyOutput](s, abroad, "Verify", message)
	delete(message, "Signature")
	message["Signature"] = mustIn[cryptoops.SignOutput](s, abroad, "Sign", message).Signature
	must[cryptoops.VerifyOutput](s, "Verify", message)

	tally := M{"KeyId": s.relatives(M{"KeySpec": "HMAC_256", "KeyUsage": key.GenerateVerifyMac},
		abroad), "Message": []byte("x"), "MacAlgorithm": "HMAC_SHA_256"}
	here, there := must[cryptoops.GenerateMacOutput](s, "GenerateMac",
		tally).Mac, mustIn[cryptoops.GenerateMacOutput](s, abroad, "GenerateMac", tally).Mac
	if string(here) != string(there) {
		t.Errorf("%x here, %x there", here, there)
	}
}

// State, description and tags are each key's own, and a change of them is stored in no other
// Region.
func TestWhatKeysOfAFamilyDoNotShare(t *testing.T) {
	s := start(t)
	id := s.relatives(M{}, abroad)
	before := s.row(abroad, id)
	must[any](s, "DisableKey", M{"KeyId": id})
	must[any](s, "UpdateKeyDescription", M{"KeyId": id, "Description": "d"})
	must[any](s, "TagResource", M{"KeyId": id, "Tags": []M{{"TagKey": "a", "TagValue": "b"}}})
	if after := s.row(abroad, id); !reflect.DeepEqual(before, after) {
		t.Errorf("the replica's row was %v and is %v", before, after)
	}
	blob := mustIn[cryptoops.EncryptOutput](s, abroad, "Encrypt",
		M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob
	if _, code := ask[cryptoops.DecryptOutput](s, "Decrypt", M{"CiphertextBlob": blob}); code != "DisabledException" {
		t.Errorf("the disabled primary: %s", code)
	}
	if out := mustIn[cryptoops.DecryptOutput](s, abroad, "Decrypt", M{"CiphertextBlob": blob}); string(out.Plaintext) != "x" {
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
func TestWhatKeysOfAFamilyShareChangesInAllAtOnce(t *testing.T) {
	s := start(t)
	id := s.relatives(M{}, abroad, farAway)
	old := mustIn[cryptoops.EncryptOutput](s, abroad, "Encrypt",
		M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob
	next := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	err := s.amend(ourRegion, id, func(c *op.Call, k *key.Key) {
		m, err := s.token.Generate(c, key.NewMaterialID(), custody.AES256)
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
				if out := mustIn[cryptoops.DecryptOutput](s, region, "Decrypt", M{"CiphertextBlob": b}); string(out.Plaintext) != text {
					t.Errorf("in %s: %q", region, out.Plaintext)
				}
			}
		}
		s.restart()
	}
	if err := s.amend(abroad, id, func(_ *op.Call, k *key.Key) { k.RotationPeriod = 90 }); err != nil {
		t.Fatal(err)
	}
	if row := s.row(ourRegion, id); !slices.Contains(row, any(int64(90))) {
		t.Errorf("a change in a replica's Region left the primary as %v", row)
	}
}

func TestOnlyAPrimaryRotates(t *testing.T) {
	s := start(t)
	id, single := s.relatives(M{}, abroad), s.key()
	for _, operation := range []string{"EnableKeyRotation", "DisableKeyRotation",
		"RotateKeyOnDemand"} {
		for _, k := range []*key.Key{s.load(ourRegion, id), s.load(ourRegion, single)} {
			if err := k.Serves(operation); err != nil {
				t.Errorf("%s of %s: %v", operation, k.ARN(), err)
			}
		}
		f := fault.Of(s.load(abroad, id).Serves(operation))
		if f == nil || f.Code != "UnsupportedOperationException" ||
			f.Message != key.ARN(ourAccount, abroad, id)+" is not a multi-region primary key." {
			t.Errorf("%s of a replica: %v", operation, f)
		}
	}
	if err := s.load(abroad, id).Serves("GetKeyRotationStatus"); err != nil {
		t.Errorf("GetKeyRotationStatus of a replica: %v", err)
	}
}

func TestUpdatePrimaryRegion(t *testing.T) {
	s := start(t)
	id := s.relatives(M{}, abroad, farAway)
	must[any](s, "UpdatePrimaryRegion", M{"KeyId": id, "PrimaryRegion": abroad})
	s.isFamily(id, abroad, ourRegion, farAway)
	for _, region := range []string{ourRegion, abroad, farAway} {
		if m := s.describe(region, id); m.KeyState != key.Enabled {
			t.Errorf("the key in %s is %s", region, m.KeyState)
		}
	}
	if _, refused := askIn[any](s, ourRegion, "UpdatePrimaryRegion",
		M{"KeyId": id, "PrimaryRegion": farAway}); refused == nil ||
		refused.Code != "UnsupportedOperationException" {
		t.Errorf("who is no primary any more: %v", refused)
	}
	mustIn[any](s, abroad, "UpdatePrimaryRegion", M{"KeyId": id, "PrimaryRegion": ourRegion})
	s.isFamily(id, ourRegion, abroad, farAway)

	single := s.key()
	absent := s.relatives(M{}, abroad)
	mustIn[any](s, abroad, "DisableKey", M{"KeyId": absent})
	for _, x := range []struct {
		id, to, code, message string
	}{
		{single, abroad, "UnsupportedOperationException", key.ARN(ourAccount, ourRegion, single) +
			" is not a multi-region primary key."},
		{id, ourRegion, "UnsupportedOperationException", key.ARN(ourAccount, ourRegion, id) +
			" is the primary key already."},
		{id, "us-west-2", "UnsupportedOperationException",
			"The Region us-west-2 is not one that this service serves."},
		{absent, farAway, "NotFoundException", "Key '" + key.ARN(ourAccount, farAway, absent) +
			"' does not exist"},
		{absent, abroad, "DisabledException", key.ARN(ourAccount, abroad, absent) + " is disabled."},
	} {
		_, refused := askIn[any](s, ourRegion, "UpdatePrimaryRegion",
			M{"KeyId": x.id, "PrimaryRegion": x.to})
		if refused == nil || refused.Code != x.code || refused.Message != x.message {
			t.Errorf("%s to %s: %v, want %s %s", x.id, x.to, refused, x.code, x.message)
		}
	}
	s.isFamily(absent, ourRegion, abroad)
}

// A primary key waits for its replicas, and its own window begins when the last of them is gone.
func TestAFamilyIsDeletedInOrder(t *testing.T) {
	s := start(t)
	id := s.relatives(M{}, abroad, farAway)
	blob := must[cryptoops.EncryptOutput](s, "Encrypt",
		M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob
	days := func(n int) { s.pass(time.Duration(n) * 24 * time.Hour); s.jobRunner.RunDue(t.Context()) }

	out := must[ScheduleKeyDeletionOutput](s, "ScheduleKeyDeletion",
		M{"KeyId": id, "PendingWindowInDays": 8})
	if out.KeyState != key.PendingReplicaDeletion || out.DeletionDate != nil ||
		out.PendingWindowInDays != 8 {
		t.Errorf("answered %+v", out)
	}
	waits := func(wait int32) {
		t.Helper()
		if m := s.describe(ourRegion, id); m.KeyState != key.PendingReplicaDeletion ||
			m.DeletionDate != nil || m.PendingDeletionWindowInDays != wait {
			t.Errorf("the primary is %+v", m)
		}
	}
	waits(8)
	if _, code := ask[any](s, "ScheduleKeyDeletion", M{"KeyId": id}); code != pending {
		t.Errorf("a second time: %s", code)
	}
	must[KeyOutput](s, "CancelKeyDeletion", M{"KeyId": id})
	if m := s.describe(ourRegion, id); m.KeyState != key.Disabled ||
		m.PendingDeletionWindowInDays != 0 {
		t.Errorf("taken back: %+v", m)
	}
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 9})

	mustIn[any](s, abroad, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	days(7)
	if !s.gone(abroad, id) {
		t.Fatal("the first replica is still there")
	}
	s.isFamily(id, ourRegion, farAway)
	waits(9)
	mustIn[any](s, farAway, "Decrypt", M{"CiphertextBlob": blob})

	mustIn[any](s, farAway, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	waits(9)
	days(7)
	if !s.gone(farAway, id) {
		t.Fatal("the second replica is still there")
	}
	s.isFamily(id, ourRegion)
	m := s.describe(ourRegion, id)
	if m.KeyState != key.PendingDeletion || m.DeletionDate == nil ||
		!m.DeletionDate.Equal(s.time().AddDate(0, 0, 9)) || m.PendingDeletionWindowInDays != 0 {
		t.Errorf("the primary is %+v at %s", m, s.time())
	}
	must[KeyOutput](s, "CancelKeyDeletion", M{"KeyId": id})
	if m := s.describe(ourRegion, id); m.KeyState != key.Disabled || m.DeletionDate != nil {
		t.Errorf("taken back: %+v", m)
	}
	must[any](s, "EnableKey", M{"KeyId": id})
	must[any](s, "Decrypt", M{"CiphertextBlob": blob})
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	days(7)
	if !s.gone(ourRegion, id) {
		t.Error("the primary is still there")
	}
}

// A replica that is gone can be made again, and one that is only on its way cannot.
func TestAReplicaCanBeMadeAgainOnceItIsGone(t *testing.T) {
	s := start(t)
	id := s.relatives(M{}, abroad)
	mustIn[any](s, abroad, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	again := M{"KeyId": id, "ReplicaRegion": abroad}
	if _, code := ask[any](s, "ReplicateKey", again); code != "AlreadyExistsException" {
		t.Errorf("while it is pending deletion: %q", code)
	}
	s.pass(7 * 24 * time.Hour)
	s.jobRunner.RunDue(t.Context())
	s.isFamily(id, ourRegion)
	if m := s.describe(ourRegion, id); m.KeyState != key.Enabled {
		t.Errorf("a primary that waits for nothing is %s", m.KeyState)
	}
	must[ReplicateKeyOutput](s, "ReplicateKey", again)
	s.isFamily(id, ourRegion, abroad)
}

// Two requests for the same replica make one, whatever else happens to the primary meanwhile.
func TestReplicatingAtOnce(t *testing.T) {
	s := start(t)
	id := s.relatives(M{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	codes := map[string]int{}
	for i := range 4 {
		wg.Add(2)
		go func() {
			defer wg.Done()
			_, refused := askIn[ReplicateKeyOutput](s, ourRegion, "ReplicateKey",
				M{"KeyId": id, "ReplicaRegion": abroad})
			mu.Lock()
			defer mu.Unlock()
			if refused == nil {
				codes["made"]++
			} else {
				codes[refused.Code]++
			}
		}()
		go func() {
			defer wg.Done()
			name := []string{"EnableKey", "UpdateKeyDescription"}[i%2]
			_, refused := askIn[any](s, ourRegion, name, M{"KeyId": id, "Description": fmt.Sprint(i)})
			if refused != nil && refused.Code != "ThrottlingException" {
				t.Errorf("%s: %v", name, refused)
			}
		}()
	}
	wg.Wait()
	for codes["made"] == 0 { // everybody was too late three times: possible, and an honest answer
		must[any](s, "ReplicateKey", M{"KeyId": id, "ReplicaRegion": abroad})
		codes["made"]++
	}
	if codes["made"] != 1 || codes["made"]+codes["AlreadyExistsException"]+
		codes["ThrottlingException"] < 4 {
		t.Errorf("answers %v", codes)
	}
	s.isFamily(id, ourRegion, abroad)
}

// Changes of what is shared, from several Regions at once, leave all Regions saying the same.
func TestChangingAFamilyAtOnce(t *testing.T) {
	s := start(t)
	id := s.relatives(M{}, abroad, farAway)
	var wg sync.WaitGroup
	for i, region := range []string{ourRegion, abroad, farAway, ourRegion, abroad, farAway} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c := s.runner.Own(t.Context(), ourAccount, region, "kms")
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
			_ = s.db.Commit(amend, nil) // a stale one is refused as a whole
		}()
	}
	wg.Wait()
	seen := map[int64]bool{}
	for _, region := range []string{ourRegion, abroad, farAway} {
		seen[s.load(region, id).RotationPeriod] = true
	}
	if len(seen) != 1 || seen[0] {
		t.Errorf("the Regions say %v", seen)
	}
}

// Who has read a family that has become smaller is too late, and not confused.
func TestAFamilyThatWasReadBeforeAReplicaWentIsStale(t *testing.T) {
	s := start(t)
	id := s.relatives(M{}, abroad)
	k := s.load(ourRegion, id)
	mustIn[any](s, abroad, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	s.pass(7 * 24 * time.Hour)
	s.jobRunner.RunDue(t.Context())
	amend, err := s.keys.related.Amend(t.Context(), k,
		multiregion.Change{Key: k.Changed(func(k *key.Key) { k.RotationPeriod = 90 })})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.db.Commit(amend, nil); !errors.Is(err, store.Stale) {
		t.Errorf("committed: %v", err)
	}
	s.isFamily(id, ourRegion)
}

// Values of other services stay sealed by the data keys of their own Region.
func TestDataKeysAreEachRegionsOwn(t *testing.T) {
	s := start(t)
	id := s.relatives(M{})
	here, err := s.sealAs("secretsmanager", id, nil, "here")
	if err != nil {
		t.Fatal(err)
	}
	must[any](s, "ReplicateKey", M{"KeyId": id, "ReplicaRegion": abroad})
	var there envelope.Envelope
	err = s.withinRegion(abroad, func(c *op.Call) (err error) {
		there, err = s.keys.Seal(c, "secretsmanager", id, nil, []byte("there"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	mustIn[any](s, abroad, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	s.pass(7 * 24 * time.Hour)
	s.jobRunner.RunDue(t.Context())
	if value, err := s.unsealAs("secretsmanager", here, nil); err != nil || value != "here" {
		t.Errorf("after the replica has gone: %q, %v", value, err)
	}
	if _, err := s.unsealAs("secretsmanager", there, nil); err == nil {
		t.Error("what was sealed in another Region opens here")
	}
}

// A replica that is made again has its key's material and none of the data keys that were under it
// before, in memory neither: what such a one sealed, nothing could open after a restart.
func TestAReplicaMadeAgainHasNewDataKeys(t *testing.T) {
	s := start(t)
	id := s.relatives(M{}, abroad)
	var e envelope.Envelope
	seal := func() {
		t.Helper()
		if err := s.withinRegion(abroad, func(c *op.Call) (err error) {
			e, err = s.keys.Seal(c, sm, id, nil, []byte("there"))
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	seal()
	mustIn[any](s, abroad, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	s.pass(7 * 24 * time.Hour)
	s.jobRunner.RunDue(t.Context())
	must[any](s, "ReplicateKey", M{"KeyId": id, "ReplicaRegion": abroad})
	seal()
	s.restart()
	if err := s.withinRegion(abroad, func(c *op.Call) error {
		value, err := s.keys.Unseal(c, sm, e, nil)
		if err == nil && string(value) != "there" {
			t.Errorf("opened %q", value)
		}
		return err
	}); err != nil {
		t.Errorf("what was sealed under a replica that was made again doesn't open: %v", err)
	}
}

// Both keys are asked about, and both are in the record.
func TestWhatRelationsDemand(t *testing.T) {
	s := start(t)
	id := s.relatives(M{}, abroad)
	c := s.runner.Own(t.Context(), ourAccount, ourRegion, "kms")
	here, there, far := key.ARN(ourAccount, ourRegion, id), key.ARN(ourAccount, abroad,
		id), key.ARN(ourAccount, farAway, id)
	same := func(what string, got []policy.Demand, want ...[2]string) {
		t.Helper()
		var said [][2]string
		for _, d := range got {
			said = append(said, [2]string{d.Action, d.Resource.ARN})
		}
		if !reflect.DeepEqual(said, want) {
			t.Errorf("%s demands %v, want %v", what, said, want)
		}
	}
	r, err := s.keys.findReplication(c, ReplicateKeyInput{KeyId: id, ReplicaRegion: farAway})
	if err != nil {
		t.Fatal(err)
	}
	same("ReplicateKey", r.Demands(), [2]string{"kms:ReplicateKey", here},
		[2]string{"kms:CreateKey", far})
	r.tagged = true
	same("ReplicateKey with tags", r.Demands(), [2]string{"kms:ReplicateKey", here},
		[2]string{"kms:CreateKey", far}, [2]string{"kms:TagResource", far})
	p, err := s.keys.findPromotion(c, UpdatePrimaryRegionInput{KeyId: id, PrimaryRegion: abroad})
	if err != nil {
		t.Fatal(err)
	}
	same("UpdatePrimaryRegion", p.Demands(), [2]string{"kms:UpdatePrimaryRegion", here},
		[2]string{"kms:UpdatePrimaryRegion", there})

	must[any](s, "UpdatePrimaryRegion", M{"KeyId": id, "PrimaryRegion": abroad})
	all := s.records()
	if last := all[len(all)-1]; !strings.Contains(last, `"UpdatePrimaryRegion"`) ||
		!strings.Contains(last, here) || !strings.Contains(last, there) {
		t.Errorf("recorded as %s", last)
	}
}

func TestKeyListsAreEachRegionsOwn(t *testing.T) {
	s := start(t)
	id, single := s.relatives(M{}, abroad), s.key()
	list := func(region string) (ids []string) {
		for _, k := range mustIn[ListKeysOutput](s, region, "ListKeys", nil).Keys {
			ids = append(ids, k.KeyArn)
		}
		return ids
	}
	if got, want := list(ourRegion), []string{key.ARN(ourAccount, ourRegion, single),
		key.ARN(ourAccount, ourRegion,
			id)}; !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		t.Errorf("here: %v", got)
	}
	if got := list(abroad); !slices.Equal(got, []string{key.ARN(ourAccount, abroad, id)}) {
		t.Errorf("abroad: %v", got)
	}
	if got := list(farAway); len(got) != 0 {
		t.Errorf("far away: %v", got)
	}
}

// importedFamily makes a multi-Region key whose material came from outside, as the import of it
// leaves it, and replicates it.
func (s *service) importedFamily(regions ...string) (id string, first key.Material) {
	s.t.Helper()
	c := s.runner.Own(s.t.Context(), ourAccount, ourRegion, "kms")
	k, err := s.keys.newKey(c, key.ManagerCustomer, key.OriginKMS, key.SymmetricDefault,
		key.EncryptDecrypt)
	if err != nil {
		s.t.Fatal(err)
	}
	k.ID, k.PrimaryRegion, k.Origin = key.NewMultiRegionID(), ourRegion, key.OriginExternal
	first = k.Materials[k.MaterialID]
	first.ExpirationModel, first.Expires, first.Description = key.MaterialExpires, s.time().Add(
		time.Hour), "the first"
	k.Put(first)
	insert, err := s.keys.rows.Insert(c, k)
	if err == nil {
		err = s.db.Commit(insert, nil)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	for _, region := range regions {
		must[ReplicateKeyOutput](s, "ReplicateKey", M{"KeyId": k.ID, "ReplicaRegion": region})
	}
	return k.ID, first
}

func (s *service) load(region, id string) *key.Key {
	s.t.Helper()
	k, err := s.keys.finder.Key(s.t.Context(), key.Ref{Account: ourAccount, Region: region, ID: id})
	if err != nil || k == nil {
		s.t.Fatalf("the key in %s: %v, %v", region, k, err)
	}
	return k
}

// Which imported materials there are is shared, and whether their bytes are there is not: they are
// imported Region by Region.
func TestImportedMaterialIsEachRegionsOwn(t *testing.T) {
	s := start(t)
	id, first := s.importedFamily(abroad)
	m := s.describe(abroad, id)
	if m.KeyState != key.PendingImport || m.Enabled || m.ExpirationModel != "" || m.ValidTo != nil {
		t.Errorf("the replica is %+v", m)
	}
	if r := s.load(abroad, id); len(r.Materials) != 1 || r.MaterialID != first.ID ||
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
		own.ExpirationModel, own.Expires, own.Description = key.MaterialDoesNotExpire, time.Time{}, "abroad"
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
	if r := s.load(abroad, id); r.Materials[first.ID].Description != "abroad" ||
		!r.Materials[first.ID].IsPresent() {
		t.Errorf("the deletion in one Region changed the other: %+v", r.Materials)
	}
}

// A new imported material can become current once every Region has it, in whatever order they get
// it, and also at once.
func TestANewImportedMaterialWaitsForEveryRegion(t *testing.T) {
	for _, atOnce := range []bool{false, true} {
		s := start(t)
		id, _ := s.importedFamily(abroad, farAway)
		regions := []string{ourRegion, abroad, farAway}
		next, err := s.token.Generate(t.Context(), key.NewMaterialID(), custody.AES256)
		if err != nil {
			t.Fatal(err)
		}
		says := func(want string) {
			t.Helper()
			for _, region := range regions {
				if m, ok := s.load(region, id).Materials[next.ID]; !ok || m.RotationType != want {
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
		if _, code := ask[any](s, "RotateKeyOnDemand", M{"KeyId": id}); code != "KMSInvalidStateException" {
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
		s.jobRunner.RunDue(t.Context())
		regions = []string{ourRegion, farAway}
		says(key.RotationPending)
		must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
		says(key.RotationOnDemand)
		for _, region := range regions {
			if r := s.load(region, id); r.MaterialID != next.ID {
				t.Errorf("in %s the current material is %s", region, r.MaterialID)
			}
		}
	}
}

// inAll checks that a ciphertext opens in every Region, and that all of them name the same current
// material and the same rotations.
func (s *service) inAll(id string, blob []byte, regions ...string) {
	s.t.Helper()
	all := func(region string) []RotationsListEntry {
		return mustIn[ListKeyRotationsOutput](s, region, "ListKeyRotations",
			M{"KeyId": id, "IncludeKeyMaterial": allMaterial}).Rotations
	}
	for _, region := range regions {
		mustIn[cryptoops.DecryptOutput](s, region, "Decrypt", M{"CiphertextBlob": blob})
		if got, want := s.describe(region, id).CurrentKeyMaterialId, s.describe(regions[0],
			id).CurrentKeyMaterialId; got != want {
			s.t.Errorf("the current material is %s in %s and %s in %s", got, region, want, regions[0])
		}
		if got, want := all(region), all(regions[0]); !reflect.DeepEqual(got, want) {
			s.t.Errorf("the rotations are %+v in %s and %+v in %s", got, region, want, regions[0])
		}
	}
}

// The primary rotates, by hand and by itself, and the same holds in every Region at once. Whoever
// becomes the primary goes on.
func TestAFamilyRotatesWithItsPrimary(t *testing.T) {
	s := start(t)
	id := s.relatives(M{}, abroad)
	turns := func(region string) int {
		return len(mustIn[ListKeyRotationsOutput](s, region, "ListKeyRotations",
			M{"KeyId": id}).Rotations)
	}
	encrypted := func(region string) []byte {
		return mustIn[cryptoops.EncryptOutput](s, region, "Encrypt",
			M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob
	}
	before := encrypted(abroad)
	must[any](s, "EnableKeyRotation", M{"KeyId": id, "RotationPeriodInDays": 90})
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	must[any](s, "ReplicateKey", M{"KeyId": id, "ReplicaRegion": farAway})
	regions := []string{ourRegion, abroad, farAway}
	for _, region := range regions {
		status := mustIn[GetKeyRotationStatusOutput](s, region, "GetKeyRotationStatus", M{"KeyId": id})
		if !status.KeyRotationEnabled || status.RotationPeriodInDays != 90 ||
			!status.NextRotationDate.Equal(s.time().AddDate(0, 0, 90)) {
			t.Errorf("in %s: %+v", region, status)
		}
		s.inAll(id, before, regions...)
		s.inAll(id, encrypted(region), regions...)
	}
	for _, name := range []string{"EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"} {
		if _, refused := askIn[any](s, abroad, name, M{"KeyId": id}); refused == nil ||
			refused.Code != "UnsupportedOperationException" {
			t.Errorf("%s of a replica: %v", name, refused)
		}
	}
	quarter := func() { s.pass(90 * 24 * time.Hour); s.jobRunner.RunDue(t.Context()) }
	quarter()
	if n := turns(abroad); n != 2 {
		t.Errorf("%d rotations after the first period, want 2", n)
	}
	must[any](s, "UpdatePrimaryRegion", M{"KeyId": id, "PrimaryRegion": abroad})
	must[any](s, "DisableKey", M{"KeyId": id}) // a replica now: what it is doesn't matter
	quarter()
	if n := turns(abroad); n != 3 {
		t.Errorf("%d rotations after the promotion and the second period, want 3", n)
	}
	must[any](s, "EnableKey", M{"KeyId": id})
	s.inAll(id, before, regions...)
	mustIn[any](s, abroad, "RotateKeyOnDemand", M{"KeyId": id})
	mustIn[any](s, abroad, "DisableKeyRotation", M{"KeyId": id})
	quarter()
	if n := turns(ourRegion); n != 4 {
		t.Errorf("%d rotations after it was turned off, want 4", n)
	}
	s.inAll(id, before, regions...)
}

// A rotation of the primary while it is replicated leaves nobody behind.
func TestRotatingWhileReplicating(t *testing.T) {
	s := start(t)
	id := s.relatives(M{})
	var wg sync.WaitGroup
	for _, x := range []struct {
		name string
		in   M
	}{{"ReplicateKey", M{"KeyId": id, "ReplicaRegion": abroad}}, {"RotateKeyOnDemand", M{"KeyId": id}},
		{"ReplicateKey", M{"KeyId": id, "ReplicaRegion": farAway}}, {"RotateKeyOnDemand",
			M{"KeyId": id}}} {
		wg.Go(func() {
			for {
				_, code := ask[any](s, x.name, x.in)
				if code == "" {
					return
				}
				if code != "ThrottlingException" {
					t.Errorf("%s: %s", x.name, code)
					return
				}
			}
		})
	}
	wg.Wait()
	s.isFamily(id, ourRegion, abroad, farAway)
	if n := len(must[ListKeyRotationsOutput](s, "ListKeyRotations", M{"KeyId": id}).Rotations); n != 2 {
		t.Errorf("%d rotations", n)
	}
	s.inAll(id, mustIn[cryptoops.EncryptOutput](s, farAway, "Encrypt",
		M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob, ourRegion, abroad, farAway)
}

// A secret's data key ends with the material of its own Region's key, which the primary replaced.
func TestARotationEndsTheDataKeysOfEveryRegion(t *testing.T) {
	s := start(t)
	id := s.relatives(M{}, abroad)
	sealed := func() (e envelope.Envelope) {
		err := s.withinRegion(abroad, func(c *op.Call) (err error) {
			e, err = s.keys.Seal(c, "secretsmanager", id, nil, []byte("x"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	old := sealed()
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	if e := sealed(); e.Epoch != old.Epoch+1 {
		t.Errorf("epoch %d after %d", e.Epoch, old.Epoch)
	}
	err := s.withinRegion(abroad, func(c *op.Call) error {
		_, err := s.keys.Unseal(c, "secretsmanager", old, nil)
		return err
	})
	if err != nil {
		t.Errorf("what was sealed before: %v", err)
	}
}

// The Regions of a key seal by one material, so its uses are counted together, and a replica that
// brings it over the limit has the primary replace it.
func TestUsage_ReplicaOverLimit_RotatesThePrimary(t *testing.T) {
	s := start(t)
	s.limit(lowLimits)
	id := s.relatives(M{}, abroad)
	m := s.current(id)
	seal := func(region string) {
		mustIn[cryptoops.EncryptOutput](s, region, "Encrypt", M{"KeyId": id, "Plaintext": "eA=="})
	}
	seal(ourRegion)
	for range lowLimits.Rotate {
		seal(abroad)
	}
	if n := s.leased(id)[m]; n != lowLimits.Rotate+lowLimits.Block {
		t.Errorf("%d uses are leased", n)
	}
	s.jobRunner.RunDue(t.Context())
	if here, there := s.current(id), s.describe(abroad, id).CurrentKeyMaterialId; here == m ||
		here != there {
		t.Errorf("the current material is %s here and %s there, and was %s", here, there, m)
	}
}

// Each Region imports the material for itself. A new one goes into the primary first and can become
// current once it is everywhere.
func TestAFamilyImportsRegionByRegion(t *testing.T) {
	s := start(t)
	bring := func(region, id string, key []byte, more M) *fault.Error {
		t.Helper()
		p := mustIn[GetParametersForImportOutput](s, region, "GetParametersForImport",
			M{"KeyId": id, "WrappingAlgorithm": usual, "WrappingKeySpec": "RSA_2048"})
		_, refused := askIn[ImportKeyMaterialOutput](s, region, "ImportKeyMaterial",
			wrap(t, id, p, usual, key).and(more))
		return refused
	}
	accepted := func(refused *fault.Error) {
		t.Helper()
		if refused != nil {
			t.Fatal(refused)
		}
	}
	first, second := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	id := s.relatives(M{"Origin": key.OriginExternal})
	if _, code := ask[any](s, "ReplicateKey", M{"KeyId": id, "ReplicaRegion": abroad}); code != "KMSInvalidStateException" {
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
	if _, code := ask[any](s, "RotateKeyOnDemand", M{"KeyId": id}); code != "KMSInvalidStateException" {
		t.Errorf("rotating before every Region has it: %q", code)
	}
	accepted(bring(abroad, id, second, nil))
	if here, there := state(ourRegion), state(abroad); here != key.RotationPending ||
		there != key.RotationPending {
		t.Errorf("the new material is %s here and %s there", here, there)
	}
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	s.inAll(id, blob, ourRegion)
	s.inAll(id, mustIn[cryptoops.EncryptOutput](s, abroad, "Encrypt",
		M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob, ourRegion)
	mustIn[any](s, abroad, "Decrypt", M{"CiphertextBlob": blob})

	mustIn[any](s, abroad, "DeleteImportedKeyMaterial", M{"KeyId": id})
	if here, there := s.describe(ourRegion, id).KeyState, s.describe(abroad, id).KeyState; here != key.Enabled || there != key.PendingImport {
		t.Errorf("after the deletion abroad the key is %s here and %s there", here, there)
	}
	accepted(bring(abroad, id, second, nil))
	mustIn[any](s, abroad, "Decrypt", M{"CiphertextBlob": blob})
}
