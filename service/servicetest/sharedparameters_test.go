package servicetest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// TestSharedParameter_AnotherAccount_NeedsAllThreePolicies: the parameter's, that of the customer's
// key that it is under, and the reader's own. Each alone, and each two, open nothing.
func TestSharedParameter_AnotherAccount_NeedsAllThreePolicies(t *testing.T) {
	a := newAdministrator(t)
	s, ctx := a.s, t.Context()
	b := administratorOf(t, s, s.RootOf(t, foreignAccount))
	admin, keys := s.ParameterStore(servicetest.As(a.keys)), s.KMS(servicetest.As(a.keys))
	key := createKey(t, keys)
	must(admin.PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("/shared/db"),
		Value: aws.String("1"), Type: types.ParameterTypeSecureString, KeyId: key.KeyId,
		Tier: types.ParameterTierAdvanced}))(t)
	arn := "arn:aws:ssm:" + servicetest.Region + ":" + servicetest.Account + ":parameter/shared/db"
	reader := s.ParameterStore(servicetest.As(b.user("reader")))
	who := "arn:aws:iam::" + foreignAccount + ":user/reader"

	ofKey := `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + servicetest.Account +
		`:root"},"Action":"kms:*","Resource":"*"}`
	shared := ofKey + `,{"Effect":"Allow","Principal":{"AWS":"` + who + `"},"Action":"kms:Decrypt",` +
		`"Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"ssm.` + servicetest.Region +
		`.amazonaws.com"}}}`
	put := &ssm.PutResourcePolicyOutput{}
	switches := map[string]func(on bool){
		"the parameter's": func(on bool) {
			if on && put.PolicyId == nil {
				put = must(admin.PutResourcePolicy(ctx, &ssm.PutResourcePolicyInput{ResourceArn: &arn,
					Policy: policyOf(`{"Effect":"Allow","Principal":{"AWS":"` + who + `"},"Action":["ssm:` +
						`GetParameter","ssm:DescribeParameters"],"Resource":"*"}`)}))(t)
			}
			if !on && put.PolicyId != nil {
				must(admin.DeleteResourcePolicy(ctx, &ssm.DeleteResourcePolicyInput{ResourceArn: &arn,
					PolicyId: put.PolicyId, PolicyHash: put.PolicyHash}))(t)
				put = &ssm.PutResourcePolicyOutput{}
			}
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
			statements := []string{permit("ssm:DescribeParameters", "*", "")}
			if on {
				statements = append(statements, permit("ssm:GetParameter", arn, ""),
					permit("kms:Decrypt", *key.Arn, ""))
			}
			must(b.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("reader"),
				PolicyName: aws.String("own"), PolicyDocument: policyOf(statements...)}))(t)
		},
	}
	order := []string{"the parameter's", "the key's", "the reader's"}
	for set := range 1 << len(order) {
		on := ""
		for i, name := range order {
			given := set>>i&1 == 1
			switches[name](given)
			if given {
				on += " " + name
			}
		}
		out, err := reader.GetParameter(ctx, &ssm.GetParameterInput{Name: &arn,
			WithDecryption: aws.Bool(true)})
		if (err == nil) != (set == 1<<len(order)-1) || err == nil && *out.Parameter.Value != "1" {
			t.Errorf("with the policies:%s: %v", on, err)
		}
		listed := must(reader.DescribeParameters(ctx,
			&ssm.DescribeParametersInput{Shared: aws.Bool(true)}))(t).Parameters
		if there := set&1 == 1; there != (len(listed) == 1 && *listed[0].ARN == arn) {
			t.Errorf("with the policies:%s: %d are listed", on, len(listed))
		}
	}
	// The parameter has a name only at home.
	if _, err := reader.GetParameter(ctx, &ssm.GetParameterInput{
		Name: aws.String("/shared/db")}); err == nil {
		t.Error("another account's parameter was found by its name")
	}
}

// TestPutResourcePolicy_Refused_TellsTheClientsTypes: the SDK finds the members that AWS's errors
// have.
func TestPutResourcePolicy_Refused_TellsTheClientsTypes(t *testing.T) {
	s := servicetest.Start(t)
	client, ctx := s.ParameterStore(), t.Context()
	must(client.PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("x"),
		Value: aws.String("1"), Type: types.ParameterTypeString}))(t)
	in := &ssm.PutResourcePolicyInput{Policy: policyOf(permit("ssm:GetParameter", "*", "")),
		ResourceArn: aws.String("arn:aws:ssm:" + servicetest.Region + ":" + servicetest.Account +
			":parameter/x")}
	_, err := client.PutResourcePolicy(ctx, in)
	var invalid *types.ResourcePolicyInvalidParameterException
	if !errors.As(err, &invalid) || !slices.Equal(invalid.ParameterNames, []string{"ResourceArn"}) {
		t.Errorf("%v: %+v", err, invalid)
	}
	must(client.PutParameter(ctx, &ssm.PutParameterInput{Name: aws.String("x"), Value: aws.String("2"),
		Overwrite: aws.Bool(true), Tier: types.ParameterTierAdvanced}))(t)
	large := strings.Repeat("x", 1025)
	in.Policy = &large
	_, err = client.PutResourcePolicy(ctx, in)
	var limit *types.ResourcePolicyLimitExceededException
	if !errors.As(err, &limit) || limit.Limit != 1024 || *limit.LimitType == "" {
		t.Errorf("%v: %+v", err, limit)
	}
}
