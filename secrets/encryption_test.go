package secrets_test

import (
	"strings"
	"testing"

	"claviger/hsm/hsmtest"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/secrets"
)

const (
	cantDecrypt = "Secrets Manager can't decrypt the protected secret text using the provided KMS key."
	cantEncrypt = "Secrets Manager can't encrypt the protected secret text using the provided KMS key."
)

func (s *service) createUnder(name, value, key string) secrets.CreateSecretOutput {
	s.t.Helper()
	return must[secrets.CreateSecretOutput](s, "CreateSecret", M{"Name": name, "SecretString": value, "ClientRequestToken": token(), "KmsKeyId": key})
}

func TestWithoutItsKeyASecretIsClosed(t *testing.T) {
	s := start(t)
	key := s.key()
	s.createUnder("x", "v", key)
	if got := s.describe("x").KmsKeyId; got != key {
		t.Errorf("KmsKeyId %q", got)
	}
	put := M{"SecretId": "x", "SecretString": "w", "ClientRequestToken": token()}
	closed := func() {
		t.Helper()
		refused[secrets.GetSecretValueOutput](s, "GetSecretValue", M{"SecretId": "x"}, "DecryptionFailure", cantDecrypt)
		refused[secrets.PutSecretValueOutput](s, "PutSecretValue", put, "EncryptionFailure", cantEncrypt)
	}
	must[op.None](s, "kms:DisableKey", M{"KeyId": key})
	closed()
	must[op.None](s, "kms:EnableKey", M{"KeyId": key})
	if s.text(M{"SecretId": "x"}) != "v" {
		t.Error("the value changed")
	}
	if _, err := ask[any](s, "kms:ScheduleKeyDeletion", M{"KeyId": key}); err != nil {
		t.Fatal(err)
	}
	closed()
	refused[secrets.CreateSecretOutput](s, "CreateSecret", M{"Name": "y", "SecretString": "v", "ClientRequestToken": token(), "KmsKeyId": "alias/none"}, "EncryptionFailure", cantEncrypt)
	refused[secrets.CreateSecretOutput](s, "CreateSecret", M{"Name": "y", "SecretString": "v", "ClientRequestToken": token(), "KmsKeyId": "arn:x"}, "EncryptionFailure", cantEncrypt)
	refused[secrets.DescribeSecretOutput](s, "DescribeSecret", M{"SecretId": "y"}, "ResourceNotFoundException", "")
}

func TestTheKeyDecidesToo(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	s.forbid("kms:Decrypt")
	const denied = "Access to KMS is not allowed"
	refused[secrets.GetSecretValueOutput](s, "GetSecretValue", M{"SecretId": "x"}, "AccessDeniedException", denied)
	s.put("x", "w")
	s.forbid("kms:GenerateDataKey")
	refused[secrets.PutSecretValueOutput](s, "PutSecretValue", M{"SecretId": "x", "SecretString": "z", "ClientRequestToken": token()}, "AccessDeniedException", denied)
	if s.text(M{"SecretId": "x"}) != "w" {
		t.Error("a refused request left something")
	}
	s.forbid("secretsmanager:GetSecretValue")
	for _, id := range []string{"x", "absent"} { // whether it is there is no business of one who may not ask
		refused[secrets.GetSecretValueOutput](s, "GetSecretValue", M{"SecretId": id}, "AccessDeniedException", "")
	}
	s.forbid("secretsmanager:TagResource")
	refused[secrets.CreateSecretOutput](s, "CreateSecret", M{"Name": "y", "ClientRequestToken": token(), "Tags": []M{{"Key": "a"}}}, "AccessDeniedException", "")
	must[secrets.CreateSecretOutput](s, "CreateSecret", M{"Name": "y", "ClientRequestToken": token()})
}

func TestEveryUseOfTheKeyIsRecorded(t *testing.T) {
	s := start(t)
	made := s.create("x", "v")
	before := len(s.records())
	s.get("x")
	records := s.records()[before:]
	if len(records) != 2 {
		t.Fatalf("%d records: %s", len(records), records)
	}
	for i, want := range [][]string{
		{`"eventName":"Decrypt"`, `"invokedBy":"secretsmanager.amazonaws.com"`, `"SecretARN":"` + made.ARN + `"`, `"SecretVersionId":"` + made.VersionId + `"`},
		{`"eventName":"GetSecretValue"`, `"secretId":"x"`, `"ARN":"` + made.ARN + `"`},
	} {
		for _, part := range want {
			if !strings.Contains(records[i], part) {
				t.Errorf("record %d lacks %s: %s", i, part, records[i])
			}
		}
	}
}

