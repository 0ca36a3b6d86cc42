package servicetest_test

import (
	"fmt"
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// TestSharedSecret_AnotherAccount_NeedsAllThreePolicies: the secret's, that of the customer's key
// that it is under, and the reader's own. Each alone, and each two, open nothing.
func TestSharedSecret_AnotherAccount_NeedsAllThreePolicies(t *testing.T) {
	a := newAdministrator(t)
	s, ctx := a.s, t.Context()
	b := administratorOf(t, s, s.RootOf(t, foreignAccount))
	admin, keys := s.SecretsManager(servicetest.As(a.keys)), s.KMS(servicetest.As(a.keys))
	key := createKey(t, keys)
	secret := must(admin.CreateSecret(ctx, &secretsmanager.CreateSecretInput{
		Name: aws.String("shared/db"), SecretString: aws.String("1"), KmsKeyId: key.Arn}))(t).ARN
	reader := servicetest.As(b.user("reader"))
	who := "arn:aws:iam::" + foreignAccount + ":user/reader"

	ofKey := `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + servicetest.Account +
		`:root"},"Action":"kms:*","Resource":"*"}`
	shared := ofKey + `,{"Effect":"Allow","Principal":{"AWS":"` + who + `"},"Action":"kms:Decrypt",` +
		`"Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"secretsmanager.` +
		servicetest.Region + `.amazonaws.com"}}}`
	switches := map[string]func(on bool){
		"the secret's": func(on bool) {
			if !on {
				must(admin.DeleteResourcePolicy(ctx,
					&secretsmanager.DeleteResourcePolicyInput{SecretId: secret}))(t)
				return
			}
			must(admin.PutResourcePolicy(ctx, &secretsmanager.PutResourcePolicyInput{SecretId: secret,
				ResourcePolicy:    ofSecret([3]string{"Allow", who, "GetSecretValue"}),
				BlockPublicPolicy: aws.Bool(true)}))(t)
		},
		"the key's": func(on bool) {
			statements := ofKey
			if on {
				statements = shared
			}
			must(keys.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: key.KeyId,
				Policy: policyOf(statements)}))(t)
		},
		"the reader's": func(on bool) {
			statements := []string{permit("kms:ListKeys", "*", "")}
			if on {
				statements = []string{permit("secretsmanager:GetSecretValue", *secret, ""),
					permit("kms:Decrypt", *key.Arn, "")}
			}
			must(b.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("reader"),
				PolicyName: aws.String("own"), PolicyDocument: policyOf(statements...)}))(t)
		},
	}
	order := []string{"the secret's", "the key's", "the reader's"}
	for set := range 1 << len(order) {
		on := ""
		for i, name := range order {
			if given := set>>i&1 == 1; given {
				on += " " + name
				switches[name](true)
			} else {
				switches[name](false)
			}
		}
		err := reads(t, s, reader, *secret)
		if (err == nil) != (set == 1<<len(order)-1) {
			t.Errorf("with the policies:%s: %v", on, err)
		}
	}
	// The key serves through the secret alone, and the secret has a name only at home.
	_, err := s.KMS(reader).Encrypt(ctx, &kms.EncryptInput{KeyId: key.Arn, Plaintext: []byte("x")})
	refused(t, err, "AccessDeniedException", "*")
	if err := reads(t, s, reader, "shared/db"); err == nil {
		t.Error("another account's secret was found by its name")
	}
	_, err = s.SecretsManager(reader).DescribeSecret(ctx,
		&secretsmanager.DescribeSecretInput{SecretId: secret})
	refused(t, err, "AccessDeniedException", "*")
}

// TestSharedSecret_UnderTheDefaultKey_StaysAtHome: aws/secretsmanager is of its account alone,
// whatever the secret's policy says.
func TestSharedSecret_UnderTheDefaultKey_StaysAtHome(t *testing.T) {
	a := newAdministrator(t)
	s, ctx := a.s, t.Context()
	b := administratorOf(t, s, s.RootOf(t, foreignAccount))
	admin := s.SecretsManager(servicetest.As(a.keys))
	secret := createSecret(t, admin, "shared/db", "1").ARN
	must(admin.PutResourcePolicy(ctx, &secretsmanager.PutResourcePolicyInput{SecretId: secret,
		ResourcePolicy: ofSecret([3]string{"Allow", foreignAccount, "GetSecretValue"})}))(t)
	reader := servicetest.As(b.user("reader", permit("*", "*", "")))
	refused(t, reads(t, s, reader, *secret), "InvalidRequestException", "You can't access a secret "+
		"from a different AWS account if you encrypt the secret with the default KMS service key.")
}

