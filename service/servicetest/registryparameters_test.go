package servicetest_test

import (
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// sharing is a resource policy that lets an account read a parameter which is its own anyway.
const sharing = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` +
	servicetest.Account + `"},"Action":"ssm:GetParameter","Resource":"*"}]}`

const throughput = "/ssm/parameter-store/high-throughput-enabled"

// stageParameters makes the parameter that a request needs, sealed, in two versions and with a
// label and a tag, and sets the setting that it asks for.
func stageParameters(t testing.TB, s *servicetest.Server, request, unique string) (there,
	absent []string) {
	t.Helper()
	c := s.ParameterStore()
	if strings.Contains(request, "PARAMETER") {
		name := "/w/p-" + unique
		must(c.PutParameter(t.Context(), &ssm.PutParameterInput{Name: &name, Value: aws.String("one"),
			Type: "SecureString", Tags: []types.Tag{{Key: aws.String("t"), Value: aws.String("v")}}}))(t)
		must(c.PutParameter(t.Context(), &ssm.PutParameterInput{Name: &name, Value: aws.String("two"),
			Overwrite: aws.Bool(true)}))(t)
		must(c.LabelParameterVersion(t.Context(), &ssm.LabelParameterVersionInput{Name: &name,
			ParameterVersion: aws.Int64(1), Labels: []string{"staged"}}))(t)
		there, absent = append(there, "PARAMETER", name), append(absent, "PARAMETER", "/w/absent")
	}
	for _, word := range []string{"PRIVATE", "SHARED"} {
		if !strings.Contains(request, word) {
			continue
		}
		name := "/w/" + strings.ToLower(word[:1]) + "-" + unique
		must(c.PutParameter(t.Context(), &ssm.PutParameterInput{Name: &name, Value: aws.String("one"),
			Type: "String", Tier: types.ParameterTierAdvanced}))(t)
		there = append(there, word, parameterARN(name))
		absent = append(absent, word, parameterARN("/w/absent"))
		if word == "SHARED" {
			shared := must(c.PutResourcePolicy(t.Context(), &ssm.PutResourcePolicyInput{
				ResourceArn: aws.String(parameterARN(name)), Policy: aws.String(sharing)}))(t)
			same := []string{"POLICYID", *shared.PolicyId, "POLICYHASH", *shared.PolicyHash}
			there, absent = append(there, same...), append(absent, same...)
		}
	}
	if strings.Contains(request, "SETTING") {
		must(c.UpdateServiceSetting(t.Context(), &ssm.UpdateServiceSettingInput{
			SettingId: aws.String(throughput), SettingValue: aws.String("true")}))(t)
		there, absent = append(there, "SETTING", throughput), append(absent, "SETTING", "/ssm/absent")
	}
	return there, absent
}

// everyParameter makes a row in every table of Parameter Store, most columns filled.
func everyParameter(t testing.TB, s *servicetest.Server) {
	t.Helper()
	c, name := s.ParameterStore(), aws.String("/every/column")
	must(c.PutParameter(t.Context(), &ssm.PutParameterInput{Name: name, Value: aws.String("one"),
		Type: "SecureString", Description: aws.String("d"), AllowedPattern: aws.String(`\w+`),
		Tier: types.ParameterTierAdvanced, Tags: []types.Tag{{Key: aws.String("t"),
			Value: aws.String("v")}}, Policies: aws.String(`[{"Type":"NoChangeNotification",` +
			`"Version":"1.0","Attributes":{"After":"20","Unit":"Days"}}]`)}))(t)
	must(c.LabelParameterVersion(t.Context(), &ssm.LabelParameterVersionInput{Name: name,
		Labels: []string{"staged"}}))(t)
	must(c.UpdateServiceSetting(t.Context(), &ssm.UpdateServiceSettingInput{
		SettingId: aws.String(throughput), SettingValue: aws.String("true")}))(t)
}
