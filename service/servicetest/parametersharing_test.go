package servicetest_test

import (
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// TestParameter_SharedByPolicy_IsReadByARN as long as the policy is there, and listed as shared.
func TestParameter_SharedByPolicy_IsReadByARN(t *testing.T) {
	s := servicetest.Start(t)
	c, ctx, name := s.ParameterStore(), t.Context(), aws.String("/shared/one")
	theirs := s.ParameterStore(servicetest.As(s.RootOf(t, otherAccount)))
	must(c.PutParameter(ctx, &ssm.PutParameterInput{Name: name, Value: aws.String("v"),
		Type: "String", Tier: "Advanced"}))(t)
	arn := aws.String(parameterARN(*name))
	read := func() (*ssm.GetParameterOutput, error) {
		return theirs.GetParameter(ctx, &ssm.GetParameterInput{Name: arn})
	}
	refused(t, second(read()), "AccessDeniedException", "*")

	text := strings.NewReplacer(servicetest.Account, otherAccount, `"ssm:GetParameter"`,
		`["ssm:GetParameter","ssm:GetParameters","ssm:GetParameterHistory",`+
			`"ssm:DescribeParameters"]`).Replace(sharing)
	put := must(c.PutResourcePolicy(ctx, &ssm.PutResourcePolicyInput{ResourceArn: arn,
		Policy: &text}))(t)
	for what, in := range map[string]*ssm.PutResourcePolicyInput{
		"without its id and hash": {ResourceArn: arn, Policy: &text},
		"with another hash": {ResourceArn: arn, Policy: &text, PolicyId: put.PolicyId,
			PolicyHash: aws.String("other")},
	} {
		t.Run(what, func(t *testing.T) {
			_, err := c.PutResourcePolicy(ctx, in)
			refused(t, err, "ResourcePolicyConflictException", "*")
		})
	}
	list := must(c.GetResourcePolicies(ctx, &ssm.GetResourcePoliciesInput{ResourceArn: arn,
		MaxResults: aws.Int32(1)}))(t)
	if p := list.Policies; len(p) != 1 || list.NextToken != nil || *p[0].Policy != text ||
		*p[0].PolicyId != *put.PolicyId || *p[0].PolicyHash != *put.PolicyHash {
		t.Errorf("the policies are %+v", list)
	}

	if got := must(read())(t).Parameter; *got.Value != "v" || *got.ARN != *arn {
		t.Errorf("they read %+v", got)
	}
	shared := must(theirs.DescribeParameters(ctx, &ssm.DescribeParametersInput{
		Shared: aws.Bool(true)}))(t).Parameters
	if len(shared) != 1 || *shared[0].ARN != *arn {
		t.Errorf("they see %+v", shared)
	}
	must(c.DeleteResourcePolicy(ctx, &ssm.DeleteResourcePolicyInput{ResourceArn: arn,
		PolicyId: put.PolicyId, PolicyHash: put.PolicyHash}))(t)
	refused(t, second(read()), "AccessDeniedException", "*")
	_, err := c.DeleteResourcePolicy(ctx, &ssm.DeleteResourcePolicyInput{ResourceArn: arn,
		PolicyId: put.PolicyId, PolicyHash: put.PolicyHash})
	refused(t, err, "ResourcePolicyNotFoundException", "*")
}
