package policies_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"claviger/iam/entity"
	"claviger/iam/iamtest"
	"claviger/iam/model"
	"claviger/iam/policies"
	"claviger/policy"
)

type M = iamtest.M

// allow is a document that allows an action on everything.
func allow(action string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action +
		`","Resource":"*"}]}`
}

const prefix = "arn:aws:iam::" + iamtest.Account + ":policy"

// create makes a managed policy and returns its ARN.
func create(k *iamtest.Kit, name, document string) string {
	return iamtest.Must[policies.CreatePolicyOutput](k, "CreatePolicy",
		M{"PolicyName": name, "PolicyDocument": document}).Policy.Arn
}

func TestCreatePolicy_Made_IsShownAsAWSDoes(t *testing.T) {
	k := iamtest.Start(t)
	made := iamtest.Must[policies.CreatePolicyOutput](k, "CreatePolicy",
		M{"PolicyName": "Readers", "Path": "/team/", "PolicyDocument": allow("kms:Describe*"),
			"Description": "d", "Tags": []M{{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}}}).Policy
	if made.Arn != prefix+"/team/Readers" || made.DefaultVersionId != "v1" || !made.IsAttachable ||
		made.Description != "" || len(made.Tags) != 2 || made.Tags[0].Key != "a" ||
		!strings.HasPrefix(made.PolicyId, "ANPA") || len(made.PolicyId) != 21 ||
		!made.CreateDate.Equal(k.Clock.Now()) || !made.UpdateDate.Equal(k.Clock.Now()) {
		t.Errorf("made %+v", made)
	}
	got := iamtest.Must[policies.GetPolicyOutput](k, "GetPolicy", M{"PolicyArn": made.Arn}).Policy
	if got.Description != "d" || len(got.Tags) != 2 || got.PolicyId != made.PolicyId {
		t.Errorf("found %+v", got)
	}
	if bare := iamtest.Must[policies.GetPolicyOutput](k, "GetPolicy", M{"PolicyArn": create(k, "Bare",
		allow("*"))}).Policy; bare.Tags == nil || len(bare.Tags) != 0 {
		t.Errorf("the tags of a policy without any are %v", bare.Tags)
	}
	k.Refused("CreatePolicy", M{"PolicyName": "READERS", "PolicyDocument": allow("*")},
		"EntityAlreadyExists",
		"A policy called READERS already exists. Duplicate names are not allowed.")
}

