package keystore

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
)

func TestReplicateKey_Answered_ReplicaIsThere(t *testing.T) {
	s := start(t)
	id := s.relatedKeys(M{"Description": "the primary's", "Policy": aPolicy,
		"Tags": []M{{"TagKey": "its", "TagValue": "own"}}})
	must[any](s, "CreateAlias", M{"AliasName": "alias/app", "TargetKeyId": id})
	out := must[ReplicateKeyOutput](s, "ReplicateKey", M{"KeyId": id, "ReplicaRegion": abroad})
	m := out.ReplicaKeyMetadata
	if m.KeyState != key.Creating || m.Enabled || m.Description != "" || m.KeyId != id ||
		m.Arn != key.ARN(ourAccount, abroad, id) ||
		m.MultiRegionConfiguration.MultiRegionKeyType != "REPLICA" ||
		len(m.MultiRegionConfiguration.ReplicaKeys) != 1 || m.CurrentKeyMaterialId != "" {
		t.Errorf("answered %+v", m)
	}
	if out.ReplicaPolicy != mustIn[GetKeyPolicyOutput](s, abroad, "GetKeyPolicy",
		M{"KeyId": id}).Policy || !strings.Contains(out.ReplicaPolicy, "key-default-1") ||
		out.ReplicaTags != nil {
		t.Errorf("answered policy %s and tags %v", out.ReplicaPolicy, out.ReplicaTags)
	}
	now := s.describe(abroad, id)
	if now.KeyState != key.Enabled || !now.Enabled || now.Description != "" ||
		now.CurrentKeyMaterialId != s.describe(ourRegion, id).CurrentKeyMaterialId {
		t.Errorf("right after it the replica is %+v", now)
	}
	s.checkRelated(id, ourRegion, abroad)
	if tags := mustIn[ListResourceTagsOutput](s, abroad, "ListResourceTags",
		M{"KeyId": id}).Tags; len(tags) != 0 {
		t.Errorf("its tags are %v", tags)
	}
	if aliases := mustIn[ListAliasesOutput](s, abroad, "ListAliases",
		M{"KeyId": id}).Aliases; len(aliases) != 0 {
		t.Errorf("its aliases are %v", aliases)
	}

	locked := strings.Replace(aPolicy, "kms:*", "kms:DescribeKey", 1)
	out = must[ReplicateKeyOutput](s, "ReplicateKey",
		M{"KeyId": id, "ReplicaRegion": farAway, "Description": "far", "Policy": locked,
			"BypassPolicyLockoutSafetyCheck": true, "Tags": []M{{"TagKey": "a", "TagValue": "b"}}})
	if out.ReplicaPolicy != locked ||
		!reflect.DeepEqual(out.ReplicaTags, []key.Tag{{TagKey: "a", TagValue: "b"}}) ||
		s.describe(farAway, id).Description != "far" {
		t.Errorf("answered %+v", out)
	}
	s.checkRelated(id, ourRegion, abroad, farAway)
}

func TestReplicateKey_WrongKeyOrRegion_IsRefused(t *testing.T) {
	s := start(t)
	id, single := s.relatedKeys(M{}, abroad), s.key()
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
		{"an alias", ourRegion, M{"KeyId": "alias/app", "ReplicaRegion": abroad}, "InvalidArnException",
			"Key Aliases are not supported for this operation."},
		{"no policy", ourRegion, M{"KeyId": id, "ReplicaRegion": farAway, "Policy": "[]"},
			"MalformedPolicyDocumentException", ""},
		{"a policy that locks out", ourRegion,
			M{"KeyId": id, "ReplicaRegion": farAway,
				"Policy": strings.Replace(aPolicy, "kms:*", "kms:Encrypt", 1)},
			"MalformedPolicyDocumentException", ""},
		{"a reserved tag", ourRegion,
			M{"KeyId": id, "ReplicaRegion": farAway,
				"Tags": []M{{"TagKey": "aws:x", "TagValue": "b"}}}, "TagException", ""},
	} {
		_, refused := askIn[ReplicateKeyOutput](s, x.in, "ReplicateKey", x.request)
		if refused == nil || refused.Code != x.code || x.message != "" && refused.Message != x.message {
			t.Errorf("%s: %v, want %s %s", x.name, refused, x.code, x.message)
		}
	}
	s.checkRelated(id, ourRegion, abroad)
	if !s.isGone(farAway, id) || !s.isGone(abroad, single) {
		t.Error("a refused ReplicateKey made a key")
	}
}

