package servicetest_test

import (
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

func TestGetRandomPassword_EachRequirement_IsMet(t *testing.T) {
	s := servicetest.Start(t)
	c := s.SecretsManager()
	yes, no := aws.Bool(true), aws.Bool(false)
	get := func(in secretsmanager.GetRandomPasswordInput) (string, error) {
		out, err := c.GetRandomPassword(t.Context(), &in)
		if err != nil {
			return "", err
		}
		return *out.RandomPassword, nil
	}
	const lower, upper = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	const digits, marks = "0123456789", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	for _, x := range []struct {
		name  string
		in    secretsmanager.GetRandomPasswordInput
		size  int
		types []string // each must be there, and nothing else
	}{
		{"usual", secretsmanager.GetRandomPasswordInput{}, 32, []string{lower, upper, digits, marks}},
		{"shortest", secretsmanager.GetRandomPasswordInput{PasswordLength: aws.Int64(4)}, 4,
			[]string{lower, upper, digits, marks}},
		{"with a space", secretsmanager.GetRandomPasswordInput{PasswordLength: aws.Int64(5),
			IncludeSpace: yes}, 5, []string{lower, upper, digits, marks, " "}},
		{"numbers", secretsmanager.GetRandomPasswordInput{PasswordLength: aws.Int64(1),
			ExcludeLowercase: yes, ExcludeUppercase: yes, ExcludePunctuation: yes}, 1, []string{digits}},
		{"without some", secretsmanager.GetRandomPasswordInput{PasswordLength: aws.Int64(4096),
			ExcludeCharacters: aws.String("a\"'\\"), ExcludeUppercase: yes}, 4096,
			[]string{lower[1:], digits, strings.NewReplacer("\"", "", "'", "", "\\", "").Replace(marks)}},
	} {
		t.Run(x.name, func(t *testing.T) {
			p := must(get(x.in))(t)
			if len(p) != x.size || strings.Trim(p, strings.Join(x.types, "")) != "" {
				t.Errorf("%d characters, %q", len(p), p)
			}
			for _, some := range x.types {
				if !strings.ContainsAny(p, some) {
					t.Errorf("%q has none of %q", p, some)
				}
			}
		})
	}
	for name, in := range map[string]secretsmanager.GetRandomPasswordInput{
		"too short for its types": {PasswordLength: aws.Int64(3)},
		"nothing left": {ExcludeLowercase: yes, ExcludeUppercase: yes, ExcludePunctuation: yes,
			ExcludeNumbers: yes, RequireEachIncludedType: no},
		"one type all excluded": {ExcludeCharacters: aws.String(digits)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := get(in)
			refused(t, err, "InvalidParameterException", "*")
		})
	}
}
