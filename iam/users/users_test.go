package users_test

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"claviger/iam/entity"
	"claviger/iam/iamtest"
	"claviger/iam/users"
	"claviger/internal/domain"
	"claviger/policy"
)

type M = iamtest.M

const root = "arn:aws:iam::" + iamtest.Account + ":root"

// allow is a document that allows these actions on a user of the account.
func allow(user string, actions ...string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["` +
		strings.Join(actions, `","`) + `"],"Resource":"arn:aws:iam::` + iamtest.Account + `:user/` +
		user + `"}]}`
}

// newKey makes an access key of a user, or without a name of who asks.
func newKey(k *iamtest.Kit, name string) users.AccessKey {
	in := M{}
	if name != "" {
		in["UserName"] = name
	}
	return iamtest.Must[users.CreateAccessKeyOutput](k, "CreateAccessKey", in).AccessKey
}

// TestUpdateUser_OtherName_TakesTheRightToBoth: whoever may change one user alone can't make it
// another, in a path either, and nobody takes a name that is taken in other letters.
func TestUpdateUser_OtherName_TakesTheRightToBoth(t *testing.T) {
	k := iamtest.Start(t)
	k.NewUser("a")
	k.NewUser("b")
	helper := k.NewUser("helper")
	k.Do("PutUserPolicy", M{"UserName": "helper", "PolicyName": "p",
		"PolicyDocument": allow("a", "iam:UpdateUser")})
	k.As(k.Caller(helper), func() {
		k.Refused("UpdateUser", M{"UserName": "a", "NewUserName": "c"}, "AccessDenied", "")
		k.Refused("UpdateUser", M{"UserName": "a", "NewPath": "/boss/"}, "AccessDenied", "")
		k.Refused("UpdateUser", M{"UserName": "c", "NewUserName": "a"}, "AccessDenied", "")
		k.Do("UpdateUser", M{"UserName": "a"})
	})
	k.Refused("UpdateUser", M{"UserName": "a", "NewUserName": "B"}, "EntityAlreadyExists",
		"User with name B already exists.")
	k.Do("UpdateUser", M{"UserName": "a", "NewUserName": "A", "NewPath": "/boss/"})
	u := iamtest.Must[users.GetUserOutput](k, "GetUser", M{"UserName": "a"}).User
	if u.UserName != "A" || u.Arn != "arn:aws:iam::"+iamtest.Account+":user/boss/A" {
		t.Errorf("%+v", u)
	}
}

// TestCreateUser_AccountFull_IsRefused by IAM's quota.
func TestCreateUser_AccountFull_IsRefused(t *testing.T) {
	k := iamtest.Start(t)
	var all []domain.Change
	for i := range 5000 {
		u := entity.NewUser(iamtest.Account, "u"+strconv.Itoa(i), "/", k.Clock.Now())
		insert, err := k.Directory.Users.Insert(t.Context(), u)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, insert)
	}
	k.Commit(domain.InOrder(all...), nil)
	k.Refused("CreateUser", M{"UserName": "another"}, "LimitExceeded",
		"Cannot exceed quota for UsersPerAccount: 5000")
	k.Do("DeleteUser", M{"UserName": "u7"})
	k.Do("CreateUser", M{"UserName": "another"})
}

