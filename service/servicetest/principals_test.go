package servicetest_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// deleteUser deletes a user with its access keys, and returns the unique id that it had.
func deleteUser(t testing.TB, s *servicetest.Server, name string) (id string) {
	t.Helper()
	c := s.IAM()
	id = *must(c.GetUser(t.Context(), &iam.GetUserInput{UserName: &name}))(t).User.UserId
	keys := must(c.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: &name}))(t)
	for _, k := range keys.AccessKeyMetadata {
		must(c.DeleteAccessKey(t.Context(),
			&iam.DeleteAccessKeyInput{UserName: &name, AccessKeyId: k.AccessKeyId}))(t)
	}
	must(c.DeleteUser(t.Context(), &iam.DeleteUserInput{UserName: &name}))(t)
	return id
}

func createRole(t testing.TB, s *servicetest.Server, name, document string) (arn string) {
	t.Helper()
	return *must(s.IAM().CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name,
		AssumeRolePolicyDocument: &document}))(t).Role.Arn
}

// trustOf returns the trust policy of a role as it is read.
func trustOf(t testing.TB, s *servicetest.Server, role string) string {
	t.Helper()
	r := must(s.IAM().GetRole(t.Context(), &iam.GetRoleInput{RoleName: &role}))(t).Role
	return must(url.PathUnescape(*r.AssumeRolePolicyDocument))(t)
}

// TestPrincipal_DeletedAndMadeAgain_IsSomebodyElse: no key policy, no grant, no secret's policy, no
// trust policy and no group means who was made under a name of before. They show the unique id of
// who is gone, and the bytes that were given as long as he is there.
func TestPrincipal_DeletedAndMadeAgain_IsSomebodyElse(t *testing.T) {
	s := servicetest.Start(t)
	root, m := s.KMS(), s.SecretsManager()
	arn := servicetest.UserARN("alice")
	alice := s.User(t, "alice")
	as := func() *kms.Client { return s.KMS(servicetest.As(alice)) }
	everybody := statement("Allow", servicetest.RootARN, allActions)
	named := policed(t, root, everybody, statement("Allow", arn, `"Action":"kms:DescribeKey"`))
	granted := createKey(t, root).KeyId
	grant := must(root.CreateGrant(t.Context(), &kms.CreateGrantInput{KeyId: granted,
		GranteePrincipal: &arn, RetiringPrincipal: &arn,
		Operations: []types.GrantOperation{"DescribeKey"}}))(t)
	secret := *createSecret(t, m, "s", "x").ARN
	resource := `{ "Statement":` + statement("Allow", arn,
		`"Action":"secretsmanager:DescribeSecret"`) + "}"
	must(m.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{SecretId: &secret,
		ResourcePolicy: &resource}))(t)
	createRole(t, s, "r", trust("AWS", arn))
	group(t, s, "g", "kms:ListKeys", "alice")

	uses := map[string]func() error{
		"a key policy": func() error {
			return second(as().DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: named}))
		},
		"a grant": func() error {
			return second(as().DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: granted}))
		},
		"a secret's policy": func() error {
			return second(s.SecretsManager(servicetest.As(alice)).DescribeSecret(t.Context(),
				&secretsmanager.DescribeSecretInput{SecretId: &secret}))
		},
		"what he may retire": func() error {
			return second(as().ListRetirableGrants(t.Context(),
				&kms.ListRetirableGrantsInput{RetiringPrincipal: &arn}))
		},
		"a group": func() error { return second(as().ListKeys(t.Context(), &kms.ListKeysInput{})) },
	}
	for name, use := range uses {
		if err := use(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	shown := func() (texts map[string]string) {
		return map[string]string{
			"the key policy": *must(root.GetKeyPolicy(t.Context(),
				&kms.GetKeyPolicyInput{KeyId: named}))(t).Policy,
			"the grants": grantees(t, root, granted),
			"the secret's policy": *must(m.GetResourcePolicy(t.Context(),
				&secretsmanager.GetResourcePolicyInput{SecretId: &secret}))(t).ResourcePolicy,
			"the trust policy": trustOf(t, s, "r"),
		}
	}
	before := shown()
	if before["the secret's policy"] != resource || before["the trust policy"] != trust("AWS", arn) {
		t.Errorf("read as %q", before)
	}

	must(s.IAM().RemoveUserFromGroup(t.Context(), &iam.RemoveUserFromGroupInput{
		GroupName: aws.String("g"), UserName: aws.String("alice")}))(t)
	id := deleteUser(t, s, "alice")
	for _, when := range []string{"deleted", "made again", "after a restart"} {
		for what, text := range shown() {
			if text != strings.ReplaceAll(before[what], arn, id) {
				t.Errorf("%s: %s is read as %s", when, what, text)
			}
		}
		switch when {
		case "deleted":
			alice = s.User(t, "alice")
		case "made again":
			s.Restart(t, nil)
		}
		for name, use := range uses {
			if name != "what he may retire" { // nothing, and he may know that
				refused(t, use(), "AccessDeniedException", "*")
			} else if err := use(); err != nil {
				t.Error(err)
			}
		}
	}
	if left := must(as().ListRetirableGrants(t.Context(),
		&kms.ListRetirableGrantsInput{RetiringPrincipal: &arn}))(t).Grants; len(left) != 0 {
		t.Errorf("he may retire %+v", left)
	}
	refused(t, second(as().RetireGrant(t.Context(),
		&kms.RetireGrantInput{GrantToken: grant.GrantToken})), "AccessDeniedException", "*")
	// What is saved again means who is there now.
	must(root.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: named,
		Policy: aws.String(before["the key policy"])}))(t)
	if err := uses["a key policy"](); err != nil {
		t.Errorf("saved again: %v", err)
	}
}

