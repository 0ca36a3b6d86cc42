package recipes_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// These tools come as containers and plug-ins that no Go module is: what is replayed is what they
// call, in their order, and what ends them if it is refused.

// TestTerraform_EveryUnaskedCall_IsAnswered: a provider asks who it is before anything else, reads
// after each creation all that it keeps of a thing, and ends on any error.
func TestTerraform_EveryUnaskedCall_IsAnswered(t *testing.T) {
	c := sdk(t)
	ctx := t.Context()
	who, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, nil)
	must(t, err)
	k, s := kms.NewFromConfig(c), secretsmanager.NewFromConfig(c)
	for _, key := range []kms.CreateKeyInput{
		{},
		{KeySpec: kmstypes.KeySpecRsa2048, KeyUsage: kmstypes.KeyUsageTypeSignVerify},
		{KeySpec: kmstypes.KeySpecHmac256, KeyUsage: kmstypes.KeyUsageTypeGenerateVerifyMac},
	} {
		key.Tags = []kmstypes.Tag{{TagKey: aws.String("team"), TagValue: aws.String("a")}}
		made, err := k.CreateKey(ctx, &key)
		must(t, err)
		id := made.KeyMetadata.KeyId
		_, err = k.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: id})
		must(t, err)
		_, err = k.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: id, PolicyName: aws.String("default")})
		must(t, err)
		rotation, err := k.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: id})
		if err != nil || rotation.KeyRotationEnabled {
			t.Errorf("%s: rotation is %v, %v", key.KeySpec, rotation, err)
		}
		tags, err := k.ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: id})
		if err != nil || len(tags.Tags) != 1 {
			t.Errorf("%s: tags %v, %v", key.KeySpec, tags, err)
		}
		_, err = k.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: id,
			PendingWindowInDays: aws.Int32(7)})
		must(t, err)
	}
	secret, err := s.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("tf/db")})
	must(t, err)
	_, err = s.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: secret.ARN,
		SecretString: aws.String("correct horse")})
	must(t, err)
	_, err = s.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: secret.ARN})
	must(t, err)
	policy, err := s.GetResourcePolicy(ctx, &secretsmanager.GetResourcePolicyInput{SecretId: secret.ARN})
	if err != nil || policy.ResourcePolicy != nil || aws.ToString(policy.ARN) != *secret.ARN {
		t.Errorf("the policy of a secret without one: %v, %v", policy, err)
	}
	_, err = s.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: secret.ARN,
		ForceDeleteWithoutRecovery: aws.Bool(true)})
	must(t, err)
	// It looks until the secret is gone, and knows that by this error.
	_, err = s.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: secret.ARN})
	if !errors.As(err, new(*types.ResourceNotFoundException)) {
		t.Errorf("the secret that was deleted: %v", err)
	}
	if *who.Account != "111122223333" {
		t.Errorf("the account is %s", *who.Account)
	}
}

// TestExternalSecrets_FetchFindAndPush_AreAnswered does what its provider does for an ExternalSecret
// and a PushSecret.
func TestExternalSecrets_FetchFindAndPush_AreAnswered(t *testing.T) {
	s := secretsmanager.NewFromConfig(sdk(t))
	ctx := t.Context()
	// It sends this token with every creation, so that it must serve again after a deletion.
	token := aws.String("00000000-0000-0000-0000-000000000001")
	name := aws.String("eso/pushed")
	for _, value := range []string{"first", "second"} {
		_, err := s.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: name})
		if !errors.As(err, new(*types.ResourceNotFoundException)) {
			t.Fatalf("before it is pushed: %v", err)
		}
		_, err = s.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: name,
			SecretBinary: []byte(value), ClientRequestToken: token, Tags: []types.Tag{
				{Key: aws.String("managed-by"), Value: aws.String("external-secrets")}}})
		must(t, err)
		got, err := s.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: name,
			VersionStage: aws.String("AWSCURRENT")})
		must(t, err)
		if string(got.SecretBinary) != value {
			t.Errorf("fetched %q, want %q", got.SecretBinary, value)
		}
		_, err = s.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: name,
			SecretBinary: []byte(value + "!"), ClientRequestToken: aws.String(
				"00000000-0000-0000-0000-000000000002")})
		must(t, err)
		found, err := s.ListSecrets(ctx, &secretsmanager.ListSecretsInput{Filters: []types.Filter{
			{Key: types.FilterNameStringTypeName, Values: []string{"eso/"}}}})
		must(t, err)
		if len(found.SecretList) != 1 {
			t.Errorf("found %d secrets", len(found.SecretList))
		}
		batch, err := s.BatchGetSecretValue(ctx, &secretsmanager.BatchGetSecretValueInput{
			Filters: []types.Filter{{Key: types.FilterNameStringTypeTagKey,
				Values: []string{"managed-by"}}}})
		if err != nil || len(batch.SecretValues) != 1 ||
			string(batch.SecretValues[0].SecretBinary) != value+"!" {
			t.Errorf("in a batch: %v, %v", batch, err)
		}
		_, err = s.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: name,
			ForceDeleteWithoutRecovery: aws.Bool(true)})
		must(t, err)
	}
}

// TestKubernetes_SeedsAndMounts_AreAnswered does what AWS's plug-in for the API server does with the
// seed of etcd's keys, and the provider of the CSI driver with a mount.
func TestKubernetes_SeedsAndMounts_AreAnswered(t *testing.T) {
	ctx := t.Context()
	arn := key(t, "etcd", kmstypes.KeySpecSymmetricDefault, kmstypes.KeyUsageTypeEncryptDecrypt)
	k := kms.NewFromConfig(sdk(t))
	cluster := map[string]string{"cluster": "production"}
	seed := bytes.Repeat([]byte{7}, 32)
	for _, plaintext := range [][]byte{[]byte("foo"), seed} { // its health check, and a seed
		sealed, err := k.Encrypt(ctx, &kms.EncryptInput{KeyId: &arn, Plaintext: plaintext,
			EncryptionContext: cluster})
		must(t, err)
		if n := len(sealed.CiphertextBlob); n > 1023 { // the API server's limit, less a byte of the plug-in's
			t.Errorf("a ciphertext of %d bytes", n)
		}
		opened, err := k.Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: sealed.CiphertextBlob,
			EncryptionContext: cluster}) // without a KeyId
		if err != nil || !bytes.Equal(opened.Plaintext, plaintext) {
			t.Errorf("opened %v, %v", opened, err)
		}
	}
	s := secretsmanager.NewFromConfig(sdk(t))
	made, err := s.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("pod/token"),
		SecretString: aws.String("correct horse")})
	must(t, err)
	// A mount comes again every two minutes, and asks whether the version is still the same.
	for range 2 {
		d, err := s.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: made.Name})
		must(t, err)
		if stages := d.VersionIdsToStages[*made.VersionId]; len(stages) != 1 {
			t.Errorf("stages %v", stages)
		}
		v, err := s.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: made.Name})
		if err != nil || *v.SecretString != "correct horse" || *v.VersionId != *made.VersionId {
			t.Errorf("mounted %v, %v", v, err)
		}
	}
}