// TestRevocation_EachWay_CountsFromTheNextRequest: for a user and for a session of a role, at both
// services.
func TestRevocation_EachWay_CountsFromTheNextRequest(t *testing.T) {
	a := newAdministrator(t)
	s, ctx := a.s, t.Context()
	secret := *createSecret(t, s.SecretsManager(servicetest.As(a.keys)), "shop/db", "1").ARN
	everything := []string{permit("secretsmanager:*", "*", ""), permit("kms:ListKeys", "*", "")}
	arn := a.policy("everything", everything...)
	name := aws.String("till")
	const unknown = "UnrecognizedClientException"
	type holder struct {
		as   servicetest.ClientOption
		keys aws.Credentials
	}
	user := func() holder {
		must(a.CreateUser(ctx, &iam.CreateUserInput{UserName: name}))(t)
		must(a.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: name, PolicyArn: arn}))(t)
		keys := a.key(*name)
		return holder{servicetest.As(keys), keys}
	}
	without := func(h holder) {
		must(a.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: name, PolicyArn: arn}))(t)
	}
	deleted := func(h holder) {
		without(h)
		must(a.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: name,
			AccessKeyId: &h.keys.AccessKeyID}))(t)
		must(a.DeleteUser(ctx, &iam.DeleteUserInput{UserName: name}))(t)
	}
	role := a.role("till", trustedBy(servicetest.UserARN("ann"), ""), everything...)
	session := func() holder {
		must(a.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name,
			PolicyName: aws.String("own"), PolicyDocument: policyOf(everything...)}))(t)
		c := must(assumes(s, servicetest.As(a.keys), role).Retrieve(ctx))(t)
		return holder{servicetest.As(c), c}
	}
	for _, c := range []struct {
		name   string
		hold   func() holder
		revoke func(holder)
		code   string
	}{
		{"a user's policy is detached", user, without, "AccessDeniedException"},
		{"a user's key is disabled", user, func(h holder) {
			must(a.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: name,
				AccessKeyId: &h.keys.AccessKeyID, Status: "Inactive"}))(t)
		}, unknown},
		{"a user is deleted", user, deleted, unknown},
		{"a user's session outlives him", func() holder {
			h := user()
			got := must(s.STS(h.as).GetSessionToken(ctx, nil))(t).Credentials
			return holder{servicetest.As(aws.Credentials{AccessKeyID: *got.AccessKeyId,
				SecretAccessKey: *got.SecretAccessKey, SessionToken: *got.SessionToken}), h.keys}
		}, deleted, unknown},
		{"a role's sessions are revoked", session, func(holder) {
			s.Clock.Advance(time.Second)
			accepted(t, s.Service().RevokeRole(ctx, role, s.Clock.Now(), "claviger test"))
		}, "ExpiredTokenException"},
		{"one session is revoked", session, func(h holder) {
			accepted(t, s.Service().RevokeSession(ctx, h.keys.AccessKeyID, "claviger test"))
		}, "ExpiredTokenException"},
		{"a role's policy is deleted", session, func(holder) {
			must(a.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name,
				PolicyName: aws.String("own")}))(t)
		}, "AccessDeniedException"},
		{"a policy denies older sessions, as AWS's console has it", session, func(holder) {
			s.Clock.Advance(time.Second)
			must(a.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name,
				PolicyName: aws.String("AWSRevokeOlderSessions"), PolicyDocument: policyOf(
					`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{` +
						`"aws:TokenIssueTime":"` + s.Clock.Now().UTC().Format(time.RFC3339) + `"}}}`)}))(t)
		}, "AccessDeniedException"},
		{"a role is deleted", session, func(holder) {
			for _, policy := range []string{"own", "AWSRevokeOlderSessions"} {
				must(a.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name,
					PolicyName: &policy}))(t)
			}
			must(a.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name}))(t)
		}, unknown},
	} {
		s.Clock.Advance(time.Second)
		h := c.hold()
		use := func() map[string]error {
			return map[string]error{"a secret": reads(t, s, h.as, secret),
				"keys": second(s.KMS(h.as).ListKeys(ctx, &kms.ListKeysInput{}))}
		}
		for what, err := range use() {
			if err != nil {
				t.Errorf("before %s: %s: %v", c.name, what, err)
			}
		}
		c.revoke(h)
		for what, err := range use() {
			t.Run(fmt.Sprint(c.name, ": ", what), func(t *testing.T) { refused(t, err, c.code, "*") })
		}
		a.sweep(*name)
	}
}

// sweep deletes what is left of a user.
func (a *accountAdmin) sweep(name string) {
	a.t.Helper()
	ctx := a.t.Context()
	keys, err := a.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: &name})
	if err != nil {
		return // nothing is left
	}
	for _, k := range keys.AccessKeyMetadata {
		must(a.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: &name,
			AccessKeyId: k.AccessKeyId}))(a.t)
	}
	attached := must(a.ListAttachedUserPolicies(ctx,
		&iam.ListAttachedUserPoliciesInput{UserName: &name}))(a.t)
	for _, p := range attached.AttachedPolicies {
		must(a.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: &name,
			PolicyArn: p.PolicyArn}))(a.t)
	}
	must(a.DeleteUser(ctx, &iam.DeleteUserInput{UserName: &name}))(a.t)
}
