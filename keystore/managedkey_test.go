package keystore

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"

	"claviger/keystore/key"
)

// As with AWS, asking for the key of a service that we have makes it; of one that we don't have
// there is none.
func TestDescribeKey_AliasOfAService_MakesItsManagedKey(t *testing.T) {
	s := start(t)
	var all sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		all.Go(func() {
			name := []string{"alias/aws/" + sm, "arn:aws:kms:" + ourRegion + ":" + ourAccount +
				":alias/aws/" + sm}[i%2]
			out, code := ask[DescribeKeyOutput](s, "DescribeKey", M{"KeyId": name})
			if code != "" || out.KeyMetadata.KeyManager != key.ManagerAWS {
				t.Errorf("%q, %+v", code, out)
			}
			ids[i] = out.KeyMetadata.Arn
		})
	}
	all.Wait()
	if ids = slices.Compact(ids); len(ids) != 1 || s.seal("", "x").KeyARN != ids[0] {
		t.Errorf("keys %v", ids)
	}
	if out, code := ask[DescribeKeyOutput](s, "DescribeKey", M{"KeyId": "alias/aws/" + ssm}); code !=
		"" || out.KeyMetadata.Arn == ids[0] {
		t.Errorf("of Parameter Store: %q, %+v", code, out)
	}
	for _, name := range []string{"alias/aws/s3", "alias/aws/", "alias/app"} {
		if _, code := ask[any](s, "DescribeKey", M{"KeyId": name}); code != "NotFoundException" {
			t.Errorf("%s: %q", name, code)
		}
	}
	s.checkNoFailure()
}

// TestManagedKey_EachService_HasAWSsWordsAndPolicy, as they are recorded from AWS.
func TestManagedKey_EachService_HasAWSsWordsAndPolicy(t *testing.T) {
	s := start(t)
	for service, want := range map[string]struct{ description, id, through, actions, account string }{
		sm: {"Default key that protects my Secrets Manager data when no other key is defined",
			"auto-secretsmanager-2", "AWS Secrets Manager",
			"kms:Encrypt kms:Decrypt kms:ReEncrypt* kms:CreateGrant kms:DescribeKey",
			"kms:Describe* kms:Get* kms:List* kms:RevokeGrant"},
		ssm: {"Default key that protects my SSM parameters when no other key is defined",
			"auto-ssm-1", "SSM",
			"kms:Encrypt kms:Decrypt kms:ReEncrypt* kms:GenerateDataKey* kms:DescribeKey",
			"kms:Describe* kms:Get* kms:List*"},
	} {
		m := must[DescribeKeyOutput](s, "DescribeKey", M{"KeyId": "alias/aws/" + service}).KeyMetadata
		if m.Description != want.description {
			t.Errorf("%s: %q", service, m.Description)
		}
		text := must[GetKeyPolicyOutput](s, "GetKeyPolicy", M{"KeyId": m.Arn}).Policy
		var got struct {
			ID        string `json:"Id"`
			Statement []struct {
				Sid       string
				Action    any
				Condition map[string]map[string]string
			}
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil || got.ID != want.id {
			t.Fatalf("%s: %v, %s", service, err, text)
		}
		first, last := got.Statement[0], got.Statement[len(got.Statement)-1]
		if first.Sid != "Allow access through "+want.through+" for all principals in the account that "+
			"are authorized to use "+want.through || joined(first.Action) != want.actions ||
			first.Condition["StringEquals"]["kms:ViaService"] != service+".us-east-1.amazonaws.com" ||
			first.Condition["StringEquals"]["kms:CallerAccount"] != ourAccount {
			t.Errorf("%s: %+v", service, first)
		}
		if last.Sid != "Allow direct access to key metadata to the account" ||
			joined(last.Action) != want.account {
			t.Errorf("%s: %+v", service, last)
		}
	}
}

// joined writes the list of a policy element.
func joined(list any) string {
	var all []string
	for _, one := range list.([]any) {
		all = append(all, one.(string))
	}
	return strings.Join(all, " ")
}

func TestRotation_ManagedKey_IsYearly(t *testing.T) {
	s := start(t)
	e := s.seal("", "x")
	if got := s.rotation(e.KeyARN); !got.KeyRotationEnabled || got.RotationPeriodInDays != 365 {
		t.Errorf("%+v", got)
	}
	for _, name := range []string{"EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"} {
		if _, code := ask[any](s, name, M{"KeyId": e.KeyARN}); code != "AccessDeniedException" {
			t.Errorf("%s on a key that a service manages: %q", name, code)
		}
	}
	s.passAndRun(365 * key.Day)
	if n := len(s.rotations(e.KeyARN, "ROTATIONS_ONLY")); n != 1 {
		t.Errorf("%d rotations in a year", n)
	}
	s.checkOpens(e, "x")
	if again := s.seal("", "y"); again.Epoch != e.Epoch+1 {
		t.Errorf("epoch %d after the rotation", again.Epoch)
	}
}
