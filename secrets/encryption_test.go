package secrets_test

import (
	"context"
	"strings"
	"testing"

	"claviger/hsm/hsmtest"
	"claviger/internal/fault"
	"claviger/secrets"
)

const (
	cantDecrypt = "Secrets Manager can't decrypt" + theText
	cantEncrypt = "Secrets Manager can't encrypt" + theText
	theText     = " the protected secret text using the provided KMS key."
)

func (s *service) createUnder(name, value, key string) secrets.CreateSecretOutput {
	s.t.Helper()
	return must[secrets.CreateSecretOutput](s, "CreateSecret",
		M{"Name": name, "SecretString": value, "ClientRequestToken": token(), "KmsKeyId": key})
}

func TestSecret_KeyNotUsable_IsClosed(t *testing.T) {
	s := start(t)
	key := s.key()
	s.createUnder("x", "v", key)
	if got := s.describe("x").KmsKeyId; got != key {
		t.Errorf("KmsKeyId %q", got)
	}
	closed := func() {
		t.Helper()
		s.refused("GetSecretValue", M{"SecretId": "x"}, "DecryptionFailure", cantDecrypt)
		s.refused("PutSecretValue",
			M{"SecretId": "x", "SecretString": "w", "ClientRequestToken": token()},
			"EncryptionFailure", cantEncrypt)
	}
	s.do("kms:DisableKey", M{"KeyId": key})
	closed()
	s.do("kms:EnableKey", M{"KeyId": key})
	if s.text(M{"SecretId": "x"}) != "v" {
		t.Error("the value changed")
	}
	s.do("kms:ScheduleKeyDeletion", M{"KeyId": key})
	closed()
}

func TestCreateSecret_NoSuchKey_MakesNothing(t *testing.T) {
	s := start(t)
	for _, key := range []string{"alias/none", "arn:x"} {
		s.refused("CreateSecret", M{"Name": "y", "SecretString": "v", "ClientRequestToken": token(),
			"KmsKeyId": key}, "EncryptionFailure", cantEncrypt)
	}
	s.refused("DescribeSecret", M{"SecretId": "y"}, "ResourceNotFoundException", "")
}

func TestSecret_KeyDenied_IsDenied(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	s.Forbid("kms:Decrypt")
	const denied = "Access to KMS is not allowed"
	s.refused("GetSecretValue", M{"SecretId": "x"}, "AccessDeniedException", denied)
	s.put("x", "w")
	s.Forbid("kms:GenerateDataKey")
	s.refused("PutSecretValue",
		M{"SecretId": "x", "SecretString": "z", "ClientRequestToken": token()},
		"AccessDeniedException", denied)
	if s.text(M{"SecretId": "x"}) != "w" {
		t.Error("a refused request left something")
	}
}

func TestSecret_ActionDenied_IsDenied(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	s.Forbid("secretsmanager:GetSecretValue")
	// Whether it is there is no business of one who may not ask.
	for _, id := range []string{"x", "absent"} {
		s.refused("GetSecretValue", M{"SecretId": id}, "AccessDeniedException", "")
	}
	s.Forbid("secretsmanager:TagResource")
	create := M{"Name": "y", "ClientRequestToken": token(), "Tags": []M{{"Key": "a"}}}
	s.refused("CreateSecret", create, "AccessDeniedException", "")
	delete(create, "Tags")
	s.do("CreateSecret", create)
}

func TestGetSecretValue_UseOfTheKey_IsRecorded(t *testing.T) {
	s := start(t)
	made := s.create("x", "v")
	before := len(s.Records())
	s.get("x")
	records := s.Records()[before:]
	if len(records) != 2 {
		t.Fatalf("%d records: %s", len(records), records)
	}
	for i, want := range [][]string{
		{`"eventName":"Decrypt"`, `"invokedBy":"secretsmanager.amazonaws.com"`,
			`"SecretARN":"` + made.ARN + `"`, `"SecretVersionId":"` + made.VersionId + `"`},
		{`"eventName":"GetSecretValue"`, `"secretId":"x"`, `"ARN":"` + made.ARN + `"`},
	} {
		for _, part := range want {
			if !strings.Contains(records[i], part) {
				t.Errorf("record %d lacks %s: %s", i, part, records[i])
			}
		}
	}
}

func TestUpdateSecret_AnotherKey_SealsLabelledVersionsAnew(t *testing.T) {
	s := start(t)
	first, second := s.key(), s.key()
	s.createUnder("x", "a", first)
	s.put("x", "b")
	s.put("x", "c", "AWSPENDING")
	s.put("x", "d", "blue")
	s.do("UpdateSecret", M{"SecretId": "x", "KmsKeyId": second})
	s.do("kms:DisableKey", M{"KeyId": first})
	for label, want := range map[string]string{
		"AWSPREVIOUS": "a", "AWSCURRENT": "b", "AWSPENDING": "c",
	} {
		if got := s.text(M{"SecretId": "x", "VersionStage": label}); got != want {
			t.Errorf("%s: %q, want %q", label, got, want)
		}
	}
	s.refused("GetSecretValue", M{"SecretId": "x", "VersionStage": "blue"}, "DecryptionFailure", "")

	s.do("UpdateSecret",
		M{"SecretId": "x", "KmsKeyId": "", "SecretString": "e", "ClientRequestToken": token()})
	s.do("kms:DisableKey", M{"KeyId": second})
	if s.text(M{"SecretId": "x"}) != "e" || s.describe("x").KmsKeyId != "" ||
		s.text(M{"SecretId": "x", "VersionStage": "AWSPREVIOUS"}) != "b" {
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

// A key that is gone must not bind a secret to it for ever.
func TestUpdateSecret_KeyGone_MovesToAnother(t *testing.T) {
	s := start(t)
	gone, next, third := s.key(), s.key(), s.key()
	s.createUnder("x", "a", gone)
	s.do("kms:DisableKey", M{"KeyId": gone})
	update := M{"SecretId": "x", "KmsKeyId": "alias/none", "SecretString": "b",
		"ClientRequestToken": token()}
	s.refused("UpdateSecret", update, "EncryptionFailure", "")
	update["KmsKeyId"] = next
	s.do("UpdateSecret", update)
	if s.text(M{"SecretId": "x"}) != "b" {
		t.Error("the new value is not there")
	}
	before := M{"SecretId": "x", "VersionStage": "AWSPREVIOUS"}
	s.refused("GetSecretValue", before, "DecryptionFailure", "")
	s.do("kms:EnableKey", M{"KeyId": gone})
	if s.text(before) != "a" {
		t.Error("the old value is lost though its key is back")
	}
	s.Forbid("kms:GenerateDataKey")
	s.refused("UpdateSecret", M{"SecretId": "x", "KmsKeyId": third}, "AccessDeniedException", "")
}

func TestGetSecretValue_TokenAway_IsUnavailable(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	read := func() *fault.Error {
		_, err := s.serve(context.Background(), "GetSecretValue", M{"SecretId": "x"})
		return fault.Of(err)
	}
	back := hsmtest.Pull(t, s.Token.Facts().Serial)
	eventually(t, "the token is missed", func() bool {
		f := read()
		return f != nil && f.Kind == fault.Unavailable &&
			secrets.SecretsManager.Code(f) == "InternalServiceError"
	})
	s.describe("x")
	back()
	eventually(t, "the token is found again", func() bool { return read() == nil })
}
