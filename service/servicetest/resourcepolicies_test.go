package servicetest_test

import (
	"fmt"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// ofSecret is a resource policy of statements, each an effect, a principal and an action.
func ofSecret(statements ...[3]string) *string {
	var all []string
	for _, s := range statements {
		all = append(all, fmt.Sprintf(`{"Effect":%q,"Principal":{"AWS":%q},"Action":%q,"Resource":"*"}`,
			s[0], s[1], "secretsmanager:"+s[2]))
	}
	return aws.String(`{"Version":"2012-10-17","Statement":[` + strings.Join(all, ",") + `]}`)
}

// TestResourcePolicy_LikeTerraform_IsReadAsItWasPut: at every read a tool asks for the policy, and
// compares it; it is removed once more than it is there.
func TestResourcePolicy_LikeTerraform_IsReadAsItWasPut(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	arn := createSecret(t, c, "app/db", "x").ARN
	read := func() *string {
		out := must(c.GetResourcePolicy(t.Context(),
			&secretsmanager.GetResourcePolicyInput{SecretId: arn}))(t)
		if *out.ARN != *arn || *out.Name != "app/db" {
			t.Errorf("%+v", out)
		}
		return out.ResourcePolicy
	}
	if read() != nil {
		t.Error("a new secret has a policy")
	}
	text := ofSecret([3]string{"Allow", servicetest.RootARN, "*"})
	valid := must(c.ValidateResourcePolicy(t.Context(),
		&secretsmanager.ValidateResourcePolicyInput{ResourcePolicy: text}))(t)
	if !valid.PolicyValidationPassed || len(valid.ValidationErrors) != 0 {
		t.Errorf("%+v", valid)
	}
	put := must(c.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: arn,
		ResourcePolicy: text, BlockPublicPolicy: aws.Bool(true)}))(t)
	if *put.ARN != *arn || *put.Name != "app/db" || *read() != *text {
		t.Errorf("%+v, read %s", put, *read())
	}
	everybody := ofSecret([3]string{"Allow", "*", "GetSecretValue"})
	_, err := c.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: arn,
		ResourcePolicy: everybody, BlockPublicPolicy: aws.Bool(true)})
	refused(t, err, "PublicPolicyException",
		"You can't attach a resource-based policy that allows broad access to the secret.")
	_, err = c.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: arn,
		ResourcePolicy: aws.String("{")})
	refused(t, err, "MalformedPolicyDocumentException",
		"This resource policy contains a syntax error.")
	invalid := must(c.ValidateResourcePolicy(t.Context(),
		&secretsmanager.ValidateResourcePolicyInput{SecretId: arn, ResourcePolicy: everybody}))(t)
	if invalid.PolicyValidationPassed || len(invalid.ValidationErrors) != 1 {
		t.Errorf("%+v", invalid)
	}
	_, err = c.ValidateResourcePolicy(t.Context(),
		&secretsmanager.ValidateResourcePolicyInput{ResourcePolicy: aws.String("{")})
	refused(t, err, "MalformedPolicyDocumentException", "*")
	for range 2 {
		must(c.DeleteResourcePolicy(t.Context(),
			&secretsmanager.DeleteResourcePolicyInput{SecretId: arn}))(t)
		if read() != nil {
			t.Error("a policy that was removed is there")
		}
	}
	must(c.DeleteSecret(t.Context(), &secretsmanager.DeleteSecretInput{SecretId: arn}))(t)
	const marked = "You can't perform this operation on the secret because it was marked for deletion."
	for _, err := range []error{
		second(c.GetResourcePolicy(t.Context(), &secretsmanager.GetResourcePolicyInput{SecretId: arn})),
		second(c.DeleteResourcePolicy(t.Context(),
			&secretsmanager.DeleteResourcePolicyInput{SecretId: arn})),
		second(c.PutResourcePolicy(t.Context(),
			&secretsmanager.PutResourcePolicyInput{SecretId: arn, ResourcePolicy: text})),
		second(c.ValidateResourcePolicy(t.Context(),
			&secretsmanager.ValidateResourcePolicyInput{SecretId: arn, ResourcePolicy: text}))} {
		refused(t, err, "InvalidRequestException", marked)
	}
}

