package attachments_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"claviger/iam/attachments"
	"claviger/iam/entity"
	"claviger/iam/iamtest"
	"claviger/iam/policies"
	"claviger/internal/domain"
	"claviger/internal/op/optest"
	"claviger/policy"
	"claviger/store"
)

type M = iamtest.M

// allow is a document that allows an action on everything.
func allow(action string) string { return statement("Allow", action) }

func statement(effect, action string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":"` + action +
		`","Resource":"*"}]}`
}

// create makes a managed policy and returns its ARN.
func create(k *iamtest.Kit, name, document string) string {
	return iamtest.Must[policies.CreatePolicyOutput](k, "CreatePolicy",
		M{"PolicyName": name, "PolicyDocument": document}).Policy.Arn
}

// kinds are the kinds of entities that have policies, in the words of operations.
var kinds = []string{"User", "Group", "Role"}

// newEntities makes one of each kind, all of one name; the user is in the group. It returns the ids
// of who may something then: of the user, of the user because of the group, and of the role.
func newEntities(k *iamtest.Kit, name string) map[string]string {
	user, role := k.NewUser(name), k.NewRole(name)
	k.NewGroup(name, name)
	return map[string]string{"User": user, "Group": user, "Role": role}
}

const action = "kms:CreateKey"

// TestAttachedPolicy_Principal_MayUntilItIsDetached: from the next request on, whatever it is that
// has the policy.
func TestAttachedPolicy_Principal_MayUntilItIsDetached(t *testing.T) {
	k := iamtest.Start(t)
	ids, arn := newEntities(k, "e"), create(k, "P", allow(action))
	for _, kind := range kinds {
		in := M{kind + "Name": "e", "PolicyArn": arn}
		for range 2 {
			k.Do("Attach"+kind+"Policy", in) // twice is once
		}
		if !k.May(ids[kind], action, "*") {
			t.Errorf("%s: attached, and it may not", kind)
		}
		k.Do("Detach"+kind+"Policy", in)
		if k.May(ids[kind], action, "*") {
			t.Errorf("%s: detached, and it may", kind)
		}
		k.Refused("Detach"+kind+"Policy", in, "NoSuchEntity", "Policy "+arn+" was not found.")
	}
}

// TestInlinePolicy_Principal_MayUntilItIsDeleted is the same of inline policies, and of what is
// written over them.
func TestInlinePolicy_Principal_MayUntilItIsDeleted(t *testing.T) {
	k := iamtest.Start(t)
	ids := newEntities(k, "e")
	for _, kind := range kinds {
		in := func(document string) M {
			return M{kind + "Name": "e", "PolicyName": "p", "PolicyDocument": document}
		}
		named := M{kind + "Name": "e", "PolicyName": "p"}
		for _, step := range []struct {
			do   func()
			what string
			may  bool
		}{
			{func() { k.Do("Put"+kind+"Policy", in(allow(action))) }, "allowed", true},
			{func() { k.Do("Put"+kind+"Policy", in(statement("Deny", action))) }, "denied", false},
			{func() { k.Do("Put"+kind+"Policy", in(allow("kms:*"))) }, "allowed again", true},
			{func() { k.Do("Delete"+kind+"Policy", named) }, "deleted", false},
		} {
			if step.do(); k.May(ids[kind], action, "*") != step.may {
				t.Errorf("%s: %s, and that makes no difference", kind, step.what)
			}
		}
		for _, name := range []string{"Get", "Delete"} {
			k.Refused(name+kind+"Policy", named, "NoSuchEntity",
				"The "+strings.ToLower(kind)+" policy with name p cannot be found.")
		}
	}
}

