package servicetest_test

import (
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// Terraform makes a key with a policy, reads it at once, replaces it and reads it again.
func TestKeyPolicy_ReplacedByTerraform_IsReadBack(t *testing.T) {
	s := servicetest.Start(t)
	k := s.KMS()
	const first = `{"Version":"2012-10-17","Statement":[{"Sid":"Über alles","Effect":"Allow","Principal":{"AWS":"` + servicetest.RootARN + `"},"Action":"kms:*","Resource":"*"}]}`
	const second = `{"Version":"2012-10-17", "Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":["kms:*"],"Resource":"*"}]}`
	key := must(k.CreateKey(t.Context(),
		&kms.CreateKeyInput{Policy: aws.String(first)}))(t).KeyMetadata
	for _, want := range []string{first, second} {
		if want != first {
			must(k.PutKeyPolicy(t.Context(),
				&kms.PutKeyPolicyInput{KeyId: key.Arn, PolicyName: aws.String("default"),
					Policy: aws.String(want)}))(t)
		}
		out := must(k.GetKeyPolicy(t.Context(),
			&kms.GetKeyPolicyInput{KeyId: key.KeyId, PolicyName: aws.String("default")}))(t)
		if aws.ToString(out.Policy) != want || aws.ToString(out.PolicyName) != "default" {
			t.Errorf("%s: %s, want %s", aws.ToString(out.PolicyName), aws.ToString(out.Policy), want)
		}
	}
	names := must(k.ListKeyPolicies(t.Context(), &kms.ListKeyPoliciesInput{KeyId: key.KeyId}))(t)
	if len(names.PolicyNames) != 1 || names.PolicyNames[0] != "default" || names.Truncated {
		t.Errorf("%+v", names)
	}
	_, err := k.PutKeyPolicy(t.Context(),
		&kms.PutKeyPolicyInput{KeyId: key.KeyId, Policy: aws.String("{}")})
	refused(t, err, "MalformedPolicyDocumentException", "*")
}
