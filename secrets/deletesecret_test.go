package secrets_test

import (
	"testing"
	"time"

	"claviger/internal/op"
	"claviger/secrets"
)

type deleted = secrets.DeleteSecretOutput

const day = 24 * time.Hour

const marked = "You can't perform this operation on the secret because it was marked for deletion."

func TestARecoveryWindow(t *testing.T) {
	s := start(t)
	made := s.create("x", "v")
	out := must[deleted](s, "DeleteSecret", M{"SecretId": "x", "RecoveryWindowInDays": 7})
	if out.ARN != made.ARN || out.Name != "x" || !out.DeletionDate.Equal(s.now.Add(7*day)) {
		t.Errorf("%+v", out)
	}
	if d := s.describe("x"); d.DeletedDate == nil || !d.DeletedDate.Equal(s.now.Add(7*day)) {
		t.Errorf("%+v", d)
	}
	must[secrets.ListSecretVersionIdsOutput](s, "ListSecretVersionIds", M{"SecretId": "x"})
	refused[secrets.GetSecretValueOutput](s, "GetSecretValue", M{"SecretId": "x"}, "InvalidRequestException", marked)
	refused[secrets.PutSecretValueOutput](s, "PutSecretValue", M{"SecretId": "x", "ClientRequestToken": token(), "SecretString": "w"}, "InvalidRequestException", marked)
	refused[secrets.UpdateSecretOutput](s, "UpdateSecret", M{"SecretId": "x", "Description": "w"}, "InvalidRequestException", marked)
	refused[secrets.SecretOutput](s, "UpdateSecretVersionStage", M{"SecretId": "x", "VersionStage": "a", "MoveToVersionId": made.VersionId}, "InvalidRequestException", marked)
	refused[op.None](s, "TagResource", M{"SecretId": "x", "Tags": []M{{"Key": "a"}}}, "InvalidRequestException", marked)
	refused[op.None](s, "UntagResource", M{"SecretId": "x", "TagKeys": []string{"a"}}, "InvalidRequestException", marked)
	refused[deleted](s, "DeleteSecret", M{"SecretId": "x"}, "InvalidRequestException", marked)
	refused[secrets.CreateSecretOutput](s, "CreateSecret", M{"Name": "x", "ClientRequestToken": token()}, "InvalidRequestException",
		"You can't create this secret because a secret with this name is already scheduled for deletion.")

	s.pass(6 * day)
	s.jobRunner.RunDue(t.Context())
	if out := must[secrets.SecretOutput](s, "RestoreSecret", M{"SecretId": "x"}); out.ARN != made.ARN || s.text(M{"SecretId": "x"}) != "v" {
		t.Errorf("%+v", out)
	}
	must[secrets.SecretOutput](s, "RestoreSecret", M{"SecretId": "x"})
	s.pass(30 * day)
	s.jobRunner.RunDue(t.Context())
	s.get(made.ARN)
}

func TestAWindowEnds(t *testing.T) {
	s := start(t)
	old := s.create("x", "v")
	s.put("x", "w")
	if out := must[deleted](s, "DeleteSecret", M{"SecretId": "x"}); !out.DeletionDate.Equal(s.now.Add(30 * day)) {
		t.Errorf("%+v", out)
	}
	s.pass(30*day - time.Second)
	s.jobRunner.RunDue(t.Context())
	s.describe("x")
	s.pass(time.Second)
	s.jobRunner.RunDue(t.Context())
	refused[secrets.DescribeSecretOutput](s, "DescribeSecret", M{"SecretId": "x"}, "ResourceNotFoundException", "")

	anew := s.create("x", "new")
	if anew.ARN == old.ARN {
		t.Error("a name used again has the same ARN")
	}
	refused[secrets.GetSecretValueOutput](s, "GetSecretValue", M{"SecretId": old.ARN}, "ResourceNotFoundException", "")
	if s.text(M{"SecretId": anew.ARN}) != "new" {
		t.Error("the new secret has another value")
	}
}

