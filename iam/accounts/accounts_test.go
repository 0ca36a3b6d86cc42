package accounts_test

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"claviger/iam/accounts"
	"claviger/iam/entity"
	"claviger/iam/iamtest"
	"claviger/iam/users"
	"claviger/internal/op/optest"
)

type M = iamtest.M

const second = "444455556666"

// TestCreateAccount_FirstAccountsAdministrators_MakeAccounts: by their permission for it, and
// nobody of another account, not even its root user, is told whether there is one.
func TestCreateAccount_FirstAccountsAdministrators_MakeAccounts(t *testing.T) {
	k := iamtest.Start(t)
	k.Clock.Pass(time.Hour)
	made := iamtest.Must[accounts.CreateAccountOutput](k, "CreateAccount",
		M{"Account": second, "AccountAlias": "staging", "WithAccessKey": true})
	if made.Account.AccountNumber != second || made.Account.AccountAlias != "staging" ||
		made.RootAccessKey == nil || !strings.HasPrefix(made.RootAccessKey.AccessKeyId, "AKIA") ||
		len(made.RootAccessKey.SecretAccessKey) != 40 {
		t.Errorf("made %+v", made)
	}
	k.Refused("CreateAccount", M{"Account": second}, "EntityAlreadyExists",
		"Account "+second+" already exists.")
	bare := iamtest.Must[accounts.CreateAccountOutput](k, "CreateAccount",
		M{"Account": "000000000001"})
	if bare.RootAccessKey != nil {
		t.Error("an access key was made that nobody asked for")
	}
	list := func() string {
		return fmt.Sprint(numbers(iamtest.Must[accounts.ListAccountsOutput](k, "ListAccounts",
			M{}).Accounts))
	}
	if got := list(); got != "[000000000001 111122223333 444455556666]" {
		t.Errorf("the accounts are %s", got)
	}
	page := iamtest.Must[accounts.ListAccountsOutput](k, "ListAccounts", M{"MaxItems": 2})
	rest := iamtest.Must[accounts.ListAccountsOutput](k, "ListAccounts", M{"Marker": page.Marker})
	if !page.IsTruncated || len(page.Accounts) != 2 || len(rest.Accounts) != 1 {
		t.Errorf("pages of %v and %v", page, rest)
	}
	admin := k.NewUser("admin")
	k.As(k.Caller(admin), func() {
		k.Refused("CreateAccount", M{"Account": "000000000002"}, "AccessDenied", "")
		k.Refused("ListAccounts", M{}, "AccessDenied", "")
	})
	k.Do("PutUserPolicy", M{"UserName": "admin", "PolicyName": "p", "PolicyDocument": `{
		"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*",
		"Action":["iam:CreateAccount","iam:ListAccounts"]}}`})
	k.As(k.Caller(admin), func() {
		k.Do("CreateAccount", M{"Account": "000000000002"})
		k.Refused("CreateAccount", M{"Account": "000000000003", "WithAccessKey": true}, "AccessDenied",
			"")
	})
	k.As(optest.Root(second), func() {
		for _, number := range []string{second, iamtest.Account, "000000000009"} {
			k.Refused("CreateAccount", M{"Account": number}, "AccessDenied", "User: "+
				optest.Root(second).ARN+" is not authorized to perform: iam:CreateAccount because no "+
				"resource-based policy allows the iam:CreateAccount action")
		}
		k.Refused("ListAccounts", M{}, "AccessDenied", "")
	})
	if got := list(); got != "[000000000001 000000000002 111122223333 444455556666]" {
		t.Errorf("the accounts are %s", got)
	}
}

func numbers(all []accounts.AccountFacts) (out []string) {
	for _, a := range all {
		out = append(out, a.AccountNumber)
	}
	return out
}

// TestAccountAlias_EachAccount_HasItsOwn: one replaces the other, and that another account has the
// same one is nothing to anybody.
func TestAccountAlias_EachAccount_HasItsOwn(t *testing.T) {
	k := iamtest.Start(t)
	k.Do("CreateAccount", M{"Account": second, "AccountAlias": "staging"})
	aliases := func() string {
		return fmt.Sprint(iamtest.Must[accounts.ListAccountAliasesOutput](k, "ListAccountAliases",
			M{}).AccountAliases)
	}
	if got := aliases(); got != "[]" {
		t.Errorf("at first %s", got)
	}
	for _, alias := range []string{"production", "staging", "staging"} {
		k.Do("CreateAccountAlias", M{"AccountAlias": alias})
		if got := aliases(); got != "["+alias+"]" {
			t.Errorf("after %s: %s", alias, got)
		}
	}
	for _, bad := range []string{"-a1", "a--b", "Abc", "a1-", "ab"} {
		k.Refused("CreateAccountAlias", M{"AccountAlias": bad}, "ValidationError", "")
	}
	k.Refused("DeleteAccountAlias", M{"AccountAlias": "production"}, "NoSuchEntity",
		"The account alias with name production cannot be found.")
	k.Do("DeleteAccountAlias", M{"AccountAlias": "staging"})
	if got := aliases(); got != "[]" {
		t.Errorf("at last %s", got)
	}
	k.As(optest.Root(second), func() {
		if got := aliases(); got != "[staging]" {
			t.Errorf("the other account's: %s", got)
		}
	})
}

