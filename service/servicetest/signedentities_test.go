package servicetest_test

import (
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// everyEntity makes a row of each kind of entity, most columns filled, and ends a session.
func everyEntity(t *testing.T, s *servicetest.Server) {
	t.Helper()
	c, name := s.IAM(), aws.String("e")
	document := aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*",` +
		`"Resource":"*"}}`)
	tags := []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}
	arn := must(c.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: name,
		PolicyDocument: document, Description: aws.String("d"), Tags: tags}))(t).Policy.Arn
	must(c.CreateUser(t.Context(), &iam.CreateUserInput{UserName: name, PermissionsBoundary: arn,
		Tags: tags}))(t)
	must(c.AttachUserPolicy(t.Context(),
		&iam.AttachUserPolicyInput{UserName: name, PolicyArn: arn}))(t)
	group(t, s, "e", "kms:*", "e")
	must(c.CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{
		Url: aws.String("https://issuer.example"), ClientIDList: []string{"a"}, Tags: tags,
		ThumbprintList: []string{"0123456789012345678901234567890123456789"}}))(t)
	must(c.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: name, PermissionsBoundary: arn,
		AssumeRolePolicyDocument: aws.String(trust("AWS", servicetest.Account)), Tags: tags,
		Description: aws.String("d")}))(t)
	begun := must(s.STS().GetSessionToken(t.Context(), &sts.GetSessionTokenInput{}))(t).Credentials
	accepted(t, s.Service().RevokeSession(t.Context(), *begun.AccessKeyId, "claviger test"))
}
