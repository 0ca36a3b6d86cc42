package servicetest_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
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
	there, absent = stagePolicies(t, s, request, unique)
	if strings.Contains(request, `"USER"`) {
		name := "u-" + unique
		must(s.IAM().CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name,
			Tags: []types.Tag{{Key: aws.String("t"), Value: aws.String("v")}}}))(t)
		there, absent = append(there, "USER", name), append(absent, "USER", "absent")
	}
	if strings.Contains(request, "ISSUER") {
		made := must(s.IAM().CreateOpenIDConnectProvider(t.Context(),
			&iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://" + unique + ".example.com"),
				ClientIDList: []string{"client"},
				Tags:         []types.Tag{{Key: aws.String("t"), Value: aws.String("v")}}}))(t)
		there = append(there, "ISSUER", *made.OpenIDConnectProviderArn)
		absent = append(absent, "ISSUER",
			"arn:aws:iam::"+servicetest.Account+":oidc-provider/absent.example.com")
	}
	if strings.Contains(request, "OURS") {
		must(s.IAM().CreateAccountAlias(t.Context(),
			&iam.CreateAccountAliasInput{AccountAlias: aws.String("a-" + unique)}))(t)
		there, absent = append(there, "OURS", "a-"+unique), append(absent, "OURS", "absent")
	}
	if strings.Contains(request, "FRESH") {
		number := fmt.Sprintf("%012d", rand.Int64N(1e12))
		there, absent = append(there, "FRESH", number), append(absent, "FRESH", number)
	}
	if strings.Contains(request, "KEYED") || strings.Contains(request, "ACCESS") {
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
	if strings.Contains(request, "ASSUMED") {
		stageTaker(t, s)
		role := must(s.IAM().CreateRole(t.Context(), &iam.CreateRoleInput{
			RoleName: aws.String("a-" + unique),
			AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow",` +
				`"Principal":{"AWS":"` + servicetest.UserARN(taker) + `"},"Action":["sts:AssumeRole",` +
				`"sts:TagSession","sts:SetSourceIdentity"]}}`)}))(t).Role
		there = append(there, "ASSUMED", *role.Arn)
		absent = append(absent, "ASSUMED", "arn:aws:iam::"+servicetest.Account+":role/absent")
	}
	quoted := strings.ReplaceAll(trust("AWS", servicetest.Account), `"`, `\"`)
	return append(there, "TRUST", quoted), append(absent, "TRUST", quoted)
}

// trust is a trust policy that lets a principal of a kind assume the role.
func trust(kind, principal string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"` + kind + `":"` +
		principal + `"},"Action":"sts:AssumeRole"}]}`
}

// takers are the access keys of those who do what root may not, by server.
var takers sync.Map

// stageTaker returns the access key of the user who does what root may not.
func stageTaker(t testing.TB, s *servicetest.Server) aws.Credentials {
	t.Helper()
	keys, ok := takers.Load(s)
	if !ok {
		keys = s.User(t, taker)
		takers.Store(s, keys)
	}
	return keys.(aws.Credentials)
}
