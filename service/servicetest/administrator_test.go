package servicetest_test

import (
	"strings"
	"testing"

	"claviger/service"
	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const administratorAccess = "arn:aws:iam::aws:policy/AdministratorAccess"

// accountAdmin is a user in a group of administrators, at work with the SDK: root has made it and
// isn't needed any more.
type accountAdmin struct {
	*iam.Client

	t    testing.TB
	s    *servicetest.Server
	keys aws.Credentials
}

func newAdministrator(t testing.TB, options ...func(*service.Config)) *accountAdmin {
	t.Helper()
	s := servicetest.Start(t, options...)
	return administratorOf(t, s, s.Root)
}

// administratorOf makes one in the account of a root user.
func administratorOf(t testing.TB, s *servicetest.Server, root aws.Credentials) *accountAdmin {
	t.Helper()
	ctx, c := t.Context(), s.IAM(servicetest.As(root))
	must(c.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("administrators")}))(t)
	must(c.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{
		GroupName: aws.String("administrators"), PolicyArn: aws.String(administratorAccess)}))(t)
	must(c.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("ann")}))(t)
	must(c.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: aws.String("administrators"),
		UserName: aws.String("ann")}))(t)
	a := &accountAdmin{t: t, s: s, Client: c}
	a.keys = a.key("ann")
	a.Client = s.IAM(servicetest.As(a.keys))
	return a
}

// key makes an access key.
func (a *accountAdmin) key(user string) aws.Credentials {
	a.t.Helper()
	made := must(a.CreateAccessKey(a.t.Context(), &iam.CreateAccessKeyInput{UserName: &user}))(a.t)
	return aws.Credentials{AccessKeyID: *made.AccessKey.AccessKeyId,
		SecretAccessKey: *made.AccessKey.SecretAccessKey}
}

// user makes a user with an inline policy of these statements, and an access key.
func (a *accountAdmin) user(name string, statements ...string) aws.Credentials {
	a.t.Helper()
	must(a.CreateUser(a.t.Context(), &iam.CreateUserInput{UserName: &name}))(a.t)
	if len(statements) > 0 {
		must(a.PutUserPolicy(a.t.Context(), &iam.PutUserPolicyInput{UserName: &name,
			PolicyName: aws.String("own"), PolicyDocument: policyOf(statements...)}))(a.t)
	}
	return a.key(name)
}

// policy makes a managed policy and returns its ARN.
func (a *accountAdmin) policy(name string, statements ...string) *string {
	a.t.Helper()
	return must(a.CreatePolicy(a.t.Context(), &iam.CreatePolicyInput{PolicyName: &name,
		PolicyDocument: policyOf(statements...)}))(a.t).Policy.Arn
}

// role makes a role with an inline policy of these statements and returns its ARN.
func (a *accountAdmin) role(name, trust string, statements ...string) string {
	a.t.Helper()
	made := must(a.CreateRole(a.t.Context(), &iam.CreateRoleInput{RoleName: &name,
		AssumeRolePolicyDocument: policyOf(trust)}))(a.t)
	must(a.PutRolePolicy(a.t.Context(), &iam.PutRolePolicyInput{RoleName: &name,
		PolicyName: aws.String("own"), PolicyDocument: policyOf(statements...)}))(a.t)
	return *made.Role.Arn
}

func policyOf(statements ...string) *string {
	return aws.String(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`)
}

// permit allows an action on a resource; rest is more of the statement, or nothing.
func permit(action, resource, rest string) string {
	return `{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"` + rest + `}`
}

// trustedBy allows a principal to assume a role.
func trustedBy(principal, rest string) string {
	return `{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"sts:AssumeRole"` +
		rest + `}`
}

// reads reads a secret, and returns what is wrong.
func reads(t testing.TB, s *servicetest.Server, who servicetest.ClientOption, secret string) error {
	t.Helper()
	_, err := s.SecretsManager(who).GetSecretValue(t.Context(),
		&secretsmanager.GetSecretValueInput{SecretId: &secret})
	return err
}

const shopSecrets = "arn:aws:secretsmanager:*:*:secret:shop/*"

// TestAdministrator_ManagedPolicy_DecidesByItsDefaultVersion: with groups, versions and a boundary,
// each of which counts from the next request on.
func TestAdministrator_ManagedPolicy_DecidesByItsDefaultVersion(t *testing.T) {
	a := newAdministrator(t)
	s, ctx := a.s, t.Context()
	admin := s.SecretsManager(servicetest.As(a.keys))
	db := *createSecret(t, admin, "shop/db", "1").ARN
	spare := *createSecret(t, admin, "shop/spare", "2").ARN
	foreign := *createSecret(t, admin, "bank/db", "3").ARN
	arn := a.policy("shop-read", permit("secretsmanager:GetSecretValue", shopSecrets, ""))
	till := servicetest.As(a.user("till"))
	refused(t, reads(t, s, till, db), "AccessDeniedException", "*")
	must(a.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: aws.String("tills")}))(t)
	must(a.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: aws.String("tills"),
		PolicyArn: arn}))(t)
	must(a.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: aws.String("tills"),
		UserName: aws.String("till")}))(t)
	accepted(t, reads(t, s, till, db))
	accepted(t, reads(t, s, till, spare))
	refused(t, reads(t, s, till, foreign), "AccessDeniedException", "*")
	_, err := s.SecretsManager(till).PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &db, SecretString: aws.String("x")})
	refused(t, err, "AccessDeniedException", "*")

	made := must(a.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: arn,
		SetAsDefault: true, PolicyDocument: policyOf(permit("secretsmanager:GetSecretValue", shopSecrets,
			""), strings.Replace(permit("*", spare, ""), "Allow", "Deny", 1))}))(t)
	accepted(t, reads(t, s, till, db))
	refused(t, reads(t, s, till, spare), "AccessDeniedException", "User: "+servicetest.UserARN("till")+
		" is not authorized to perform: secretsmanager:GetSecretValue on resource: "+spare+
		" with an explicit deny in an identity-based policy")
	must(a.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: arn,
		VersionId: aws.String("v1")}))(t)
	accepted(t, reads(t, s, till, spare))
	must(a.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: arn,
		VersionId: made.PolicyVersion.VersionId}))(t)

	// Whoever reads a secret uses its key, which a boundary bounds too.
	boundary := a.policy("only-db", permit("*", db, ""), permit("kms:Decrypt", "*", ""))
	must(a.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{
		UserName: aws.String("till"), PermissionsBoundary: boundary}))(t)
	accepted(t, reads(t, s, till, db))
	refused(t, reads(t, s, till, spare), "AccessDeniedException", "User: "+servicetest.UserARN("till")+
		" is not authorized to perform: secretsmanager:GetSecretValue on resource: "+spare+
		" because no permissions boundary allows the secretsmanager:GetSecretValue action")
	must(a.DeleteUserPermissionsBoundary(ctx, &iam.DeleteUserPermissionsBoundaryInput{
		UserName: aws.String("till")}))(t)
	accepted(t, reads(t, s, till, spare))
}