// A job that is met by a clock that was set back stays until the secret's own time has come.
func TestARemovalOutlivesAClockThatStepsBack(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	must[deleted](s, "DeleteSecret", M{"SecretId": "x"})
	s.jobRunner.Now = func() time.Time { return s.time().Add(31 * day) }
	s.jobRunner.RunDue(t.Context())
	s.describe("x")
	s.jobRunner.Now = s.time
	s.pass(32 * day)
	s.jobRunner.RunDue(t.Context())
	refused[secrets.DescribeSecretOutput](s, "DescribeSecret", M{"SecretId": "x"}, "ResourceNotFoundException", "")
}

func TestDeletionAtOnce(t *testing.T) {
	s := start(t)
	made := s.create("x", "v")
	force := M{"SecretId": "x", "ForceDeleteWithoutRecovery": true}
	if out := must[deleted](s, "DeleteSecret", force); out.ARN != made.ARN || !out.DeletionDate.Equal(s.now) {
		t.Errorf("%+v", out)
	}
	if out := must[deleted](s, "DeleteSecret", force); out.ARN != prefix+"x" || out.Name != "x" {
		t.Errorf("%+v", out)
	}
	refused[secrets.GetSecretValueOutput](s, "GetSecretValue", M{"SecretId": "x"}, "ResourceNotFoundException", "")

	s.create("x", "again")
	must[deleted](s, "DeleteSecret", M{"SecretId": "x"})
	must[deleted](s, "DeleteSecret", force)
	s.create("x", "third")
	s.pass(60 * day)
	s.jobRunner.RunDue(t.Context()) // the second one's job must not meet the third
	if s.text(M{"SecretId": "x"}) != "third" {
		t.Error("the wrong secret was removed")
	}
	for _, in := range []M{{"RecoveryWindowInDays": 6}, {"RecoveryWindowInDays": 31}, {"RecoveryWindowInDays": 0}} {
		in["SecretId"] = "x"
		refused[deleted](s, "DeleteSecret", in, "InvalidParameterException", "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
	}
	refused[deleted](s, "DeleteSecret", M{"SecretId": "x", "RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": true}, "InvalidParameterException",
		"You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
	refused[deleted](s, "DeleteSecret", M{"SecretId": "no"}, "ResourceNotFoundException", "")
	abroad := "arn:aws:secretsmanager:eu-west-1:" + account + ":secret:x"
	refused[deleted](s, "DeleteSecret", M{"SecretId": abroad, "ForceDeleteWithoutRecovery": true}, "ResourceNotFoundException", "")
}

func TestOldVersionsGo(t *testing.T) {
	s := start(t)
	first := s.create("x", "0").VersionId
	must[secrets.SecretOutput](s, "UpdateSecretVersionStage", M{"SecretId": "x", "VersionStage": "keep", "MoveToVersionId": first})
	s.pass(time.Second)
	second := s.put("x", "1")
	count := func() (n int) {
		in := M{"SecretId": "x", "IncludeDeprecated": true, "MaxResults": 50}
		for {
			out := must[secrets.ListSecretVersionIdsOutput](s, "ListSecretVersionIds", in)
			n += len(out.Versions)
			if out.NextToken == "" {
				return n
			}
			in["NextToken"] = out.NextToken
		}
	}
	for range 118 {
		s.pass(time.Second)
		s.put("x", "v")
	}
	if n := count(); n != 120 {
		t.Errorf("%d versions within a day, want all 120", n)
	}
	s.pass(25 * time.Hour)
	s.put("x", "last")
	if n := count(); n < 100 || n > 104 {
		t.Errorf("%d versions, want about a hundred", n)
	}
	refused[secrets.GetSecretValueOutput](s, "GetSecretValue", M{"SecretId": "x", "VersionId": second}, "ResourceNotFoundException", "")
	if s.text(M{"SecretId": "x", "VersionStage": "keep"}) != "0" {
		t.Error("a labelled version is gone")
	}
}
