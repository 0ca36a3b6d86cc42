package keystore

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"claviger/internal/domain"
	"claviger/keystore/key"
)

// grantsToList are grants on two keys: five to alice and five to bob on one, five to bob on the
// other, and one to a service. Carol may retire alice's and those on the other key.
type grantsToList struct {
	id, other               string // keys
	alices, bobs, retirable []string
	toService               string
}

func (s *service) grantsToList() (l grantsToList) {
	s.t.Helper()
	l.id, l.other = s.key(), s.key()
	byCarol := M{"RetiringPrincipal": arnOf("carol")}
	for range 5 {
		l.alices = append(l.alices, s.grantTo("alice", l.id, byCarol, "Decrypt").GrantId)
		l.bobs = append(l.bobs, s.grantTo("bob", l.id, nil, "Decrypt").GrantId)
		l.retirable = append(l.retirable, s.grantTo("bob", l.other, byCarol, "Decrypt").GrantId)
	}
	l.toService = s.grantTo("alice", l.id, toServiceInstead(M{"Name": "n/1",
		"RetiringServicePrincipal": aService, "Constraints": M{"SourceArn": aResource}}),
		"Encrypt", "Decrypt").GrantId
	return l
}

// grantIDs returns the ids of a listing, page by page.
func (s *service) grantIDs(operation string, in M) (ids []string) {
	s.t.Helper()
	for {
		out := must[ListGrantsOutput](s, operation, in)
		for _, g := range out.Grants {
			ids = append(ids, g.GrantId)
		}
		if out.Truncated != (out.NextMarker != "") {
			s.t.Errorf("truncated %v, marker %q", out.Truncated, out.NextMarker)
		}
		if !out.Truncated {
			return ids
		}
		in["Marker"] = out.NextMarker
	}
}

func TestListGrants_EachFilterAndLimit_ListsEachGrantOnce(t *testing.T) {
	s := start(t)
	l := s.grantsToList()
	alice, bob, carol := arnOf("alice"), arnOf("bob"), arnOf("carol")
	for _, c := range []struct {
		operation string
		in        M
		want      []string
	}{
		{"ListGrants", M{"KeyId": l.id}, slices.Concat(l.alices, l.bobs, []string{l.toService})},
		{"ListGrants", M{"KeyId": l.id, "GranteePrincipal": alice}, l.alices},
		{"ListGrants", M{"KeyId": l.id, "GranteePrincipal": carol}, nil},
		{"ListGrants", M{"KeyId": l.id, "GranteeServicePrincipal": aService},
			[]string{l.toService}},
		{"ListGrants", M{"KeyId": l.id, "GrantId": l.alices[0]}, l.alices[:1]},
		{"ListGrants", M{"KeyId": l.id, "GrantId": l.alices[0], "GranteePrincipal": bob}, nil},
		{"ListGrants", M{"KeyId": l.id, "GrantId": strings.Repeat("0", 64)}, nil},
		{"ListRetirableGrants", M{"RetiringPrincipal": carol},
			slices.Concat(l.alices, l.retirable)},
		{"ListRetirableGrants", M{"RetiringPrincipal": alice}, nil},
		{"ListRetirableGrants", M{"RetiringServicePrincipal": aService}, []string{l.toService}},
	} {
		for _, limit := range []int{1, 2, 5, 10, 100, 1000} {
			in := maps.Clone(c.in)
			in["Limit"] = limit
			got := s.grantIDs(c.operation, in)
			if len(got) != len(c.want) || !slices.Equal(inOrderOnce(got), inOrderOnce(c.want)) {
				t.Errorf("%s %v by %d: %d grants, want %d", c.operation, c.in, limit, len(got), len(c.want))
			}
		}
	}
}