// TestDefaultVersion_Changed_DecidesForAllWhoHaveThePolicy: attached, through a group, and as a
// boundary.
func TestDefaultVersion_Changed_DecidesForAllWhoHaveThePolicy(t *testing.T) {
	k := iamtest.Start(t)
	arn, all := create(k, "P", allow(action)), create(k, "All", allow("*"))
	attached, bounded := k.NewUser("attached"), k.NewUser("bounded")
	member, role := k.NewUser("member"), k.NewRole("role")
	k.NewGroup("g", "member")
	k.Do("AttachUserPolicy", M{"UserName": "attached", "PolicyArn": arn})
	k.Do("AttachGroupPolicy", M{"GroupName": "g", "PolicyArn": arn})
	k.Do("AttachRolePolicy", M{"RoleName": "role", "PolicyArn": arn})
	k.Do("AttachUserPolicy", M{"UserName": "bounded", "PolicyArn": all})
	k.Do("PutUserPermissionsBoundary", M{"UserName": "bounded", "PermissionsBoundary": arn})
	check := func(when string, want bool) {
		t.Helper()
		for who, id := range map[string]string{"attached": attached, "bounded": bounded,
			"member": member, "role": role} {
			if k.May(id, action, "*") != want {
				t.Errorf("%s: %s may: %v", when, who, !want)
			}
		}
	}
	check("as it was made", true)
	k.Do("CreatePolicyVersion", M{"PolicyArn": arn, "PolicyDocument": allow("kms:ListKeys")})
	check("with a version that isn't in force", true)
	k.Do("SetDefaultPolicyVersion", M{"PolicyArn": arn, "VersionId": "v2"})
	check("with that version in force", false)
	k.Do("CreatePolicyVersion", M{"PolicyArn": arn, "PolicyDocument": allow("*"),
		"SetAsDefault": true})
	check("with one that is in force at once", true)
	k.Restart()
	check("after a restart", true)
}

func TestPermissionsBoundary_Principal_MayNoMoreThanIt(t *testing.T) {
	k := iamtest.Start(t)
	ids := newEntities(k, "e")
	all, narrow := create(k, "All", allow("*")), create(k, "Narrow", allow("kms:ListKeys"))
	for _, kind := range []string{"User", "Role"} {
		k.Do("Attach"+kind+"Policy", M{kind + "Name": "e", "PolicyArn": all})
		k.Do("Put"+kind+"PermissionsBoundary", M{kind + "Name": "e", "PermissionsBoundary": narrow})
		if k.May(ids[kind], action, "*") || !k.May(ids[kind], "kms:ListKeys", "*") {
			t.Errorf("%s: the boundary doesn't bound", kind)
		}
		for range 2 {
			k.Do("Put"+kind+"PermissionsBoundary", M{kind + "Name": "e", "PermissionsBoundary": all})
		}
		if !k.May(ids[kind], action, "*") {
			t.Errorf("%s: a wider boundary bounds as the one before", kind)
		}
		k.Do("Delete"+kind+"PermissionsBoundary", M{kind + "Name": "e"})
		k.Refused("Delete"+kind+"PermissionsBoundary", M{kind + "Name": "e"}, "NoSuchEntity", "")
		k.Do("Detach"+kind+"Policy", M{kind + "Name": "e", "PolicyArn": all})
		gone := strings.Replace(all, "All", "None", 1)
		k.Refused("Put"+kind+"PermissionsBoundary", M{kind + "Name": "e", "PermissionsBoundary": gone},
			"NoSuchEntity", "Scope ARN: "+gone+" does not exist or is not attachable.")
		k.Refused("Put"+kind+"PermissionsBoundary",
			M{kind + "Name": "e", "PermissionsBoundary": "a name and no policy"}, "ValidationError",
			"Invalid ARN:  Could not be parsed!")
	}
}

func TestAttachPolicy_OfNothing_IsRefused(t *testing.T) {
	k := iamtest.Start(t)
	newEntities(k, "e")
	create(k, "P", allow("*"))
	const prefix = "arn:aws:iam::" + iamtest.Account
	for _, kind := range kinds {
		k.Refused("Attach"+kind+"Policy", M{kind + "Name": "e", "PolicyArn": "AdministratorAccess.."},
			"ValidationError", "Invalid ARN:  Could not be parsed!")
		for _, arn := range []string{prefix + ":policy/None", prefix + ":user/e......",
			"arn:aws:iam::aws:policy/P", "arn:aws:iam::444455556666:policy/P"} {
			k.Refused("Attach"+kind+"Policy", M{kind + "Name": "e", "PolicyArn": arn}, "NoSuchEntity",
				"Policy "+arn+" does not exist or is not attachable.")
		}
		k.Refused("Attach"+kind+"Policy", M{kind + "Name": "none", "PolicyArn": prefix + ":policy/P"},
			"NoSuchEntity", "The "+strings.ToLower(kind)+" with name none cannot be found.")
	}
}

