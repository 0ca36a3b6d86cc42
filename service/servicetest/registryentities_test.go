package servicetest_test

import (
	"fmt"
	"math/rand/v2"
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
	return there, absent
}
