package policy_test

import (
	"strings"
	"testing"
)

// TestWeight_EachElement_AddsToIt: by about what it takes, more than its text for ARNs, and nothing
// is ever taken away.
func TestWeight_EachElement_AddsToIt(t *testing.T) {
	weigh := func(o over) int { return parse(t, document(t, o)).Weight() }
	list := func(item string, n int) string {
		return "[" + strings.Repeat(item+",", n-1) + item + "]"
	}
	bare := weigh(over{"Action": `"*"`, "Resource": `"*"`, "Principal": `"*"`})
	if bare < 200 || bare > 1000 {
		t.Errorf("a statement alone weighs %d", bare)
	}
	const arn, user = `"arn:aws:kms:::a"`, `"arn:aws:iam::111122223333:user/a"`
	for name, c := range map[string]struct {
		of          func(n int) over
		least, most int // of one more
	}{
		"action":   {func(n int) over { return over{"Action": list(`"kms:*"`, n)} }, 50, 200},
		"any":      {func(n int) over { return over{"Resource": list(`"*"`, n)} }, 50, 200},
		"resource": {func(n int) over { return over{"Resource": list(arn, n)} }, 500, 1000},
		"principal": {func(n int) over { return over{"Principal": `{"AWS":` + list(user, n) + `}`} }, 50,
			200},
		"value": {func(n int) over {
			return over{"Condition": `{"ArnLike":{"aws:PrincipalArn":` + list(arn, n) + `}}`}
		}, 500, 1000},
	} {
		one, two, ten := weigh(c.of(1)), weigh(c.of(2)), weigh(c.of(10))
		if more := two - one; more < c.least || more > c.most || ten-one != 9*more {
			t.Errorf("%s: 1, 2 and 10 weigh %d, %d and %d", name, one, two, ten)
		}
	}
	first, second := statement(t, nil), statement(t, over{"Effect": `"Deny"`})
	both := parse(t, `{"Statement":[`+first+`,`+second+`]}`).Weight()
	if alone := parse(t, `{"Statement":[`+first+`]}`).Weight(); both != 2*alone {
		t.Errorf("two statements weigh %d, and one %d", both, alone)
	}
}