func TestAttachPolicy_Eleventh_IsOneTooMany(t *testing.T) {
	k := iamtest.Start(t)
	newEntities(k, "e")
	arn := create(k, "P", allow("*"))
	aws := entity.AWSPolicies()
	for _, kind := range kinds {
		for _, p := range aws[:10] {
			k.Do("Attach"+kind+"Policy", M{kind + "Name": "e", "PolicyArn": p.ARN()})
		}
		k.Do("Attach"+kind+"Policy", M{kind + "Name": "e", "PolicyArn": aws[0].ARN()})
		k.Refused("Attach"+kind+"Policy", M{kind + "Name": "e", "PolicyArn": arn}, "LimitExceeded",
			"Cannot exceed quota for PoliciesPer"+kind+": 10")
	}
}

// TestPutPolicy_All_AreMeasuredTogether: without white space, and one that is written over counts
// once.
func TestPutPolicy_All_AreMeasuredTogether(t *testing.T) {
	k := iamtest.Start(t)
	newEntities(k, "e")
	for kind, most := range map[string]int{"User": 2048, "Group": 5120, "Role": 10240} {
		empty := policy.Size(allow("kms:"))
		half := allow("kms:" + strings.Repeat("a", most/2-empty))
		put := func(name, document string) M {
			return M{kind + "Name": "e", "PolicyName": name, "PolicyDocument": document}
		}
		k.Do("Put"+kind+"Policy", put("a", half))
		k.Do("Put"+kind+"Policy", put("b", "\n\t "+half))
		k.Do("Put"+kind+"Policy", put("a", half))
		for _, in := range []M{put("c", allow("*")),
			put("a", allow("kms:"+strings.Repeat("a", most/2-empty+1)))} {
			k.Refused("Put"+kind+"Policy", in, "LimitExceeded", "Maximum policy size of "+
				strconv.Itoa(most)+" bytes exceeded for "+strings.ToLower(kind)+" e")
		}
		k.Refused("Put"+kind+"Policy", put("c", "{"), "MalformedPolicyDocument",
			"Syntax errors in policy.")
		k.Refused("Put"+kind+"Policy", put("a/b", half), "ValidationError",
			"The specified value for policyName is invalid. It must contain only alphanumeric "+
				"characters and/or the following: +=,.@_-")
	}
}

func TestPolicies_OfAnEntity_AreListedInPages(t *testing.T) {
	k := iamtest.Start(t)
	newEntities(k, "e")
	k.Do("CreatePolicy", M{"PolicyName": "Z", "Path": "/z/", "PolicyDocument": allow("*")})
	own := "arn:aws:iam::" + iamtest.Account + ":policy/z/Z"
	for _, kind := range kinds {
		for _, name := range []string{"b", "B", "a", "c"} {
			k.Do("Put"+kind+"Policy",
				M{kind + "Name": "e", "PolicyName": name, "PolicyDocument": allow("*")})
		}
		aws := entity.AWSPolicies()
		for _, arn := range []string{own, aws[1].ARN(), aws[0].ARN()} {
			k.Do("Attach"+kind+"Policy", M{kind + "Name": "e", "PolicyArn": arn})
		}
		var names, attached []string
		for in := (M{kind + "Name": "e", "MaxItems": 2}); ; {
			page := iamtest.Must[attachments.ListInlinePoliciesOutput](k, "List"+kind+"Policies", in)
			names = append(names, page.PolicyNames...)
			if in["Marker"] = page.Marker; !page.IsTruncated {
				break
			}
		}
		for in := (M{kind + "Name": "e", "MaxItems": 2}); ; {
			page := iamtest.Must[attachments.ListAttachedPoliciesOutput](k,
				"ListAttached"+kind+"Policies", in)
			for _, p := range page.AttachedPolicies {
				attached = append(attached, p.PolicyName)
			}
			if in["Marker"] = page.Marker; !page.IsTruncated {
				break
			}
		}
		if got := strings.Join(names, " "); got != "B a b c" {
			t.Errorf("%s: the inline policies are %s", kind, got)
		}
		want := aws[0].Name + " " + aws[1].Name + " Z"
		if got := strings.Join(attached, " "); got != want {
			t.Errorf("%s: the attached policies are %s, want %s", kind, got, want)
		}
		under := iamtest.Must[attachments.ListAttachedPoliciesOutput](k,
			"ListAttached"+kind+"Policies", M{kind + "Name": "e", "PathPrefix": "/z/"})
		if len(under.AttachedPolicies) != 1 || under.AttachedPolicies[0].PolicyArn != own {
			t.Errorf("%s: under /z/ there are %v", kind, under)
		}
	}
}