// TestAdministrator_Delegated_MakesUsersWithinItsBoundaryAlone: whoever may make users only with a
// boundary can give nobody, itself included, more than that.
func TestAdministrator_Delegated_MakesUsersWithinItsBoundaryAlone(t *testing.T) {
	a := newAdministrator(t)
	ctx := t.Context()
	boundary := a.policy("within", permit("secretsmanager:*", shopSecrets, ""),
		permit("kms:*", "*", ""))
	bound := `,"Condition":{"StringEquals":{"iam:PermissionsBoundary":"` + *boundary + `"}}`
	lead := a.s.IAM(servicetest.As(a.user("lead", permit("iam:CreateUser", "*", bound),
		permit("iam:AttachUserPolicy", "*", bound), permit("iam:CreateAccessKey", "*", ""))))
	_, err := lead.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("till")})
	refused(t, err, "AccessDenied", "*")
	must(lead.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("till"),
		PermissionsBoundary: boundary}))(t)
	for user, ok := range map[string]bool{"till": true, "lead": false, "ann": false} {
		_, err := lead.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: &user,
			PolicyArn: aws.String(administratorAccess)})
		if (err == nil) != ok {
			t.Errorf("a policy is attached to %s: %v", user, err)
		}
	}
	_, err = lead.DeleteUserPermissionsBoundary(ctx,
		&iam.DeleteUserPermissionsBoundaryInput{UserName: aws.String("till")})
	refused(t, err, "AccessDenied", "*")
	made := must(lead.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("till")}))(t)
	till := servicetest.As(aws.Credentials{AccessKeyID: *made.AccessKey.AccessKeyId,
		SecretAccessKey: *made.AccessKey.SecretAccessKey})
	createSecret(t, a.s.SecretsManager(till), "shop/db", "1")
	_, err = a.s.IAM(till).ListUsers(ctx, &iam.ListUsersInput{})
	refused(t, err, "AccessDenied", "*")
}

// TestAdministrator_RootPutAway_StaysAway: the access key of the root user is disabled by an
// administrator's own hand, who goes on without it; a simulation says what a user may do.
func TestAdministrator_RootPutAway_StaysAway(t *testing.T) {
	a := newAdministrator(t)
	ctx := t.Context()
	root := a.s.IAM()
	must(root.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{AccessKeyId: &a.s.Root.AccessKeyID,
		Status: types.StatusTypeInactive}))(t)
	_, err := a.s.STS().GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	refused(t, err, "InvalidClientTokenId", "*")
	summary := must(a.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{}))(t).SummaryMap
	if summary["Users"] != 2 || summary["Groups"] != 1 {
		t.Errorf("the summary is %v", summary)
	}
	keys := a.user("till", permit("kms:Decrypt", "*", ""))
	out := must(a.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String(servicetest.UserARN("till")),
		ActionNames:     []string{"kms:Decrypt", "kms:Encrypt"}}))(t).EvaluationResults
	if out[0].EvalDecision != types.PolicyEvaluationDecisionTypeAllowed ||
		out[1].EvalDecision != types.PolicyEvaluationDecisionTypeImplicitDeny {
		t.Errorf("simulated: %s, %s", out[0].EvalDecision, out[1].EvalDecision)
	}
	used := must(a.GetAccessKeyLastUsed(ctx,
		&iam.GetAccessKeyLastUsedInput{AccessKeyId: &keys.AccessKeyID}))(t)
	if *used.UserName != "till" {
		t.Errorf("the key is %s's", *used.UserName)
	}
}
