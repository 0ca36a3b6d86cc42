package policy_test

import (
	"errors"
	"strings"
	"testing"

	"claviger/policy"
)

// TestStorePrincipals_UsersAndRoles_BecomeIds: nothing else of the text changes, and it comes back
// as it was.
func TestStorePrincipals_UsersAndRoles_BecomeIds(t *testing.T) {
	const alice, role = "arn:aws:iam::111122223333:user/team/alice", "arn:aws:iam::111122223333:role/r"
	ids := map[string]string{alice: "AIDAALICEALICEALICEA", role: "AROAROLEROLEROLEROLE"}
	arns := map[string]string{}
	for arn, id := range ids {
		arns[id] = arn
	}
	text := "{ \"Version\":\"2012-10-17\",\n\"Statement\": [{\"Sid\":\"" + alice + `",
		"Effect":"Allow", "Principal" : {"AWS": [ "` + alice + `" ,"` + role + `","*","111122223333",
		"arn:aws:iam::111122223333:root","arn:aws:sts::111122223333:assumed-role/r/s"],
		"Service":"` + alice + `"},"Action":"*","Resource":"` + role + `",
		"Condition":{"ArnEquals":{"aws:PrincipalArn":"` + role + `"}}},
		{"Effect":"Deny","NotPrincipal":{"AWS":"` + role + `"},"Action":"*","Resource":"*"}]}` + "\n"
	want := text
	for _, part := range []string{`[ "` + alice + `"`, `,"` + role + `","*"`,
		`NotPrincipal":{"AWS":"` + role + `"`} {
		with := strings.NewReplacer(alice, ids[alice], role, ids[role]).Replace(part)
		want = strings.Replace(want, part, with, 1)
	}
	stored, err := policy.StorePrincipals(text, func(arn string) (string, error) {
		return ids[arn], nil
	})
	if err != nil || stored != want {
		t.Fatalf("%v\n%s\nwant\n%s", err, stored, want)
	}
	shown, err := policy.ShowPrincipals(stored, func(id string) (string, error) {
		return arns[id], nil
	})
	if err != nil || shown != text {
		t.Errorf("%v\n%s", err, shown)
	}
	kept, err := policy.ShowPrincipals(stored, func(id string) (string, error) { return id, nil })
	if err != nil || kept != stored {
		t.Errorf("who is gone stays an id: %v\n%s", err, kept)
	}
}

// TestStorePrincipals_OneOrEscaped_IsFound, in whatever form the document has its statements.
func TestStorePrincipals_OneOrEscaped_IsFound(t *testing.T) {
	for text, want := range map[string]string{
		`{"Statement":{"Principal":{"AWS":"arn:aws:iam::111122223333:user\/a"}}}`:         `{"Statement":{"Principal":{"AWS":"ID"}}}`,
		`{"Statement":[{"Principal":{"AWS":["arn:aws:iam::111122223333:user/\u0061"]}}]}`: `{"Statement":[{"Principal":{"AWS":["ID"]}}]}`,
		`{"Statement":[{"Principal":"*"}]}`:                                               `{"Statement":[{"Principal":"*"}]}`,
		`{"Principal":{"AWS":"arn:aws:iam::111122223333:user/a"}}`:                        `{"Principal":{"AWS":"arn:aws:iam::111122223333:user/a"}}`,
	} {
		got, err := policy.StorePrincipals(text, func(string) (string, error) { return "ID", nil })
		if err != nil || got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}

func TestStorePrincipals_NobodyOrNoDocument_IsAnError(t *testing.T) {
	nobody := errors.New("nobody")
	id := func(string) (string, error) { return "", nobody }
	if _, err := policy.StorePrincipals(
		`{"Statement":{"Principal":{"AWS":"arn:aws:iam::111122223333:user/a"}}}`, id); err != nobody {
		t.Errorf("%v", err)
	}
	for _, text := range []string{"{", `{"Statement":"}`, `{"a":1,"a":2}`} {
		if _, err := policy.StorePrincipals(text, id); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

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
