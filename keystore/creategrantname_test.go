package keystore

import (
	"errors"
	"maps"
	"sync"
	"testing"

	"claviger/store"
)

func TestCreateGrant_SameNameAndMembers_ReturnsTheSameGrant(t *testing.T) {
	s := start(t)
	id := s.key()
	pairs := M{"a": "1", "b": "2"}
	subset := byPairs("EncryptionContextSubset", pairs)
	named := maps.Clone(subset)
	named["Name"] = "n"
	first := s.grantTo("alice", id, named, "Decrypt", "Encrypt")
	again := s.grantTo("alice", id, named, "Encrypt", "Decrypt", "Encrypt")
	if again.GrantId != first.GrantId || again.GrantToken == first.GrantToken {
		t.Errorf("the same request again: %+v after %+v", again, first)
	}
	for name, over := range map[string]M{
		"another name":       {"Name": "m"},
		"no name":            {},
		"no name, again":     {},
		"another constraint": {"Name": "n", "Constraints": M{"EncryptionContextEquals": pairs}},
		"one who retires":    {"Name": "n", "RetiringPrincipal": aUser},
		"another grantee":    {"Name": "n", "GranteePrincipal": aUser},
	} {
		in := maps.Clone(subset)
		maps.Copy(in, over)
		if g := s.grantTo("alice", id, in, "Decrypt", "Encrypt"); g.GrantId == first.GrantId {
			t.Errorf("%s: the same grant", name)
		}
	}
	must[any](s, "RevokeGrant", M{"KeyId": id, "GrantId": first.GrantId})
	if g := s.grantTo("alice", id, named, "Decrypt", "Encrypt"); g.GrantId == first.GrantId {
		t.Error("a grant that was revoked came back with its id")
	}
}

func TestCreateGrant_SameNameByManyAtOnce_MakesOneGrant(t *testing.T) {
	s := start(t)
	id := s.key()
	var wg sync.WaitGroup
	ids := make([]string, 16)
	in := M{"KeyId": id, "GranteePrincipal": aUser, "Operations": []string{"Decrypt"}, "Name": "n"}
	for i := range ids {
		wg.Go(func() {
			out, code := ask[CreateGrantOutput](s, "CreateGrant", in)
			if code != "" {
				t.Error(code)
			}
			ids[i] = out.GrantId
		})
	}
	wg.Wait()
	if all := must[ListGrantsOutput](s, "ListGrants", M{"KeyId": id}).Grants; len(all) != 1 {
		t.Errorf("%d grants", len(all))
	}
	if different := inOrderOnce(ids); len(different) != 1 {
		t.Errorf("answered %v", different)
	}
}

// A change of the key between the plan of a grant and its commit sends the request back to where it
// finds the key.
func TestCreateGrant_KeyChangedMeanwhile_IsStale(t *testing.T) {
	s := start(t)
	id := s.key()
	c := call()
	c.RequestID = "r"
	g, err := s.keys.findNewGrant(c, CreateGrantInput{KeyId: id, GranteePrincipal: new(string),
		Operations: []string{"Decrypt"}})
	if err != nil {
		t.Fatal(err)
	}
	commit, err := s.keys.createGrant(c, CreateGrantInput{}, g)
	if err != nil {
		t.Fatal(err)
	}
	must[any](s, "DisableKey", M{"KeyId": id})
	err = s.DB.Commit(func(tx *store.Tx) error {
		_, err := commit(tx)
		return err
	}, func(error) []byte { return nil })
	if !errors.Is(err, store.Stale) {
		t.Errorf("%v", err)
	}
}
