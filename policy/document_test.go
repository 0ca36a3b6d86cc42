package policy_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"claviger/policy"
)

const (
	anAccount = "111122223333"
	aKey      = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
)

// statement is a good statement with members put over it; a member that is empty is taken out.
func statement(t testing.TB, over map[string]string) string {
	t.Helper()
	doc := map[string]json.RawMessage{"Effect": json.RawMessage(`"Allow"`),
		"Principal": json.RawMessage(`{"AWS":"*"}`), "Action": json.RawMessage(`"kms:*"`),
		"Resource": json.RawMessage(`"*"`)}
	for name, value := range over {
		if doc[name] = json.RawMessage(value); value == "" {
			delete(doc, name)
		}
	}
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

type over = map[string]string

func document(t testing.TB, members over) string {
	return `{"Version":"2012-10-17","Statement":[` + statement(t, members) + `]}`
}

func TestParse_EveryElement_IsRead(t *testing.T) {
	d, err := policy.Parse(`{"Version":"2012-10-17","Id":"x","Statement":[
		{"Sid":"one","Effect":"Allow","Principal":{"AWS":["111122223333","arn:aws:iam::111122223333:role/a/b"],"Service":"s3.amazonaws.com","Federated":"accounts.google.com"},
		 "Action":["kms:Get*","kms:List?eys"],"Resource":"*",
		 "Condition":{"StringEquals":{"kms:ViaService":["a","b"],"aws:PrincipalTag/team":"x"},"Bool":{"aws:SecureTransport":true},"NumericLessThanIfExists":{"aws:MultiFactorAuthAge":300}}},
		{"Effect":"Deny","NotPrincipal":{"AWS":"*"},"NotAction":"*","NotResource":["arn:aws:kms:*:*:key/*"]},
		{"Effect":"Deny","Principal":"*","Action":"kms:x"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	want := &policy.Document{Version: "2012-10-17", ID: "x", Statements: []policy.Statement{
		{SID: "one", Effect: "Allow",
			Principal: &policy.Principals{
				AWS:       []string{"111122223333", "arn:aws:iam::111122223333:role/a/b"},
				Service:   []string{"s3.amazonaws.com"},
				Federated: []string{"accounts.google.com"}},
			Action:   []string{"kms:Get*", "kms:List?eys"},
			Resource: []string{"*"},
			Condition: []policy.Condition{
				{Operator: "Bool", Key: "aws:SecureTransport", Values: []string{"true"}},
				{Operator: "NumericLessThanIfExists", Key: "aws:MultiFactorAuthAge", Values: []string{"300"}},
				{Operator: "StringEquals", Key: "aws:PrincipalTag/team", Values: []string{"x"}},
				{Operator: "StringEquals", Key: "kms:ViaService", Values: []string{"a", "b"}}}},
		{Effect: "Deny", NotPrincipal: &policy.Principals{AWS: []string{"*"}}, NotAction: []string{"*"},
			NotResource: []string{"arn:aws:kms:*:*:key/*"}},
		{Effect: "Deny", Principal: &policy.Principals{Everyone: true}, Action: []string{"kms:x"}}}}
	if d.Version != want.Version || d.ID != want.ID ||
		!reflect.DeepEqual(d.Statements, want.Statements) {
		t.Errorf("read %+v\nwant %+v", d.Statements, want.Statements)
	}
	single, err := policy.Parse(`{"Statement":` + statement(t, nil) + `}`)
	if err != nil || single.Version != policy.Version2008 || len(single.Statements) != 1 {
		t.Errorf("one statement without a list or a version: %+v, %v", single, err)
	}
}

func TestParse_MalformedDocument_SaysWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"nothing":           {"", "Syntax errors"},
		"no JSON":           {"{", "Syntax errors"},
		"a list":            {"[]", "Syntax errors"},
		"null":              {"null", "Missing required field Statement"},
		"two documents":     {document(t, nil) + "{}", "Syntax errors"},
		"bad UTF-8":         {"{\"Id\":\"\xff\"}", "Syntax errors"},
		"an unknown member": {`{"Statement":[],"Versoin":"x"}`, "Unknown field Versoin"},
		"another case":      {`{"statement":[]}`, "Unknown field statement"},
		"a member twice": {`{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}`,
			"Duplicate field Version"},
		"a member of two types": {`{"Version":1}`, "the value of Version is not of the right type"},
		"a null": {`{"Version":null,"Statement":[]}`,
			"the value of Version is not of the right type"},
		"another version": {`{"Version":"2013-01-01","Statement":[]}`, "valid version string"},
		"no statement":    {`{"Version":"2012-10-17"}`, "Missing required field Statement"},
		"an empty list": {`{"Version":"2012-10-17","Statement":[]}`,
			"Missing required field Statement"},
		"a null statement": {`{"Statement":null}`,
			"the value of Statement is not of the right type"},
		"statements of text": {`{"Statement":["x"]}`,
			"the value of Statement is not of the right type"},
		"no effect":                {document(t, over{"Effect": ""}), "Missing required field Effect"},
		"another effect":           {document(t, over{"Effect": `"allow"`}), "Invalid effect"},
		"an unknown element":       {document(t, over{"Actoin": `"x"`}), "Unknown field Actoin"},
		"no action":                {document(t, over{"Action": ""}), "Missing required field Action"},
		"an empty list of actions": {document(t, over{"Action": "[]"}), "Missing required field Action"},
		"action and not":           {document(t, over{"NotAction": `"kms:x"`}), "not both"},
		"resource and not":         {document(t, over{"NotResource": `"*"`}), "not both"},
		"principal and not": {document(t, over{"NotPrincipal": `"*"`, "Effect": `"Deny"`}),
			"not both"},
		"not a principal, allowed": {document(t, over{"Principal": "", "NotPrincipal": `"*"`}),
			"Deny only"},
		"an action without vendor": {document(t, over{"Action": `"Encrypt"`}), "prefaced by a vendor"},
		"an action without name":   {document(t, over{"Action": `"kms:"`}), "prefaced by a vendor"},
		"an action with a space": {document(t, over{"Action": `"kms:En crypt"`}),
			"prefaced by a vendor"},
		"an action with two colons": {document(t, over{"Action": `"kms:a:b"`}), "prefaced by a vendor"},
		"an action that is null": {document(t, over{"Action": `[null]`}),
			"the value of Action is not"},
		"no resources": {document(t, over{"Resource": `[]`}),
			"Missing required field Resource"},
		"a resource's name":      {document(t, over{"Resource": `"key/x"`}), "ARN format"},
		"a resource's short ARN": {document(t, over{"Resource": `"arn:aws:kms:x"`}), "ARN format"},
		"principals that are text": {document(t, over{"Principal": `"me"`}),
			string(policy.ErrPrincipal)},
		"principals in a list": {document(t, over{"Principal": `["*"]`}),
			"the value of Principal is not"},
		"no principals": {document(t, over{"Principal": `{}`}), string(policy.ErrNoPrincipal)},
		"an empty list of them": {document(t, over{"Principal": `{"AWS":[]}`}),
			string(policy.ErrNoPrincipal)},
		"an unknown kind": {document(t, over{"Principal": `{"Aws":"*"}`}), "Unknown field Aws"},
		"an account with a letter": {document(t, over{"Principal": `{"AWS":"11112222333x"}`}),
			string(policy.ErrPrincipal)},
		"a user's id": {document(t, over{"Principal": `{"AWS":"AIDACKCEVSQ6C2EXAMPLE"}`}),
			string(policy.ErrPrincipal)},
		"a part of an ARN": {document(t,
			over{"Principal": `{"AWS":"arn:aws:iam::111122223333:user/*"}`}),
			string(policy.ErrPrincipalARN)},
		"a group": {document(t,
			over{"Principal": `{"AWS":"arn:aws:iam::111122223333:group/g"}`}),
			string(policy.ErrPrincipalARN)},
		"a service that is none": {document(t, over{"Principal": `{"Service":"s3"}`}),
			string(policy.ErrPrincipal)},
		"a provider without name": {document(t, over{"Principal": `{"Federated":""}`}),
			string(policy.ErrPrincipal)},
		"a condition that is text": {document(t, over{"Condition": `"x"`}),
			"the value of Condition is not"},
		"a condition that is null": {document(t, over{"Condition": `null`}),
			"the value of Condition is not"},
		"an unknown operator": {document(t, over{"Condition": `{"StringEqual":{"aws:a":"x"}}`}),
			"Invalid Condition type"},
		"an unknown quantifier": {document(t,
			over{"Condition": `{"ForSome:StringEquals":{"aws:a":"x"}}`}), "Invalid Condition type"},
		"null, if it exists": {document(t, over{"Condition": `{"NullIfExists":{"aws:a":"x"}}`}),
			"Invalid Condition type"},
		"a key without vendor": {document(t,
			over{"Condition": `{"StringEquals":{"ViaService":"x"}}`}), "prefaced by a vendor"},
		"an object to compare with": {document(t, over{"Condition": `{"StringEquals":{"aws:a":{}}}`}),
			"the value of aws:a is not"},
		"a key twice": {document(t,
			over{"Condition": `{"StringEquals":{"aws:a":"x","aws:a":"y"}}`}), "Duplicate field aws:a"},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := policy.Parse(c.text)
			var m policy.Malformed
			if !errors.As(err, &m) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %+v, %v, want %q", c.text, d, err, c.says)
			}
		})
	}
}

// TestParse_EachKindOfPrincipal_IsEnough: one kind, or any two.
func TestParse_EachKindOfPrincipal_IsEnough(t *testing.T) {
	one := map[string]string{"AWS": "111122223333", "Service": "s3.amazonaws.com",
		"Federated": "accounts.google.com"}
	for a, x := range one {
		for b, y := range one {
			principal := `{"` + a + `":"` + x + `","` + b + `":"` + y + `"}`
			if a == b {
				principal = `{"` + a + `":"` + x + `"}`
			}
			if _, err := policy.Parse(document(t, over{"Principal": principal})); err != nil {
				t.Errorf("%s: %v", principal, err)
			}
		}
	}
}

// TestParse_LongUnknownField_IsNamedUpToALine: what was sent is said back, and no more of it.
func TestParse_LongUnknownField_IsNamedUpToALine(t *testing.T) {
	for size, end := range map[int]string{127: "", 128: "", 129: "..."} {
		name := strings.Repeat("x", size)
		want := "Unknown field " + name[:min(size, 128)] + end
		if _, err := policy.Parse(`{"` + name + `":1}`); err == nil || err.Error() != want {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestLets_EachDocument_DecidesByItsStatements(t *testing.T) {
	const alice = `{"AWS":"arn:aws:iam::111122223333:user/alice"}`
	for _, c := range []struct {
		name       string
		statements []over
		root, user bool // may put a key policy
	}{
		{"everybody", []over{nil}, true, true},
		{"everybody, shortly", []over{{"Principal": `"*"`}}, true, true},
		{"the account by its root", []over{{"Principal": `{"AWS":"arn:aws:iam::111122223333:root"}`}},
			true, false},
		{"the account by its number", []over{{"Principal": `{"AWS":"111122223333"}`}}, true, false},
		{"another account", []over{{"Principal": `{"AWS":"444455556666"}`}}, false, false},
		{"one user", []over{{"Principal": alice}}, false, true},
		{"a service", []over{{"Principal": `{"Service":"kms.amazonaws.com"}`}}, false, false},
		{"another action", []over{{"Action": `"kms:Encrypt"`}}, false, false},
		{"a pattern", []over{{"Action": `"kms:Put*"`}}, true, true},
		{"a pattern in capitals", []over{{"Action": `"KMS:PUTKEY?OLICY"`}}, true, true},
		{"all but it", []over{{"Action": "", "NotAction": `"kms:PutKeyPolicy"`}}, false, false},
		{"all but another", []over{{"Action": "", "NotAction": `"kms:Encrypt"`}}, true, true},
		{"the key by name", []over{{"Resource": `"` + aKey + `"`}}, true, true},
		{"another key", []over{{"Resource": `"` + aKey + `x"`}}, false, false},
		{"all but the key", []over{{"Resource": "", "NotResource": `"` + aKey + `"`}}, false, false},
		{"no resource", []over{{"Resource": ""}}, false, false},
		{"under a condition", []over{{"Condition": `{"Bool":{"aws:SecureTransport":"true"}}`}}, false,
			false},
		{"denied to everybody", []over{nil, {"Effect": `"Deny"`, "Action": `"kms:PutKeyPolicy"`}}, false,
			false},
		{"denied first", []over{{"Effect": `"Deny"`}, nil}, false, false},
		{"denied to one", []over{nil, {"Effect": `"Deny"`, "Principal": alice}}, true, false},
		{"denied to all but one",
			[]over{nil, {"Effect": `"Deny"`, "Principal": "",
				"NotPrincipal": `{"AWS":["111122223333","arn:aws:iam::111122223333:user/alice"]}`}},
			true, true},
		{"denied to all but one whose account isn't named",
			[]over{nil, {"Effect": `"Deny"`, "Principal": "", "NotPrincipal": alice}}, false, false},
		{"denied under a condition",
			[]over{nil, {"Effect": `"Deny"`,
				"Condition": `{"Bool":{"aws:SecureTransport":"true"}}`}}, true, true},
		{"denied only", []over{{"Effect": `"Deny"`, "Action": `"kms:Encrypt"`}}, false, false},
	} {
		var all []string
		for _, s := range c.statements {
			all = append(all, statement(t, s))
		}
		d, err := policy.Parse(`{"Statement":[` + strings.Join(all, ",") + `]}`)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := d.Lets(root, policy.Facts{}, "kms:PutKeyPolicy", aKey); got != c.root {
			t.Errorf("%s: to the root user it is %v", c.name, got)
		}
		if got := d.Lets(user, policy.Facts{}, "kms:PutKeyPolicy", aKey); got != c.user {
			t.Errorf("%s: to a user it is %v", c.name, got)
		}
	}
}

func TestIsPrincipal_EachARN_TellsWhoCanAct(t *testing.T) {
	for arn, want := range map[string]bool{
		"arn:aws:iam::111122223333:user/azAZ09_+=,.@-":          true,
		"arn:aws:iam::111122223333:user/a`":                     false,
		"arn:aws:iam::111122223333:user/a{":                     false,
		"arn:aws:iam::111122223333:user/a[":                     false,
		"arn:aws:iam::111122223333:user/a:":                     false,
		"arn:aws:iam::111122223333:root":                        true,
		"arn:aws:iam::111122223333:user/a":                      true,
		"arn:aws:iam::111122223333:role/a/b/c":                  true,
		"arn:aws:sts::111122223333:assumed-role/r/s":            true,
		"arn:aws:sts::111122223333:federated-user/f":            true,
		"arn:aws:iam::111122223333:group/g":                     false,
		"arn:aws:iam::111122223333:instance-profile/p":          false,
		"arn:aws:iam::111122223333:root/x":                      false,
		"arn:aws:iam::111122223333:user":                        false,
		"arn:aws:iam::111122223333:user/":                       false,
		"arn:aws:iam::111122223333:user/a//b":                   false,
		"arn:aws:iam::111122223333:user/*":                      false,
		"arn:aws:iam::11112222333:user/a":                       false,
		"arn:aws:iam:us-east-1:111122223333:user/a":             false,
		"arn:aws:sts::111122223333:assumed-role/r":              false,
		"arn:aws:sts::111122223333:assumed-role/r/s/t":          false,
		"arn:aws-cn:iam::111122223333:root":                     false,
		"111122223333":                                          false,
		"secretsmanager.amazonaws.com":                          false,
		"":                                                      false,
		"arn:aws:kms:us-east-1:111122223333:key/not-a-soul":     false,
		"arn:aws:iam::111122223333:user/a\narn:aws:iam::1:root": false,
	} {
		if policy.IsPrincipal(arn) != want {
			t.Errorf("%q: %v", arn, !want)
		}
	}
}

// FuzzParse: a document is refused with a reason, or it is valid JSON with statements that have
// what a statement needs; what it denies to everybody it allows to nobody.
func FuzzParse(f *testing.F) {
	f.Add(document(f, nil))
	f.Add(document(f, over{"Condition": `{"ForAnyValue:StringLike":{"aws:TagKeys":["a",1,true]}}`}))
	f.Add(document(f, over{"Principal": `{"AWS":["111122223333"],"Service":"s3.amazonaws.com"}`,
		"Effect": `"Deny"`}))
	f.Add(`{"Statement":{"Effect":"Deny","NotPrincipal":{"AWS":"*"},"NotAction":"*","NotResource":"arn:::::"}}`)
	f.Add(`{"Statement":[{"Effect":"Allow","Action":["*"]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := policy.Parse(text)
		if err != nil {
			if m := policy.Malformed(""); !errors.As(err, &m) || m == "" {
				t.Errorf("refused without a reason: %v", err)
			}
			return
		}
		if !json.Valid([]byte(text)) || len(d.Statements) == 0 {
			t.Fatalf("%q was taken: %+v", text, d)
		}
		for _, s := range d.Statements {
			if s.Effect != policy.Allow && s.Effect != policy.Deny || len(s.Action)+len(s.NotAction) == 0 {
				t.Errorf("a statement of %q: %+v", text, s)
			}
		}
		_ = d.OfKey()
		if d.Lets(user, policy.Facts{}, "kms:PutKeyPolicy", aKey) && !strings.Contains(text, "llow") {
			t.Errorf("%q allows, and holds no Allow", text)
		}
	})
}
