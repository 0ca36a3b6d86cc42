package servicetest_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/uuid"
)

// What Secrets Manager says, letter by letter.
const (
	absent   = "Secrets Manager can't find the specified secret."
	marked   = "You can't perform this operation on the secret because it was marked for deletion."
	reserved = "You can't create this secret because a secret with this name is already scheduled " +
		"for deletion."
	badName = "Invalid name. Must be a valid name containing alphanumeric characters, or any of " +
		"the following: -/_+=.@!"
)

func createSecret(t testing.TB, c *secretsmanager.Client,
	name, value string) *secretsmanager.CreateSecretOutput {
	t.Helper()
	return must(c.CreateSecret(t.Context(),
		&secretsmanager.CreateSecretInput{Name: &name, SecretString: &value}))(t)
}

func secretValue(t testing.TB, c *secretsmanager.Client, id string) string {
	t.Helper()
	return aws.ToString(must(c.GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: &id}))(t).SecretString)
}

func put(t testing.TB, c *secretsmanager.Client, id, value string, labels ...string) string {
	t.Helper()
	return *must(c.PutSecretValue(t.Context(),
		&secretsmanager.PutSecretValueInput{SecretId: &id, SecretString: &value,
			VersionStages: labels}))(t).VersionId
}

// labels returns the labels of a secret, each with the number of its version in versions.
func labels(t testing.TB, c *secretsmanager.Client, id string, versions ...string) string {
	t.Helper()
	var all []string
	for version, stages := range must(c.DescribeSecret(t.Context(),
		&secretsmanager.DescribeSecretInput{SecretId: &id}))(t).VersionIdsToStages {
		for _, s := range stages {
			all = append(all, fmt.Sprintf("%s=%d", s, slices.Index(versions, version)))
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestGetSecretValue_StoredSecret_ComesBackWhole(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	token := uuid.NewString()
	made := must(c.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("prod/db/x"), ClientRequestToken: &token, Description: aws.String("d"),
		SecretString: aws.String("päss"), Tags: []types.Tag{
			{Key: aws.String("b"), Value: aws.String("1")}, {Key: aws.String("a"), Value: aws.String("")},
		}}))(t)
	prefix := "arn:aws:secretsmanager:" + servicetest.Region + ":" + servicetest.Account + ":secret:"
	suffixed := regexp.MustCompile("^" + prefix + "prod/db/x-[A-Za-z0-9]{6}$")
	if !suffixed.MatchString(*made.ARN) || *made.Name != "prod/db/x" || *made.VersionId != token {
		t.Errorf("CreateSecret answered %s, %s, %s", *made.ARN, *made.Name, *made.VersionId)
	}
	current := []string{"AWSCURRENT"}
	for _, id := range []string{"prod/db/x", *made.ARN, prefix + "prod/db/x"} {
		got := must(c.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &id}))(t)
		if *got.ARN != *made.ARN || *got.Name != "prod/db/x" || *got.VersionId != token ||
			*got.SecretString != "päss" || got.SecretBinary != nil ||
			!slices.Equal(got.VersionStages, current) || !about(*got.CreatedDate, s.Clock.Now()) {
			t.Errorf("GetSecretValue of %s answered %+v", id, got)
		}
		d := must(c.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &id}))(t)
		if *d.ARN != *made.ARN || *d.Name != "prod/db/x" || *d.Description != "d" ||
			d.KmsKeyId != nil || d.DeletedDate != nil || !d.CreatedDate.Equal(*got.CreatedDate) ||
			!about(*d.LastChangedDate, s.Clock.Now()) || aws.ToBool(d.RotationEnabled) ||
			d.RotationLambdaARN != nil ||
			fmt.Sprint(d.VersionIdsToStages) != "map["+token+":[AWSCURRENT]]" {
			t.Errorf("DescribeSecret of %s answered %+v", id, d)
		}
		if len(d.Tags) != 2 || *d.Tags[0].Key != "a" || *d.Tags[0].Value != "" ||
			*d.Tags[1].Key != "b" || *d.Tags[1].Value != "1" {
			t.Errorf("the tags of %s are %+v", id, d.Tags)
		}
	}
}

func TestGetSecretValue_AnyValue_ComesBackTheSame(t *testing.T) {
	c := servicetest.Start(t).SecretsManager()
	for _, value := range [][]byte{{0}, {0xFF, 0xFE, 0x00}, bytes.Repeat([]byte{0x80}, 65536)} {
		name := aws.String(fmt.Sprint("binary", len(value)))
		must(c.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: name,
			SecretBinary: value}))(t)
		out := must(c.GetSecretValue(t.Context(),
			&secretsmanager.GetSecretValueInput{SecretId: name}))(t)
		if !bytes.Equal(out.SecretBinary, value) || out.SecretString != nil {
			t.Errorf("%d bytes came back as %d and a string %v", len(value), len(out.SecretBinary),
				out.SecretString)
		}
	}
	for i, value := range []string{" ", "\x00", `{"user":"x","password":"\"\\"}`,
		strings.Repeat("\x01", 65536), strings.Repeat("ü", 32768)} {
		name := fmt.Sprint("text", i)
		createSecret(t, c, name, value)
		if got := secretValue(t, c, name); got != value {
			t.Errorf("a string of %d bytes came back as one of %d", len(value), len(got))
		}
	}
}

