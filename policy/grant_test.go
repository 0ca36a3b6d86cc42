package policy

import (
	"strings"
	"testing"
)

// pairsOf turns text into pairs over few keys, in both cases, and few values, so that they meet; nil for none.
func pairsOf(s string) map[string]string {
	if s == "" {
		return nil
	}
	m := map[string]string{}
	for _, c := range s[1:] {
		m[string("aAbB"[c%4])] = string("12"[c/4%2])
	}
	return m
}

// FuzzBounds: what a child's constraints admit, the grant that it was made by admits too.
func FuzzBounds(f *testing.F) {
	f.Add("", "", "", "", "")
	f.Add("x0", "", "x0", "", "x0")
	f.Add("", "x0", "", "x02", "x02")
	f.Add("x", "", "x", "", "x")
	f.Fuzz(func(t *testing.T, equals, subset, childEquals, childSubset, context string) {
		parent := Grant{Equals: pairsOf(equals), Subset: pairsOf(subset)}
		child := Grant{Equals: pairsOf(childEquals), Subset: pairsOf(childSubset)}
		if c := pairsOf(context); parent.bounds(&child) && child.admits(c) && !parent.admits(c) {
			t.Errorf("%+v bounds %+v, and only that admits %v", parent, child, c)
		}
		if !parent.bounds(&parent) {
			t.Errorf("%+v doesn't bound itself", parent)
		}
	})
}

func TestDecideByGrants(t *testing.T) {
	const arn = "arn:aws:iam::111122223333:user/alice"
	alice := Caller{Type: IAMUser, Account: "111122223333", ARN: arn, PrincipalID: "AIDAALICE"}
	stranger := Caller{Type: IAMUser, Account: "444455556666", ARN: arn, PrincipalID: "AIDAALICE"}
	grant := func(operations string) []Grant {
		return []Grant{{Grantee: arn, Operations: strings.Fields(operations)}}
	}
	on := func(g ...Grant) []Grant { return g }
	for _, c := range []struct {
		name   string
		caller Caller
		demand Demand
		want   bool
	}{
		{"granted", alice, Demand{Action: "kms:Decrypt", Grants: grant("Encrypt Decrypt")}, true},
		{"one of several", alice, Demand{Action: "kms:Decrypt", Grants: append(grant("Encrypt"), grant("Decrypt")...)}, true},
		{"another operation", alice, Demand{Action: "kms:Decrypt", Grants: grant("Encrypt")}, false},
		{"a part of its name", alice, Demand{Action: "kms:Decrypt", Grants: grant("Dec")}, false},
		{"another service", alice, Demand{Action: "secretsmanager:Decrypt", Grants: grant("Decrypt")}, false},
		{"another grantee", alice, Demand{Action: "kms:Decrypt", Grants: on(Grant{Grantee: arn + "x", Operations: []string{"Decrypt"}})}, false},
		{"nobody, granted to nobody", Caller{Type: IAMUser}, Demand{Action: "kms:Decrypt", Grants: on(Grant{Operations: []string{"Decrypt"}})}, false},
		{"in another account", stranger, Demand{Action: "kms:Decrypt", Account: "111122223333", Grants: grant("Decrypt")}, false},
		{"its own affair", alice, Demand{Action: "kms:RetireGrant", Own: arn}, true},
		{"another's affair", alice, Demand{Action: "kms:RetireGrant", Own: arn + "x"}, false},
		{"nobody's affair", Caller{Type: IAMUser}, Demand{Action: "kms:RetireGrant"}, false},
		{"to make nothing", alice, Demand{Action: "kms:CreateGrant", Grants: grant("CreateGrant")}, false},
		{"to make a smaller one", alice, Demand{Action: "kms:CreateGrant", Grants: grant("CreateGrant Decrypt"), Makes: &Grant{Operations: []string{"Decrypt"}}}, true},
		{"to make a greater one", alice, Demand{Action: "kms:CreateGrant", Grants: grant("CreateGrant"), Makes: &Grant{Operations: []string{"Decrypt"}}}, false},
		{"for a resource", alice, Demand{Action: "kms:Decrypt", Grants: on(Grant{Grantee: arn, Operations: []string{"Decrypt"}, SourceARN: "arn:x"})}, false},
		{"for a resource, retired", alice, Demand{Action: "kms:RetireGrant", Grants: on(Grant{Grantee: arn, Operations: []string{"RetireGrant"}, SourceARN: "arn:x"})}, true},
	} {
		if err := Decide(c.caller, []Demand{c.demand}); (err == nil) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	bound := Grant{SourceARN: "arn:x"}
	if bound.bounds(&Grant{}) || bound.bounds(&Grant{SourceARN: "arn:y"}) || !bound.bounds(&Grant{SourceARN: "arn:x"}) {
		t.Error("a child keeps the resource of its parent")
	}
}
