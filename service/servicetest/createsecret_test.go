package servicetest_test

import (
	"slices"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/uuid"
)

func TestCreateSecret_WrongInput_IsRefusedByName(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	createSecret(t, c, "there", "1")
	going := createSecret(t, c, "going", "1").ARN
	must(c.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: going}))(t)
	for _, x := range []struct {
		name          string
		in            secretsmanager.CreateSecretInput
		code, message string
	}{
		{"the name is there", secretsmanager.CreateSecretInput{Name: aws.String("there"),
			SecretString: aws.String("2")}, "ResourceExistsException",
			"The operation failed because the secret there already exists."},
		{"the name is going", secretsmanager.CreateSecretInput{Name: aws.String("going")},
			"InvalidRequestException", reserved},
		{"a blank in the name", secretsmanager.CreateSecretInput{Name: aws.String("a b")},
			"ValidationException", badName},
		{"a name without ASCII", secretsmanager.CreateSecretInput{Name: aws.String("ä")},
			"ValidationException", badName},
		{"an empty name", secretsmanager.CreateSecretInput{Name: aws.String("")}, "ValidationException",
			"*"},
		{"a long name", secretsmanager.CreateSecretInput{Name: aws.String(strings.Repeat("n", 513))},
			"ValidationException", "*"},
		{"two values", secretsmanager.CreateSecretInput{Name: aws.String("n"),
			SecretString: aws.String("1"), SecretBinary: []byte("1")}, "InvalidParameterException", "*"},
		{"a long value", secretsmanager.CreateSecretInput{Name: aws.String("n"),
			SecretString: aws.String(strings.Repeat("v", 65537))}, "ValidationException",
			"1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member " +
				"must have length less than or equal to 65536"},
		{"a value of too many bytes",
			secretsmanager.CreateSecretInput{Name: aws.String("n"),
				SecretString: aws.String(strings.Repeat("ü", 32769))}, "InvalidParameterException", "*"},
		{"an empty value", secretsmanager.CreateSecretInput{Name: aws.String("n"),
			SecretString: aws.String("")}, "ValidationException", "*"},
		{"a short token", secretsmanager.CreateSecretInput{Name: aws.String("n"),
			ClientRequestToken: aws.String("short")}, "ValidationException", "*"},
		{"twin tags", secretsmanager.CreateSecretInput{Name: aws.String("n"),
			Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("")},
				{Key: aws.String("a"), Value: aws.String("")}}}, "InvalidParameterException", "*"},
		{"a reserved tag", secretsmanager.CreateSecretInput{Name: aws.String("n"),
			Tags: []types.Tag{{Key: aws.String("Aws:a"), Value: aws.String("")}}},
			"InvalidParameterException", "*"},
		{"a replica in no Region of here", secretsmanager.CreateSecretInput{Name: aws.String("n"),
			AddReplicaRegions: []types.ReplicaRegionType{{Region: aws.String("sa-east-1")}}},
			"InvalidParameterException", "*"},
		{"no such key", secretsmanager.CreateSecretInput{Name: aws.String("n"),
			SecretString: aws.String("1"), KmsKeyId: aws.String(noKey)}, "InvalidParameterException",
			"The operation failed because of an invalid KMS key: Key '" +
				keyARN(noKey) + "' does not exist"},
		{"no such key, and no value", secretsmanager.CreateSecretInput{Name: aws.String("n"),
			KmsKeyId: aws.String("nothing")}, "InvalidParameterException",
			"The operation failed because of an invalid KMS key: Invalid keyId 'nothing'"},
		{"a key of another Region", secretsmanager.CreateSecretInput{Name: aws.String("n"),
			KmsKeyId: aws.String("arn:aws:kms:" + servicetest.Abroad + ":111122223333:key/" + noKey)},
			"InvalidParameterException",
			"The operation failed because of an invalid KMS key: Invalid arn " + servicetest.Abroad},
	} {
		t.Run(x.name, func(t *testing.T) {
			_, err := c.CreateSecret(t.Context(), &x.in)
			refused(t, err, x.code, x.message)
		})
	}
	a := s.Do(t, "secretsmanager.CreateSecret", `{"Name":"n","SecretString":"1"}`)
	if a.Code() != "InvalidRequestException" ||
		a.Message() != "You must provide a ClientRequestToken value. We recommend a UUID-type value." {
		t.Errorf("without a token: %d %s", a.Status, a.Body)
	}
	if got := names(t, c, nil); len(got) != 1 {
		t.Errorf("after refusals there are %v", got)
	}
}

// TestClientRequestToken_Repeated_IsDoneOnce: a request that is repeated with its token is done
// once; the token with another value is refused.
func TestClientRequestToken_Repeated_IsDoneOnce(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	token := aws.String(uuid.NewString())
	create := func(token *string, value string) (*secretsmanager.CreateSecretOutput, error) {
		return c.CreateSecret(t.Context(),
			&secretsmanager.CreateSecretInput{Name: aws.String("n"), ClientRequestToken: token,
				SecretString: &value})
	}
	first := must(create(token, "1"))(t)
	again := must(create(token, "1"))(t)
	if *again.ARN != *first.ARN || *again.VersionId != *first.VersionId {
		t.Errorf("repeated: %s %s, at first: %s %s", *again.ARN, *again.VersionId, *first.ARN,
			*first.VersionId)
	}
	_, err := create(token, "2")
	refused(t, err, "ResourceExistsException", "*")
	_, err = create(nil, "1")
	refused(t, err, "ResourceExistsException", "*")

	change := func(token *string, value string) (*secretsmanager.PutSecretValueOutput, error) {
		return c.PutSecretValue(t.Context(),
			&secretsmanager.PutSecretValueInput{SecretId: aws.String("n"), ClientRequestToken: token,
				SecretString: &value})
	}
	two, three := aws.String(uuid.NewString()), aws.String(uuid.NewString())
	must(change(two, "2"))(t)
	must(change(three, "3"))(t)
	late := must(change(two, "2"))(t)
	if !slices.Equal(late.VersionStages, []string{"AWSPREVIOUS"}) || secretValue(t, c, "n") != "3" {
		t.Errorf("a late repetition answered %v and made %q current", late.VersionStages,
			secretValue(t, c, "n"))
	}
	_, err = change(two, "other")
	refused(t, err, "ResourceExistsException", "You can't use ClientRequestToken "+*two+
		" because that value is already in use for a version of secret "+*first.ARN+".")
	_, err = c.UpdateSecret(t.Context(),
		&secretsmanager.UpdateSecretInput{SecretId: aws.String("n"), ClientRequestToken: two,
			SecretString: aws.String("other")})
	refused(t, err, "ResourceExistsException", "*")
	_, err = c.PutSecretValue(t.Context(),
		&secretsmanager.PutSecretValueInput{SecretId: aws.String("n"), ClientRequestToken: two,
			SecretBinary: []byte("2")})
	refused(t, err, "ResourceExistsException", "*")
	if got := labels(t, c, "n", *token, *two, *three); got != "AWSCURRENT=2 AWSPREVIOUS=1" {
		t.Error(got)
	}
}
