package servicetest_test

import (
	"strings"
	"testing"
	"time"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// TestRole_MadeAndChanged_IsReadBack: its trust policy byte for byte.
func TestRole_MadeAndChanged_IsReadBack(t *testing.T) {
	s := servicetest.Start(t)
	c, name := s.IAM(), aws.String("r")
	document := "{ \"Version\": \"2012-10-17\",\n\t\"Statement\": [" +
		`{"Effect":"Allow","Principal":{"AWS":"` + servicetest.NobodyARN + `"},` +
		`"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"a/b+c ü~*"}}}]}`
	made := must(c.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: name,
		Path: aws.String("/a/"), AssumeRolePolicyDocument: &document, Description: aws.String("d"),
		MaxSessionDuration: aws.Int32(7200),
		Tags:               []types.Tag{{Key: aws.String("Team"), Value: aws.String("x")}}}))(t).Role
	if made.MaxSessionDuration != nil || made.RoleLastUsed != nil || *made.Description != "d" ||
		*made.Arn != "arn:aws:iam::"+servicetest.Account+":role/a/r" || len(made.Tags) != 1 ||
		!strings.HasPrefix(*made.RoleId, "AROA") {
		t.Errorf("made as %+v", made)
	}
	if got := trustOf(t, s, "r"); got != document {
		t.Errorf("its trust policy is read as %q", got)
	}
	must(c.UpdateRole(t.Context(), &iam.UpdateRoleInput{RoleName: name,
		MaxSessionDuration: aws.Int32(3600)}))(t)
	must(c.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: name,
		PolicyDocument: aws.String(trust("AWS", servicetest.Account))}))(t)
	changed := must(c.UpdateRoleDescription(t.Context(), &iam.UpdateRoleDescriptionInput{
		RoleName: name, Description: aws.String("e")}))(t).Role
	if *changed.Description != "e" || *changed.MaxSessionDuration != 3600 {
		t.Errorf("changed to %+v", changed)
	}
	must(c.TagRole(t.Context(), &iam.TagRoleInput{RoleName: name,
		Tags: []types.Tag{{Key: aws.String("TEAM"), Value: aws.String("y")}}}))(t)
	got := must(c.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("R")}))(t).Role
	if *got.RoleName != "r" || *got.Description != "e" || got.RoleLastUsed == nil ||
		got.RoleLastUsed.LastUsedDate != nil || len(got.Tags) != 1 || *got.Tags[0].Key != "TEAM" {
		t.Errorf("read as %+v", got)
	}
	if text := trustOf(t, s, "r"); text != trust("AWS", servicetest.Account) {
		t.Errorf("its other trust policy is read as %q", text)
	}
	listed := must(c.ListRoles(t.Context(), &iam.ListRolesInput{PathPrefix: aws.String("/a")}))(t)
	if len(listed.Roles) != 1 || listed.Roles[0].Tags != nil ||
		*listed.Roles[0].MaxSessionDuration != 3600 || listed.Roles[0].RoleLastUsed != nil {
		t.Errorf("listed as %+v", listed.Roles)
	}
	must(c.UntagRole(t.Context(),
		&iam.UntagRoleInput{RoleName: name, TagKeys: []string{"team"}}))(t)
	tags := must(c.ListRoleTags(t.Context(), &iam.ListRoleTagsInput{RoleName: name}))(t).Tags
	profiles := must(c.ListInstanceProfilesForRole(t.Context(),
		&iam.ListInstanceProfilesForRoleInput{RoleName: name}))(t).InstanceProfiles
	if len(tags) != 0 || profiles == nil || len(profiles) != 0 {
		t.Errorf("tags %+v, instance profiles %+v", tags, profiles)
	}
	must(c.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: name}))(t)
	refused(t, second(c.GetRole(t.Context(), &iam.GetRoleInput{RoleName: name})), "NoSuchEntity",
		"The role with name r cannot be found.")
}