// TestAttachPolicy_DeletedMeanwhile_IsStale: what was to be attached is gone at the commit, and so
// is nothing attached; and what was attached meanwhile isn't deleted.
func TestAttachPolicy_DeletedMeanwhile_IsStale(t *testing.T) {
	k := iamtest.Start(t)
	k.NewUser("u")
	arn := create(k, "P", allow("*"))
	row, err := k.Directory.PolicyByARN(t.Context(), iamtest.Account, arn)
	if err != nil {
		t.Fatal(err)
	}
	stale := func(what string, change domain.Change) {
		t.Helper()
		err := k.DB.Commit(change, func(error) []byte { return nil })
		if !errors.Is(err, store.Stale) {
			t.Errorf("%s: %v", what, err)
		}
	}
	attached := k.Directory.Policies.Present(iamtest.Account, row.ID)
	k.Do("AttachUserPolicy", M{"UserName": "u", "PolicyArn": arn})
	stale("deleted", entity.Unlinked(iamtest.Account, arn, entity.Attached...))
	k.Do("DetachUserPolicy", M{"UserName": "u", "PolicyArn": arn})
	k.Do("DeletePolicy", M{"PolicyArn": arn})
	create(k, "P", allow("*")) // another of the same name
	stale("attached", attached)
}

// TestConditionKeys_PolicyAndBoundary_AreThoseOfTheRequest: who may attach one policy only can't
// attach another, and who must set a boundary can't set another.
func TestConditionKeys_PolicyAndBoundary_AreThoseOfTheRequest(t *testing.T) {
	k := iamtest.Start(t)
	good, bad := create(k, "Good", allow("kms:*")), create(k, "Bad", allow("*"))
	newEntities(k, "e")
	admin := k.NewUser("admin")
	k.Do("PutUserPolicy", M{"UserName": "admin", "PolicyName": "p", "PolicyDocument": `{
		"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": ["iam:Attach*", "iam:Detach*"], "Resource": "*",
		 "Condition": {"ArnEquals": {"iam:PolicyARN": "` + good + `"}}},
		{"Effect": "Allow", "Action": "iam:Put*Boundary", "Resource": "*",
		 "Condition": {"StringEquals": {"iam:PermissionsBoundary": "` + good + `"}}},
		{"Effect": "Allow", "Action": ["iam:PutUserPolicy", "iam:PutRolePolicy"], "Resource": "*",
		 "Condition": {"StringEquals": {"iam:PermissionsBoundary": "` + good + `"}}}]}`})
	k.As(k.Caller(admin), func() {
		for _, kind := range kinds {
			for _, name := range []string{"Attach", "Detach"} {
				k.Do(name+kind+"Policy", M{kind + "Name": "e", "PolicyArn": good})
				k.Refused(name+kind+"Policy", M{kind + "Name": "e", "PolicyArn": bad}, "AccessDenied", "")
			}
			if kind == "Group" {
				continue
			}
			inline := M{kind + "Name": "e", "PolicyName": "p", "PolicyDocument": allow("*")}
			k.Refused("Put"+kind+"Policy", inline, "AccessDenied", "")
			k.Refused("Put"+kind+"PermissionsBoundary",
				M{kind + "Name": "e", "PermissionsBoundary": bad}, "AccessDenied", "")
			k.Do("Put"+kind+"PermissionsBoundary", M{kind + "Name": "e", "PermissionsBoundary": good})
			k.Do("Put"+kind+"Policy", inline) // it has the boundary now
			k.Refused("Delete"+kind+"PermissionsBoundary", M{kind + "Name": "e"}, "AccessDenied", "")
		}
	})
}

// TestAbsentEntity_ToWhoMayNot_IsDenied: who may do nothing doesn't learn who is there.
func TestAbsentEntity_ToWhoMayNot_IsDenied(t *testing.T) {
	k := iamtest.Start(t)
	nobody := k.NewUser("nobody")
	newEntities(k, "e")
	k.As(k.Caller(nobody), func() {
		for _, kind := range kinds {
			for _, name := range []string{"e", "absent"} {
				arn := "arn:aws:iam::" + iamtest.Account + ":" + strings.ToLower(kind) + "/" + name
				k.Refused("List"+kind+"Policies", M{kind + "Name": name}, "AccessDenied",
					"User: "+optest.UserARN("nobody")+" is not authorized to perform: iam:List"+kind+
						"Policies on resource: "+arn+" because no identity-based policy allows the iam:List"+
						kind+"Policies action")
			}
		}
	})
}
