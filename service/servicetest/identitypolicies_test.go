package servicetest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// allowedTo checks what a user may by the SDK and by REST: everything that is asked here is
// kms:ListKeys.
func allowedTo(t *testing.T, s *servicetest.Server, keys aws.Credentials, when string, want bool) {
	t.Helper()
	_, err := s.KMS(servicetest.As(keys)).ListKeys(t.Context(), &kms.ListKeysInput{})
	if (err == nil) != want {
		t.Errorf("%s, by the SDK: %v", when, err)
	}
	a := s.Send(t, servicetest.Request{Method: "GET", Path: "/v1/keys", As: keys, Service: "kms"})
	if (a.Status == 200) != want || a.Status != 200 && a.Code() != "AccessDeniedException" {
		t.Errorf("%s, by REST: %d %s", when, a.Status, a.Body)
	}
}

// TestIdentityPolicies_Change_CountsFromTheNextRequestOn: whichever way a user has a policy, and by
// whichever protocol it is changed.
func TestIdentityPolicies_Change_CountsFromTheNextRequestOn(t *testing.T) {
	s := servicetest.Start(t)
	c, ctx, name := s.IAM(), t.Context(), aws.String("clerk")
	keys := s.User(t, *name)
	check := func(when string, want bool) { t.Helper(); allowedTo(t, s, keys, when, want) }
	rest := func(method, path, body string) {
		t.Helper()
		q := servicetest.Request{Method: method, Path: path, Service: "iam"}
		if body != "" {
			q.Body = []byte(body)
		}
		if a := s.Send(t, q); a.Status/100 != 2 {
			t.Fatalf("%s %s: %d %s", method, path, a.Status, a.Body)
		}
	}
	check("with nothing", false)

	list := managedPolicy(t, s, "list", allowing("kms:ListKeys"))
	must(c.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: name, PolicyArn: &list}))(t)
	check("attached", true)
	must(c.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: &list,
		PolicyDocument: aws.String(allowing("kms:ListAliases")), SetAsDefault: true}))(t)
	check("with a new version", false)
	rest("PUT", "/v1/iam/policies/default-version/"+list, `{"VersionId":"v1"}`)
	check("with the old version again", true)
	rest("DELETE", "/v1/iam/users/clerk/attached-policies/"+list, "")
	check("detached by REST", false)

	rest("PUT", "/v1/iam/users/clerk/policies/p", `{"PolicyDocument":"`+
		strings.ReplaceAll(allowing("kms:*"), `"`, `\"`)+`"}`)
	check("inline by REST", true)
	must(c.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: name, PolicyName: aws.String("q"),
		PolicyDocument: aws.String(identityPolicy("Deny", "kms:List*"))}))(t)
	check("denied inline", false)
	must(c.DeleteUserPolicy(ctx,
		&iam.DeleteUserPolicyInput{UserName: name, PolicyName: aws.String("q")}))(t)
	check("no longer denied", true)

	must(c.PutUserPermissionsBoundary(ctx, &iam.PutUserPermissionsBoundaryInput{UserName: name,
		PermissionsBoundary: aws.String(managedPolicy(t, s, "tag", allowing("kms:Tag*")))}))(t)
	check("bounded", false)
	rest("DELETE", "/v1/iam/users/clerk/permissions-boundary", "")
	check("no longer bounded", true)
	must(c.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: name, PolicyName: aws.String("r"),
		PolicyDocument: aws.String(allowing("iam:ListUsers"))}))(t)
	must(s.IAM(servicetest.As(keys)).ListUsers(ctx, &iam.ListUsersInput{}))(t) // by AWS query
	must(c.DeleteUserPolicy(ctx,
		&iam.DeleteUserPolicyInput{UserName: name, PolicyName: aws.String("r")}))(t)
	if _, err := s.IAM(servicetest.As(keys)).ListUsers(ctx, &iam.ListUsersInput{}); err == nil {
		t.Error("without the policy it lists users")
	}
	rest("DELETE", "/v1/iam/users/clerk/policies/p", "")
	check("with nothing again", false)

	group := aws.String("team")
	must(c.CreateGroup(ctx, &iam.CreateGroupInput{GroupName: group}))(t)
	must(c.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: group,
		PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}))(t)
	must(c.AddUserToGroup(ctx, &iam.AddUserToGroupInput{GroupName: group, UserName: name}))(t)
	check("in a group of administrators", true)
	must(c.RemoveUserFromGroup(ctx,
		&iam.RemoveUserFromGroupInput{GroupName: group, UserName: name}))(t)
	check("out of the group", false)
}

