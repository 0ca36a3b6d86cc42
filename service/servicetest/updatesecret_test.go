package servicetest_test

import (
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

func TestUpdateSecret_EachMember_ChangesThatOnly(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	made := createSecret(t, c, "n", "1")
	update := func(in secretsmanager.UpdateSecretInput) (*secretsmanager.UpdateSecretOutput, error) {
		in.SecretId = aws.String("n")
		return c.UpdateSecret(t.Context(), &in)
	}
	out := must(update(secretsmanager.UpdateSecretInput{Description: aws.String("new")}))(t)
	if out.VersionId != nil || *out.ARN != *made.ARN || *out.Name != "n" {
		t.Errorf("UpdateSecret of a description answered version %s", aws.ToString(out.VersionId))
	}
	out = must(update(secretsmanager.UpdateSecretInput{SecretBinary: []byte("2")}))(t)
	if got := labels(t, c, "n", *made.VersionId, *out.VersionId); got != "AWSCURRENT=1 AWSPREVIOUS=0" {
		t.Error(got)
	}
	d := must(c.DescribeSecret(t.Context(),
		&secretsmanager.DescribeSecretInput{SecretId: aws.String("n")}))(t)
	if *d.Description != "new" {
		t.Errorf("description %q", *d.Description)
	}
	must(update(secretsmanager.UpdateSecretInput{Description: aws.String("")}))(t)

	key := createKey(t, s.KMS())
	must(update(secretsmanager.UpdateSecretInput{KmsKeyId: key.Arn}))(t)
	d = must(c.DescribeSecret(t.Context(),
		&secretsmanager.DescribeSecretInput{SecretId: aws.String("n")}))(t)
	if aws.ToString(d.KmsKeyId) != *key.Arn || aws.ToString(d.Description) != "" {
		t.Errorf("key %s, description %q", aws.ToString(d.KmsKeyId), aws.ToString(d.Description))
	}
	must(s.KMS().DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyId}))(t)
	_, err := c.GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: aws.String("n")})
	refused(t, err, "DecryptionFailure",
		"Secrets Manager can't decrypt the protected secret text using the provided KMS key.")
	_, err = c.PutSecretValue(t.Context(),
		&secretsmanager.PutSecretValueInput{SecretId: aws.String("n"), SecretString: aws.String("3")})
	cant := "Secrets Manager can't encrypt the protected secret text using the provided KMS key."
	refused(t, err, "EncryptionFailure", cant)
	_, err = update(secretsmanager.UpdateSecretInput{SecretString: aws.String("3")})
	refused(t, err, "EncryptionFailure", cant)
	must(s.KMS().EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: key.KeyId}))(t)
	must(update(secretsmanager.UpdateSecretInput{KmsKeyId: aws.String("")}))(t)
	must(s.KMS().DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: key.KeyId}))(t)
	got := must(c.GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: aws.String("n")}))(t)
	if string(got.SecretBinary) != "2" {
		t.Errorf("under the managed key again: %q", got.SecretBinary)
	}
	_, err = update(secretsmanager.UpdateSecretInput{SecretBinary: []byte("2"),
		SecretString: aws.String("2")})
	refused(t, err, "InvalidParameterException", "*")
}

func TestTagResource_TagsOfASecret_AreDescribed(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	createSecret(t, c, "n", "1")
	of := func(n int) (out []types.Tag) {
		for _, t := range tags(n) {
			out = append(out, types.Tag{Key: t.TagKey, Value: t.TagValue})
		}
		return out
	}
	tagged := func(some []types.Tag) error {
		return second(c.TagResource(t.Context(),
			&secretsmanager.TagResourceInput{SecretId: aws.String("n"), Tags: some}))
	}
	accepted(t, tagged(of(49)))
	accepted(t, tagged([]types.Tag{{Key: aws.String("TAG00"), Value: aws.String("another key")}}))
	refused(t, tagged([]types.Tag{{Key: aws.String("one more"), Value: aws.String("")}}),
		"InvalidParameterException", "*")
	refused(t, tagged([]types.Tag{{Key: aws.String("aws:x"), Value: aws.String("")}}),
		"InvalidParameterException", "*")
	must(c.UntagResource(t.Context(),
		&secretsmanager.UntagResourceInput{SecretId: aws.String("n"),
			TagKeys: []string{"tag00", "never there"}}))(t)
	got := must(c.DescribeSecret(t.Context(),
		&secretsmanager.DescribeSecretInput{SecretId: aws.String("n")}))(t).Tags
	if len(got) != 49 || *got[0].Key != "TAG00" || *got[1].Key != "tag01" {
		t.Errorf("%d tags: %s, %s ...", len(got), *got[0].Key, *got[1].Key)
	}
}
