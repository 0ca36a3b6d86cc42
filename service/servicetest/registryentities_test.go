package servicetest_test

import (
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// stageEntities makes the entities of IAM that a request needs.
func stageEntities(t testing.TB, s *servicetest.Server, request, unique string) (
	there, absent []string) {
	t.Helper()
	if strings.Contains(request, `"USER"`) {
		name := "u-" + unique
		must(s.IAM().CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name,
			Tags: []types.Tag{{Key: aws.String("t"), Value: aws.String("v")}}}))(t)
		there, absent = append(there, "USER", name), append(absent, "USER", "absent")
	}
	if strings.Contains(request, "KEYED") {
		name := "k-" + unique
		id := s.User(t, name).AccessKeyID
		there = append(there, "KEYED", name, "ACCESS", id)
		absent = append(absent, "KEYED", "absent", "ACCESS", id)
	}
	if strings.Contains(request, "GROUP") {
		name := "g-" + unique
		must(s.IAM().CreateGroup(t.Context(), &iam.CreateGroupInput{GroupName: &name}))(t)
		there, absent = append(there, "GROUP", name), append(absent, "GROUP", "absent")
		if strings.Contains(request, "MEMBER") {
			member := "m-" + unique
			s.User(t, member)
			must(s.IAM().AddUserToGroup(t.Context(),
				&iam.AddUserToGroupInput{GroupName: &name, UserName: &member}))(t)
			there, absent = append(there, "MEMBER", member), append(absent, "MEMBER", member)
		}
	}
	if strings.Contains(request, "ROLE") {
		name := "r-" + unique
		must(s.IAM().CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name,
			AssumeRolePolicyDocument: aws.String(trust("AWS", servicetest.Account)),
			Tags:                     []types.Tag{{Key: aws.String("t"), Value: aws.String("v")}}}))(t)
		there, absent = append(there, "ROLE", name), append(absent, "ROLE", "absent")
	}
	quoted := strings.ReplaceAll(trust("AWS", servicetest.Account), `"`, `\"`)
	return append(there, "TRUST", quoted), append(absent, "TRUST", quoted)
}

// trust is a trust policy that lets a principal of a kind assume the role.
func trust(kind, principal string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"` + kind + `":"` +
		principal + `"},"Action":"sts:AssumeRole"}]}`
}
