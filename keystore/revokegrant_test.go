package keystore

import (
	"strings"
	"sync"
	"testing"
)

func TestRevokeGrant_WhoMayOnlyRetire_IsDenied(t *testing.T) {
	s := start(t)
	id := s.key()
	byBob := M{"RetiringPrincipal": arnOf("bob")}
	g := s.grantTo("alice", id, byBob, "Decrypt", "RetireGrant")
	for _, who := range []client{s.user("alice"), s.user("bob"), s.user("carol")} {
		_, code := ask[any](who, "RevokeGrant", M{"KeyId": id, "GrantId": g.GrantId})
		if code != denied {
			t.Errorf("to retire is not to revoke: %s: %q", who.caller.ARN, code)
		}
	}
}

func TestRevokeGrant_WhatNamesNoGrant_IsRefused(t *testing.T) {
	s := start(t)
	id, other := s.key(), s.key()
	g := s.grantTo("alice", id, nil, "Decrypt")
	for _, c := range []struct {
		in   M
		code string
	}{
		{M{"KeyId": id, "GrantId": "x"}, "InvalidGrantIdException"},
		{M{"KeyId": id, "GrantId": strings.Repeat("0", 64)}, "NotFoundException"},
		{M{"KeyId": other, "GrantId": g.GrantId}, "NotFoundException"},
		{M{"KeyId": id, "GrantId": g.GrantId, "DryRun": true}, "DryRunOperationException"},
	} {
		if _, code := ask[any](s, "RevokeGrant", c.in); code != c.code {
			t.Errorf("RevokeGrant %v: %q, want %q", c.in, code, c.code)
		}
	}
	if n := len(must[ListGrantsOutput](s, "ListGrants", M{"KeyId": id}).Grants); n != 1 {
		t.Errorf("%d grants are left", n)
	}
}

// After the answer to RevokeGrant nobody who begins then uses the key, however many were using it
// all the time.
func TestRevokeGrant_KeyInUse_IsDeniedAtOnce(t *testing.T) {
	s := start(t)
	id := s.key()
	alice := s.user("alice")
	use := M{"KeyId": id, "Plaintext": "eA=="}
	for range 20 {
		g := s.grantTo("alice", id, nil, "Encrypt")
		var wg sync.WaitGroup
		stop := make(chan struct{})
		for range 4 {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						ask[any](alice, "Encrypt", use)
					}
				}
			})
		}
		must[any](alice, "Encrypt", use)
		must[any](s, "RevokeGrant", M{"KeyId": id, "GrantId": g.GrantId})
		for range 10 {
			if _, code := ask[any](alice, "Encrypt", use); code != denied {
				t.Errorf("after the revocation: %q", code)
			}
		}
		close(stop)
		wg.Wait()
	}
}
