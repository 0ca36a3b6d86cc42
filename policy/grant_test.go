package policy

import (
	"reflect"
	"strings"
	"testing"
)

// pairsOf turns text into pairs over few keys, in both cases, and few values, so that they meet;
// nil for none.
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
		c := pairsOf(context)
		if parent.bounds(&child) && child.admits(c) && !parent.admits(c) {
			t.Errorf("%+v bounds %+v, and only that admits %v", parent, child, c)
		}
		if !parent.bounds(&parent) {
			t.Errorf("%+v doesn't bound itself", parent)
		}
		if again := made(parent.Values()); !reflect.DeepEqual(*again, parent) {
			t.Errorf("%+v is read as %+v", parent, *again)
		}
	})
}

func TestDecide_Grants_AllowWhatTheyName(t *testing.T) {
	const arn = "arn:aws:iam::111122223333:user/alice"
	alice := Caller{Type: IAMUser, Account: "111122223333", ARN: arn, PrincipalID: "AIDAALICE"}
	foreign := alice
	foreign.Account = "444455556666"
	grant := func(actions string) Grant {
		return Grant{ID: "g", Grantee: arn, Actions: strings.Fields(actions)}
	}
	demand := func(action string, grants ...Grant) Demand {
		return Demand{Action: action, Resource: Resource{
			Grants: func() ([]Grant, error) { return grants, nil }}}
	}
	making := func(child Grant, by Grant) Demand {
		d := demand("kms:CreateGrant", by)
		d.Values = child.Values
		return d
	}
	under := func(context map[string]string, g Grant) Demand {
		d := demand("kms:Decrypt", g)
		d.Values = func() Values { v := Values{}; v.EncryptionContext(context); return v }
		return d
	}
	elsewhere := demand("kms:Decrypt", grant("kms:Decrypt"))
	elsewhere.Resource.Account = "111122223333"
	bound := grant("kms:Decrypt kms:RetireGrant")
	bound.SourceARN = "arn:x"
	others := grant("kms:Decrypt")
	others.Grantee += "x"
	only := grant("kms:Decrypt")
	only.Equals = map[string]string{"App": "pay"}
	valueless := demand("kms:Decrypt", only)
	valueless.Values = func() Values { return Values{encryptionContext + "App": {}} }
	for _, c := range []struct {
		name   string
		caller Caller
		demand Demand
		want   bool
	}{
		{"granted", alice, demand("kms:Decrypt", grant("kms:Encrypt kms:Decrypt")), true},
		{"one of several", alice, demand("kms:Decrypt", grant("kms:Encrypt"), grant("kms:Decrypt")),
			true},
		{"another action", alice, demand("kms:Decrypt", grant("kms:Encrypt")), false},
		{"a part of its name", alice, demand("kms:Decrypt", grant("kms:Dec")), false},
		{"another service", alice, demand("secretsmanager:Decrypt", grant("kms:Decrypt")), false},
		{"another grantee", alice, demand("kms:Decrypt", others), false},
		{"nobody, granted to nobody", Caller{Type: IAMUser},
			demand("kms:Decrypt", Grant{Actions: []string{"kms:Decrypt"}}), false},
		{"in another account", foreign, elsewhere, false},
		{"no grants at all", alice, Demand{Action: "kms:RetireGrant"}, false},
		{"the right context, in another case", alice, under(map[string]string{"app": "pay"}, only), true},
		{"the context under the same key", alice, under(map[string]string{"App": "pay"}, only), true},
		{"another one under the same key", alice, under(map[string]string{"App": "play"}, only), false},
		{"the key without a value", alice, valueless, false},
		{"another context", alice, under(map[string]string{"app": "play"}, only), false},
		{"no context", alice, under(nil, only), false},
		{"to make nothing", alice, demand("kms:CreateGrant", grant("kms:CreateGrant")), false},
		{"to make a smaller one", alice,
			making(grant("kms:Decrypt"), grant("kms:CreateGrant kms:Decrypt")), true},
		{"to make a greater one", alice, making(grant("kms:Decrypt"), grant("kms:CreateGrant")), false},
		{"for a resource", alice, demand("kms:Decrypt", bound), false},
		{"for a resource, retired", alice, demand("kms:RetireGrant", bound), true},
	} {
		d := Decide(Request{Caller: c.caller, Demands: []Demand{c.demand}})
		if d.Allowed() != c.want {
			t.Errorf("%s: %+v", c.name, d)
		}
		if c.want && (d.Reason != ByGrant || d.Statement != "g") {
			t.Errorf("%s: decided by %q %q", c.name, d.Reason, d.Statement)
		}
	}
}

// TestGrantValues_Source_IsReadAgain: a grant that is to be made is decided on with all it says.
func TestGrantValues_Source_IsReadAgain(t *testing.T) {
	for _, source := range []string{"arn:x", ""} {
		g := Grant{Actions: []string{"kms:Decrypt"}, SourceARN: source}
		v := g.Values()
		if got := made(v); !reflect.DeepEqual(*got, g) ||
			len(v[constraintSource]) != min(len(source), 1) {
			t.Errorf("%+v became %v and was read as %+v", g, v, got)
		}
	}
}

func TestGrantBounds_ChildWithAnotherSource_IsOutside(t *testing.T) {
	bound := Grant{SourceARN: "arn:x"}
	if bound.bounds(&Grant{}) || bound.bounds(&Grant{SourceARN: "arn:y"}) ||
		!bound.bounds(&Grant{SourceARN: "arn:x"}) {
		t.Error("a child with another source, or none, is within its parent")
	}
}