func TestListGrants_MarkerOfAnotherListing_IsRefused(t *testing.T) {
	s := start(t)
	l := s.grantsToList()
	marker := must[ListGrantsOutput](s, "ListGrants", M{"KeyId": l.id, "Limit": 1}).NextMarker
	for _, in := range []M{
		{"KeyId": l.other}, {"KeyId": l.id, "GranteePrincipal": arnOf("alice")},
	} {
		in["Marker"] = marker
		if _, code := ask[any](s, "ListGrants", in); code != "InvalidMarkerException" {
			t.Errorf("a marker of another listing: %q", code)
		}
	}
}

func TestListGrants_MembersThatDoNotFit_AreRefused(t *testing.T) {
	s := start(t)
	id := s.key()
	for _, c := range []struct {
		in   M
		code string
	}{
		{M{"KeyId": id, "GrantId": "x"}, "InvalidGrantIdException"},
		{M{"KeyId": id, "GranteePrincipal": aUser, "GranteeServicePrincipal": aService},
			"ValidationException"},
	} {
		if _, code := ask[any](s, "ListGrants", c.in); code != c.code {
			t.Errorf("ListGrants %v: %q, want %q", c.in, code, c.code)
		}
	}
	for _, in := range []M{{}, {"RetiringPrincipal": aUser, "RetiringServicePrincipal": aService}} {
		if _, code := ask[any](s, "ListRetirableGrants", in); code != "ValidationException" {
			t.Errorf("ListRetirableGrants %v: %q", in, code)
		}
	}
}

func TestListGrants_GrantToAService_IsToldWhole(t *testing.T) {
	s := start(t)
	l := s.grantsToList()
	in := M{"KeyId": l.id, "GrantId": l.toService}
	e := must[ListGrantsOutput](s, "ListGrants", in).Grants[0]
	if e.KeyId != key.ARN(ourAccount, ourRegion, l.id) || e.Name != "n/1" ||
		e.GranteeServicePrincipal != aService || e.RetiringServicePrincipal != aService ||
		e.GranteePrincipal != "" || e.RetiringPrincipal != "" ||
		e.IssuingAccount != owner().ARN ||
		!slices.Equal(e.Operations, []string{"Decrypt", "Encrypt"}) ||
		domain.Or(e.Constraints.SourceArn, "") == "" || !e.CreationDate.Equal(s.time()) {
		t.Errorf("%+v", e)
	}
}

// AWS takes a service in the members for principals as well, and Terraform reads there what it
// wrote.
func TestListGrants_ServiceNamedAsPrincipal_IsListedAsOne(t *testing.T) {
	s := start(t)
	id := s.key()
	made := must[CreateGrantOutput](s, "CreateGrant", M{"KeyId": id, "GranteePrincipal": aService,
		"RetiringPrincipal": aService, "Operations": []string{"Decrypt"}})
	for operation, in := range map[string]M{"ListGrants": {"KeyId": id, "GranteePrincipal": aService},
		"ListRetirableGrants": {"RetiringPrincipal": aService}} {
		list := must[ListGrantsOutput](s, operation, in).Grants
		if len(list) != 1 || list[0].GrantId != made.GrantId || list[0].GranteePrincipal != aService ||
			list[0].RetiringPrincipal != aService || list[0].GranteeServicePrincipal != "" ||
			list[0].RetiringServicePrincipal != "" {
			t.Errorf("%s: %+v", operation, list)
		}
	}
}

// Nobody needs a policy to see what they may retire.
func TestListRetirableGrants_RetiringPrincipal_SeesItsOwnOnly(t *testing.T) {
	s := start(t)
	s.grantsToList()
	carol := s.user("carol")
	own := M{"RetiringPrincipal": arnOf("carol")}
	if out := must[ListGrantsOutput](carol, "ListRetirableGrants", own); len(out.Grants) != 10 {
		t.Errorf("carol sees %d", len(out.Grants))
	}
	bobs := M{"RetiringPrincipal": arnOf("bob")}
	if _, code := ask[any](carol, "ListRetirableGrants", bobs); code != denied {
		t.Errorf("carol sees bob's: %q", code)
	}
}
