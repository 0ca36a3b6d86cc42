package roles_test

import (
	"strconv"
	"strings"
	"testing"

	"claviger/iam/entity"
	"claviger/iam/iamtest"
	"claviger/iam/roles"
)

type M = iamtest.M

func trust(kind, principal string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"` + kind + `":"` +
		principal + `"},"Action":"sts:AssumeRole"}}`
}

const own = "arn:aws:iam::" + iamtest.Account

// read is the trust policy of a role as it is read.
func read(k *iamtest.Kit, name string) string {
	return string(iamtest.Must[roles.GetRoleOutput](k, "GetRole",
		M{"RoleName": name}).Role.AssumeRolePolicyDocument)
}

// TestTrustPolicy_Principal_IsStoredByID: who is made again under a name is not meant, until the
// policy is saved again.
func TestTrustPolicy_Principal_IsStoredByID(t *testing.T) {
	k := iamtest.Start(t)
	text := trust("AWS", own+":user/u")
	k.Refused("CreateRole", M{"RoleName": "r", "AssumeRolePolicyDocument": text},
		"MalformedPolicyDocument", `Invalid principal in policy: "AWS":"`+own+`:user/u"`)
	id := k.NewUser("u")
	k.Do("CreateRole", M{"RoleName": "r", "AssumeRolePolicyDocument": text})
	stored := func() string {
		r, err := k.Directory.Roles.ByName(t.Context(), iamtest.Account, "r")
		if err != nil {
			t.Fatal(err)
		}
		return r.Trust
	}
	if stored() != trust("AWS", id) || read(k, "r") != text {
		t.Errorf("stored as %s, read as %s", stored(), read(k, "r"))
	}
	k.Do("UpdateUser", M{"UserName": "u", "NewUserName": "v", "NewPath": "/p/"})
	if got := read(k, "r"); got != trust("AWS", own+":user/p/v") {
		t.Errorf("renamed, and read as %s", got)
	}
	k.Do("DeleteUser", M{"UserName": "v"})
	again := k.NewUser("u")
	if stored() != trust("AWS", id) || read(k, "r") != trust("AWS", id) {
		t.Errorf("gone, and read as %s", read(k, "r"))
	}
	k.Refused("UpdateAssumeRolePolicy", M{"RoleName": "r", "PolicyDocument": read(k, "r")},
		"MalformedPolicyDocument", `Invalid principal in policy: "AWS":"`+id+`"`)
	k.Do("UpdateAssumeRolePolicy", M{"RoleName": "r", "PolicyDocument": text})
	if stored() != trust("AWS", again) {
		t.Errorf("saved again as %s", stored())
	}
}

// TestTrustPolicy_IdentityProvider_MustBeThere.
func TestTrustPolicy_IdentityProvider_MustBeThere(t *testing.T) {
	k := iamtest.Start(t)
	provider := own + ":oidc-provider/issuer.example/path"
	in := M{"RoleName": "r", "AssumeRolePolicyDocument": strings.Replace(trust("Federated", provider),
		"sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", 1)}
	k.Refused("CreateRole", in, "MalformedPolicyDocument",
		`Invalid principal in policy: "FEDERATED":"`+provider+`"`)
	k.Commit(k.Directory.Providers.Insert(t.Context(), entity.NewProvider(iamtest.Account, "https",
		"issuer.example/path", k.Clock.Now())))
	k.Do("CreateRole", in)
	if got := read(k, "r"); got != in["AssumeRolePolicyDocument"] {
		t.Errorf("read as %s", got)
	}
	const other = "444455556666"
	k.Commit(k.Directory.Providers.Insert(t.Context(), entity.NewProvider(other, "https",
		"issuer.example/path", k.Clock.Now())))
	foreign := strings.Replace(provider, iamtest.Account, other, 1)
	k.Refused("UpdateAssumeRolePolicy", M{"RoleName": "r",
		"PolicyDocument": strings.Replace(in["AssumeRolePolicyDocument"].(string), provider, foreign, 1)},
		"MalformedPolicyDocument", `Invalid principal in policy: "FEDERATED":"`+foreign+`"`)
}

// TestCreateRole_AccountFull_IsRefused by IAM's quota.
func TestCreateRole_AccountFull_IsRefused(t *testing.T) {
	k := iamtest.Start(t)
	for i := range 1000 {
		k.NewRole("r" + strconv.Itoa(i))
	}
	k.Refused("CreateRole", M{"RoleName": "another",
		"AssumeRolePolicyDocument": trust("AWS", iamtest.Account)}, "LimitExceeded",
		"Cannot exceed quota for RolesPerAccount: 1000")
}

// TestCreateRole_TagsAndBoundary_NeedTheirPermissions: whoever may make roles may not set tags
// thereby.
func TestCreateRole_TagsAndBoundary_NeedTheirPermissions(t *testing.T) {
	k := iamtest.Start(t)
	u := k.NewUser("u")
	k.Do("CreatePolicy", M{"PolicyName": "b", "PolicyDocument": `{"Version":"2012-10-17",` +
		`"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`})
	k.Do("PutUserPolicy", M{"UserName": "u", "PolicyName": "p", "PolicyDocument": `{
		"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:CreateRole",
		"Resource":"` + own + `:role/team/*","Condition":{"StringEquals":
		{"iam:PermissionsBoundary":"` + own + `:policy/b"}}}}`})
	in := func(path string, more M) M {
		out := M{"RoleName": "r", "Path": path,
			"AssumeRolePolicyDocument": trust("AWS", iamtest.Account)}
		for member, value := range more {
			out[member] = value
		}
		return out
	}
	bounded := M{"PermissionsBoundary": own + ":policy/b"}
	tagged := M{"PermissionsBoundary": own + ":policy/b", "Tags": []M{{"Key": "a", "Value": "b"}}}
	k.As(k.Caller(u), func() {
		k.Refused("CreateRole", in("/team/", nil), "AccessDenied", "")
		k.Refused("CreateRole", in("/other/", bounded), "AccessDenied", "")
		k.Refused("CreateRole", in("/team/", tagged), "AccessDenied",
			"User: "+own+":user/u is not authorized to perform: iam:TagRole on resource: "+own+
				":role/team/r because no identity-based policy allows the iam:TagRole action")
		k.Do("CreateRole", in("/team/", bounded))
		k.Refused("GetRole", M{"RoleName": "absent"}, "AccessDenied", "User: "+own+
			":user/u is not authorized to perform: iam:GetRole on resource: "+own+
			":role/absent because no identity-based policy allows the iam:GetRole action")
	})
}
