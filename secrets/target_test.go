package secrets_test

import (
	"testing"

	"claviger/secrets"
)

const otherAccount = "444455556666"

func TestSecretId_ElsewhereOrAbsent_IsRefused(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	abroad := "arn:aws:secretsmanager:eu-west-1:" + account + ":secret:x"
	foreign := "arn:aws:secretsmanager:" + region + ":" + otherAccount + ":secret:x"
	s.Refused("GetSecretValue", M{}, "ValidationException", "")
	s.Refused("GetSecretValue", M{"SecretId": abroad}, "ResourceNotFoundException", "")
	s.Refused("GetSecretValue", M{"SecretId": foreign}, "AccessDeniedException", "")
	s.Refused(
		"UpdateSecret",
		M{"SecretId": "no", "Description": "d"},
		"ResourceNotFoundException",
		"",
	)
}

// Whether another account has a secret is no business of one who may not ask: every answer is word
// for word that for a secret that isn't there.
func TestForeignSecret_NoPolicy_IsDeniedLikeAnAbsentOne(t *testing.T) {
	s := start(t)
	s.As(otherAccount)
	there := s.create("x", "v").ARN
	s.Do("DeleteSecret", M{"SecretId": s.create("scheduled", "v").ARN})
	edited := s.create("edited", "v").ARN
	s.Edit(`UPDATE secrets SET description = 'other' WHERE name = 'edited'`)
	s.As(account)
	foreign := "arn:aws:secretsmanager:" + region + ":" + otherAccount + ":secret:"
	for _, id := range []string{
		there, foreign + "x", foreign + "absent", foreign + "scheduled", edited,
	} {
		for _, name := range []string{"GetSecretValue", "DescribeSecret", "RestoreSecret"} {
			action := "secretsmanager:" + name
			s.Refused(name, M{"SecretId": id}, "AccessDeniedException", "User: arn:aws:iam::"+
				account+":root is not authorized to perform: "+action+" on resource: "+id+
				" because no resource-based policy allows the "+action+" action")
		}
		s.Refused("DeleteSecret", M{"SecretId": id, "ForceDeleteWithoutRecovery": true},
			"AccessDeniedException", "")
	}
}

// Nothing below the policy takes the caller's account for the secret's.
func TestForeignSecret_Allowed_IsTheOneTheARNNames(t *testing.T) {
	s := start(t)
	s.create("x", "mine")
	s.As(otherAccount)
	theirs := s.create("x", "theirs")
	s.As(account)
	s.allowAll()
	id := M{"SecretId": theirs.ARN}
	s.Do("TagResource", M{"SecretId": theirs.ARN, "Tags": []M{{"Key": "a"}}})
	if d := s.describe(theirs.ARN); d.ARN != theirs.ARN || len(d.Tags) != 1 {
		t.Errorf("%+v", d)
	}
	if d := s.describe("x"); d.ARN == theirs.ARN || len(d.Tags) != 0 {
		t.Errorf("%+v", d)
	}
	versions := must[secrets.ListSecretVersionIdsOutput](s, "ListSecretVersionIds", id).Versions
	if len(versions) != 1 || versions[0].VersionId != theirs.VersionId {
		t.Errorf("%+v", versions)
	}
	s.Do("DeleteSecret", id)
	s.Do("RestoreSecret", id)
	out := must[deleted](s, "DeleteSecret",
		M{"SecretId": theirs.ARN, "ForceDeleteWithoutRecovery": true})
	if out.ARN != theirs.ARN {
		t.Errorf("%+v", out)
	}
	s.Refused("DescribeSecret", id, "ResourceNotFoundException", "")
	if s.text(M{"SecretId": "x"}) != "mine" {
		t.Error("the caller's own secret has gone in its stead")
	}
}

// The managed key serves its own account alone, whatever a policy says. AWS's words are
// LocalStack's recording (test_cross_account_access).
func TestForeignSecret_UnderTheManagedKey_IsClosed(t *testing.T) {
	s := start(t)
	s.As(otherAccount)
	theirs := s.create("x", "v").ARN
	s.As(account)
	s.allowAll()
	const closed = "You can't access a secret from a different AWS account if you encrypt the " +
		"secret with the default KMS service key."
	s.Refused("GetSecretValue", M{"SecretId": theirs}, "InvalidRequestException", closed)
	s.Refused("PutSecretValue", M{"SecretId": theirs, "SecretString": "w",
		"ClientRequestToken": token()}, "InvalidRequestException", closed)
	s.Do("DescribeSecret", M{"SecretId": theirs})
	s.Do("ListSecretVersionIds", M{"SecretId": theirs})
	s.Do("DeleteSecret", M{"SecretId": theirs})
}

// TestAnswers_OfChanges_NameTheSecret: who changes a secret is told which one it was, by its ARN
// and, but for copies, its name.
func TestAnswers_OfChanges_NameTheSecret(t *testing.T) {
	s, _ := startRotating(t, nil)
	arn := s.describe("db").ARN
	for _, x := range []struct {
		operation string
		in        M
	}{
		{"PutSecretValue", M{"SecretString": `{"username":"u","password":"first"}`,
			"ClientRequestToken": v(2)}},
		{"UpdateSecret", M{"Description": "d"}},
		{"UpdateSecretVersionStage", M{"VersionStage": "mine", "MoveToVersionId": v(1)}},
		{"ListSecretVersionIds", M{}},
		{"PutResourcePolicy", M{"ResourcePolicy": admits(account)}},
		{"GetResourcePolicy", M{}},
		{"DeleteResourcePolicy", M{}},
		{"RotateSecret", M{"RotationLambdaARN": lambda("safe"), "ClientRequestToken": v(3)}},
		{"CancelRotateSecret", M{}},
		{"ReplicateSecretToRegions", M{"AddReplicaRegions": []M{{"Region": europe}}}},
		{"RemoveRegionsFromReplication", M{"RemoveReplicaRegions": []string{europe}}},
		{"DeleteSecret", M{}},
		{"RestoreSecret", M{}},
	} {
		x.in["SecretId"] = "db"
		got := documentOf(t, must[any](s, x.operation, x.in))
		if name := got["Name"]; got["ARN"] != arn || name != "db" && got["ReplicationStatus"] == nil {
			t.Errorf("%s answered %v", x.operation, got)
		}
	}
}
