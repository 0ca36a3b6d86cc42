package secrets_test

import (
	"fmt"
	"strings"
	"testing"

	"claviger/internal/op/optest"
	"claviger/policy"
	"claviger/secrets"
	"claviger/secrets/target"
)

// let is a statement of a resource policy: an effect, a principal, an action, and what else it has.
func let(effect, principal, action string, more ...string) string {
	rest := ""
	for _, m := range more {
		rest += "," + m
	}
	return fmt.Sprintf(`{"Sid":"S","Effect":%q,"Principal":{"AWS":%q},"Action":%q,"Resource":"*"%s}`,
		effect, principal, "secretsmanager:"+action, rest)
}

func document(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

func (s *service) putPolicy(id string, statements ...string) {
	s.T.Helper()
	s.Do("PutResourcePolicy", M{"SecretId": id, "ResourcePolicy": document(statements...)})
}

// policyOf returns a secret's policy, or nothing.
func (s *service) policyOf(id string) string {
	s.T.Helper()
	out := must[secrets.GetResourcePolicyOutput](s, "GetResourcePolicy", M{"SecretId": id})
	if out.ResourcePolicy == nil {
		return ""
	}
	return *out.ResourcePolicy
}

// TestPutResourcePolicy_AnySpacing_IsReadAsWritten: tools compare what they read with what they
// have put.
func TestPutResourcePolicy_AnySpacing_IsReadAsWritten(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	for i, text := range []string{
		`{ "Statement" :{"Effect":"Allow",  "Principal":{"AWS":"` + account + `"},` +
			"\n\t" + `"Action":"secretsmanager:*","Resource":"*"}}`,
		document(let("Allow", optest.UserARN("alice"), "GetSecretValue")),
		`{"Version":"2008-10-17","Id":"\u00fc \\ / \/ é","Statement":[` +
			let("Deny", "444455556666", "*") + `]}`,
	} {
		out := must[target.Output](s, "PutResourcePolicy",
			M{"SecretId": "x", "ResourcePolicy": text})
		if out.Name != "x" || out.ARN != s.describe("x").ARN {
			t.Errorf("%+v", out)
		}
		if got := s.policyOf("x"); got != text {
			t.Errorf("%d: %s", i, got)
		}
		s.Restart()
		if got := s.policyOf("x"); got != text {
			t.Errorf("%d, after a restart: %s", i, got)
		}
	}
	for range 2 {
		out := must[target.Output](s, "DeleteResourcePolicy", M{"SecretId": "x"})
		if out.Name != "x" {
			t.Errorf("%+v", out)
		}
		if got := s.policyOf("x"); got != "" {
			t.Errorf("after the deletion: %s", got)
		}
	}
	if s.text(M{"SecretId": "x"}) != "v" {
		t.Error("the value has changed")
	}
}

// TestPutResourcePolicy_Principals_AreStoredById: who is made again under a name of before is
// somebody else, and who is gone is shown by id.
func TestPutResourcePolicy_Principals_AreStoredById(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	alice := policy.Caller{Type: policy.IAMUser, Account: account, ARN: optest.UserARN("alice"),
		PrincipalID: "AIDAALICEALICEALICEA", UniqueID: "AIDAALICEALICEALICEA"}
	s.IDs = map[string]string{alice.ARN: alice.UniqueID}
	text := document(let("Allow", alice.ARN, "GetSecretValue"))
	s.Do("PutResourcePolicy", M{"SecretId": "x", "ResourcePolicy": text})
	if got := s.policyOf("x"); got != text {
		t.Errorf("%s", got)
	}
	back := s.By(alice)
	s.Do("GetSecretValue", M{"SecretId": "x"})
	back()
	again := alice
	again.PrincipalID, again.UniqueID = "AIDASOMEBODYELSEAAAA", "AIDASOMEBODYELSEAAAA"
	again.ARN = "arn:aws:iam::" + account + ":user/moved/alice" // the stored text has no ARN to meet
	back = s.By(again)
	s.Refused("GetSecretValue", M{"SecretId": "x"}, "AccessDeniedException", "")
	back()
	s.IDs = map[string]string{}
	if got := s.policyOf("x"); got != strings.Replace(text, alice.ARN, alice.UniqueID, 1) {
		t.Errorf("of who is gone: %s", got)
	}
	s.Refused("PutResourcePolicy", M{"SecretId": "x", "ResourcePolicy": text},
		"MalformedPolicyDocumentException", "This resource policy contains an unsupported principal.")
}

const (
	lockout = "This resource policy will not allow you to manage this secret in the future."
	public  = "You can't attach a resource-based policy that allows broad access to the secret."
)

// TestPutResourcePolicy_CantBeAttached_ChangesNothing: what is refused, and what is just not.
func TestPutResourcePolicy_CantBeAttached_ChangesNothing(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	root := "arn:aws:iam::" + account + ":root"
	kept := document(let("Allow", root, "*"))
	s.Do("PutResourcePolicy", M{"SecretId": "x", "ResourcePolicy": kept})
	everybody := document(let("Allow", "*", "GetSecretValue"))
	pad := func(n int) string {
		return strings.Replace(kept, `"S"`, `"`+strings.Repeat("s", n-len(kept)+1)+`"`, 1)
	}
	for _, c := range []struct {
		name          string
		in            M
		code, message string
	}{
		{"no JSON", M{"ResourcePolicy": "{"}, "MalformedPolicyDocumentException",
			"This resource policy contains a syntax error."},
		{"nothing", M{"ResourcePolicy": ""}, "ValidationException", ""},
		{"too long", M{"ResourcePolicy": pad(20481)}, "ValidationException", ""},
		{"a group", M{"ResourcePolicy": document(let("Allow", "arn:aws:iam::"+account+":group/g", "*"))},
			"MalformedPolicyDocumentException",
			"This resource policy contains an unsupported principal."},
		{"public", M{"ResourcePolicy": everybody, "BlockPublicPolicy": true}, "PublicPolicyException",
			public},
		{"denied to everybody", M{"ResourcePolicy": document(let("Deny", "*", "*"))},
			"MalformedPolicyDocumentException", lockout},
		{"denied to its author", M{"ResourcePolicy": document(let("Deny", root, "Put*"))},
			"MalformedPolicyDocumentException", lockout},
		{"nobody's", M{"SecretId": "absent", "ResourcePolicy": kept}, "ResourceNotFoundException", ""},
	} {
		if c.in["SecretId"] == nil {
			c.in["SecretId"] = "x"
		}
		s.Refused("PutResourcePolicy", c.in, c.code, c.message)
		if got := s.policyOf("x"); got != kept {
			t.Fatalf("%s: the policy is now %s", c.name, got)
		}
	}
	for name, in := range map[string]M{
		"the longest":       {"ResourcePolicy": pad(20480)},
		"public, allowed":   {"ResourcePolicy": everybody},
		"public, not asked": {"ResourcePolicy": everybody, "BlockPublicPolicy": false},
		"not public":        {"ResourcePolicy": kept, "BlockPublicPolicy": true},
		"all but its end":   {"ResourcePolicy": document(let("Deny", root, "GetSecretValue"))},
	} {
		in["SecretId"] = "x"
		s.Do("PutResourcePolicy", in)
		if got := s.policyOf("x"); got != in["ResourcePolicy"] {
			t.Errorf("%s: the policy is %s", name, got)
		}
	}
	s.Do("DeleteResourcePolicy", M{"SecretId": "x"})
	s.Do("DeleteSecret", M{"SecretId": "x"})
	for name, in := range map[string]M{"GetResourcePolicy": {}, "DeleteResourcePolicy": {},
		"PutResourcePolicy":      {"ResourcePolicy": kept},
		"ValidateResourcePolicy": {"ResourcePolicy": kept}} {
		in["SecretId"] = "x"
		s.Refused(name, in, "InvalidRequestException", "You can't perform this operation on the secret "+
			"because it was marked for deletion.")
	}
}

// TestPutResourcePolicy_Lockout_IsOfTheCaller: whoever may replace the policy by other means isn't
// locked out, and who may by the policy alone is once it doesn't say so any more.
func TestPutResourcePolicy_Lockout_IsOfTheCaller(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	alice := optest.User("alice")
	s.putPolicy("x", let("Allow", alice.ARN, "*"))
	defer s.By(alice)()
	s.Refused("PutResourcePolicy", M{"SecretId": "x",
		"ResourcePolicy": document(let("Allow", alice.ARN, "GetSecretValue"))},
		"MalformedPolicyDocumentException", lockout)
	s.putPolicy("x", let("Allow", alice.ARN, "PutResourcePolicy"))
	s.Refused("GetSecretValue", M{"SecretId": "x"}, "AccessDeniedException", "")
	s.putPolicy("x", let("Allow", alice.ARN, "PutResourcePolicy",
		`"Condition":{"Null":{"secretsmanager:BlockPublicPolicy":"true"}}`))
	s.Refused("PutResourcePolicy", M{"SecretId": "x", "BlockPublicPolicy": true,
		"ResourcePolicy": document(let("Allow", alice.ARN, "*"))}, "AccessDeniedException", "")
}

func TestValidateResourcePolicy_EachCheck_IsAnswered(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	root := "arn:aws:iam::" + account + ":root"
	for _, c := range []struct {
		policy string
		want   []string
	}{
		{document(let("Allow", root, "*")), nil},
		{document(let("Allow", "*", "GetSecretValue")), []string{"BlockPublicPolicyCheck " + public}},
		{document(let("Deny", "*", "*")), []string{"LockOutCheck " + lockout}},
		{document(let("Deny", root, "PutResourcePolicy"), let("Allow", "*", "*")),
			[]string{"BlockPublicPolicyCheck " + public, "LockOutCheck " + lockout}},
	} {
		for _, in := range []M{{"SecretId": "x"}, {}} {
			in["ResourcePolicy"] = c.policy
			out := must[secrets.ValidateResourcePolicyOutput](s, "ValidateResourcePolicy", in)
			var got []string
			for _, e := range out.ValidationErrors {
				got = append(got, e.CheckName+" "+e.ErrorMessage)
			}
			if out.PolicyValidationPassed != (c.want == nil) || fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%s: %+v, want %v", c.policy, out, c.want)
			}
		}
	}
	s.Refused("ValidateResourcePolicy", M{"ResourcePolicy": "{"}, "MalformedPolicyDocumentException",
		"This resource policy contains a syntax error.")
	s.Refused("ValidateResourcePolicy", M{"SecretId": "absent",
		"ResourcePolicy": document(let("Allow", root, "*"))}, "ResourceNotFoundException", "")
	if got := s.policyOf("x"); got != "" {
		t.Errorf("it was attached: %s", got)
	}
	for _, action := range []string{"ValidateResourcePolicy", "PutResourcePolicy"} {
		s.Forbid("secretsmanager:" + action)
		for _, in := range []M{{"SecretId": "x"}, {}} {
			in["ResourcePolicy"] = document(let("Allow", root, "*"))
			s.Refused("ValidateResourcePolicy", in, "AccessDeniedException", "")
		}
	}
}

