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
	there, absent = stagePolicies(t, s, request, unique)
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
	return there, absent
}
