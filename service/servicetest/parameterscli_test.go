package servicetest_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// runClient runs a script of testdata as the account's root user. It prints nothing if all is well.
func runClient(t *testing.T, s *servicetest.Server, command, script string) {
	t.Helper()
	path, err := filepath.Abs("testdata/" + script)
	accepted(t, err)
	cmd := exec.Command(command, path, t.TempDir())
	cmd.Env = append(os.Environ(), "AWS_CONFIG_FILE=/dev/null",
		"AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1",
		"AWS_EC2_METADATA_DISABLED=true", "AWS_DEFAULT_REGION="+servicetest.Region,
		"AWS_ENDPOINT_URL="+s.URL, "AWS_ACCESS_KEY_ID="+s.Root.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY="+s.Root.SecretAccessKey)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%s: %v\n%s", script, err, out)
	}
}

// TestParametersAWSCLI_Script_Runs: values from files and by version, label and ARN, queries, and
// more than ten pages. KMS opens what is answered sealed.
func TestParametersAWSCLI_Script_Runs(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed: `make awscli`")
	}
	t.Parallel()
	s := servicetest.Start(t)
	p := ofParameters{t, s.ParameterStore()}
	for i := 10; i < 115; i++ {
		p.put(fmt.Sprintf("/many/deep/p%03d", i), fmt.Sprint(i), "String")
	}
	runClient(t, s, "sh", "parameters.sh")
}

// TestParametersBoto3_Script_Runs: exceptions by their classes and texts, paginators and types.
func TestParametersBoto3_Script_Runs(t *testing.T) {
	if exec.Command("python3", "-c", "import boto3").Run() != nil {
		t.Skip("python3 has no boto3: `make clients`")
	}
	runClient(t, servicetest.Start(t), "python3", "parameters.py")
}

// modelled tells an error of the SDK's types from all others.
func modelled[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// TestParameterErrors_EachType_IsTheSDKs: what programs in Go tell errors apart by.
func TestParameterErrors_EachType_IsTheSDKs(t *testing.T) {
	s := servicetest.Start(t)
	p, ctx := ofParameters{t, s.ParameterStore()}, t.Context()
	for range 100 {
		p.put("/e/full", "v", "String")
	}
	p.label("/e/full", 1, "a")
	p.put("/e/p", "v", "String")
	p.label("/e/p", 1, "l0", "l1", "l2", "l3", "l4", "l5", "l6", "l7", "l8", "l9")
	put := func(change func(*ssm.PutParameterInput)) error {
		in := &ssm.PutParameterInput{Name: aws.String("/e/new"), Value: aws.String("v"),
			Type: "String", Tier: "Advanced"}
		change(in)
		return second(p.PutParameter(ctx, in))
	}
	policies := func(text string) error {
		return put(func(in *ssm.PutParameterInput) { in.Policies = &text })
	}
	described := func(f types.ParameterStringFilter) error {
		return second(p.DescribeParameters(ctx, &ssm.DescribeParametersInput{
			ParameterFilters: []types.ParameterStringFilter{f}}))
	}
	got := func(name string) error {
		return second(p.GetParameter(ctx, &ssm.GetParameterInput{Name: &name}))
	}
	listed := func(kind types.ResourceTypeForTagging, id string) error {
		return second(p.ListTagsForResource(ctx, &ssm.ListTagsForResourceInput{ResourceType: kind,
			ResourceId: &id}))
	}
	const expiry = `{"Type":"Expiration","Version":"1.0",` +
		`"Attributes":{"Timestamp":"2099-01-01T00:00:00.000Z"}}`
	for i, c := range []struct {
		is  func(error) bool
		err error
	}{
		{modelled[*types.ParameterNotFound], got("/e/none")},
		{modelled[*types.ParameterVersionNotFound], got("/e/p:9")},
		{modelled[*types.ParameterVersionNotFound], got("/e/p:none")},
		{modelled[*types.ParameterAlreadyExists], put(func(in *ssm.PutParameterInput) {
			in.Name = aws.String("/e/p")
		})},
		{modelled[*types.ParameterMaxVersionLimitExceeded], put(func(in *ssm.PutParameterInput) {
			in.Name, in.Overwrite = aws.String("/e/full"), aws.Bool(true)
		})},
		{modelled[*types.ParameterPatternMismatchException], put(func(in *ssm.PutParameterInput) {
			in.AllowedPattern = aws.String("[0-9]")
		})},
		{modelled[*types.InvalidAllowedPatternException], put(func(in *ssm.PutParameterInput) {
			in.AllowedPattern = aws.String("(")
		})},
		{modelled[*types.HierarchyLevelLimitExceededException], put(func(in *ssm.PutParameterInput) {
			in.Name = aws.String(strings.Repeat("/a", 16))
		})},
		{modelled[*types.InvalidKeyId], put(func(in *ssm.PutParameterInput) {
			in.Type, in.KeyId = "SecureString", aws.String("alias/none")
		})},
		{modelled[*types.InvalidPolicyTypeException], policies(`[{"Type":"x","Version":"1.0"}]`)},
		{modelled[*types.InvalidPolicyAttributeException], policies(strings.ReplaceAll("["+expiry+"]",
			"2099", "1999"))},
		{modelled[*types.IncompatiblePolicyException], policies("[" + expiry + "," + expiry + "]")},
		{modelled[*types.PoliciesLimitExceededException], policies("[" +
			strings.Repeat(expiry+",", 10) + expiry + "]")},
		{modelled[*types.ParameterVersionLabelLimitExceeded], second(p.LabelParameterVersion(ctx,
			&ssm.LabelParameterVersionInput{Name: aws.String("/e/p"), Labels: []string{"more"}}))},
		{modelled[*types.InvalidFilterKey], described(filterBy("Label", "", "x"))},
		{modelled[*types.InvalidFilterValue], described(filterBy("Name", ""))},
		{modelled[*types.InvalidFilterOption], described(filterBy("Name", "x", "x"))},
		{modelled[*types.InvalidNextToken], second(p.GetParametersByPath(ctx,
			&ssm.GetParametersByPathInput{Path: aws.String("/e"), NextToken: aws.String("x")}))},
		{modelled[*types.InvalidResourceId], listed("Parameter", "/e/none")},
		{modelled[*types.InvalidResourceType], listed("Document", "/e/p")},
		{modelled[*types.ServiceSettingNotFound], second(p.GetServiceSetting(ctx,
			&ssm.GetServiceSettingInput{SettingId: aws.String("/ssm/none")}))},
	} {
		if !c.is(c.err) {
			t.Errorf("%d: %v", i, c.err)
		}
	}
}
