package servicetest_test

import (
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/google/uuid"
)

// TestRotateSecret_SDK_RotatesAndShowsIt: what a client sees of a rotation from its request to the
// end, and of one that is turned off.
func TestRotateSecret_SDK_RotatesAndShowsIt(t *testing.T) {
	s := servicetest.Start(t)
	c, id := s.SecretsManager(), aws.String("db")
	first := createSecret(t, c, *id, `{"username":"u","password":"first"}`)
	out := must(c.RotateSecret(t.Context(), &secretsmanager.RotateSecretInput{SecretId: id,
		RotationLambdaARN: aws.String(servicetest.VaultARN),
		RotationRules: &types.RotationRulesType{ScheduleExpression: aws.String("rate(10 days)"),
			Duration: aws.String("2h")}}))(t)
	var d *secretsmanager.DescribeSecretOutput
	eventually(t, "it is rotated", func() bool {
		d = must(c.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: id}))(t)
		return d.LastRotatedDate != nil
	})
	labels := func(id *string) string { return strings.Join(d.VersionIdsToStages[*id], " ") }
	if labels(out.VersionId) != "AWSCURRENT" || labels(first.VersionId) != "AWSPREVIOUS" ||
		!*d.RotationEnabled || *d.RotationLambdaARN != servicetest.VaultARN ||
		*d.RotationRules.ScheduleExpression != "rate(10 days)" ||
		*d.RotationRules.AutomaticallyAfterDays != 10 || d.NextRotationDate == nil {
		t.Errorf("%+v", d)
	}
	value := must(c.GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: id}))(t)
	if !s.Vault.Opens(*value.SecretString) || strings.Contains(*value.SecretString, "first") {
		t.Error("the value isn't the one that the target has")
	}
	must(c.CancelRotateSecret(t.Context(), &secretsmanager.CancelRotateSecretInput{SecretId: id}))(t)
	d = must(c.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: id}))(t)
	if *d.RotationEnabled || d.NextRotationDate != nil ||
		*d.RotationLambdaARN != servicetest.VaultARN {
		t.Errorf("%+v", d)
	}
}

// TestRotation_WrongRequests_AreRefused by the operation that they are sent to, with AWS's errors.
func TestRotation_WrongRequests_AreRefused(t *testing.T) {
	s := servicetest.Start(t)
	c, ctx, k := s.SecretsManager(), t.Context(), s.KMS()
	id, function := createSecret(t, c, "db", "x").Name, aws.String(servicetest.VaultARN)
	absent := aws.String(strings.Replace(servicetest.VaultARN, "vault", "absent", 1))
	rotate := func(in secretsmanager.RotateSecretInput) error {
		in.SecretId = id
		return second(c.RotateSecret(ctx, &in))
	}
	refused(t, rotate(secretsmanager.RotateSecretInput{}), "InvalidRequestException",
		"No Lambda rotation function ARN is associated with this secret.")
	refused(t, rotate(secretsmanager.RotateSecretInput{RotationLambdaARN: absent}),
		"AccessDeniedException", "*")
	refused(t, rotate(secretsmanager.RotateSecretInput{RotationLambdaARN: function,
		RotationRules: &types.RotationRulesType{ScheduleExpression: aws.String("rate(1 hour)")}}),
		"InvalidParameterException", "*")
	refused(t, second(c.CancelRotateSecret(ctx,
		&secretsmanager.CancelRotateSecretInput{SecretId: id})), "InvalidRequestException", "*")

	managed := func(name, function, key, rules, code string) {
		t.Helper()
		a := s.Do(t, "secretsmanager.CreateManagedSecret", `{"Name":"`+name+`","KmsKeyId":"`+key+
			`","RotationLambdaARN":"`+function+`","ClientRequestToken":"`+uuid.NewString()+
			`","Engine":"memory","Host":"h","Username":"u","Password":"p"`+rules+`}`)
		if a.Status != 400 || a.Code() != code {
			t.Errorf("%d %s, want %s", a.Status, a.Body, code)
		}
	}
	key := createKey(t, k).KeyId
	managed("m", *absent, *key, "", "AccessDeniedException")
	managed("db", *function, *key, "", "ResourceExistsException")
	managed("m", *function, noKey, "", "InvalidParameterException")
	managed("m", *function, *key, `,"RotationRules":{"ScheduleExpression":"rate(1 hour)"}`,
		"InvalidParameterException")
	must(k.DisableKey(ctx, &kms.DisableKeyInput{KeyId: key}))(t)
	managed("m", *function, *key, "", "EncryptionFailure")
	must(c.DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: id}))(t)
	managed("db", *function, "", "", "InvalidRequestException")
}