// TestRole_BadTrustPolicy_IsRefused in IAM's words, when it is made and when it is changed.
func TestRole_BadTrustPolicy_IsRefused(t *testing.T) {
	s := servicetest.Start(t)
	c := s.IAM()
	createRole(t, s, "r", trust("AWS", servicetest.Account))
	provider := "arn:aws:iam::" + servicetest.Account + ":oidc-provider/issuer.example"
	long := strings.Replace(trust("AWS", servicetest.Account), "{", `{"Id":"`+
		strings.Repeat("a", 2048)+`",`, 1)
	for document, want := range map[string][2]string{
		"nonsense": {"MalformedPolicyDocument", "This policy contains invalid Json"},
		`{"Version":"2012-10-17","Statement":[]}`: {"MalformedPolicyDocument",
			"Could not parse the policy: Statement is empty!"},
		strings.Replace(trust("AWS", servicetest.Account), "sts:AssumeRole", "kms:Decrypt", 1): {
			"MalformedPolicyDocument", "AssumeRole policy may only specify STS AssumeRole actions."},
		trust("Federated", provider): {"MalformedPolicyDocument",
			`Invalid principal in policy: "FEDERATED":"` + provider + `"`},
		trust("Federated", strings.Replace(provider, "oidc", "saml", 1)): {"MalformedPolicyDocument",
			`Invalid principal in policy: "FEDERATED":"` + strings.Replace(provider, "oidc", "saml",
				1) + `"`},
		trust("AWS", servicetest.UserARN("nemo")): {"MalformedPolicyDocument",
			`Invalid principal in policy: "AWS":"` + servicetest.UserARN("nemo") + `"`},
		long: {"LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048"},
	} {
		refused(t, second(c.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("n"),
			AssumeRolePolicyDocument: &document})), want[0], want[1])
		refused(t, second(c.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{
			RoleName: aws.String("r"), PolicyDocument: &document})), want[0], want[1])
	}
	for _, document := range []string{trust("Federated", "accounts.google.com"),
		trust("Service", "ec2.amazonaws.com"), trust("AWS", "*")} {
		must(c.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{
			RoleName: aws.String("r"), PolicyDocument: &document}))(t)
	}
}

// TestRole_NamesAndQuotas_AreHeldTo, in IAM's words.
func TestRole_NamesAndQuotas_AreHeldTo(t *testing.T) {
	s := servicetest.Start(t)
	c, name, document := s.IAM(), aws.String("r"), trust("AWS", servicetest.Account)
	createRole(t, s, "r", document)
	create := func(in iam.CreateRoleInput) error {
		in.RoleName, in.AssumeRolePolicyDocument = aws.String("R"), &document
		return second(c.CreateRole(t.Context(), &in))
	}
	pair := func(key string) types.Tag { return types.Tag{Key: &key, Value: aws.String("v")} }
	var fifty []types.Tag
	for i := range 50 {
		fifty = append(fifty, pair("k"+strings.Repeat("i", i)))
	}
	tag := func(tags ...types.Tag) error {
		return second(c.TagRole(t.Context(), &iam.TagRoleInput{RoleName: name, Tags: tags}))
	}
	refused(t, create(iam.CreateRoleInput{}), "EntityAlreadyExists",
		"Role with name R already exists.")
	refused(t, create(iam.CreateRoleInput{Path: aws.String("/aws-service-role/kms.amazonaws.com/")}),
		"InvalidInput", "Path prefix '/aws-service-role/' can only be used for AWS Service linked Roles")
	twice := "Duplicate tag keys found. Please note that Tag keys are case insensitive."
	refused(t, create(iam.CreateRoleInput{Tags: []types.Tag{pair("a"), pair("A")}}), "InvalidInput",
		twice)
	refused(t, tag(pair("a"), pair("A")), "InvalidInput", twice)
	accepted(t, tag(fifty...))
	refused(t, tag(pair("another")), "LimitExceeded",
		"The number of tags has reached the maximum limit.")
	must(c.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: name}))(t)
	boundary := "arn:aws:iam::" + servicetest.Account + ":policy/none"
	refused(t, create(iam.CreateRoleInput{PermissionsBoundary: &boundary}), "NoSuchEntity",
		"Scope ARN: "+boundary+" does not exist or is not attachable.")
}