// TestGetAccountSummary_Entities_AreCounted.
func TestGetAccountSummary_Entities_AreCounted(t *testing.T) {
	k := iamtest.Start(t)
	populate(k)
	m := iamtest.Must[accounts.GetAccountSummaryOutput](k, "GetAccountSummary", M{}).SummaryMap
	for name, want := range map[string]int32{"Users": 2, "Groups": 1, "Roles": 1, "Policies": 1,
		"PolicyVersionsInUse": 2, "Providers": 1, "AccountAccessKeysPresent": 0, "MFADevices": 0,
		"UsersQuota": 5000, "AccessKeysPerUserQuota": 2} {
		if got, ok := m[name]; !ok || got != want {
			t.Errorf("%s is %d, want %d", name, got, want)
		}
	}
	k.Do("CreateAccessKey", M{})
	m = iamtest.Must[accounts.GetAccountSummaryOutput](k, "GetAccountSummary", M{}).SummaryMap
	if m["AccountAccessKeysPresent"] != 1 {
		t.Error("the root user's access key is not seen")
	}
}

const (
	admin = "arn:aws:iam::aws:policy/AdministratorAccess"
	local = "arn:aws:iam::" + iamtest.Account + ":policy/p"
	allow = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
)

// populate makes two users, a group, a role, a policy with two versions and a provider.
func populate(k *iamtest.Kit) {
	k.NewUser("alice")
	k.NewUser("bob")
	k.NewGroup("admins", "alice")
	k.Do("CreatePolicy", M{"PolicyName": "p", "PolicyDocument": allow})
	k.Do("CreatePolicyVersion", M{"PolicyArn": local, "PolicyDocument": allow})
	k.Do("CreateRole", M{"RoleName": "r", "AssumeRolePolicyDocument": `{"Statement":{` +
		`"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::` +
		iamtest.Account + `:user/alice"}}}`})
	k.Do("CreateOpenIDConnectProvider", M{"Url": "https://idp.example.com"})
	k.Do("AttachGroupPolicy", M{"GroupName": "admins", "PolicyArn": admin})
	k.Do("AttachUserPolicy", M{"UserName": "bob", "PolicyArn": local})
	k.Do("PutUserPolicy", M{"UserName": "alice", "PolicyName": "in", "PolicyDocument": allow})
	k.Do("PutRolePermissionsBoundary", M{"RoleName": "r", "PermissionsBoundary": local})
}

// TestGetAccountAuthorizationDetails_EachKind_IsThereWithItsPolicies.
func TestGetAccountAuthorizationDetails_EachKind_IsThereWithItsPolicies(t *testing.T) {
	k := iamtest.Start(t)
	populate(k)
	get := func(in M) accounts.GetAccountAuthorizationDetailsOutput {
		return iamtest.Must[accounts.GetAccountAuthorizationDetailsOutput](k,
			"GetAccountAuthorizationDetails", in)
	}
	all := get(M{})
	if all.IsTruncated || len(all.UserDetailList) != 2 || len(all.GroupDetailList) != 1 ||
		len(all.RoleDetailList) != 1 || len(all.Policies) != 2 {
		t.Fatalf("%+v", all)
	}
	alice, bob := all.UserDetailList[0], all.UserDetailList[1]
	if fmt.Sprint(alice.GroupList, alice.UserPolicyList, alice.AttachedManagedPolicies) !=
		"[admins] [{in "+allow+"}] []" ||
		fmt.Sprint(bob.GroupList, bob.UserPolicyList, bob.AttachedManagedPolicies) !=
			"[] [] [{p "+local+"}]" {
		t.Errorf("the users are %+v and %+v", alice, bob)
	}
	if g := all.GroupDetailList[0]; fmt.Sprint(g.AttachedManagedPolicies) !=
		"[{AdministratorAccess "+admin+"}]" {
		t.Errorf("the group is %+v", g)
	}
	if r := all.RoleDetailList[0]; r.PermissionsBoundary.PermissionsBoundaryArn != local ||
		!strings.Contains(string(r.AssumeRolePolicyDocument), ":user/alice") {
		t.Errorf("the role is %+v", r)
	}
	p := all.Policies[0]
	if p.Arn != local || len(p.PolicyVersionList) != 2 || p.AttachmentCount != 1 ||
		p.PermissionsBoundaryUsageCount != 1 || p.PolicyVersionList[0].Document != allow ||
		all.Policies[1].Arn != admin {
		t.Errorf("the policies are %+v", all.Policies)
	}
	seen, in := 0, M{"MaxItems": 1}
	for pages := 1; ; pages++ {
		out := get(in)
		n := len(out.UserDetailList) + len(out.GroupDetailList) + len(out.RoleDetailList) +
			len(out.Policies)
		seen += n
		if n > 1 || pages > 7 {
			t.Fatalf("page %d has %d entries", pages, n)
		}
		if !out.IsTruncated {
			break
		}
		in["Marker"] = out.Marker
	}
	if seen != 6 {
		t.Errorf("the pages have %d entries, want 6", seen)
	}
	few := get(M{"Filter": []string{"Role", "AWSManagedPolicy"}})
	if len(few.UserDetailList)+len(few.GroupDetailList) != 0 || len(few.RoleDetailList) != 1 ||
		len(few.Policies) != 1 {
		t.Errorf("filtered %+v", few)
	}
	k.Refused("GetAccountAuthorizationDetails", M{"Filter": []string{"Server"}}, "ValidationError", "")
	k.Refused("GetAccountAuthorizationDetails", M{"Filter": []string{"User"}, "Marker": in["Marker"]},
		"ValidationError", "Invalid Marker.") // of a listing with another filter
}