// TestTagResource_WouldTakeTheRight_IsDenied: AWS blocks what would cost the caller its permissions
// for the secret.
func TestTagResource_WouldTakeTheRight_IsDenied(t *testing.T) {
	s := start(t)
	s.Do("CreateSecret", M{"Name": "x", "SecretString": "v", "ClientRequestToken": token(),
		"Tags": []M{{"Key": "team", "Value": "a"}}})
	alice := optest.User("alice")
	s.putPolicy("x", let("Allow", alice.ARN, "*",
		`"Condition":{"StringEquals":{"secretsmanager:ResourceTag/team":"a"}}`))
	defer s.By(alice)()
	s.Do("TagResource", M{"SecretId": "x", "Tags": []M{{"Key": "app", "Value": "b"}}})
	s.Do("UntagResource", M{"SecretId": "x", "TagKeys": []string{"app"}})
	for name, in := range map[string]M{"UntagResource": {"TagKeys": []string{"team"}},
		"TagResource": {"Tags": []M{{"Key": "team", "Value": "b"}}}} {
		in["SecretId"] = "x"
		s.Refused(
			name,
			in,
			"AccessDeniedException",
			"User: "+alice.ARN+" is not authorized to perform: "+
				"secretsmanager:"+name+" on resource: x because no identity-based policy allows the "+
				"secretsmanager:"+name+" action",
		)
	}
	if tags := s.describe("x").Tags; len(tags) != 1 || tags[0].Value != "a" {
		t.Errorf("%v", tags)
	}
}
