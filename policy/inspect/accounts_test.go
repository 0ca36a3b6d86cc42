package inspect_test

import (
	"fmt"
	"testing"

	"claviger/policy/inspect"
)

func TestOutsidersOf_EachWayToLetOthersIn_IsSeen(t *testing.T) {
	const own, other, third = "111122223333", "444455556666", "777788889999"
	let := func(accounts string) string { return "[" + accounts + "] false" }
	root := func(account string) string { return `{"AWS":"arn:aws:iam::` + account + `:root"}` }
	for name, c := range map[string]struct{ statements, want string }{
		"own root":    {allow(root(own), ``), let("")},
		"own number":  {allow(`{"AWS":"`+own+`"}`, ``), let("")},
		"other root":  {allow(root(other), ``), let(other)},
		"other role":  {allow(`{"AWS":"arn:aws:iam::`+other+`:role/path/r"}`, ``), let(other)},
		"two numbers": {allow(`{"AWS":["`+third+`","`+other+`"]}`, ``), let(other + " " + third)},
		"a service":   {allow(`{"Service":"events.amazonaws.com"}`, ``), let("")},
		"denied":      {deny(`{"AWS":"`+other+`"}`, ``), let("")},
		"everybody":   {allow(`"*"`, ``), "[] true"},
		"everybody of its own": {allow(`"*"`,
			`"StringEquals":{"kms:CallerAccount":"`+own+`"}`), let("")},
		"everybody of another": {allow(`{"AWS":"*"}`,
			`"StringEquals":{"aws:PrincipalAccount":["`+own+`","`+other+`"]}`), let(other)},
		"everybody with some ARN": {allow(`"*"`,
			`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::`+other+`:role/x"}`), let(other)},
		"an organization": {allow(`"*"`,
			`"StringEquals":{"aws:PrincipalOrgID":"o-1234567890"}`), "[] true"},
		"a network": {allow(`"*"`, `"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}`), "[] true"},
		"a pattern": {allow(`"*"`, `"StringLike":{"kms:CallerAccount":"1*"}`), "[] true"},
		"others denied": {allow(`"*"`, ``) + "," +
			deny(`"*"`, `"StringNotEquals":{"aws:PrincipalAccount":"`+other+`"}`), let(other)},
	} {
		d := parse(t, `{"Version":"2012-10-17","Statement":[`+c.statements+`]}`)
		o := inspect.OutsidersOf(d, "kms", own)
		if got := fmt.Sprint(o.Accounts, " ", o.Unnamed); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func allow(principal, condition string) string { return statement("Allow", principal, condition) }
func deny(principal, condition string) string  { return statement("Deny", principal, condition) }

func statement(effect, principal, condition string) string {
	if condition != "" {
		condition = `,"Condition":{` + condition + `}`
	}
	return `{"Effect":"` + effect + `","Principal":` + principal +
		`,"Action":"kms:*","Resource":"*"` + condition + `}`
}
