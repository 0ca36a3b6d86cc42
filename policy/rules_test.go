package policy_test

import (
	"errors"
	"testing"

	"claviger/policy"
)

// TestCompileRules_Unreadable_DeniesEverybody, and says why.
func TestCompileRules_Unreadable_DeniesEverybody(t *testing.T) {
	root := callers[0]
	demand := policy.Demand{Action: "kms:Decrypt", Resource: policy.Resource{ARN: keyARN}}
	for _, text := range []string{"", "{}", `{"Statement":[{"Effect":"Allow"}`} {
		r := policy.CompileRules(text)
		if r.Err == nil || r.Document.Lets(root, policy.Facts{}, "kms:Decrypt", keyARN) ||
			r.Document.Admits(root, policy.Facts{}, demand) {
			t.Errorf("%q: %v, and it lets root", text, r.Err)
		}
	}
	var none *policy.Rules
	if none.Weight() != 0 {
		t.Error("no rules weigh something")
	}
}

// TestAdmits_WhomThePolicyNames_WhateverTheirAccountSays.
func TestAdmits_WhomThePolicyNames_WhateverTheirAccountSays(t *testing.T) {
	const allow = `{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"kms:Decrypt",` +
		`"Resource":"*"`
	unless := func(team string) string {
		return allow + `,"Condition":{"StringEquals":{"aws:ResourceTag/team":"` + team + `"}}}`
	}
	demand := policy.Demand{Action: "kms:Decrypt", Resource: policy.Resource{ARN: keyARN,
		Account: account, Tags: func() (map[string]string, error) {
			return map[string]string{"team": "x"}, nil
		}}}
	other := demand
	other.Action = "kms:Encrypt"
	unknown := demand
	unknown.Resource.Tags = func() (map[string]string, error) { return nil, errors.New("away") }
	for _, c := range []struct {
		text   string
		demand policy.Demand
		want   bool
	}{
		{allow + "}", demand, true}, {allow + "}", other, false}, {unless("x"), demand, true},
		{unless("y"), demand, false}, {unless("x"), unknown, false},
		{allow + `},{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}`, demand, false},
	} {
		if got := parse(t, doc(c.text)).Admits(bob, policy.Facts{}, c.demand); got != c.want {
			t.Errorf("%s, %s: %v", c.text, c.demand.Action, got)
		}
	}
}

// TestDecide_ResourceWithAnotherName_IsDeniedUnderBoth, and allowed under its own alone.
func TestDecide_ResourceWithAnotherName_IsDeniedUnderBoth(t *testing.T) {
	const everything = `{"Effect":"Allow","Action":"*","Resource":"*"}`
	statement := func(effect, element, name string) string {
		return `{"Effect":"` + effect + `","Action":"*","` + element + `":"arn:aws:ssm:*:*:` + name + `"}`
	}
	arn := "arn:aws:ssm:us-east-1:" + account + ":parameter/app"
	for i, c := range []struct {
		text string
		want bool
	}{
		{everything, true},
		{statement("Allow", "Resource", "parameter/app"), true},
		{statement("Allow", "Resource", "parameter/app/"), false},
		{statement("Allow", "NotResource", "parameter/app/"), true},
		{everything + "," + statement("Deny", "Resource", "parameter/app"), false},
		{everything + "," + statement("Deny", "Resource", "parameter/app/"), false},
		{everything + "," + statement("Deny", "Resource", "parameter/app/b"), true},
		{everything + "," + statement("Deny", "NotResource", "parameter/app"), true},
		{everything + "," + statement("Deny", "NotResource", "parameter/app/"), false},
	} {
		who := alice
		who.Policies = []*policy.Document{parse(t, doc(c.text))}
		got := policy.Decide(policy.Request{Caller: who,
			Demands: []policy.Demand{{Action: "ssm:GetParametersByPath",
				Resource: policy.Resource{ARN: arn, Also: arn + "/"}}}}).Allowed()
		if got != c.want {
			t.Errorf("%d: %s: %v", i, c.text, got)
		}
	}
}