// grantees are the principals of the grants of a key, as JSON.
func grantees(t testing.TB, c *kms.Client, id *string) string {
	t.Helper()
	var out []*string
	for _, g := range must(c.ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: id}))(t).Grants {
		out = append(out, g.GranteePrincipal, g.RetiringPrincipal)
	}
	return string(must(json.Marshal(out))(t))
}

// TestPrincipal_NotThere_IsRefusedWhereverOneIsNamed, in the words of each service. An account need
// not be known.
func TestPrincipal_NotThere_IsRefusedWhereverOneIsNamed(t *testing.T) {
	s := servicetest.Start(t)
	root, m := s.KMS(), s.SecretsManager()
	key := createKey(t, root).KeyId
	secret := createSecret(t, m, "s", "x").ARN
	s.UserOf(t, otherAccount, "eve")
	s.User(t, "gone")
	id := deleteUser(t, s, "gone")
	s.User(t, "alice")
	createRole(t, s, "r", trust("AWS", servicetest.Account))
	everybody := statement("Allow", servicetest.RootARN, allActions)
	for _, c := range []struct {
		principal string
		there     bool
	}{
		{servicetest.UserARN("alice"), true}, {servicetest.UserARN("Alice"), false},
		{servicetest.UserARN("path/alice"), false}, {servicetest.UserARN("nemo"), false},
		{servicetest.UserARN("gone"), false}, {id, false},
		{"arn:aws:iam::" + servicetest.Account + ":role/r", true},
		{"arn:aws:iam::" + servicetest.Account + ":role/alice", false},
		{"arn:aws:iam::" + otherAccount + ":user/eve", true},
		{"arn:aws:iam::" + otherAccount + ":user/alice", false},
		{"arn:aws:iam::121212121212:user/eve", false}, {"121212121212", true},
		{"arn:aws:iam::121212121212:root", true},
		{"arn:aws:sts::" + servicetest.Account + ":assumed-role/r/s", true},
	} {
		key2 := `{"Statement":[` + everybody + "," + statement("Allow", c.principal, allActions) + "]}"
		resource := `{"Statement":` + statement("Allow", c.principal,
			`"Action":"secretsmanager:GetSecretValue"`) + "}"
		trusted := trust("AWS", c.principal)
		answers := map[string]error{
			"Policy contains a statement with one or more invalid principals.": second(
				root.PutKeyPolicy(t.Context(), &kms.PutKeyPolicyInput{KeyId: key, Policy: &key2})),
			"This resource policy contains an unsupported principal.": second(
				m.PutResourcePolicy(t.Context(), &secretsmanager.PutResourcePolicyInput{
					SecretId: secret, ResourcePolicy: &resource})),
			`Invalid principal in policy: "AWS":"` + c.principal + `"`: second(
				s.IAM().UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{
					RoleName: aws.String("r"), PolicyDocument: &trusted})),
		}
		if strings.HasPrefix(c.principal, "arn:") {
			answers["ARN does not refer to a valid principal: "+c.principal] = second(
				root.CreateGrant(t.Context(), &kms.CreateGrantInput{KeyId: key,
					GranteePrincipal: &c.principal, Operations: []types.GrantOperation{"Decrypt"}}))
		}
		for text, err := range answers {
			code := "MalformedPolicyDocumentException"
			switch {
			case strings.HasPrefix(text, "Invalid principal"):
				code = "MalformedPolicyDocument"
			case strings.HasPrefix(text, "ARN "):
				code = "InvalidArnException"
			}
			switch {
			case !c.there && err == nil:
				t.Errorf("%s was taken, want: %s", c.principal, text)
			case !c.there:
				refused(t, err, code, text)
			case err != nil:
				t.Errorf("%s: %v", c.principal, err)
			}
		}
	}
}

// TestPrincipal_Renamed_IsStillNamed, and read by the name that he has now.
func TestPrincipal_Renamed_IsStillNamed(t *testing.T) {
	s := servicetest.Start(t)
	root, alice := s.KMS(), s.KMS(servicetest.As(s.User(t, "alice")))
	key := policed(t, root, statement("Allow", servicetest.RootARN, allActions),
		statement("Allow", servicetest.UserARN("alice"), `"Action":"kms:DescribeKey"`))
	must(s.IAM().UpdateUser(t.Context(), &iam.UpdateUserInput{UserName: aws.String("alice"),
		NewUserName: aws.String("alicia"), NewPath: aws.String("/team/")}))(t)
	must(alice.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: key}))(t)
	text := *must(root.GetKeyPolicy(t.Context(), &kms.GetKeyPolicyInput{KeyId: key}))(t).Policy
	if !strings.Contains(text, servicetest.UserARN("team/alicia")) {
		t.Errorf("read as %s", text)
	}
}
