package groups_test

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	"claviger/iam/entity"
	"claviger/iam/groups"
	"claviger/iam/iamtest"
	"claviger/store"
)

type M = iamtest.M

const allowAll = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*",` +
	`"Resource":"*"}}`

// members are the names of the members of a group.
func members(k *iamtest.Kit, name string) (names []string) {
	for _, u := range iamtest.Must[groups.GetGroupOutput](k, "GetGroup",
		M{"GroupName": name}).Users {
		names = append(names, u.UserName)
	}
	return names
}

// TestMembership_EachStep_HoldsAtOnce: who is a member may what the group may, whatever happens to
// its name, and also after a restart.
func TestMembership_EachStep_HoldsAtOnce(t *testing.T) {
	k := iamtest.Start(t)
	id := k.NewUser("u")
	k.Do("CreateGroup", M{"GroupName": "g", "Path": "/a/"})
	k.Do("PutGroupPolicy", M{"GroupName": "g", "PolicyName": "p", "PolicyDocument": allowAll})
	for _, step := range []struct {
		what, name string
		do         func()
		may        bool
	}{
		{"no member", "g", func() {}, false},
		{"added", "g", func() { k.Do("AddUserToGroup", M{"GroupName": "g", "UserName": "u"}) }, true},
		{"added again", "g", func() {
			k.Do("AddUserToGroup", M{"GroupName": "g", "UserName": "U"})
		}, true},
		{"renamed", "h", func() {
			k.Do("UpdateGroup", M{"GroupName": "g", "NewGroupName": "h", "NewPath": "/b/"})
		}, true},
		{"started again", "h", k.Restart, true},
		{"removed", "h", func() {
			k.Do("RemoveUserFromGroup", M{"GroupName": "h", "UserName": "u"})
		}, false},
		{"removed again", "h", func() {
			k.Do("RemoveUserFromGroup", M{"GroupName": "h", "UserName": "u"})
		}, false},
	} {
		step.do()
		if k.May(id, "kms:CreateKey", "*") != step.may {
			t.Errorf("%s: may is %v", step.what, !step.may)
		}
		if names := members(k, step.name); slices.Contains(names, "u") != step.may {
			t.Errorf("%s: its members are %v", step.what, names)
		}
	}
}

// TestMembership_UserMadeAgain_IsNoMember: a group means a user by his unique id.
func TestMembership_UserMadeAgain_IsNoMember(t *testing.T) {
	k := iamtest.Start(t)
	k.NewUser("u")
	k.NewGroup("g", "u")
	k.Refused("DeleteUser", M{"UserName": "u"}, "DeleteConflict",
		"Cannot delete entity, must remove users from group first.")
	k.Do("RemoveUserFromGroup", M{"GroupName": "g", "UserName": "u"})
	k.Do("DeleteUser", M{"UserName": "u"})
	k.NewUser("u")
	if names := members(k, "g"); len(names) != 0 {
		t.Errorf("the members are %v", names)
	}
}

// TestMembership_OfDeletedGroup_CantBeMade: who deletes a group and who adds a user to it at the
// same time can't both be right. A user who is in a group that isn't there is denied everything.
func TestMembership_OfDeletedGroup_CantBeMade(t *testing.T) {
	k := iamtest.Start(t)
	d, ctx := k.Directory, t.Context()
	k.NewUser("u")
	g, err := d.Groups.ByID(ctx, iamtest.Account, k.NewGroup("g"))
	if err != nil {
		t.Fatal(err)
	}
	u, err := d.Users.ByName(ctx, iamtest.Account, "u")
	if err != nil {
		t.Fatal(err)
	}
	to := *u
	to.Groups = []string{g.ID}
	k.Commit(d.Users.Update(ctx, u, &to))
	err = k.DB.Commit(entity.Unlinked(g.Account, g.ID, entity.Member),
		func(error) []byte { return nil })
	if !errors.Is(err, store.Stale) {
		t.Errorf("deleted with a member: %v", err)
	}
	k.Do("RemoveUserFromGroup", M{"GroupName": "g", "UserName": "u"})
	k.Do("DeleteGroup", M{"GroupName": "g"})
	err = k.DB.Commit(d.Groups.Present(g.Account, g.ID), func(error) []byte { return nil })
	if !errors.Is(err, store.Stale) {
		t.Errorf("added to a group that is gone: %v", err)
	}
}

// TestMembership_RowsChangedBehind_AreNoticed: what the links say is believed of nobody whose row
// doesn't say it, and a row that was changed is no row.
func TestMembership_RowsChangedBehind_AreNoticed(t *testing.T) {
	k := iamtest.Start(t)
	mallory := k.NewUser("mallory")
	g := k.NewGroup("g")
	k.Do("PutGroupPolicy", M{"GroupName": "g", "PolicyName": "p", "PolicyDocument": allowAll})
	k.Edit(`INSERT INTO iam_links (account, target, kind, id) VALUES (?, ?, 'Member', ?)`,
		iamtest.Account, g, mallory)
	if names := members(k, "g"); len(names) != 0 || k.May(mallory, "kms:CreateKey", "*") {
		t.Errorf("a link alone makes %v members", names)
	}
	k.Edit(`UPDATE iam_users SET member_of = ? WHERE id = ?`, `["`+g+`"]`, mallory)
	if p, err := k.Directory.Principal(t.Context(), iamtest.Account, mallory); err == nil {
		t.Errorf("a row that was changed makes %+v", p)
	}
}

// TestCreateGroup_AccountFull_IsRefused by IAM's quota.
func TestCreateGroup_AccountFull_IsRefused(t *testing.T) {
	k := iamtest.Start(t)
	for i := range 300 {
		k.NewGroup("g" + strconv.Itoa(i))
	}
	k.Refused("CreateGroup", M{"GroupName": "another"}, "LimitExceeded",
		"Cannot exceed quota for GroupsPerAccount: 300")
	k.Do("DeleteGroup", M{"GroupName": "g7"})
	k.Do("CreateGroup", M{"GroupName": "another"})
}

// TestListGroups_Pages_AreInOrderOfName, whatever its case, and of one path.
func TestListGroups_Pages_AreInOrderOfName(t *testing.T) {
	k := iamtest.Start(t)
	for _, name := range []string{"b", "D", "a", "C"} {
		k.Do("CreateGroup", M{"GroupName": name, "Path": "/p/"})
	}
	k.Do("CreateGroup", M{"GroupName": "other"})
	names, in := "", M{"PathPrefix": "/p/", "MaxItems": 3}
	for {
		page := iamtest.Must[groups.ListGroupsOutput](k, "ListGroups", in)
		for _, g := range page.Groups {
			names += g.GroupName
		}
		if !page.IsTruncated {
			break
		}
		in["Marker"], names = page.Marker, names+"."
	}
	if names != "abC.D" {
		t.Errorf("listed as %s", names)
	}
	k.Refused("ListGroups", M{"Marker": in["Marker"]}, "ValidationError", "Invalid Marker.")
}
