package policy_test

import (
	"strings"
	"testing"

	"claviger/policy"
)

// TestParseParameter_EachStatement_OpensReadingAlone: what a parameter's resource policy may say,
// and what is refused of it.
func TestParseParameter_EachStatement_OpensReadingAlone(t *testing.T) {
	const arn = "arn:aws:ssm:us-east-1:111122223333:parameter/app/x"
	const usual = `"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"ssm:GetParameter",` +
		`"Resource":"*"`
	with := func(old, new string) string { return strings.Replace(usual, old, new, 1) }
	action := func(a string) string { return with(`"ssm:GetParameter"`, a) }
	principal := func(p string) string { return with(`{"AWS":"444455556666"}`, p) }
	resource := func(r string) string { return with(`"Resource":"*"`, r) }
	for name, c := range map[string]struct {
		statement string
		want      error
	}{
		"an account": {usual, nil},
		"a denial":   {with("Allow", "Deny"), nil},
		"all four": {action(`["ssm:DescribeParameters","ssm:GetParameter",` +
			`"ssm:GetParameters","ssm:GetParameterHistory"]`), nil},
		"another case": {action(`"SSM:getparameter"`), nil},
		"a user":       {principal(`{"AWS":"arn:aws:iam::444455556666:user/a"}`), nil},
		"everybody":    {principal(`"*"`), nil},
		"all but one":  {with(`"Allow","Principal"`, `"Deny","NotPrincipal"`), nil},
		"itself":       {resource(`"Resource":"` + arn + `"`), nil},
		"a condition":  {usual + `,"Condition":{"Bool":{"aws:SecureTransport":"true"}}`, nil},
		"a write":      {action(`"ssm:PutParameter"`), policy.ErrParameterAction},
		"a pattern":    {action(`"ssm:GetParameter*"`), policy.ErrParameterAction},
		"everything":   {action(`"*"`), policy.ErrParameterAction},
		"one of them a write": {action(`["ssm:GetParameter","ssm:DeleteParameter"]`),
			policy.ErrParameterAction},
		"by path":   {action(`"ssm:GetParametersByPath"`), policy.ErrParameterAction},
		"no action": {action(`[]`), policy.ErrParameterAction},
		"all but a write": {with(`"Action":"ssm:GetParameter"`, `"NotAction":"ssm:PutParameter"`),
			policy.ErrParameterAction},
		"another parameter": {resource(`"Resource":"` + arn + `y"`), policy.ErrParameterResource},
		"a pattern of ARNs": {resource(`"Resource":"arn:aws:ssm:*:*:parameter/*"`),
			policy.ErrParameterResource},
		"all but itself": {resource(`"NotResource":"` + arn + `"`), policy.ErrParameterResource},
		"no resource":    {resource(`"Sid":"x"`), policy.ErrParameterResource},
		"a service": {principal(`{"Service":"ec2.amazonaws.com"}`),
			policy.ErrParameterPrincipal},
		"a provider": {principal(`{"Federated":"accounts.google.com"}`),
			policy.ErrParameterPrincipal},
		"a group": {principal(`{"AWS":"arn:aws:iam::444455556666:group/g"}`),
			policy.ErrParameterPrincipal},
		"a unique id": {principal(`{"AWS":"AIDAALICEALICEALICEA"}`),
			policy.ErrParameterPrincipal},
		"nobody": {with(`"Principal":{"AWS":"444455556666"},`, ""),
			policy.ErrParameterPrincipal},
		"another effect":     {with("Allow", "allow"), policy.ErrParameterSyntax},
		"an unknown element": {usual + `,"Who":"me"`, policy.ErrParameterSyntax},
		"no network": {usual + `,"Condition":{"IpAddress":{"aws:SourceIp":"ten"}}`,
			policy.ErrParameterSyntax},
		"a letter that looks like another": {usual + `,"Sid":"а"`, policy.ErrParameterSyntax},
	} {
		text := `{"Version":"2012-10-17","Statement":[{` + c.statement + `}]}`
		if _, err := policy.ParseParameter(text, arn); err != c.want {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	for _, text := range []string{"", "{", "[]", `{"Version":"2012-10-17"}`, `"x"`,
		`{"Version":"2020-01-01","Statement":[{` + usual + `}]}`} {
		if _, err := policy.ParseParameter(text, arn); err != policy.ErrParameterSyntax {
			t.Errorf("%s: %v", text, err)
		}
	}
}