// TestResourcePolicy_OtherAccount_NeedsPolicyIdentityAndKey: a secret is shared if its policy, the
// other account and the key's policy allow it, each of them; the records say which did not.
func TestResourcePolicy_OtherAccount_NeedsPolicyIdentityAndKey(t *testing.T) {
	s := servicetest.Start(t)
	k, m := s.KMS(), s.SecretsManager()
	theirs := s.SecretsManager(servicetest.As(s.RootOf(t, otherAccount)))
	eveARN := "arn:aws:iam::" + otherAccount + ":user/eve"
	eve := s.SecretsManager(servicetest.As(s.UserOf(t, otherAccount, "eve")))
	through := `"Action":["kms:Decrypt","kms:GenerateDataKey"],"Condition":{"StringEquals":{` +
		`"kms:ViaService":"secretsmanager.` + servicetest.Region + `.amazonaws.com",` +
		`"kms:CallerAccount":"` + otherAccount + `"},"StringLike":{` +
		`"kms:EncryptionContext:SecretARN":"arn:aws:secretsmanager:*:*:secret:shared-*"}}`
	key := policed(t, k, statement("Allow", servicetest.RootARN, allActions),
		statement("Allow", otherAccount, through))
	make := func(name string, key *string) *string {
		arn := must(m.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: &name,
			SecretString: aws.String("x"), KmsKeyId: key}))(t).ARN
		must(m.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: arn,
			ResourcePolicy: ofSecret([3]string{"Allow", otherAccount, "GetSecretValue"},
				[3]string{"Allow", eveARN, "GetSecretValue"},
				[3]string{"Allow", otherAccount, "PutSecretValue"})}))(t)
		return arn
	}
	shared, closed, managed := make("shared", key), make("closed", key), make("managed", nil)
	get := func(c *secretsmanager.Client, id *string) (string, error) {
		out, err := c.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: id})
		if err != nil {
			return "", err
		}
		return *out.SecretString, nil
	}
	mark := s.Mark(t)
	if got := must(get(theirs, shared))(t); got != "x" {
		t.Errorf("they read %q", got)
	}
	asked := map[string]int{} // by whose trail it is in
	for _, r := range s.Trail(t, mark) {
		if r.ErrorCode == "" && r.UserIdentity.AccountID == otherAccount &&
			(r.EventName == "GetSecretValue" || r.EventName == "Decrypt") {
			asked[r.RecipientAccountID]++
		}
	}
	if asked[otherAccount] != 2 || asked[servicetest.Account] != 2 {
		t.Errorf("the trails don't have both the secret's use and the key's as theirs: %v", asked)
	}
	must(theirs.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: shared,
		SecretString: aws.String("y")}))(t)
	if got := must(get(m, shared))(t); got != "y" {
		t.Errorf("what they have put is %q to the owner", got)
	}
	_, err := get(theirs, closed)
	refused(t, err, "AccessDeniedException", "Access to KMS is not allowed")
	_, err = get(theirs, managed)
	refused(t, err, "InvalidRequestException", "You can't access a secret from a different AWS "+
		"account if you encrypt the secret with the default KMS service key.")
	_, err = get(eve, shared)
	refused(t, err, "AccessDeniedException", notAuthorized(eveARN, "secretsmanager:GetSecretValue",
		shared, "because no identity-based policy allows the secretsmanager:GetSecretValue action"))
	theirARN := "arn:aws:iam::" + otherAccount + ":root"
	absent := aws.String(strings.Replace(*shared, "shared", "absent", 1))
	for _, id := range []*string{shared, absent} {
		_, err = theirs.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: id})
		refused(t, err, "AccessDeniedException", notAuthorized(theirARN, "secretsmanager:DescribeSecret",
			id, notInPolicy("secretsmanager:DescribeSecret")))
	}
	if n := len(must(theirs.ListSecrets(t.Context(),
		&secretsmanager.ListSecretsInput{}))(t).SecretList); n != 0 {
		t.Errorf("they list %d secrets", n)
	}
	batch := must(theirs.BatchGetSecretValue(t.Context(), &secretsmanager.BatchGetSecretValueInput{
		SecretIdList: []string{*shared, *closed, *absent}}))(t)
	if len(batch.SecretValues) != 1 || *batch.SecretValues[0].SecretString != "y" ||
		len(batch.Errors) != 2 || *batch.Errors[0].ErrorCode != "AccessDeniedException" ||
		*batch.Errors[1].ErrorCode != "AccessDeniedException" {
		t.Errorf("%+v", batch)
	}
	must(k.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: key, Policy: aws.String(
		`{"Statement":[` + statement("Allow", servicetest.RootARN, allActions) + `]}`)}))(t)
	_, err = get(theirs, shared)
	refused(t, err, "AccessDeniedException", "Access to KMS is not allowed")
}

// TestResourcePolicy_UserOfTheAccount_NeedsNoMore: what the policy gives to a user by name is
// enough, and what it denies to the account is denied to root and user alike.
func TestResourcePolicy_UserOfTheAccount_NeedsNoMore(t *testing.T) {
	s := servicetest.Start(t)
	m, alice := s.SecretsManager(), s.SecretsManager(servicetest.As(s.User(t, "alice")))
	createSecret(t, m, "app", "x")
	id := aws.String("app")
	must(m.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: id,
		ResourcePolicy: ofSecret([3]string{"Allow", servicetest.UserARN("alice"), "*"},
			[3]string{"Deny", servicetest.RootARN, "RestoreSecret"})}))(t)
	must(alice.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: id}))(t)
	// The key that the service manages lets in whoever may use the service.
	if out := must(alice.GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: id}))(t); *out.SecretString != "x" {
		t.Errorf("%+v", out)
	}
	for who, c := range map[string]*secretsmanager.Client{servicetest.RootARN: m,
		servicetest.UserARN("alice"): alice} {
		_, err := c.RestoreSecret(t.Context(), &secretsmanager.RestoreSecretInput{SecretId: id})
		refused(t, err, "AccessDeniedException", notAuthorized(who, "secretsmanager:RestoreSecret", id,
			explicitly))
	}
}
