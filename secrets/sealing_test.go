package secrets_test

import (
	"context"
	"maps"
	"reflect"
	"strings"
	"testing"

	"claviger/hsm/hsmtest"
	"claviger/internal/fault"
	"claviger/keystore"
	"claviger/secrets"
	"claviger/secrets/model"
)

const (
	cantDecrypt = "Secrets Manager can't decrypt" + theText
	cantEncrypt = "Secrets Manager can't encrypt" + theText
	theText     = " the protected secret text using the provided KMS key."
)

func (s *service) createUnder(name, value, key string) secrets.CreateSecretOutput {
	s.T.Helper()
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
		s.Refused("GetSecretValue", M{"SecretId": "x"}, "DecryptionFailure", cantDecrypt)
		s.Refused("PutSecretValue",
			M{"SecretId": "x", "SecretString": "w", "ClientRequestToken": token()},
			"EncryptionFailure", cantEncrypt)
	}
	s.Do("kms:DisableKey", M{"KeyId": key})
	closed()
	s.Do("kms:EnableKey", M{"KeyId": key})
	if s.text(M{"SecretId": "x"}) != "v" {
		t.Error("the value changed")
	}
	s.Do("kms:ScheduleKeyDeletion", M{"KeyId": key})
	closed()
}

const invalidKey = "The operation failed because of an invalid KMS key: "