// TestDeleteRole_WithPolicies_IsRefused: what goes with it would be gone unseen.
func TestDeleteRole_WithPolicies_IsRefused(t *testing.T) {
	s := servicetest.Start(t)
	c, name, inline := s.IAM(), aws.String("r"), aws.String("p")
	createRole(t, s, "r", trust("AWS", servicetest.Account))
	document := aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow",` +
		`"Action":"kms:*","Resource":"*"}}`)
	must(c.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: name, PolicyName: inline,
		PolicyDocument: document}))(t)
	managed := must(c.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: inline,
		PolicyDocument: document}))(t).Policy.Arn
	must(c.AttachRolePolicy(t.Context(),
		&iam.AttachRolePolicyInput{RoleName: name, PolicyArn: managed}))(t)
	del := func() error {
		return second(c.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: name}))
	}
	refused(t, del(), "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	must(c.DetachRolePolicy(t.Context(),
		&iam.DetachRolePolicyInput{RoleName: name, PolicyArn: managed}))(t)
	refused(t, del(), "DeleteConflict", "Cannot delete entity, must delete policies first.")
	must(c.DeleteRolePolicy(t.Context(),
		&iam.DeleteRolePolicyInput{RoleName: name, PolicyName: inline}))(t)
	accepted(t, del())
}

// TestRole_AssumedByWhomItTrusts_IsUsed: a user whom the trust policy names needs nothing else, and
// who was made under his name doesn't get in. What a session asks for is a use of the role.
func TestRole_AssumedByWhomItTrusts_IsUsed(t *testing.T) {
	s := servicetest.Start(t)
	c, name := s.IAM(), aws.String("r")
	alice := s.User(t, "alice")
	arn := createRole(t, s, "r", trust("AWS", servicetest.UserARN("alice")))
	must(c.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: name, PolicyName: name,
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow",` +
			`"Action":"kms:ListKeys","Resource":"*"}}`)}))(t)
	assume := func() (*sts.AssumeRoleOutput, error) {
		return s.STS(servicetest.As(alice)).AssumeRole(t.Context(), &sts.AssumeRoleInput{
			RoleArn: &arn, RoleSessionName: aws.String("session")})
	}
	begun := must(assume())(t).Credentials
	session := servicetest.As(aws.Credentials{AccessKeyID: *begun.AccessKeyId,
		SecretAccessKey: *begun.SecretAccessKey, SessionToken: *begun.SessionToken})
	list := func() error {
		return second(s.KMS(session, servicetest.WithRegion(servicetest.Abroad)).ListKeys(t.Context(),
			&kms.ListKeysInput{}))
	}
	accepted(t, list())
	eventually(t, "the role's last use", func() bool {
		used := must(c.GetRole(t.Context(), &iam.GetRoleInput{RoleName: name}))(t).Role.RoleLastUsed
		return used.LastUsedDate != nil && about(*used.LastUsedDate, time.Now()) &&
			*used.Region == servicetest.Abroad
	})
	deleteUser(t, s, "alice")
	alice = s.User(t, "alice")
	refused(t, second(assume()), "AccessDenied", "*")
	accepted(t, list()) // a session goes on, whoever began it

	must(c.DeleteRolePolicy(t.Context(),
		&iam.DeleteRolePolicyInput{RoleName: name, PolicyName: name}))(t)
	refused(t, list(), "AccessDeniedException", "*")
	must(c.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: name}))(t)
	createRole(t, s, "r", trust("AWS", servicetest.UserARN("alice")))
	refused(t, list(), "UnrecognizedClientException", "*")
}
