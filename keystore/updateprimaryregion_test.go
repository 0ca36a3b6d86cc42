package keystore

import (
	"reflect"
	"strings"
	"testing"

	"claviger/keystore/key"
	"claviger/policy"
)

func TestUpdatePrimaryRegion_EachRegion_IsPromotedOrRefused(t *testing.T) {
	s := start(t)
	id := s.relatedKeys(M{}, abroad, farAway)
	must[any](s, "UpdatePrimaryRegion", M{"KeyId": id, "PrimaryRegion": abroad})
	s.checkRelated(id, abroad, ourRegion, farAway)
	for _, region := range []string{ourRegion, abroad, farAway} {
		if m := s.describe(region, id); m.KeyState != key.Enabled {
			t.Errorf("the key in %s is %s", region, m.KeyState)
		}
	}
	if _, refused := askIn[any](s, ourRegion, "UpdatePrimaryRegion",
		M{"KeyId": id, "PrimaryRegion": farAway}); refused == nil ||
		refused.Code != "UnsupportedOperationException" {
		t.Errorf("who is no primary any more: %v", refused)
	}
	mustIn[any](s, abroad, "UpdatePrimaryRegion", M{"KeyId": id, "PrimaryRegion": ourRegion})
	s.checkRelated(id, ourRegion, abroad, farAway)

	single := s.key()
	absent := s.relatedKeys(M{}, abroad)
	mustIn[any](s, abroad, "DisableKey", M{"KeyId": absent})
	for _, x := range []struct {
		id, to, code, message string
	}{
		{single, abroad, "UnsupportedOperationException", key.ARN(ourAccount, ourRegion, single) +
			" is not a multi-region primary key."},
		{id, ourRegion, "UnsupportedOperationException", key.ARN(ourAccount, ourRegion, id) +
			" is the primary key already."},
		{id, "us-west-2", "UnsupportedOperationException",
			"The Region us-west-2 is not one that this service serves."},
		{absent, farAway, "NotFoundException", "Key '" + key.ARN(ourAccount, farAway, absent) +
			"' does not exist"},
		{absent, abroad, "DisabledException", key.ARN(ourAccount, abroad, absent) + " is disabled."},
	} {
		_, refused := askIn[any](s, ourRegion, "UpdatePrimaryRegion",
			M{"KeyId": x.id, "PrimaryRegion": x.to})
		if refused == nil || refused.Code != x.code || refused.Message != x.message {
			t.Errorf("%s to %s: %v, want %s %s", x.id, x.to, refused, x.code, x.message)
		}
	}
	s.checkRelated(absent, ourRegion, abroad)
}

// Both keys are asked about, and both are in the record.
func TestRelations_ReplicateAndPromote_DemandBothKeys(t *testing.T) {
	s := start(t)
	id := s.relatedKeys(M{}, abroad)
	c := s.Runner.Own(t.Context(), ourAccount, ourRegion, "kms")
	here := key.ARN(ourAccount, ourRegion, id)
	there, far := key.ARN(ourAccount, abroad, id), key.ARN(ourAccount, farAway, id)
	same := func(what string, got []policy.Demand, want ...[2]string) {
		t.Helper()
		var said [][2]string
		for _, d := range got {
			said = append(said, [2]string{d.Action, d.Resource.ARN})
		}
		if !reflect.DeepEqual(said, want) {
			t.Errorf("%s demands %v, want %v", what, said, want)
		}
	}
	r, err := s.keys.findReplication(c, ReplicateKeyInput{KeyId: id, ReplicaRegion: farAway})
	if err != nil {
		t.Fatal(err)
	}
	same("ReplicateKey", r.Demands(), [2]string{"kms:ReplicateKey", here},
		[2]string{"kms:CreateKey", far})
	r.in.Tags, r.in.Policy = []key.Tag{{TagKey: "a"}}, new(string)
	same("ReplicateKey with policy and tags", r.Demands(), [2]string{"kms:ReplicateKey", here},
		[2]string{"kms:CreateKey", far}, [2]string{"kms:PutKeyPolicy", far},
		[2]string{"kms:TagResource", far})
	p, err := s.keys.findPromotion(c, UpdatePrimaryRegionInput{KeyId: id, PrimaryRegion: abroad})
	if err != nil {
		t.Fatal(err)
	}
	same("UpdatePrimaryRegion", p.Demands(), [2]string{"kms:UpdatePrimaryRegion", here},
		[2]string{"kms:UpdatePrimaryRegion", there})

	must[any](s, "UpdatePrimaryRegion", M{"KeyId": id, "PrimaryRegion": abroad})
	all := s.Records()
	if last := all[len(all)-1]; !strings.Contains(last, `"UpdatePrimaryRegion"`) ||
		!strings.Contains(last, here) || !strings.Contains(last, there) {
		t.Errorf("recorded as %s", last)
	}
}
