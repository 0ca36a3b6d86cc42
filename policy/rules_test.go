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