// TestSecretID_EachForm_NamesTheSecretOrNothing: a name, a complete ARN and an ARN without its
// suffix name a secret; nothing else does.
func TestSecretID_EachForm_NamesTheSecretOrNothing(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	full := *createSecret(t, c, "app/one", "1").ARN
	hyphen := *createSecret(t, c, "app/one-abc123", "2").ARN
	for _, x := range []struct{ id, code, message string }{
		{"app/one", "", ""},
		{full, "", ""},
		{full[:len(full)-7], "", ""},
		{"app/one-abc123", "", ""},
		{hyphen, "", ""},
		// it is read as a complete ARN of app/one
		{hyphen[:len(hyphen)-7], "ResourceNotFoundException", absent},
		{full[strings.LastIndex(full, ":")+1:], "ResourceNotFoundException", absent},
		{full[:len(full)-6] + "AAAAAA", "ResourceNotFoundException", absent},
		{"app/two", "ResourceNotFoundException", absent},
		{"app/on", "ResourceNotFoundException", absent},
		{full[:strings.LastIndex(full, "/")], "ResourceNotFoundException", absent},
		{"APP/one", "ResourceNotFoundException", absent},
		{strings.Replace(full, servicetest.Region, servicetest.Abroad, 1), "ResourceNotFoundException",
			absent},
		{strings.Replace(full, servicetest.Account, "999988887777", 1), "AccessDeniedException", "*"},
		{"app one", "ValidationException", badName},
		{"arn:aws:secretsmanager:nonsense", "ValidationException", badName},
	} {
		t.Run(x.id, func(t *testing.T) {
			calls := map[string]error{
				"GetSecretValue": second(c.GetSecretValue(t.Context(),
					&secretsmanager.GetSecretValueInput{SecretId: &x.id})),
				"DescribeSecret": second(c.DescribeSecret(t.Context(),
					&secretsmanager.DescribeSecretInput{SecretId: &x.id})),
				"PutSecretValue": second(c.PutSecretValue(t.Context(),
					&secretsmanager.PutSecretValueInput{SecretId: &x.id, SecretString: aws.String("x")})),
				"UpdateSecret": second(c.UpdateSecret(t.Context(),
					&secretsmanager.UpdateSecretInput{SecretId: &x.id, Description: aws.String("x")})),
				"ListSecretVersionIds": second(c.ListSecretVersionIds(t.Context(),
					&secretsmanager.ListSecretVersionIdsInput{SecretId: &x.id})),
				"TagResource": second(c.TagResource(t.Context(),
					&secretsmanager.TagResourceInput{SecretId: &x.id,
						Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}})),
				"UntagResource": second(c.UntagResource(t.Context(),
					&secretsmanager.UntagResourceInput{SecretId: &x.id, TagKeys: []string{"a"}})),
				"DeleteSecret": second(c.DeleteSecret(t.Context(),
					&secretsmanager.DeleteSecretInput{SecretId: &x.id})),
				"RestoreSecret": second(c.RestoreSecret(t.Context(),
					&secretsmanager.RestoreSecretInput{SecretId: &x.id})),
			}
			for name, err := range calls {
				if x.code != "" {
					refused(t, err, x.code, x.message)
				} else if err != nil && name != "RestoreSecret" && name != "DeleteSecret" {
					t.Errorf("%s: %v", name, err)
				}
			}
			if x.code == "" { // a map is in no order: whether it was restored last is left to chance
				must(c.RestoreSecret(t.Context(), &secretsmanager.RestoreSecretInput{SecretId: &x.id}))(t)
			}
		})
	}
}

// TestGetSecretValue_UnderAKey_RecordsItsUse: reading a secret is recorded as a use of its key by
// the same caller, and the key that the service manages can be used through the service only.
func TestGetSecretValue_UnderAKey_RecordsItsUse(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	made := createSecret(t, c, "n", "1")
	m := s.Mark(t)
	secretValue(t, c, "n")
	var names []string
	for _, r := range s.Trail(t, m) {
		names = append(names, r.EventSource+" "+r.EventName+" "+r.UserIdentity.ARN+" "+
			r.UserIdentity.InvokedBy)
		if r.EventName == "Decrypt" &&
			(!strings.Contains(string(r.RequestParameters), *made.ARN) ||
				!strings.Contains(string(r.RequestParameters), *made.VersionId)) {
			t.Errorf("the record of the key's use lacks its context: %s", r.Line)
		}
	}
	slices.Sort(names)
	want := []string{"kms.amazonaws.com Decrypt " + servicetest.RootARN +
		" secretsmanager.amazonaws.com", "secretsmanager.amazonaws.com GetSecretValue " +
		servicetest.RootARN + " "}
	if !slices.Equal(names, want) {
		t.Errorf("one read left %q, want %q", names, want)
	}

	alias := aws.String("alias/aws/secretsmanager")
	key := describe(t, s.KMS(), alias)
	if key.KeyManager != "AWS" || key.KeyState != "Enabled" {
		t.Errorf("the service's key is managed by %s and %s", key.KeyManager, key.KeyState)
	}
	for name, err := range map[string]error{
		"Encrypt": second(s.KMS().Encrypt(t.Context(),
			&kms.EncryptInput{KeyId: alias, Plaintext: []byte("x")})),
		"GenerateDataKey": second(s.KMS().GenerateDataKey(t.Context(),
			&kms.GenerateDataKeyInput{KeyId: key.KeyId, KeySpec: "AES_256"})),
		"DisableKey": second(s.KMS().DisableKey(t.Context(),
			&kms.DisableKeyInput{KeyId: key.KeyId})),
		"ScheduleKeyDeletion": second(s.KMS().ScheduleKeyDeletion(t.Context(),
			&kms.ScheduleKeyDeletionInput{KeyId: key.KeyId})),
		"CreateAlias": second(s.KMS().CreateAlias(t.Context(),
			&kms.CreateAliasInput{AliasName: aws.String("alias/mine"), TargetKeyId: key.KeyId})),
	} {
		t.Run(name, func(t *testing.T) { refused(t, err, "AccessDeniedException", "*") })
	}
	if secretValue(t, c, "n") != "1" {
		t.Error("the secret can't be read any more")
	}
}