// A key that the request names is the request's fault, with a value to seal and without.
func TestKmsKeyId_NoKeyForSecrets_ChangesNothing(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	signer := must[keystore.CreateKeyOutput](s, "kms:CreateKey",
		M{"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}).KeyMetadata.KeyId
	nobody := "00000000-0000-0000-0000-000000000000"
	kms := "arn:aws:kms:" + region + ":" + account + ":"
	abroad := "arn:aws:kms:eu-west-1:" + account + ":key/" + nobody
	for key, reason := range map[string]string{
		"alias/none":           "Alias " + kms + "alias/none is not found.",
		"none":                 "Invalid keyId 'none'",
		nobody:                 "Key '" + kms + "key/" + nobody + "' does not exist",
		kms + "key/" + nobody:  "Key '" + kms + "key/" + nobody + "' does not exist",
		"arn:x":                "Invalid arn arn:x",
		abroad:                 "Invalid arn eu-west-1",
		signer:                 "",
		kms + "alias/aws/none": "",
	} {
		for _, value := range []M{{}, {"SecretString": "w"}} {
			create := M{"Name": "y", "ClientRequestToken": token(), "KmsKeyId": key}
			update := M{"SecretId": "x", "ClientRequestToken": token(), "KmsKeyId": key}
			for name, in := range map[string]M{"CreateSecret": create, "UpdateSecret": update} {
				maps.Copy(in, value)
				message := invalidKey + reason
				if reason == "" {
					message = ""
				}
				s.Refused(name, in, "InvalidParameterException", message)
			}
		}
	}
	s.Refused("DescribeSecret", M{"SecretId": "y"}, "ResourceNotFoundException", "")
	if d := s.describe("x"); d.KmsKeyId != "" || len(d.VersionIdsToStages) != 1 {
		t.Errorf("%+v", d)
	}
	closed := s.key()
	s.Do("kms:DisableKey", M{"KeyId": closed})
	s.Refused("CreateSecret", M{"Name": "y", "ClientRequestToken": token(), "KmsKeyId": closed},
		"EncryptionFailure", cantEncrypt)
}

// Whoever may not open what a key seals can't give the key to a secret.
func TestKmsKeyId_MayOnlyEncrypt_IsDenied(t *testing.T) {
	s := start(t)
	key := s.key()
	s.create("x", "v")
	s.Forbid("kms:Decrypt")
	s.Refused("CreateSecret", M{"Name": "y", "ClientRequestToken": token(), "KmsKeyId": key},
		"AccessDeniedException", "Access to KMS is not allowed")
	s.Refused("UpdateSecret", M{"SecretId": "x", "KmsKeyId": key},
		"AccessDeniedException", "Access to KMS is not allowed")
}

func TestSecret_KeyDenied_IsDenied(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	s.Forbid("kms:Decrypt")
	const denied = "Access to KMS is not allowed"
	s.Refused("GetSecretValue", M{"SecretId": "x"}, "AccessDeniedException", denied)
	s.put("x", "w")
	s.Forbid("kms:GenerateDataKey")
	s.Refused("PutSecretValue",
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
		s.Refused("GetSecretValue", M{"SecretId": id}, "AccessDeniedException", "")
	}
	s.Forbid("secretsmanager:TagResource")
	create := M{"Name": "y", "ClientRequestToken": token(), "Tags": []M{{"Key": "a"}}}
	s.Refused("CreateSecret", create, "AccessDeniedException", "")
	delete(create, "Tags")
	s.Do("CreateSecret", create)
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
		{`"eventName":"GetSecretValue"`, `"secretId":"x"`,
			`"resourceARNs":["` + made.ARN + `"]`},
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
	s.Do("UpdateSecret", M{"SecretId": "x", "KmsKeyId": second})
	s.Do("kms:DisableKey", M{"KeyId": first})
	for label, want := range map[string]string{
		"AWSPREVIOUS": "a", "AWSCURRENT": "b", "AWSPENDING": "c",
	} {
		if got := s.text(M{"SecretId": "x", "VersionStage": label}); got != want {
			t.Errorf("%s: %q, want %q", label, got, want)
		}
	}
	s.Refused("GetSecretValue", M{"SecretId": "x", "VersionStage": "blue"}, "DecryptionFailure", "")

	s.Do("UpdateSecret",
		M{"SecretId": "x", "KmsKeyId": "", "SecretString": "e", "ClientRequestToken": token()})
	s.Do("kms:DisableKey", M{"KeyId": second})
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

// Who moves a secret to another key means to give the old one up: a value that stayed under it
// would be lost with it.
func TestUpdateSecret_OldKeyClosed_ChangesNothing(t *testing.T) {
	s := start(t)
	old, next := s.key(), s.key()
	s.createUnder("x", "a", old)
	s.put("x", "b")
	s.put("x", "c", "AWSPENDING")
	before := s.describe("x")
	for _, closed := range []string{"kms:DisableKey", "kms:ScheduleKeyDeletion"} {
		s.Do(closed, M{"KeyId": old})
		for _, in := range []M{
			{"KmsKeyId": next},
			{"KmsKeyId": ""},
			{"KmsKeyId": next, "SecretString": "d", "ClientRequestToken": token()},
			{"KmsKeyId": next, "Description": "d"},
		} {
			in["SecretId"] = "x"
			s.Refused("UpdateSecret", in, "DecryptionFailure", cantDecrypt)
		}
		if after := s.describe("x"); !reflect.DeepEqual(after, before) {
			t.Errorf("%+v, want %+v", after, before)
		}
	}
	s.Do("kms:CancelKeyDeletion", M{"KeyId": old})
	s.Do("kms:EnableKey", M{"KeyId": old})
	s.Do("UpdateSecret", M{"SecretId": "x", "KmsKeyId": next})
	s.Do("kms:DisableKey", M{"KeyId": old})
	for label, want := range map[string]string{
		"AWSPREVIOUS": "a", "AWSCURRENT": "b", "AWSPENDING": "c",
	} {
		if got := s.text(M{"SecretId": "x", "VersionStage": label}); got != want {
			t.Errorf("%s: %q, want %q", label, got, want)
		}
	}
}

// What is lost already holds nobody up: a key that is no more must not bind a secret for ever.
func TestUpdateSecret_OldKeyDeleted_MovesToAnother(t *testing.T) {
	s := start(t)
	gone, next, third := s.key(), s.key(), s.key()
	s.createUnder("x", "a", gone)
	s.Do("kms:ScheduleKeyDeletion", M{"KeyId": gone, "PendingWindowInDays": 7})
	s.Clock.Pass(8 * day)
	s.Jobs.RunDue(t.Context())
	s.Do("UpdateSecret", M{"SecretId": "x", "KmsKeyId": next, "SecretString": "b",
		"ClientRequestToken": token()})
	if s.text(M{"SecretId": "x"}) != "b" {
		t.Error("the new value is not there")
	}
	s.Refused("GetSecretValue", M{"SecretId": "x", "VersionStage": "AWSPREVIOUS"},
		"DecryptionFailure", cantDecrypt)
	s.Forbid("kms:GenerateDataKey")
	s.Refused("UpdateSecret", M{"SecretId": "x", "KmsKeyId": third}, "AccessDeniedException", "")
}

// An alias is the same word for another key once it was moved.
func TestUpdateSecret_AliasMovedMeanwhile_SealsAnew(t *testing.T) {
	s := start(t)
	old, next := s.key(), s.key()
	s.Do("kms:CreateAlias", M{"AliasName": "alias/app", "TargetKeyId": old})
	s.createUnder("x", "a", "alias/app")
	s.Do("kms:UpdateAlias", M{"AliasName": "alias/app", "TargetKeyId": next})
	s.Do("UpdateSecret", M{"SecretId": "x", "KmsKeyId": "alias/app"})
	s.Do("kms:DisableKey", M{"KeyId": old})
	if s.text(M{"SecretId": "x"}) != "a" || s.describe("x").KmsKeyId != "alias/app" {
		t.Error("the value is under the old key")
	}
}

func TestGetSecretValue_TokenAway_IsUnavailable(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	read := func() *fault.Error {
		_, err := s.Ask(context.Background(), "GetSecretValue", M{"SecretId": "x"})
		return fault.Of(err)
	}
	back := hsmtest.Pull(t, s.Token.Facts().Serial)
	eventually(t, "the token is missed", func() bool {
		f := read()
		return f != nil && f.Kind == fault.Unavailable &&
			model.SecretsManager.Code(f) == "InternalServiceError"
	})
	s.describe("x")
	back()
	eventually(t, "the token is found again", func() bool { return read() == nil })
}

// TestNewVersion_SameTokenUnderAClosedKey_IsADecryptionFailure: whether it is the same value can't
// be said.
func TestNewVersion_SameTokenUnderAClosedKey_IsADecryptionFailure(t *testing.T) {
	s, _ := startRotating(t, nil)
	key := s.key()
	requests := map[string]M{
		"CreateSecret":   {"Name": "a", "ClientRequestToken": v(5), "SecretString": "x", "KmsKeyId": key},
		"PutSecretValue": {"SecretId": "a", "ClientRequestToken": v(6), "SecretString": "x"},
		"CreateManagedSecret": {"Name": "b", "ClientRequestToken": v(7), "KmsKeyId": key,
			"RotationLambdaARN": lambda("safe"), "Engine": "e", "Host": "h", "Username": "u",
			"Password": "first"},
	}
	for _, name := range []string{"CreateSecret", "PutSecretValue", "CreateManagedSecret"} {
		s.Do(name, requests[name])
	}
	s.Do("kms:DisableKey", M{"KeyId": key})
	for name, in := range requests {
		s.Refused(name, in, "DecryptionFailure", "")
	}
}
