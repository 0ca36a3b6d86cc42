package grant

import (
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/signedtoken"
	"claviger/keystore/key"
	"claviger/policy"
)

func TestCheckID_WhatIsNoGrantID_IsRefused(t *testing.T) {
	if err := CheckID(NewID()); err != nil {
		t.Errorf("a new id: %v", err)
	}
	digits := strings.Repeat("a", 64)
	for _, id := range []string{"", "x", digits[1:], digits + "a", strings.ToUpper(digits),
		digits[1:] + "g", digits[1:] + "\n"} {
		if f := fault.Of(CheckID(id)); f == nil || f.Code != "InvalidGrantIdException" {
			t.Errorf("%q: %v", id, f)
		}
	}
}

func TestToken_OtherRegion_IsRefused(t *testing.T) {
	grants := New(nil, nil, signedtoken.New([]byte("the key of this installation")))
	here := func() *op.Call {
		return &op.Call{RequestID: "r", Region: "us-east-1",
			Caller: policy.Caller{Account: "111122223333"}}
	}
	g := &Grant{Key: key.Ref{Account: "111122223333", Region: "us-east-1", ID: "k"}, ID: "g"}
	token := grants.Token(here(), g)
	for name, change := range map[string]func(*op.Call){
		"here": func(*op.Call) {},
		// A grantee of another account brings the token as it got it.
		"from another account": func(c *op.Call) { c.Caller.Account = "444455556666" },
		"in another Region":    func(c *op.Call) { c.Region = "eu-central-1" },
	} {
		c := here()
		change(c)
		k, id, err := grants.ReadToken(c, token)
		switch good := name != "in another Region"; {
		case good && (err != nil || k != g.Key || id != "g"):
			t.Errorf("%s: read as %v, %q, %v", name, k, id, err)
		case !good && fault.Of(err) == nil:
			t.Errorf("%s: taken", name)
		}
		if checked := grants.CheckTokens(c, []string{token}); (checked == nil) != (err == nil) {
			t.Errorf("%q: read with %v, checked with %v", name, err, checked)
		}
	}
	later := here()
	later.RequestID = "s"
	if grants.Token(later, g) == token {
		t.Error("two requests got one token")
	}
}

func TestPolicy_EachMember_IsCarriedOver(t *testing.T) {
	source := "arn:aws:s3:us-east-1:111122223333:b"
	equals, subset := map[string]string{"a": "1"}, map[string]string{"b": "2"}
	g := &Grant{Key: key.Ref{Account: "111122223333"}, ID: "g", Grantee: "alice",
		RetiringPrincipal: "bob",
		Operations:        []string{"Decrypt", "ReEncryptFrom"},
		Constraints: Constraints{EncryptionContextEquals: equals,
			EncryptionContextSubset: subset, SourceArn: &source}}
	p := g.Policy()
	if p.ID != "g" || p.Grantee != "alice" || p.SourceARN != source || p.Equals["a"] != "1" ||
		p.Subset["b"] != "2" ||
		strings.Join(p.Actions, " ") != "kms:Decrypt kms:ReEncryptFrom" {
		t.Errorf("%+v", p)
	}
	who := map[string]string{}
	for _, p := range g.RetirementPolicies() {
		who[p.Grantee] = strings.Join(p.Actions, " ")
	}
	if len(who) != 3 || who["bob"] != "kms:RetireGrant" || who["alice"] == "kms:RetireGrant" ||
		who["arn:aws:iam::111122223333:root"] != "kms:RetireGrant" {
		t.Errorf("retired by %v", who)
	}
}

// An absent constraint and an empty one differ: nothing, and no context at all.
func TestIsEmpty_EmptyEncryptionContextEquals_IsAConstraint(t *testing.T) {
	if !(Constraints{}).IsEmpty() {
		t.Error("no constraint is one")
	}
	if (Constraints{EncryptionContextEquals: map[string]string{}}).IsEmpty() {
		t.Error("equal to nothing is no constraint")
	}
}