// TestSelf_WithoutName_IsWhoeverAsks: a user, or the root user; a session of a role is no user.
func TestSelf_WithoutName_IsWhoeverAsks(t *testing.T) {
	k := iamtest.Start(t)
	id, role := k.NewUser("u"), k.NewRole("r")
	k.Do("PutUserPolicy", M{"UserName": "u", "PolicyName": "p",
		"PolicyDocument": allow("u", "iam:GetUser", "iam:*AccessKey*")})
	u := iamtest.Must[users.GetUserOutput](k, "GetUser", nil).User
	if u.UserId != iamtest.Account || u.Arn != root || u.UserName != "" {
		t.Errorf("root is %+v", u)
	}
	if own := newKey(k, ""); own.UserName != "" {
		t.Errorf("root's key is %s's", own.UserName)
	}
	k.As(k.Caller(id), func() {
		if u := iamtest.Must[users.GetUserOutput](k, "GetUser", nil).User; u.UserId != id {
			t.Errorf("the user is %+v", u)
		}
		own := newKey(k, "")
		list := iamtest.Must[users.ListAccessKeysOutput](k, "ListAccessKeys", nil).AccessKeyMetadata
		if len(list) != 1 || list[0].AccessKeyId != own.AccessKeyId || own.UserName != "u" {
			t.Errorf("made %+v, listed %+v", own, list)
		}
	})
	session := k.Caller(role)
	session.Session = &policy.Session{Issued: k.Clock.Now()}
	k.As(session, func() {
		for name, in := range map[string]M{"GetUser": nil, "CreateAccessKey": nil,
			"ListAccessKeys": nil, "DeleteAccessKey": {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"},
			"UpdateAccessKey": {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Status": "Inactive"}} {
			k.Refused(name, in, "ValidationError",
				"Must specify userName when calling with non-User credentials")
		}
	})
}

// TestCreateAccessKey_ManyAtOnce_AreNoMoreThanTheQuota.
func TestCreateAccessKey_ManyAtOnce_AreNoMoreThanTheQuota(t *testing.T) {
	k := iamtest.Start(t)
	k.NewUser("u")
	var made atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := k.Ask("CreateAccessKey", M{"UserName": "u"}); err == nil {
				made.Add(1)
			}
		})
	}
	all.Wait()
	if n := made.Load(); n != 2 {
		t.Errorf("%d access keys were made", n)
	}
}

// TestAccessKey_ThirdOrAnothers_IsRefused: two are as many as there may be, and nobody's is another
// one's.
func TestAccessKey_ThirdOrAnothers_IsRefused(t *testing.T) {
	k := iamtest.Start(t)
	k.NewUser("u")
	k.NewUser("v")
	own, others := newKey(k, "u").AccessKeyId, newKey(k, "v").AccessKeyId
	newKey(k, "u")
	k.Refused("CreateAccessKey", M{"UserName": "u"}, "LimitExceeded",
		"Cannot exceed quota for AccessKeysPerUser: 2")
	none := "The Access Key with id " + others + " cannot be found"
	k.Refused("DeleteAccessKey", M{"UserName": "u", "AccessKeyId": others}, "NoSuchEntity", none)
	k.Refused("UpdateAccessKey", M{"UserName": "u", "AccessKeyId": others, "Status": "Inactive"},
		"NoSuchEntity", none)
	k.Refused("UpdateAccessKey", M{"UserName": "u", "AccessKeyId": own, "Status": "Expired"},
		"InvalidInput", "")
	k.Do("UpdateAccessKey", M{"UserName": "u", "AccessKeyId": own, "Status": "Inactive"})
	list := iamtest.Must[users.ListAccessKeysOutput](k, "ListAccessKeys",
		M{"UserName": "u"}).AccessKeyMetadata
	for _, one := range list {
		if (one.AccessKeyId == own) != (one.Status == "Inactive") {
			t.Errorf("%+v: %s alone was made inactive", one, own)
		}
	}
	k.Do("DeleteAccessKey", M{"UserName": "u", "AccessKeyId": own})
	newKey(k, "u")
}

// TestDeleteUser_WithSomething_IsRefused names what has to go first, in AWS's order.
func TestDeleteUser_WithSomething_IsRefused(t *testing.T) {
	k := iamtest.Start(t)
	k.NewUser("u")
	k.NewGroup("g", "u")
	managed := M{"UserName": "u", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
	inline := M{"UserName": "u", "PolicyName": "p"}
	k.Do("AttachUserPolicy", managed)
	k.Do("PutUserPolicy", M{"UserName": "u", "PolicyName": "p",
		"PolicyDocument": allow("u", "iam:GetUser")})
	key := newKey(k, "u").AccessKeyId
	for _, step := range []struct {
		first, do string
		in        M
	}{
		{"must remove users from group first.", "RemoveUserFromGroup",
			M{"UserName": "u", "GroupName": "g"}},
		{"must detach all policies first.", "DetachUserPolicy", managed},
		{"must delete policies first.", "DeleteUserPolicy", inline},
		{"must delete access keys first.", "DeleteAccessKey", M{"UserName": "u", "AccessKeyId": key}},
	} {
		k.Refused("DeleteUser", M{"UserName": "u"}, "DeleteConflict",
			"Cannot delete entity, "+step.first)
		k.Do(step.do, step.in)
	}
	k.Do("DeleteUser", M{"UserName": "u"})
	k.Refused("GetUser", M{"UserName": "u"}, "NoSuchEntity", "The user with name u cannot be found.")
}
