package secrets_test

import (
	"testing"
	"time"

	"claviger/secrets"
	"claviger/secrets/target"
)

type deleted = secrets.DeleteSecretOutput

const day = 24 * time.Hour

const scheduled = "You can't perform this operation on the secret because it " +
	"was marked for deletion."

func TestDeleteSecret_RecoveryWindow_SecretAnswersLittle(t *testing.T) {
	s := start(t)
	made := s.create("x", "v")
	out := must[deleted](s, "DeleteSecret", M{"SecretId": "x", "RecoveryWindowInDays": 7})
	end := s.Clock.Now().Add(7 * day)
	if out.ARN != made.ARN || out.Name != "x" || !out.DeletionDate.Equal(end) {
		t.Errorf("%+v", out)
	}
	if d := s.describe("x"); d.DeletedDate == nil || !d.DeletedDate.Equal(end) {
		t.Errorf("%+v", d)
	}
	s.Do("ListSecretVersionIds", M{"SecretId": "x"})
	for name, in := range map[string]M{
		"GetSecretValue":           {},
		"PutSecretValue":           {"ClientRequestToken": token(), "SecretString": "w"},
		"UpdateSecret":             {"Description": "w"},
		"UpdateSecretVersionStage": {"VersionStage": "a", "MoveToVersionId": made.VersionId},
		"TagResource":              {"Tags": []M{{"Key": "a"}}},
		"UntagResource":            {"TagKeys": []string{"a"}},
		"DeleteSecret":             {},
	} {
		in["SecretId"] = "x"
		s.Refused(name, in, "InvalidRequestException", scheduled)
	}
	s.Refused("CreateSecret", M{"Name": "x", "ClientRequestToken": token()},
		"InvalidRequestException", "You can't create this secret because a secret with this name "+
			"is already scheduled for deletion.")
}

func TestRestoreSecret_WithinTheWindow_StaysForGood(t *testing.T) {
	s := start(t)
	made := s.create("x", "v")
	s.Do("DeleteSecret", M{"SecretId": "x", "RecoveryWindowInDays": 7})
	s.Clock.Pass(6 * day)
	s.Jobs.RunDue(t.Context())
	out := must[target.Output](s, "RestoreSecret", M{"SecretId": "x"})
	if out.ARN != made.ARN || s.text(M{"SecretId": "x"}) != "v" {
		t.Errorf("%+v", out)
	}
	s.Do("RestoreSecret", M{"SecretId": "x"})
	s.Clock.Pass(30 * day)
	s.Jobs.RunDue(t.Context())
	s.get(made.ARN)
}

func TestDeleteSecret_WindowOver_NameIsFree(t *testing.T) {
	s := start(t)
	old := s.create("x", "v")
	s.put("x", "w")
	out := must[deleted](s, "DeleteSecret", M{"SecretId": "x"})
	if !out.DeletionDate.Equal(s.Clock.Now().Add(30 * day)) {
		t.Errorf("%+v", out)
	}
	s.Clock.Pass(30*day - time.Second)
	s.Jobs.RunDue(t.Context())
	s.describe("x")
	s.Clock.Pass(time.Second)
	s.Jobs.RunDue(t.Context())
	s.Refused("DescribeSecret", M{"SecretId": "x"}, "ResourceNotFoundException", "")

	anew := s.create("x", "new")
	if anew.ARN == old.ARN {
		t.Error("a name used again has the same ARN")
	}
	s.Refused("GetSecretValue", M{"SecretId": old.ARN}, "ResourceNotFoundException", "")
	if s.text(M{"SecretId": anew.ARN}) != "new" {
		t.Error("the new secret has another value")
	}
}

// A job that is met by a clock that was set back stays until the secret's own time has come.
func TestDeleteSecretJob_ClockSetBack_JobStays(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	s.Do("DeleteSecret", M{"SecretId": "x"})
	s.Jobs.Now = func() time.Time { return s.Clock.Now().Add(31 * day) }
	s.Jobs.RunDue(t.Context())
	s.describe("x")
	s.Jobs.Now = s.Clock.Now
	s.Clock.Pass(32 * day)
	s.Jobs.RunDue(t.Context())
	s.Refused("DescribeSecret", M{"SecretId": "x"}, "ResourceNotFoundException", "")
}

