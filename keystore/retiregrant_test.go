package keystore

import (
	"maps"
	"strings"
	"testing"

	"claviger/keystore/grant"
	"claviger/keystore/key"
)

func TestRetireGrant_EachCaller_IsAllowedAsTheGrantSays(t *testing.T) {
	s := start(t)
	id := s.key()
	alice, bob, carol := s.user("alice"), s.user("bob"), s.user("carol")
	decrypt, both := []string{"Decrypt"}, []string{"Decrypt", "RetireGrant"}
	for _, c := range []struct {
		name       string
		operations []string
		source     bool
		who        asker
		want       string
	}{
		{"who retires", decrypt, false, bob, ""},
		{"the grantee who may", both, false, alice, ""},
		{"the grantee who may, whatever the constraints", both, true, alice, ""},
		{"the grantee who may not", decrypt, false, alice, denied},
		{"somebody", both, false, carol, denied},
		{"the owner", decrypt, false, s, ""},
	} {
		for _, byToken := range []bool{true, false} {
			over := M{"RetiringPrincipal": arnOf("bob")}
			if c.source {
				over["Constraints"] = M{"SourceArn": aResource,
					"EncryptionContextEquals": M{"a": "b"}}
			}
			g := s.grantTo("alice", id, over, c.operations...)
			in := M{"KeyId": key.ARN(ourAccount, ourRegion, id), "GrantId": g.GrantId}
			if byToken {
				in = M{"GrantToken": g.GrantToken}
			}
			dry := maps.Clone(in)
			dry["DryRun"] = true
			_, code := ask[any](c.who, "RetireGrant", dry)
			if code != c.want && code != "DryRunOperationException" ||
				(code == denied) != (c.want == denied) {
				t.Errorf("%s, tried: %q", c.name, code)
			}
			if _, code := ask[any](c.who, "RetireGrant", in); code != c.want {
				t.Errorf("%s, by token %v: %q, want %q", c.name, byToken, code, c.want)
			}
			left := must[ListGrantsOutput](s, "ListGrants", M{"KeyId": id, "GrantId": g.GrantId}).Grants
			if (len(left) == 0) != (c.want == "") {
				t.Errorf("%s: %d are left", c.name, len(left))
			}
			if c.want != "" {
				continue
			}
			if _, code := ask[any](s, "RetireGrant", in); code != "NotFoundException" {
				t.Errorf("%s, twice: %q", c.name, code)
			}
			_, code = ask[any](c.who, "RetireGrant", in)
			if c.who != asker(s) && code != denied {
				t.Errorf("%s, twice, who may not know: %q", c.name, code)
			}
		}
	}
}

func TestRetireGrant_WhatNamesNoGrant_IsRefused(t *testing.T) {
	s := start(t)
	id, other := s.key(), s.key()
	g := s.grantTo("alice", id, nil, "Decrypt")
	absent, long := strings.Repeat("0", 64), strings.ToUpper(grant.NewID())+"A"
	for _, c := range []struct {
		in   M
		code string
	}{
		{M{}, "ValidationException"},
		{M{"KeyId": id}, "ValidationException"},
		{M{"GrantId": g.GrantId}, "ValidationException"},
		{M{"GrantToken": g.GrantToken, "KeyId": id, "GrantId": g.GrantId}, "ValidationException"},
		{M{"GrantToken": "x"}, "InvalidGrantTokenException"},
		{M{"GrantToken": g.GrantToken + "x"}, "InvalidGrantTokenException"},
		{M{"GrantToken": g.GrantToken[:30]}, "InvalidGrantTokenException"},
		{M{"KeyId": id, "GrantId": "x"}, "InvalidGrantIdException"},
		{M{"KeyId": id, "GrantId": long}, "InvalidGrantIdException"},
		{M{"KeyId": id, "GrantId": absent}, "NotFoundException"},
		{M{"KeyId": other, "GrantId": g.GrantId}, "NotFoundException"},
		{M{"KeyId": anID, "GrantId": g.GrantId}, "NotFoundException"},
		{M{"KeyId": "arn:aws:s3:::x", "GrantId": g.GrantId}, "InvalidArnException"},
	} {
		if _, code := ask[any](s, "RetireGrant", c.in); code != c.code {
			t.Errorf("RetireGrant %v: %q, want %q", c.in, code, c.code)
		}
	}
	if n := len(must[ListGrantsOutput](s, "ListGrants", M{"KeyId": id}).Grants); n != 1 {
		t.Errorf("%d grants are left", n)
	}
}