// TestGetCredentialReport_EachUser_HasALine: in AWS's columns, the root user first.
func TestGetCredentialReport_EachUser_HasALine(t *testing.T) {
	k := iamtest.Start(t)
	populate(k)
	iamtest.Must[users.CreateAccessKeyOutput](k, "CreateAccessKey", M{"UserName": "bob"})
	k.Do("GenerateCredentialReport", M{})
	out := iamtest.Must[accounts.GetCredentialReportOutput](k, "GetCredentialReport", M{})
	lines, err := csv.NewReader(strings.NewReader(string(out.Content))).ReadAll()
	if err != nil || len(lines) != 4 {
		t.Fatalf("%v\n%s", err, out.Content)
	}
	column := map[string]int{}
	for i, name := range lines[0] {
		column[name] = i
	}
	if len(lines[0]) != 22 || out.ReportFormat != "text/csv" {
		t.Errorf("the columns are %v", lines[0])
	}
	at := k.Clock.Now().UTC().Format("2006-01-02T15:04:05+00:00")
	for i, want := range []map[string]string{1: {"user": "<root_account>",
		"arn": "arn:aws:iam::" + iamtest.Account + ":root", "password_enabled": "not_supported",
		"access_key_1_active": "false"},
		2: {"user": "alice", "password_enabled": "false", "access_key_1_active": "false",
			"access_key_1_last_rotated": "N/A"},
		3: {"user": "bob", "user_creation_time": at, "access_key_1_active": "true",
			"access_key_1_last_rotated": at, "access_key_1_last_used_date": "N/A",
			"access_key_1_last_used_service": "N/A", "access_key_2_active": "false",
			"mfa_active": "false", "cert_1_active": "false"}} {
		for name, value := range want {
			if got := lines[i][column[name]]; got != value {
				t.Errorf("line %d has %s %q, want %q", i, name, got, value)
			}
		}
	}
}

// TestEmptyAnswers_UserAndNone_AreAsToolsWantThem: what no account has is told of without an error,
// or by the one that tools take for an answer.
func TestEmptyAnswers_UserAndNone_AreAsToolsWantThem(t *testing.T) {
	k := iamtest.Start(t)
	k.NewUser("alice")
	for _, name := range []string{"ListMFADevices", "ListSSHPublicKeys", "ListSigningCertificates",
		"ListServiceSpecificCredentials"} {
		k.Do(name, M{"UserName": "alice"})
		k.Do(name, M{})
		k.Refused(name, M{"UserName": "nobody"}, "NoSuchEntity",
			"The user with name nobody cannot be found.")
	}
	for _, name := range []string{"ListVirtualMFADevices", "ListServerCertificates",
		"ListSAMLProviders"} {
		k.Do(name, M{})
	}
	for _, name := range []string{"GetLoginProfile", "DeleteLoginProfile"} {
		k.Refused(name, M{"UserName": "alice"}, "NoSuchEntity",
			"Login Profile for User alice cannot be found.")
	}
	k.Refused("GetAccountPasswordPolicy", M{}, "NoSuchEntity",
		"The Password Policy with domain name "+iamtest.Account+" cannot be found.")
}

// TestFirst_SeveralAccounts_IsTheOldest.
func TestFirst_SeveralAccounts_IsTheOldest(t *testing.T) {
	k := iamtest.Start(t)
	k.Commit(k.Directory.NewAccount(t.Context(),
		&entity.Account{Number: "000000000001", Created: k.Clock.Now().Add(time.Second)}))
	first, err := k.Directory.First(t.Context())
	if err != nil || first.Number != iamtest.Account {
		t.Errorf("the first account is %+v, %v", first, err)
	}
}