// TestPolicyDocument_InAnswers_IsEncodedInXMLAlone: the SDK's users decode it, and get what was
// sent byte for byte; REST has it as it is.
func TestPolicyDocument_InAnswers_IsEncodedInXMLAlone(t *testing.T) {
	s := servicetest.Start(t)
	document := `{
  "Version": "2012-10-17",
  "Statement": [{"Sid": "a", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
	"Condition": {"StringEquals": {"aws:PrincipalTag/a": "50% + ä & <b>~-._"}}}]
}`
	arn := managedPolicy(t, s, "p", document)
	got := must(s.IAM().GetPolicyVersion(t.Context(), &iam.GetPolicyVersionInput{PolicyArn: &arn,
		VersionId: aws.String("v1")}))(t).PolicyVersion
	decoded, err := url.PathUnescape(*got.Document)
	if err != nil || decoded != document || strings.ContainsAny(*got.Document, " +&<{\"*:/\n") {
		t.Errorf("the SDK has %s, %v", *got.Document, err)
	}
	clerk := aws.String("clerk")
	must(s.IAM().CreateUser(t.Context(), &iam.CreateUserInput{UserName: clerk}))(t)
	must(s.IAM().PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: clerk,
		PolicyName: aws.String("p"), PolicyDocument: &document}))(t)
	inline := must(s.IAM().GetUserPolicy(t.Context(), &iam.GetUserPolicyInput{UserName: clerk,
		PolicyName: aws.String("p")}))(t)
	if *inline.PolicyDocument != *got.Document {
		t.Errorf("the inline policy is %s", *inline.PolicyDocument)
	}
	a := s.Send(t, servicetest.Request{Method: "GET",
		Path: "/v1/iam/policies/" + arn + "/versions/v1", Service: "iam"})
	var out struct{ PolicyVersion struct{ Document string } }
	accepted(t, json.Unmarshal(a.Body, &out))
	if a.Status != 200 || out.PolicyVersion.Document != document {
		t.Errorf("REST has %d %s", a.Status, a.Body)
	}
}

// TestIAM_UnknownAction_IsAnsweredAsAWSDoes: an operation that isn't, a version that isn't, and
// none.
func TestIAM_UnknownAction_IsAnsweredAsAWSDoes(t *testing.T) {
	s := servicetest.Start(t)
	for form, want := range map[string]string{
		"Action=Nonsense&Version=2010-05-08": "InvalidAction: Could not find operation Nonsense for " +
			"version 2010-05-08",
		"Action=GetPolicy&Version=2011-06-15": "InvalidAction: Could not find operation GetPolicy for " +
			"version 2011-06-15",
		"Action=GetPolicy": "InvalidAction: Could not find operation GetPolicy for version " +
			"NO_VERSION_SPECIFIED",
		"Version=2010-05-08": "MissingAction: The request must contain the parameter Action.",
	} {
		a := s.Send(t, servicetest.Request{Type: "application/x-www-form-urlencoded; charset=utf-8",
			Body: []byte(form), Service: "iam"})
		if got := a.Code() + ": " + a.Message(); a.Status != http.StatusBadRequest || got != want {
			t.Errorf("%s: %d %s", form, a.Status, a.Body)
		}
	}
}
