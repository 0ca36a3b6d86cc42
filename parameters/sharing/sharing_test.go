package sharing_test

import (
	"strings"
	"testing"

	"claviger/parameters/sharing"
)

// TestParse_EachStatement_OpensReadingAlone: what a parameter's resource policy may say,
// and what is refused of it.
func TestParse_EachStatement_OpensReadingAlone(t *testing.T) {
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
		"a write":      {action(`"ssm:PutParameter"`), sharing.ErrAction},
		"a pattern":    {action(`"ssm:GetParameter*"`), sharing.ErrAction},
		"everything":   {action(`"*"`), sharing.ErrAction},
		"one of them a write": {action(`["ssm:GetParameter","ssm:DeleteParameter"]`),
			sharing.ErrAction},
		"by path":   {action(`"ssm:GetParametersByPath"`), sharing.ErrAction},
		"no action": {action(`[]`), sharing.ErrSyntax},
		"all but a write": {with(`"Action":"ssm:GetParameter"`, `"NotAction":"ssm:PutParameter"`),
			sharing.ErrAction},
		"another parameter": {resource(`"Resource":"` + arn + `y"`), sharing.ErrResource},
		"a pattern of ARNs": {resource(`"Resource":"arn:aws:ssm:*:*:parameter/*"`),
			sharing.ErrResource},
		"all but itself": {resource(`"NotResource":"` + arn + `"`), sharing.ErrResource},
		"no resource":    {resource(`"Sid":"x"`), sharing.ErrResource},
		"a service": {principal(`{"Service":"ec2.amazonaws.com"}`),
			sharing.ErrPrincipal},
		"a provider": {principal(`{"Federated":"accounts.google.com"}`),
			sharing.ErrPrincipal},
		"a group": {principal(`{"AWS":"arn:aws:iam::444455556666:group/g"}`),
			sharing.ErrPrincipal},
		"a unique id": {principal(`{"AWS":"AIDAALICEALICEALICEA"}`),
			sharing.ErrPrincipal},
		"nobody": {with(`"Principal":{"AWS":"444455556666"},`, ""),
			sharing.ErrPrincipal},
		"another effect":     {with("Allow", "allow"), sharing.ErrSyntax},
		"an unknown element": {usual + `,"Who":"me"`, sharing.ErrSyntax},
		"no network": {usual + `,"Condition":{"IpAddress":{"aws:SourceIp":"ten"}}`,
			sharing.ErrSyntax},
		"a letter that looks like another": {usual + `,"Sid":"а"`, sharing.ErrSyntax},
	} {
		text := `{"Version":"2012-10-17","Statement":[{` + c.statement + `}]}`
		if _, err := sharing.Parse(text, arn); err != c.want {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	for _, text := range []string{"", "{", "[]", `{"Version":"2012-10-17"}`, `"x"`,
		`{"Version":"2020-01-01","Statement":[{` + usual + `}]}`} {
		if _, err := sharing.Parse(text, arn); err != sharing.ErrSyntax {
			t.Errorf("%s: %v", text, err)
		}
	}
}
