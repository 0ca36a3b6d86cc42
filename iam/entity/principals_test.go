package entity_test

import (
	"errors"
	"testing"
	"time"

	"claviger/iam/entity"
	"claviger/iam/iamtest"
	"claviger/internal/domain"
)

// TestUniqueID_ARN_IsOfWhoIsThereNow: with his path and in his case, in every account.
func TestUniqueID_ARN_IsOfWhoIsThereNow(t *testing.T) {
	k := iamtest.Start(t)
	const other = "444455556666"
	k.Commit(k.Directory.NewAccount(t.Context(),
		&entity.Account{Number: other, Created: k.Clock.Now(), Rev: 1}))
	alice, role := k.NewUser("Alice"), k.NewRole("alice")
	eve := entity.NewUser(other, "eve", "/team/", k.Clock.Now())
	k.Commit(k.Directory.Users.Insert(t.Context(), eve))
	const own = "arn:aws:iam::" + iamtest.Account
	for arn, want := range map[string]string{
		own + ":user/Alice": alice, own + ":role/alice": role,
		"arn:aws:iam::" + other + ":user/team/eve": eve.ID,
		own + ":user/alice":                        "", own + ":role/Alice": "",
		own + ":user/a/Alice":                 "",
		"arn:aws:iam::" + other + ":user/eve": "", own + ":group/alice": "", own + ":root": "",
		own + ":user/": "", alice: "", "": "",
	} {
		id, err := k.Directory.UniqueID(t.Context(), arn)
		if id != want || (want == "") != errors.Is(err, domain.ErrNobody) {
			t.Errorf("%s: %q, %v; want %q", arn, id, err, want)
		}
		if want == "" {
			continue
		}
		if back, err := k.Directory.ARN(t.Context(), id); err != nil || back != arn {
			t.Errorf("%s: back as %q, %v", arn, back, err)
		}
	}
	for _, id := range []string{"AIDAAAAAAAAAAAAAAAAAA", "AROAAAAAAAAAAAAAAAAAA", "AGPA", ""} {
		if arn, err := k.Directory.ARN(t.Context(), id); err != nil || arn != id {
			t.Errorf("%q, which nobody has: %q, %v", id, arn, err)
		}
	}
}

// TestUniqueID_MadeAgain_IsAnotherOne, and the old one stays as it is.
func TestUniqueID_MadeAgain_IsAnotherOne(t *testing.T) {
	k := iamtest.Start(t)
	const arn = "arn:aws:iam::" + iamtest.Account + ":user/u"
	id := k.NewUser("u")
	if got, err := k.Directory.ARN(t.Context(), id); got != arn || err != nil {
		t.Errorf("%s: %q, %v", id, got, err)
	}
	k.Do("DeleteUser", iamtest.M{"UserName": "u"})
	again := k.NewUser("u")
	now, err := k.Directory.UniqueID(t.Context(), arn)
	if err != nil || now != again || now == id {
		t.Errorf("made again as %q, %v", now, err)
	}
	if got, err := k.Directory.ARN(t.Context(), id); got != id || err != nil {
		t.Errorf("who is gone is called %q, %v", got, err)
	}
}

// TestARN_RowThatWasChanged_IsAnError: a reader is not told of somebody who isn't meant.
func TestARN_RowThatWasChanged_IsAnError(t *testing.T) {
	k := iamtest.Start(t)
	id := k.NewUser("u")
	k.Edit(`UPDATE iam_users SET name = 'v' WHERE id = ?`, id)
	if arn, err := k.Directory.ARN(t.Context(), id); err == nil {
		t.Errorf("it is called %s", arn)
	}
	const arn = "arn:aws:iam::" + iamtest.Account + ":user/v"
	if got, err := k.Directory.UniqueID(t.Context(), arn); err == nil {
		t.Errorf("%s is %s", arn, got)
	}
}

// TestRoleUsed_LastOne_IsKept until the role is deleted.
func TestRoleUsed_LastOne_IsKept(t *testing.T) {
	k := iamtest.Start(t)
	role, err := k.Directory.Roles.ByID(t.Context(), iamtest.Account, k.NewRole("r"))
	if err != nil {
		t.Fatal(err)
	}
	used := func() entity.RoleUse {
		t.Helper()
		k.Reopen() // which writes what waits
		u, err := k.Directory.RoleUse(role)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	if u := used(); u != (entity.RoleUse{}) {
		t.Errorf("never used: %+v", u)
	}
	later := k.Clock.Now()
	k.Directory.RoleUsed(iamtest.Account, role.ID, "eu-central-1", later)
	if u := used(); !u.At.Equal(later) || u.Region != "eu-central-1" {
		t.Errorf("used: %+v", u)
	}
	k.Directory.RoleUsed(iamtest.Account, role.ID, "us-east-1", later.Add(-time.Second))
	if u := used(); !u.At.Equal(later) || u.Region != "eu-central-1" {
		t.Errorf("what was before: %+v", u)
	}
	k.Do("DeleteRole", iamtest.M{"RoleName": "r"})
	if u := used(); u != (entity.RoleUse{}) {
		t.Errorf("deleted: %+v", u)
	}
}