func TestCreatePolicy_Document_IsHeldToLanguageAndSize(t *testing.T) {
	k := iamtest.Start(t)
	blanks := strings.Repeat(" ", 7000)
	create(k, "Blanks", blanks+allow("*")) // white space isn't counted
	arn := create(k, "Versions", allow("*"))
	long := allow(strings.Repeat("kms:Encrypt\",\"", 500) + "kms:Decrypt")
	long = strings.Replace(strings.Replace(long, `"Action":"`, `"Action":["`, 1), `","Resource"`,
		`"],"Resource"`, 1)
	for name, c := range map[string]struct{ document, code, message string }{
		"NotJSON":   {"{", "MalformedPolicyDocument", "Syntax errors in policy."},
		"Version":   {`{"Statement":[]}`, "MalformedPolicyDocument", "Syntax errors in policy."},
		"Principal": {strings.Replace(allow("*"), `"Effect"`, `"Principal":"*","Effect"`, 1), "MalformedPolicyDocument", "Policy document should not specify a principal."},
		"Long":      {long, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144"},
		"Cyrillic": {strings.Replace(allow("*"), "Statement", "St\u0430tement", 1), "ValidationError",
			"The specified value for policyDocument is invalid. It must contain only printable ASCII " +
				"characters."},
	} {
		k.Refused("CreatePolicy", M{"PolicyName": name, "PolicyDocument": c.document}, c.code, c.message)
		k.Refused("CreatePolicyVersion", M{"PolicyArn": arn, "PolicyDocument": c.document}, c.code,
			c.message)
	}
}

func TestPolicyVersions_NumbersAndDefault_AreKept(t *testing.T) {
	k := iamtest.Start(t)
	arn := create(k, "P", allow("kms:ListKeys"))
	version := func(asDefault bool) string {
		k.Clock.Pass(time.Minute)
		return iamtest.Must[policies.CreatePolicyVersionOutput](k, "CreatePolicyVersion",
			M{"PolicyArn": arn, "PolicyDocument": allow("kms:ListAliases"),
				"SetAsDefault": asDefault}).PolicyVersion.VersionId
	}
	if v := version(false); v != "v2" {
		t.Errorf("the second version is %s", v)
	}
	k.Refused("DeletePolicyVersion", M{"PolicyArn": arn, "VersionId": "v1"}, "DeleteConflict",
		"Cannot delete the default version of a policy.")
	k.Do("SetDefaultPolicyVersion", M{"PolicyArn": arn, "VersionId": "v2"})
	k.Do("DeletePolicyVersion", M{"PolicyArn": arn, "VersionId": "v1"})
	k.Do("SetDefaultPolicyVersion", M{"PolicyArn": arn, "VersionId": "v2"}) // as it is
	for _, asDefault := range []bool{false, false, false, true} {
		version(asDefault)
	}
	k.Refused("CreatePolicyVersion", M{"PolicyArn": arn, "PolicyDocument": allow("*")},
		"LimitExceeded", "A managed policy can have up to 5 versions. Before you create a new version, "+
			"you must delete an existing version.")
	for _, name := range []string{"GetPolicyVersion", "SetDefaultPolicyVersion",
		"DeletePolicyVersion"} {
		k.Refused(name, M{"PolicyArn": arn, "VersionId": "v1"}, "NoSuchEntity",
			"Policy "+arn+" version v1 does not exist or is not attachable.")
	}
	got := iamtest.Must[policies.GetPolicyVersionOutput](k, "GetPolicyVersion",
		M{"PolicyArn": arn, "VersionId": "v6"}).PolicyVersion
	if !got.IsDefaultVersion || got.Document != model.Document(allow("kms:ListAliases")) {
		t.Errorf("v6 is %+v", got)
	}
	var listed []string
	in := M{"PolicyArn": arn, "MaxItems": 2}
	for {
		page := iamtest.Must[policies.ListPolicyVersionsOutput](k, "ListPolicyVersions", in)
		for _, v := range page.Versions {
			listed = append(listed, v.VersionId)
			if v.Document != "" || v.IsDefaultVersion != (v.VersionId == "v6") {
				t.Errorf("listed %+v", v)
			}
		}
		if in["Marker"] = page.Marker; !page.IsTruncated {
			break
		}
	}
	if s := strings.Join(listed, " "); s != "v6 v5 v4 v3 v2" {
		t.Errorf("the versions are %s", s)
	}
	k.Refused("DeletePolicy", M{"PolicyArn": arn}, "DeleteConflict", "This policy has more than one "+
		"version. Before you delete a policy, you must delete the policy's versions. The default "+
		"version is deleted with the policy.")
}

// TestDeletePolicy_InUse_IsRefused: attached to anything, or bounding it. Once it isn't, it goes.
func TestDeletePolicy_InUse_IsRefused(t *testing.T) {
	k := iamtest.Start(t)
	k.NewUser("u")
	k.NewGroup("g")
	k.NewRole("r")
	arn := create(k, "P", allow("*"))
	for kind, name := range map[string]string{"User": "u", "Group": "g", "Role": "r"} {
		in := M{kind + "Name": name, "PolicyArn": arn}
		k.Do("Attach"+kind+"Policy", in)
		k.Refused("DeletePolicy", M{"PolicyArn": arn}, "DeleteConflict",
			"Cannot delete a policy attached to entities.")
		k.Do("Detach"+kind+"Policy", in)
	}
	for kind, name := range map[string]string{"User": "u", "Role": "r"} {
		k.Do("Put"+kind+"PermissionsBoundary", M{kind + "Name": name, "PermissionsBoundary": arn})
		k.Refused("DeletePolicy", M{"PolicyArn": arn}, "DeleteConflict", "")
		k.Do("Delete"+kind+"PermissionsBoundary", M{kind + "Name": name})
	}
	k.Do("DeletePolicy", M{"PolicyArn": arn})
	k.Refused("GetPolicy", M{"PolicyArn": arn}, "NoSuchEntity", "Policy "+arn+" was not found.")
}

func TestListPolicies_Filters_ChooseAndPagesJoin(t *testing.T) {
	k := iamtest.Start(t)
	k.NewUser("u")
	attached, bounding := create(k, "Attached", allow("*")), create(k, "Bounding", allow("*"))
	for i := range 7 {
		k.Do("CreatePolicy", M{"PolicyName": "P" + strconv.Itoa(i), "PolicyDocument": allow("*"),
			"Path": "/path/"})
	}
	const admin = "arn:aws:iam::aws:policy/AdministratorAccess"
	k.Do("AttachUserPolicy", M{"UserName": "u", "PolicyArn": attached})
	k.Do("AttachUserPolicy", M{"UserName": "u", "PolicyArn": admin})
	k.Do("PutUserPermissionsBoundary", M{"UserName": "u", "PermissionsBoundary": bounding})
	list := func(in M) (arns []string) {
		for in["MaxItems"] = 4; ; {
			page := iamtest.Must[policies.ListPoliciesOutput](k, "ListPolicies", in)
			for _, p := range page.Policies {
				if p.Tags != nil || p.Description != "" {
					t.Errorf("listed %+v", p)
				}
				arns = append(arns, p.Arn)
			}
			if in["Marker"] = page.Marker; !page.IsTruncated {
				return arns
			}
		}
	}
	count := len(entity.AWSPolicies())
	for _, c := range []struct {
		in   M
		want int
	}{
		{M{}, count + 9}, {M{"Scope": "All"}, count + 9}, {M{"Scope": "AWS"}, count},
		{M{"Scope": "Local"}, 9}, {M{"PathPrefix": "/path/"}, 7},
		{M{"OnlyAttached": true}, 2}, {M{"OnlyAttached": true, "Scope": "Local"}, 1},
		{M{"PolicyUsageFilter": "PermissionsBoundary"}, 1},
		{M{"PolicyUsageFilter": "PermissionsPolicy", "Scope": "Local"}, 8},
	} {
		got := list(c.in)
		seen := map[string]bool{}
		for _, arn := range got {
			seen[arn] = true
		}
		if len(got) != c.want || len(seen) != c.want {
			t.Errorf("%v: %d policies, %d different, want %d: %v", c.in, len(got), len(seen), c.want, got)
		}
	}
	uses := iamtest.Must[policies.GetPolicyOutput](k, "GetPolicy", M{"PolicyArn": admin}).Policy
	if uses.AttachmentCount != 1 || uses.PermissionsBoundaryUsageCount != 0 {
		t.Errorf("AdministratorAccess is used %+v", uses)
	}
	k.Refused("ListPolicies", M{"Marker": "nonsense"}, "ValidationError", "Invalid Marker.")
}

func TestListEntitiesForPolicy_Uses_AreListedByKind(t *testing.T) {
	k := iamtest.Start(t)
	k.NewUser("u")
	k.NewUser("bounded")
	k.NewGroup("g")
	k.NewRole("r")
	arn := create(k, "P", allow("*"))
	for kind, name := range map[string]string{"User": "u", "Group": "g", "Role": "r"} {
		k.Do("Attach"+kind+"Policy", M{kind + "Name": name, "PolicyArn": arn})
	}
	k.Do("PutUserPermissionsBoundary", M{"UserName": "bounded", "PermissionsBoundary": arn})
	k.Do("PutRolePermissionsBoundary", M{"RoleName": "r", "PermissionsBoundary": arn})
	for _, c := range []struct {
		in   M
		want string
	}{
		{M{}, "g r u bounded"},
		{M{"EntityFilter": "User"}, "u bounded"},
		{M{"EntityFilter": "LocalManagedPolicy"}, ""},
		{M{"PolicyUsageFilter": "PermissionsBoundary"}, "r bounded"},
		{M{"PolicyUsageFilter": "PermissionsPolicy"}, "g r u"},
		{M{"PathPrefix": "/none/"}, ""},
	} {
		var names []string
		c.in["PolicyArn"], c.in["MaxItems"] = arn, 1
		for {
			page := iamtest.Must[policies.ListEntitiesForPolicyOutput](k, "ListEntitiesForPolicy", c.in)
			for _, g := range page.PolicyGroups {
				names = append(names, g.GroupName)
			}
			for _, r := range page.PolicyRoles {
				names = append(names, r.RoleName)
			}
			for _, u := range page.PolicyUsers {
				names = append(names, u.UserName)
			}
			if c.in["Marker"] = page.Marker; !page.IsTruncated {
				break
			}
		}
		if got := sorted(names); got != sorted(strings.Fields(c.want)) {
			t.Errorf("%v: %s, want %s", c.in, got, c.want)
		}
	}
}

// TestAWSPolicies_Documents_AreInForce: each can be read as CreatePolicy would, and decides.
func TestAWSPolicies_Documents_AreInForce(t *testing.T) {
	k := iamtest.Start(t)
	id := k.NewUser("u")
	for _, p := range entity.AWSPolicies() {
		v := p.Version(p.Default)
		if _, err := policy.ParseManaged(v.Document); err != nil || len(p.ID) != 21 {
			t.Errorf("%s, %s: %v", p.Name, p.ID, err)
		}
		got := iamtest.Must[policies.GetPolicyVersionOutput](k, "GetPolicyVersion",
			M{"PolicyArn": p.ARN(), "VersionId": "v1"}).PolicyVersion
		if string(got.Document) != v.Document {
			t.Errorf("the document of %s is %s", p.Name, got.Document)
		}
	}
	const every = "arn:aws:iam::aws:policy/"
	k.Do("AttachUserPolicy", M{"UserName": "u", "PolicyArn": every + "AdministratorAccess"})
	if !k.May(id, "kms:CreateKey", "*") {
		t.Error("an administrator may not make a key")
	}
	k.Do("AttachUserPolicy", M{"UserName": "u", "PolicyArn": every + "AWSDenyAll"})
	if k.May(id, "kms:CreateKey", "*") {
		t.Error("who is denied all may make a key")
	}
}

// TestAWSPolicies_Changed_AreRefused: to the root user, too.
func TestAWSPolicies_Changed_AreRefused(t *testing.T) {
	k := iamtest.Start(t)
	const arn = "arn:aws:iam::aws:policy/AdministratorAccess"
	for name, in := range map[string]M{
		"DeletePolicy":            {},
		"CreatePolicyVersion":     {"PolicyDocument": allow("*")},
		"SetDefaultPolicyVersion": {"VersionId": "v1"},
		"DeletePolicyVersion":     {"VersionId": "v1"},
		"TagPolicy":               {"Tags": []M{{"Key": "a", "Value": "b"}}},
		"UntagPolicy":             {"TagKeys": []string{"a"}},
	} {
		in["PolicyArn"] = arn
		k.Refused(name, in, "AccessDenied", "User: arn:aws:iam::"+iamtest.Account+":root is not "+
			"authorized to perform: iam:"+name+" on resource: policy "+arn+
			" because no resource-based policy allows the iam:"+name+" action")
	}
}

// TestPolicyArn_OfNoPolicy_IsRefused: what is no ARN of one, what isn't there, and another
// account's.
func TestPolicyArn_OfNoPolicy_IsRefused(t *testing.T) {
	k := iamtest.Start(t)
	create(k, "P", allow("*"))
	for _, arn := range []string{"arn:aws:iam::" + iamtest.Account + ":user/somebody",
		"arn:aws:iam::nonsense:policy/P", "just a name, of twenty", "arn:aws:kms:::policy/PPPPPPPPP"} {
		k.Refused("GetPolicy", M{"PolicyArn": arn}, "ValidationError", "ARN "+arn+" is not valid.")
	}
	for _, arn := range []string{prefix + "/Q", prefix + "/p", prefix + "/path/P",
		"arn:aws:iam::aws:policy/Nothing"} {
		k.Refused("GetPolicy", M{"PolicyArn": arn}, "NoSuchEntity", "Policy "+arn+" was not found.")
	}
	k.Refused("GetPolicy", M{"PolicyArn": "arn:aws:iam::444455556666:policy/P"}, "AccessDenied", "")
}

func TestPolicyTags_Keys_DifferByTheirCase(t *testing.T) {
	k := iamtest.Start(t)
	arn := create(k, "P", allow("*"))
	k.Do("TagPolicy", M{"PolicyArn": arn, "Tags": []M{{"Key": "a", "Value": "1"},
		{"Key": "A", "Value": "2"}}})
	k.Do("UntagPolicy", M{"PolicyArn": arn, "TagKeys": []string{"a", "none"}})
	got := iamtest.Must[policies.ListPolicyTagsOutput](k, "ListPolicyTags", M{"PolicyArn": arn})
	if len(got.Tags) != 1 || got.Tags[0] != (entity.Tag{Key: "A", Value: "2"}) || got.IsTruncated {
		t.Errorf("the tags are %+v", got)
	}
	twice := []M{{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}}
	for name, in := range map[string]M{"TagPolicy": {"PolicyArn": arn},
		"CreatePolicy": {"PolicyName": "Q", "PolicyDocument": allow("*")}} {
		in["Tags"] = twice
		k.Refused(name, in, "InvalidInput", "Duplicate tag keys found.")
	}
	k.Refused("TagPolicy", M{"PolicyArn": arn, "Tags": []M{{"Value": "1"}}}, "MissingParameter",
		"The request must contain the parameter Tags.member.1.Key.")
	var many []M
	for i := range 50 {
		many = append(many, M{"Key": strconv.Itoa(i), "Value": ""})
	}
	k.Refused("TagPolicy", M{"PolicyArn": arn, "Tags": many}, "LimitExceeded",
		"The number of tags has reached the maximum limit.")
}

func sorted(names []string) string {
	slices.Sort(names)
	return strings.Join(names, " ")
}
