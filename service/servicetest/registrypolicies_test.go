package servicetest_test

import (
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// stagePolicies makes the managed policies that a request needs, and the entities that have some: a
// user, a group and a role with one attached, one inline, and one as a boundary.
func stagePolicies(t testing.TB, s *servicetest.Server, request, unique string) (
	there, absent []string) {
	t.Helper()
	const nobodys = "arn:aws:iam::" + servicetest.Account + ":policy/absent"
	quoted := strings.ReplaceAll(allowing("kms:ListKeys"), `"`, `\"`)
	there, absent = []string{"ALLOWING", quoted}, []string{"ALLOWING", quoted}
	for _, word := range []string{"MANAGED", "RENEWED", "HELD"} {
		if !strings.Contains(request, word) {
			continue
		}
		arn := managedPolicy(t, s, strings.ToLower(word)+"-"+unique, allowing("kms:ListKeys"))
		if word == "RENEWED" {
			must(s.IAM().CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{PolicyArn: &arn,
				PolicyDocument: aws.String(allowing("kms:ListAliases"))}))(t)
		}
		there, absent = append(there, word, arn), append(absent, word, nobodys)
	}
	for word, stage := range map[string]func(testing.TB, *servicetest.Server, string, string){
		"CLERK": stageClerk, "TEAM": stageTeam, "OFFICE": stageOffice} {
		if !strings.Contains(request, word) {
			continue
		}
		held := wordOf(there, "HELD")
		if held == "" {
			held = managedPolicy(t, s, "of-"+strings.ToLower(word)+"-"+unique, allowing("kms:*"))
		}
		name := strings.ToLower(word) + "-" + unique
		stage(t, s, name, held)
		there, absent = append(there, word, name), append(absent, word, "absent")
	}
	return there, absent
}

// wordOf returns what a word stands for, or nothing.
func wordOf(words []string, word string) string {
	for i := 0; i < len(words); i += 2 {
		if words[i] == word {
			return words[i+1]
		}
	}
	return ""
}

func stageClerk(t testing.TB, s *servicetest.Server, name, held string) {
	t.Helper()
	c, inline := s.IAM(), aws.String("inline")
	must(c.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name,
		PermissionsBoundary: &held}))(t)
	must(c.AttachUserPolicy(t.Context(),
		&iam.AttachUserPolicyInput{UserName: &name, PolicyArn: &held}))(t)
	must(c.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: &name, PolicyName: inline,
		PolicyDocument: aws.String(allowing("kms:*"))}))(t)
}

func stageTeam(t testing.TB, s *servicetest.Server, name, held string) {
	t.Helper()
	c, inline := s.IAM(), aws.String("inline")
	must(c.CreateGroup(t.Context(), &iam.CreateGroupInput{GroupName: &name}))(t)
	must(c.AttachGroupPolicy(t.Context(),
		&iam.AttachGroupPolicyInput{GroupName: &name, PolicyArn: &held}))(t)
	must(c.PutGroupPolicy(t.Context(), &iam.PutGroupPolicyInput{GroupName: &name, PolicyName: inline,
		PolicyDocument: aws.String(allowing("kms:*"))}))(t)
}

func stageOffice(t testing.TB, s *servicetest.Server, name, held string) {
	t.Helper()
	c, inline := s.IAM(), aws.String("inline")
	must(c.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, PermissionsBoundary: &held,
		AssumeRolePolicyDocument: aws.String(trust("AWS", servicetest.Account))}))(t)
	must(c.AttachRolePolicy(t.Context(),
		&iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: &held}))(t)
	must(c.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: inline,
		PolicyDocument: aws.String(allowing("kms:*"))}))(t)
}

// managedPolicy makes a managed policy and returns its ARN.
func managedPolicy(t testing.TB, s *servicetest.Server, name, document string) string {
	t.Helper()
	return *must(s.IAM().CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: &name,
		PolicyDocument: &document,
		Tags:           []types.Tag{{Key: aws.String("t"), Value: aws.String("v")}}}))(t).Policy.Arn
}

// allowing is an identity policy that allows an action on everything.
func allowing(action string) string { return identityPolicy("Allow", action) }

func identityPolicy(effect, action string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":"` + action +
		`","Resource":"*"}]}`
}