func TestForceDeleteWithoutRecovery_AnyState_IsRepeatable(t *testing.T) {
	s := start(t)
	made := s.create("x", "v")
	force := M{"SecretId": "x", "ForceDeleteWithoutRecovery": true}
	out := must[deleted](s, "DeleteSecret", force)
	if out.ARN != made.ARN || !out.DeletionDate.Equal(s.Clock.Now()) {
		t.Errorf("%+v", out)
	}
	if out := must[deleted](s, "DeleteSecret", force); out.ARN != prefix+"x" || out.Name != "x" {
		t.Errorf("%+v", out)
	}
	s.Refused("GetSecretValue", M{"SecretId": "x"}, "ResourceNotFoundException", "")

	s.create("x", "again")
	s.Do("DeleteSecret", M{"SecretId": "x"})
	s.Do("DeleteSecret", force)
	s.create("x", "third")
	s.Clock.Pass(60 * day)
	s.Jobs.RunDue(t.Context()) // the second one's job must not meet the third
	if s.text(M{"SecretId": "x"}) != "third" {
		t.Error("the wrong secret was deleted")
	}
}

func TestDeleteSecret_InvalidInput_IsRefused(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	for _, days := range []int{6, 31, 0} {
		s.Refused("DeleteSecret", M{"SecretId": "x", "RecoveryWindowInDays": days},
			"InvalidParameterException",
			"The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
	}
	s.Refused("DeleteSecret",
		M{"SecretId": "x", "RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": true},
		"InvalidParameterException", "You can't use ForceDeleteWithoutRecovery in conjunction "+
			"with RecoveryWindowInDays.")
	s.Refused("DeleteSecret", M{"SecretId": "no"}, "ResourceNotFoundException", "")
	abroad := "arn:aws:secretsmanager:eu-west-1:" + account + ":secret:x"
	s.Refused("DeleteSecret", M{"SecretId": abroad, "ForceDeleteWithoutRecovery": true},
		"ResourceNotFoundException", "")
}

// versionsOf counts the versions of a secret, over all pages.
func (s *service) versionsOf(id string) (n int) {
	s.T.Helper()
	in := M{"SecretId": id, "IncludeDeprecated": true, "MaxResults": 50}
	for {
		out := must[secrets.ListSecretVersionIdsOutput](s, "ListSecretVersionIds", in)
		n += len(out.Versions)
		if out.NextToken == "" {
			return n
		}
		in["NextToken"] = out.NextToken
	}
}

func TestPutSecretValue_OverAHundredVersions_OldestGo(t *testing.T) {
	s := start(t)
	made := s.create("x", "0")
	first := made.VersionId
	s.Do("UpdateSecretVersionStage",
		M{"SecretId": "x", "VersionStage": "keep", "MoveToVersionId": first})
	s.Clock.Pass(time.Second)
	second := s.put("x", "1")
	for range 118 {
		s.Clock.Pass(time.Second)
		s.put("x", "v")
	}
	if n := s.versionsOf("x"); n != 120 {
		t.Errorf("%d versions within a day, want all 120", n)
	}
	s.Clock.Pass(25 * time.Hour)
	s.put("x", "last")
	gone := s.events(0, made.ARN)
	if len(gone) == 0 || gone[0] != "SecretVersionDeletion "+second ||
		len(gone)+s.versionsOf("x") != 121 {
		t.Errorf("the trail tells of %q", gone)
	}
	if n := s.versionsOf("x"); n < 100 || n > 104 {
		t.Errorf("%d versions, want about a hundred", n)
	}
	s.Refused("GetSecretValue", M{"SecretId": "x", "VersionId": second},
		"ResourceNotFoundException", "")
	if s.text(M{"SecretId": "x", "VersionStage": "keep"}) != "0" {
		t.Error("a labelled version is gone")
	}
}