func TestReplicateKey_SigningAndHMACKeys_MakeTheSame(t *testing.T) {
	s := start(t)
	signer := s.relatedKeys(M{"KeySpec": "ECC_NIST_P256", "KeyUsage": key.SignVerify}, abroad)
	message := M{"KeyId": signer, "Message": []byte("x"), "SigningAlgorithm": "ECDSA_SHA_256"}
	message["Signature"] = must[cryptoops.SignOutput](s, "Sign", message).Signature
	mustIn[cryptoops.VerifyOutput](s, abroad, "Verify", message)
	delete(message, "Signature")
	message["Signature"] = mustIn[cryptoops.SignOutput](s, abroad, "Sign", message).Signature
	must[cryptoops.VerifyOutput](s, "Verify", message)

	hmacKey := s.relatedKeys(M{"KeySpec": "HMAC_256", "KeyUsage": key.GenerateVerifyMac}, abroad)
	in := M{"KeyId": hmacKey, "Message": []byte("x"), "MacAlgorithm": "HMAC_SHA_256"}
	here := must[cryptoops.GenerateMacOutput](s, "GenerateMac", in).Mac
	there := mustIn[cryptoops.GenerateMacOutput](s, abroad, "GenerateMac", in).Mac
	if string(here) != string(there) {
		t.Errorf("%x here, %x there", here, there)
	}
}

// A replica that is gone can be made again, and one that is only on its way cannot.
func TestReplicateKey_ReplicaDeleted_IsMadeAgain(t *testing.T) {
	s := start(t)
	id := s.relatedKeys(M{}, abroad)
	mustIn[any](s, abroad, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	again := M{"KeyId": id, "ReplicaRegion": abroad}
	if _, code := ask[any](s, "ReplicateKey", again); code != "AlreadyExistsException" {
		t.Errorf("while it is pending deletion: %q", code)
	}
	s.pass(7 * 24 * time.Hour)
	s.Jobs.RunDue(t.Context())
	s.checkRelated(id, ourRegion)
	if m := s.describe(ourRegion, id); m.KeyState != key.Enabled {
		t.Errorf("a primary that is not to be deleted is %s", m.KeyState)
	}
	must[ReplicateKeyOutput](s, "ReplicateKey", again)
	s.checkRelated(id, ourRegion, abroad)
}

// Two requests for the same replica make one, whatever else happens to the primary meanwhile.
func TestReplicateKey_ConcurrentRequests_MakeOneReplica(t *testing.T) {
	s := start(t)
	id := s.relatedKeys(M{})
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
			if refused != nil {
				t.Errorf("%s: %v", name, refused)
			}
		}()
	}
	wg.Wait()
	if codes["made"] != 1 || codes["AlreadyExistsException"] != 3 {
		t.Errorf("answers %v", codes)
	}
	s.checkRelated(id, ourRegion, abroad)
}

// A rotation of the primary while it is replicated reaches the new replicas too.
func TestReplicateKey_RotationAtTheSameTime_ReachesEveryReplica(t *testing.T) {
	s := start(t)
	id := s.relatedKeys(M{})
	var wg sync.WaitGroup
	for _, x := range []struct {
		name string
		in   M
	}{
		{"ReplicateKey", M{"KeyId": id, "ReplicaRegion": abroad}},
		{"RotateKeyOnDemand", M{"KeyId": id}},
		{"ReplicateKey", M{"KeyId": id, "ReplicaRegion": farAway}},
		{"RotateKeyOnDemand", M{"KeyId": id}},
	} {
		wg.Go(func() {
			if _, code := ask[any](s, x.name, x.in); code != "" {
				t.Errorf("%s: %s", x.name, code)
			}
		})
	}
	wg.Wait()
	s.checkRelated(id, ourRegion, abroad, farAway)
	if n := len(must[ListKeyRotationsOutput](s, "ListKeyRotations",
		M{"KeyId": id}).Rotations); n != 2 {
		t.Errorf("%d rotations", n)
	}
	s.checkSameRotations(id, mustIn[cryptoops.EncryptOutput](s, farAway, "Encrypt",
		M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob, ourRegion, abroad, farAway)
}
