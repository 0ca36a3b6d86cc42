package parameters_test

import (
	"fmt"
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/internal/op/optest"
	"claviger/keystore"
	"claviger/parameters"
	"claviger/parameters/sharing"
	"claviger/policy"
)

const otherAccount = "444455556666"

// let is a statement of a resource policy that is about actions of Parameter Store.
func let(effect, principal string, actions ...string) string {
	for i, a := range actions {
		actions[i] = `"ssm:` + a + `"`
	}
	return fmt.Sprintf(`{"Effect":%q,"Principal":{"AWS":%q},"Action":[%s],"Resource":"*"}`,
		effect, principal, strings.Join(actions, ","))
}

func document(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

// readers lets an account do all that a policy may let it.
func readers(account string) string {
	return let("Allow", account, "DescribeParameters", "GetParameter", "GetParameters",
		"GetParameterHistory")
}

// putAdvanced makes an advanced parameter, or gives it a new version, and returns its ARN.
func (s *service) putAdvanced(name, value string, more ...M) string {
	s.T.Helper()
	in := M{"Name": name, "Value": value, "Type": "String", "Tier": "Advanced", "Overwrite": true}
	for _, m := range more {
		for k, v := range m {
			in[k] = v
		}
	}
	s.Do("PutParameter", in)
	return prefix + "/" + strings.TrimPrefix(name, "/")
}

// share gives a parameter its first resource policy.
func (s *service) share(arn string, statements ...string) parameters.PutResourcePolicyOutput {
	s.T.Helper()
	return must[parameters.PutResourcePolicyOutput](s, "PutResourcePolicy",
		M{"ResourceArn": arn, "Policy": document(statements...)})
}

// policiesOf returns the resource policies of a parameter.
func (s *service) policiesOf(arn string) []parameters.GetResourcePoliciesResponseEntry {
	s.T.Helper()
	return must[parameters.GetResourcePoliciesOutput](s, "GetResourcePolicies",
		M{"ResourceArn": arn}).Policies
}

// customerKey makes a KMS key that lets its account do everything and another one what statements
// say, and returns its ARN.
func (s *service) customerKey(statements ...string) string {
	s.T.Helper()
	own := fmt.Sprintf(`{"Effect":"Allow","Principal":{"AWS":%q},"Action":"kms:*","Resource":"*"}`,
		account)
	return must[keystore.CreateKeyOutput](s, "kms:CreateKey",
		M{"Policy": document(append(statements, own)...)}).KeyMetadata.Arn
}

// TestPutResourcePolicy_AnySpacing_IsReadAsWritten: tools compare what they read with what they
// have put.
func TestPutResourcePolicy_AnySpacing_IsReadAsWritten(t *testing.T) {
	s := start(t)
	arn := s.putAdvanced("/x", "v")
	if got := s.policiesOf(arn); len(got) != 0 {
		t.Errorf("before: %+v", got)
	}
	id, hash := "", ""
	for _, text := range []string{
		`{ "Statement" :{"Effect":"Allow",  "Principal":{"AWS":"` + otherAccount + `"},` +
			"\n\t" + `"Action":"ssm:GetParameter","Resource":"` + arn + `"}}`,
		document(let("Allow", optest.UserARN("alice"), "GetParameters")),
		`{"Version":"2008-10-17","Id":"\u00fc \\ / \/ é","Statement":[` + readers("777788889999") + `]}`,
	} {
		out := must[parameters.PutResourcePolicyOutput](s, "PutResourcePolicy",
			M{"ResourceArn": arn, "Policy": text, "PolicyId": id, "PolicyHash": hash})
		if out.PolicyId == "" || out.PolicyHash == hash || id != "" && out.PolicyId != id {
			t.Errorf("%+v after %s %s", out, id, hash)
		}
		id, hash = out.PolicyId, out.PolicyHash
		for range 2 {
			got := s.policiesOf(arn)
			if len(got) != 1 || got[0].Policy != text || got[0].PolicyId != id ||
				got[0].PolicyHash != hash {
				t.Errorf("%+v", got)
			}
			s.Restart()
		}
		again := must[parameters.PutResourcePolicyOutput](s, "PutResourcePolicy",
			M{"ResourceArn": arn, "Policy": text, "PolicyId": id, "PolicyHash": hash})
		if again != out {
			t.Errorf("the same again: %+v", again)
		}
	}
	s.putAdvanced("/x", "w")
	if got := s.policiesOf(arn); len(got) != 1 || got[0].PolicyHash != hash {
		t.Errorf("after another version: %+v", got)
	}
	s.Do("DeleteResourcePolicy", M{"ResourceArn": arn, "PolicyId": id, "PolicyHash": hash,
		"DeletionMode": "RemoveSharing"})
	if got := s.policiesOf(arn); len(got) != 0 {
		t.Errorf("after the deletion: %+v", got)
	}
	if out := s.share(arn, readers(otherAccount)); out.PolicyId == id {
		t.Error("another policy has the id of the one that was deleted")
	}
}

// TestPutResourcePolicy_Principals_AreStoredById: who is made again under a name of before is
// somebody else, and who is gone is shown by id.
func TestPutResourcePolicy_Principals_AreStoredById(t *testing.T) {
	s := start(t)
	arn := s.putAdvanced("/x", "v")
	alice := policy.Caller{Type: policy.IAMUser, Account: account, ARN: optest.UserARN("alice"),
		PrincipalID: "AIDAALICEALICEALICEA", UniqueID: "AIDAALICEALICEALICEA"}
	s.IDs = map[string]string{alice.ARN: alice.UniqueID}
	out := s.share(arn, let("Allow", alice.ARN, "GetParameter"))
	text := document(let("Allow", alice.ARN, "GetParameter"))
	if got := s.policiesOf(arn)[0].Policy; got != text {
		t.Errorf("%s", got)
	}
	back := s.By(alice)
	s.Do("GetParameter", M{"Name": "/x"})
	back()
	again := alice
	again.PrincipalID, again.UniqueID = "AIDASOMEBODYELSEAAAA", "AIDASOMEBODYELSEAAAA"
	back = s.By(again)
	s.Refused("GetParameter", M{"Name": "/x"}, "AccessDeniedException", "")
	back()
	s.IDs = map[string]string{}
	got := s.policiesOf(arn)[0]
	if got.Policy != strings.Replace(text, alice.ARN, alice.UniqueID, 1) {
		t.Errorf("of who is gone: %s", got.Policy)
	}
	if got.PolicyHash != out.PolicyHash {
		t.Error("the policy has another hash since somebody is gone")
	}
	s.Refused("PutResourcePolicy", M{"ResourceArn": arn, "Policy": text, "PolicyId": out.PolicyId,
		"PolicyHash": out.PolicyHash}, "MalformedResourcePolicyDocumentException",
		sharing.ErrPrincipal.Error())
}

// TestResourcePolicies_CantBeChanged_StayAsTheyAre: what is refused of putting, reading and
// deleting them, and that nothing has changed then.
func TestResourcePolicies_CantBeChanged_StayAsTheyAre(t *testing.T) {
	s := start(t)
	arn, bare := s.putAdvanced("/x", "v"), s.putAdvanced("/bare", "v")
	s.put("/standard", "v")
	kept := s.share(arn, readers(otherAccount))
	text := document(readers("777788889999"))
	pad := func(n int) string {
		return strings.Replace(text, "2012-10-17\"", "2012-10-17\""+strings.Repeat(" ", n-len(text)), 1)
	}
	const invalid, conflict = "ResourcePolicyInvalidParameterException",
		"ResourcePolicyConflictException"
	const malformed, absent = "MalformedResourcePolicyDocumentException",
		"ResourcePolicyNotFoundException"
	for _, c := range []struct {
		operation, name string
		in              M
		code            string
	}{
		{"Put", "a second one", M{"ResourceArn": arn, "Policy": text}, conflict},
		{"Put", "an id alone", M{"PolicyId": kept.PolicyId}, invalid},
		{"Put", "a hash alone", M{"PolicyHash": kept.PolicyHash}, invalid},
		{"Put", "another id", M{"PolicyId": "x", "PolicyHash": kept.PolicyHash}, absent},
		{"Put", "another hash", M{"PolicyId": kept.PolicyId, "PolicyHash": "x"}, conflict},
		{"Put", "an id where there is none", M{"ResourceArn": bare, "PolicyId": kept.PolicyId,
			"PolicyHash": kept.PolicyHash}, absent},
		{"Put", "too long", M{"Policy": pad(1025)}, "ResourcePolicyLimitExceededException"},
		{"Put", "no JSON", M{"Policy": "{"}, malformed},
		{"Put", "blank", M{"Policy": " \n "}, "ValidationException"},
		{"Put", "a write", M{"Policy": document(let("Allow", otherAccount, "PutParameter"))},
			malformed},
		{"Put", "a group", M{"Policy": document(readers("arn:aws:iam::" + account + ":group/g"))},
			malformed},
		{"Put", "standard", M{"ResourceArn": prefix + "/standard"}, invalid},
		{"Put", "no parameter", M{"ResourceArn": prefix + "/none"}, "ResourceNotFoundException"},
		{"Put", "a version", M{"ResourceArn": arn + ":1"}, invalid},
		{"Put", "a name", M{"ResourceArn": "/x/0123456789/0123456789"}, invalid},
		{"Put", "another resource", M{"ResourceArn": "arn:aws:ssm:" + region + ":" + account +
			":opsitemgroup/default"}, invalid},
		{"Put", "another account", M{"ResourceArn": strings.Replace(arn, account, otherAccount, 1)},
			"AccessDeniedException"},
		{"Delete", "another id", M{"PolicyId": "x", "PolicyHash": kept.PolicyHash}, absent},
		{"Delete", "another hash", M{"PolicyId": kept.PolicyId, "PolicyHash": "x"}, conflict},
		{"Delete", "an empty hash", M{"PolicyId": kept.PolicyId, "PolicyHash": ""}, invalid},
		{"Delete", "no hash", M{"PolicyId": kept.PolicyId}, "ValidationException"},
		{"Delete", "none there", M{"ResourceArn": bare, "PolicyId": "", "PolicyHash": ""}, absent},
		{"Delete", "no parameter", M{"ResourceArn": prefix + "/none", "PolicyId": "x",
			"PolicyHash": "x"}, "ResourceNotFoundException"},
		{"Delete", "an unknown mode", M{"PolicyId": kept.PolicyId, "PolicyHash": kept.PolicyHash,
			"DeletionMode": "All"}, "ValidationException"},
	} {
		in := M{"ResourceArn": arn}
		if c.operation == "Put" {
			in["Policy"] = text
		}
		for k, v := range c.in {
			in[k] = v
		}
		t.Run(c.operation+" "+c.name, func(t *testing.T) {
			s.T = t
			s.Refused(c.operation+"ResourcePolicy", in, c.code, "")
		})
	}
	s.T = t
	s.Refused("GetResourcePolicies", M{"ResourceArn": prefix + "/none"},
		"ResourceNotFoundException", "")
	s.Refused("GetResourcePolicies", M{"ResourceArn": arn, "NextToken": "x"}, invalid, "")
	got := s.policiesOf(arn)
	if len(got) != 1 || got[0].PolicyHash != kept.PolicyHash || len(s.policiesOf(bare)) != 0 {
		t.Errorf("%+v", got)
	}
	s.Do("PutResourcePolicy", M{"ResourceArn": bare, "Policy": pad(1024)})
}

// TestPutResourcePolicy_RefusedMember_IsNamed: the errors have AWS's members.
func TestPutResourcePolicy_RefusedMember_IsNamed(t *testing.T) {
	s := start(t)
	arn := s.putAdvanced("/x", "v")
	for member, in := range map[string]M{"PolicyHash": {"PolicyId": "x"},
		"PolicyId": {"PolicyHash": "x"}, "ResourceArn": {"ResourceArn": arn + ":1"}} {
		whole := M{"ResourceArn": arn, "Policy": document(readers(otherAccount))}
		for k, v := range in {
			whole[k] = v
		}
		_, err := ask[any](s, "PutResourcePolicy", whole)
		if got := fmt.Sprint(fault.Of(err).Details); got != "{["+member+"]}" {
			t.Errorf("%s: %s", member, got)
		}
	}
	_, err := ask[any](s, "PutResourcePolicy",
		M{"ResourceArn": arn, "Policy": strings.Repeat("x", 1025)})
	if got := fmt.Sprintf("%+v", fault.Of(err).Details); got != "{Limit:1024 LimitType:PolicySize}" {
		t.Error(got)
	}
}

// TestPutResourcePolicy_SecureString_NeedsACustomersKey: what the managed key has sealed, by
// whatever name, nobody else could open.
func TestPutResourcePolicy_SecureString_NeedsACustomersKey(t *testing.T) {
	s := start(t)
	own := s.customerKey()
	s.Do("PutParameter", M{"Name": "/first", "Value": "v", "Type": "SecureString"})
	managed := must[keystore.DescribeKeyOutput](s, "kms:DescribeKey",
		M{"KeyId": "alias/aws/ssm"}).KeyMetadata
	for i, key := range []string{"alias/aws/ssm", managed.Arn, managed.KeyId, own} {
		name := fmt.Sprint("/", i)
		arn := s.putAdvanced(name, "v", M{"Type": "SecureString", "KeyId": key})
		in := M{"ResourceArn": arn, "Policy": document(readers(otherAccount))}
		if key == own {
			s.Do("PutResourcePolicy", in)
			continue
		}
		s.Refused("PutResourcePolicy", in, "ResourcePolicyInvalidParameterException", "")
		s.putAdvanced(name, "w", M{"Type": "SecureString", "KeyId": own})
		s.Do("PutResourcePolicy", in)
	}
}
