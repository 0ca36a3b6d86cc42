package keystore

import (
	"slices"
	"testing"

	"claviger/policy"
)

// somebody is a user whom grants name by unique id.
func somebody(name, id string) policy.Caller {
	return policy.Caller{Type: policy.IAMUser, Account: ourAccount, ARN: arnOf(name), UniqueID: id,
		PrincipalID: id}
}

const (
	aliceID = "AIDAALICEALICEALICEALI"
	bobID   = "AIDABOBBOBBOBBOBBOBBOB"
	newID   = "AIDANEWNEWNEWNEWNEWNEW"
)

// listed are grantee and retiring principal of the grants of a listing.
func listed(out ListGrantsOutput) (names []string) {
	for _, g := range out.Grants {
		names = append(names, g.GranteePrincipal, g.RetiringPrincipal)
	}
	return names
}

// TestGrant_Principals_AreMeantByID: also in listings and where the grant is retired. Who was made
// again under a name of before has no part in it.
func TestGrant_Principals_AreMeantByID(t *testing.T) {
	s := start(t)
	s.people.IDs = map[string]string{arnOf("alice"): aliceID, arnOf("bob"): bobID}
	alice, bob := client{s, somebody("alice", aliceID)}, client{s, somebody("bob", bobID)}
	again := client{s, somebody("alice", newID)}
	id := must[CreateKeyOutput](s, "CreateKey", nil).KeyMetadata.KeyId
	in := M{"KeyId": id, "GranteePrincipal": arnOf("alice"), "RetiringPrincipal": arnOf("bob"),
		"Operations": []string{"DescribeKey"}, "Name": "n"}
	g := must[CreateGrantOutput](s, "CreateGrant", in)

	describe := func(c client) string {
		_, code := ask[any](c, "DescribeKey", M{"KeyId": id})
		return code
	}
	retirable := func(c client) []string {
		return listed(must[ListGrantsOutput](c, "ListRetirableGrants",
			M{"RetiringPrincipal": c.caller.ARN}))
	}
	ofAlice := func() []string {
		return listed(must[ListGrantsOutput](s, "ListGrants",
			M{"KeyId": id, "GranteePrincipal": arnOf("alice")}))
	}
	want := []string{arnOf("alice"), arnOf("bob")}
	for name, got := range map[string][]string{"of alice": ofAlice(), "bob's": retirable(bob),
		"the key's": listed(must[ListGrantsOutput](s, "ListGrants", M{"KeyId": id}))} {
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if describe(alice) != "" || describe(again) != denied {
		t.Errorf("alice: %q, another one: %q", describe(alice), describe(again))
	}

	s.people.IDs[arnOf("alice")] = newID
	if got, retires := ofAlice(), retirable(again); len(got) != 0 || len(retires) != 0 {
		t.Errorf("who has her name now was granted %v and may retire %v", got, retires)
	}
	want[0] = aliceID
	for name, filter := range map[string]M{"the key's": {"KeyId": id},
		"of who is gone": {"KeyId": id, "GranteePrincipal": aliceID}} {
		if got := listed(must[ListGrantsOutput](s, "ListGrants", filter)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if other := must[CreateGrantOutput](s, "CreateGrant", in); other.GrantId == g.GrantId {
		t.Error("the grant to who is gone was taken for that to who has her name now")
	}
	if describe(again) != "" {
		t.Errorf("granted, and answered %q", describe(again))
	}
	retired := M{"KeyId": id, "GrantId": g.GrantId}
	if _, code := ask[any](again, "RetireGrant", retired); code != denied {
		t.Errorf("who retires nothing is answered %q", code)
	}
	if _, code := ask[any](bob, "RetireGrant", retired); code != "" {
		t.Errorf("who may retire it is answered %q", code)
	}
}

// TestCreateGrant_NobodyOfTheName_IsRefused, as grantee and to retire it.
func TestCreateGrant_NobodyOfTheName_IsRefused(t *testing.T) {
	s := start(t)
	s.people.IDs = map[string]string{arnOf("alice"): aliceID}
	id := must[CreateKeyOutput](s, "CreateKey", nil).KeyMetadata.KeyId
	for _, members := range []M{{"GranteePrincipal": arnOf("nemo")},
		{"GranteePrincipal": arnOf("alice"), "RetiringPrincipal": arnOf("nemo")}} {
		members["KeyId"], members["Operations"] = id, []string{"Decrypt"}
		f := fail(s, "CreateGrant", members)
		if f == nil || f.Code != "InvalidArnException" ||
			f.Message != "ARN does not refer to a valid principal: "+arnOf("nemo") {
			t.Errorf("%v: %v", members, f)
		}
		_, code := ask[any](s.user("eve"), "CreateGrant", members)
		if code != denied {
			t.Errorf("who may grant nothing learns who there is: %q", code)
		}
	}
	if got := listed(must[ListGrantsOutput](s, "ListGrants", M{"KeyId": id})); len(got) != 0 {
		t.Errorf("there is a grant for %v", got)
	}
}

// TestKeyPolicy_Principals_AreMeantByID: the policy is read as it was written, and names by their
// ids those who are gone. Each operation that takes a policy refuses who isn't there.
func TestKeyPolicy_Principals_AreMeantByID(t *testing.T) {
	s := start(t)
	s.people.IDs = map[string]string{arnOf("alice"): aliceID}
	text := func(principal string) string {
		return `{"Statement": [ {"Effect":"Allow","Principal":{"AWS":"` + ourAccount + `"},` +
			`"Action":"kms:*","Resource":"*"},` + "\n" + `{"Effect":"Allow","Principal":{"AWS":"` +
			principal + `"},"Action":"kms:DescribeKey","Resource":"*"}]}`
	}
	made := must[CreateKeyOutput](s, "CreateKey",
		M{"Policy": text(arnOf("alice")), "MultiRegion": true}).KeyMetadata
	read := func() string {
		return must[GetKeyPolicyOutput](s, "GetKeyPolicy", M{"KeyId": made.KeyId}).Policy
	}
	describe := func(id string) string {
		_, code := ask[any](client{s, somebody("alice", id)}, "DescribeKey", M{"KeyId": made.Arn})
		return code
	}
	if read() != text(arnOf("alice")) || describe(aliceID) != "" || describe(newID) != denied {
		t.Errorf("read as %s; alice is answered %q, another one %q", read(), describe(aliceID),
			describe(newID))
	}
	s.people.IDs[arnOf("alice")] = newID
	if read() != text(aliceID) || describe(newID) != denied {
		t.Errorf("gone, and read as %s; another one is answered %q", read(), describe(newID))
	}
	for _, principal := range []string{arnOf("nemo"), aliceID} {
		for operation, in := range map[string]M{"CreateKey": {}, "PutKeyPolicy": {"KeyId": made.KeyId},
			"ReplicateKey": {"KeyId": made.KeyId, "ReplicaRegion": abroad}} {
			in["Policy"] = text(principal)
			f := fail(s, operation, in)
			if f == nil || f.Message != string(policy.ErrPrincipal) {
				t.Errorf("%s with %s: %v", operation, principal, f)
			}
		}
	}
	must[any](s, "PutKeyPolicy", M{"KeyId": made.KeyId, "Policy": text(arnOf("alice"))})
	if describe(aliceID) != denied || describe(newID) != "" {
		t.Errorf("saved again: %q, %q", describe(aliceID), describe(newID))
	}
}