func TestAnotherKey(t *testing.T) {
	s := start(t)
	first, second := s.key(), s.key()
	s.createUnder("x", "a", first)
	s.put("x", "b")
	s.put("x", "c", "AWSPENDING")
	s.put("x", "d", "blue")
	must[secrets.UpdateSecretOutput](s, "UpdateSecret", M{"SecretId": "x", "KmsKeyId": second})
	must[op.None](s, "kms:DisableKey", M{"KeyId": first})
	for label, want := range map[string]string{"AWSPREVIOUS": "a", "AWSCURRENT": "b", "AWSPENDING": "c"} {
		if got := s.text(M{"SecretId": "x", "VersionStage": label}); got != want {
			t.Errorf("%s: %q, want %q", label, got, want)
		}
	}
	refused[secrets.GetSecretValueOutput](s, "GetSecretValue", M{"SecretId": "x", "VersionStage": "blue"}, "DecryptionFailure", "")

	must[secrets.UpdateSecretOutput](s, "UpdateSecret", M{"SecretId": "x", "KmsKeyId": "", "SecretString": "e", "ClientRequestToken": token()})
	must[op.None](s, "kms:DisableKey", M{"KeyId": second})
	if s.text(M{"SecretId": "x"}) != "e" || s.text(M{"SecretId": "x", "VersionStage": "AWSPREVIOUS"}) != "b" || s.describe("x").KmsKeyId != "" {
		t.Error("the secret is not under the managed key")
	}
	out := must[secrets.ListSecretVersionIdsOutput](s, "ListSecretVersionIds", M{"SecretId": "x"})
	keys := map[string]string{}
	for _, v := range out.Versions {
		for _, label := range v.VersionStages {
			keys[label] = v.KmsKeyIds[0]
		}
	}
	if keys["AWSCURRENT"] != "DefaultEncryptionKey" || keys["blue"] != first {
		t.Errorf("%v", keys)
	}
}

// A key that is lost must not bind a secret to it for ever.
func TestAwayFromALostKey(t *testing.T) {
	s := start(t)
	lost, next, third := s.key(), s.key(), s.key()
	s.createUnder("x", "a", lost)
	must[op.None](s, "kms:DisableKey", M{"KeyId": lost})
	refused[secrets.UpdateSecretOutput](s, "UpdateSecret", M{"SecretId": "x", "KmsKeyId": "alias/none", "SecretString": "b", "ClientRequestToken": token()},
		"EncryptionFailure", "")
	must[secrets.UpdateSecretOutput](s, "UpdateSecret", M{"SecretId": "x", "KmsKeyId": next, "SecretString": "b", "ClientRequestToken": token()})
	if s.text(M{"SecretId": "x"}) != "b" {
		t.Error("the new value is not there")
	}
	refused[secrets.GetSecretValueOutput](s, "GetSecretValue", M{"SecretId": "x", "VersionStage": "AWSPREVIOUS"}, "DecryptionFailure", "")
	must[op.None](s, "kms:EnableKey", M{"KeyId": lost})
	if s.text(M{"SecretId": "x", "VersionStage": "AWSPREVIOUS"}) != "a" {
		t.Error("the old value is lost though its key is back")
	}
	s.forbid("kms:GenerateDataKey")
	refused[secrets.UpdateSecretOutput](s, "UpdateSecret", M{"SecretId": "x", "KmsKeyId": third}, "AccessDeniedException", "")
}

func TestTheTokenIsAway(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	back := hsmtest.Pull(t, s.token.Facts().Serial)
	eventually(t, "the token is missed", func() bool {
		_, err := ask[secrets.GetSecretValueOutput](s, "GetSecretValue", M{"SecretId": "x"})
		f := fault.Of(err)
		return f != nil && f.Kind == fault.Unavailable && secrets.SecretsManager.Code(f) == "InternalServiceError"
	})
	s.describe("x")
	back()
	eventually(t, "the token is found again", func() bool {
		_, err := ask[secrets.GetSecretValueOutput](s, "GetSecretValue", M{"SecretId": "x"})
		return err == nil
	})
}
