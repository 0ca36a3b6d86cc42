package servicetest_test

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const (
	someKey  = "arn:aws:kms:us-east-1:111122223333:key/k"
	conspire = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:Decrypt",` +
		`"Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"blue"},` +
		`"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}}]}`
)

// TestSimulateCustomPolicy_GoSDK_IsUnderstoodBothWays: lists in structures of lists on the way in,
// and every kind of member on the way out.
func TestSimulateCustomPolicy_GoSDK_IsUnderstoodBothWays(t *testing.T) {
	client := servicetest.Start(t).IAM()
	entry := func(name string, kind types.ContextKeyTypeEnum, values ...string) types.ContextEntry {
		return types.ContextEntry{ContextKeyName: &name, ContextKeyType: kind, ContextKeyValues: values}
	}
	boundary := strings.Replace(conspire, "kms:Decrypt", "kms:*", 1)
	in := &iam.SimulateCustomPolicyInput{
		PolicyInputList: []string{conspire}, ActionNames: []string{"kms:Decrypt", "kms:Encrypt"},
		ResourceArns: []string{someKey}, PermissionsBoundaryPolicyInputList: []string{boundary},
		ContextEntries: []types.ContextEntry{
			entry("aws:PrincipalTag/Team", types.ContextKeyTypeEnumString, "blue"),
			entry("aws:TagKeys", types.ContextKeyTypeEnumStringList, "a", "b"),
		},
		CallerArn:     aws.String(servicetest.NobodyARN),
		ResourceOwner: aws.String("arn:aws:iam::444455556666:root"),
		ResourcePolicy: aws.String(`{"Statement":{"Effect":"Allow","Principal":{"AWS":"*"},` +
			`"Action":"kms:Decrypt","Resource":"*"}}`),
		OrderedOrganizationPolicyInputList: []types.OrderedOrganizationPolicyType{
			{ServiceControlPolicyInputList: []string{boundary, conspire}}},
	}
	out, err := client.SimulateCustomPolicy(t.Context(), in)
	accepted(t, err)
	if len(out.EvaluationResults) != 2 || out.IsTruncated {
		t.Fatalf("%+v", out)
	}
	r := out.EvaluationResults[0]
	details := map[string]types.PolicyEvaluationDecisionType{"IAM Policy": "allowed",
		"Resource Policy": "allowed", "Permissions Boundary Policy": "allowed"}
	same(t, "details", r.EvalDecisionDetails, details)
	switch statement := r.MatchedStatements[0]; {
	case r.EvalDecision != "allowed", *r.EvalActionName != "kms:Decrypt",
		*r.EvalResourceName != someKey,
		!r.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary,
		!r.OrganizationsDecisionDetail.AllowedByOrganizations, len(r.ResourceSpecificResults) != 1:
		t.Errorf("%+v", r)
	case *statement.SourcePolicyId != "PolicyInputList.1", statement.StartPosition.Column != 38,
		int(statement.EndPosition.Column) != len(conspire)-1:
		t.Errorf("%+v", statement)
	}
	if d := out.EvaluationResults[1].EvalDecision; d != "implicitDeny" {
		t.Errorf("another action is %s", d)
	}
	in.ContextEntries, in.ResourcePolicy, in.ResourceOwner = nil, nil, nil
	in.PermissionsBoundaryPolicyInputList, in.OrderedOrganizationPolicyInputList = nil, nil
	out, err = client.SimulateCustomPolicy(t.Context(), in)
	accepted(t, err)
	same(t, "missing keys", out.EvaluationResults[0].MissingContextValues,
		[]string{"aws:PrincipalTag/team", "aws:TagKeys"})
	in.ContextEntries = []types.ContextEntry{entry("aws:CurrentTime", types.ContextKeyTypeEnumDate, "x")}
	_, err = client.SimulateCustomPolicy(t.Context(), in)
	refused(t, err, "InvalidInput",
		"Invalid context value for key aws:CurrentTime: expected DateTime format.")
}

// TestSimulateCustomPolicy_Paginator_AsksForEachPage as the SDK does by itself.
func TestSimulateCustomPolicy_Paginator_AsksForEachPage(t *testing.T) {
	pages := iam.NewSimulateCustomPolicyPaginator(servicetest.Start(t).IAM(),
		&iam.SimulateCustomPolicyInput{PolicyInputList: []string{conspire}, MaxItems: aws.Int32(2),
			ActionNames: []string{"kms:A", "kms:B", "kms:C", "kms:D", "kms:E"}})
	var names []string
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		accepted(t, err)
		for _, r := range page.EvaluationResults {
			names = append(names, *r.EvalActionName)
		}
	}
	same(t, "actions", names, []string{"kms:A", "kms:B", "kms:C", "kms:D", "kms:E"})
}

func TestGetContextKeysForCustomPolicy_GoSDK_ListsTheKeys(t *testing.T) {
	out, err := servicetest.Start(t).IAM().GetContextKeysForCustomPolicy(t.Context(),
		&iam.GetContextKeysForCustomPolicyInput{PolicyInputList: []string{conspire}})
	accepted(t, err)
	same(t, "keys", out.ContextKeyNames, []string{"aws:PrincipalTag/team", "aws:TagKeys"})
}

// TestSimulateCustomPolicy_EmptyLists_AreLists: the SDKs write an empty list as a parameter without
// a value, and read one from an empty element.
func TestSimulateCustomPolicy_EmptyLists_AreLists(t *testing.T) {
	s := servicetest.Start(t)
	form := url.Values{"Action": {"SimulateCustomPolicy"}, "Version": {"2010-05-08"},
		"PolicyInputList": {""}, "ActionNames.member.1": {"kms:Decrypt"},
		"ResourceArns.member.1": {someKey}}
	a := s.Send(t, servicetest.Request{Service: "iam", Type: stsType, Body: []byte(form.Encode())})
	for _, want := range []string{"<MatchedStatements/>", "<MissingContextValues/>",
		"<EvalDecisionDetails/>", "<IsTruncated>false</IsTruncated>",
		"<EvalDecision>implicitDeny</EvalDecision>"} {
		if a.Status != 200 || !strings.Contains(string(a.Body), want) {
			t.Errorf("%d: no %s in\n%s", a.Status, want, a.Body)
		}
	}
}

// same compares what was answered with what should have been.
func same[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
