package parameters_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/internal/op/optest"
	"claviger/parameters"
	"claviger/policy"
)

// TestResourcePolicy_EachCaller_IsDecidedByIt: who may read a parameter, and what others are told.
func TestResourcePolicy_EachCaller_IsDecidedByIt(t *testing.T) {
	s := start(t)
	admin, alice := optest.Somebody(t, account, "admin", optest.AllowsAll), optest.Somebody(t, account, "alice")
	boss, eve := optest.Somebody(t, otherAccount, "boss", optest.AllowsAll), optest.Somebody(t, otherAccount, "eve")
	get := func(effect, principal string) string { return let(effect, principal, "GetParameter") }
	const action = "ssm:GetParameter"
	const byPolicy = "because no resource-based policy allows the " + action + " action"
	const byIdentity = "because no identity-based policy allows the " + action + " action"
	const denied = "with an explicit deny in a resource-based policy"
	for i, c := range []struct {
		name   string
		policy []string
		caller policy.Caller
		says   string // in the refusal; empty: it is allowed
	}{
		{"none, root", nil, optest.Root(account), ""},
		{"none, an administrator", nil, admin, ""},
		{"none, a user", nil, alice, byIdentity},
		{"that user", []string{get("Allow", alice.ARN)}, alice, ""},
		{"another user, an administrator", []string{get("Allow", alice.ARN)}, admin, ""},
		{"the account, a user", []string{get("Allow", account)}, alice, byIdentity},
		{"another action", []string{let("Allow", alice.ARN, "GetParameters")}, alice, byIdentity},
		{"denied to an administrator", []string{get("Deny", admin.ARN)}, admin, denied},
		{"denied to root", []string{get("Deny", account)}, optest.Root(account), denied},
		{"their account, its administrator", []string{get("Allow", otherAccount)}, boss, ""},
		{"their account, its root", []string{get("Allow", otherAccount)}, optest.Root(otherAccount), ""},
		{"their account, a user without policies", []string{get("Allow", otherAccount)}, eve, byIdentity},
		{"their user by name, who has none", []string{get("Allow", eve.ARN)}, eve, byIdentity},
		{"everybody, their administrator", []string{get("Allow", "*")}, boss, ""},
		{"none, their administrator", nil, boss, byPolicy},
		{"another action, their administrator", []string{let("Allow", otherAccount, "GetParameters")},
			boss, byPolicy},
		{"denied to them", []string{get("Allow", "*"), get("Deny", otherAccount)}, boss, byPolicy},
	} {
		arn := s.putAdvanced(fmt.Sprint("/p", i), "v")
		if c.policy != nil {
			s.share(arn, c.policy...)
		}
		back := s.By(c.caller)
		out, err := ask[parameters.GetParameterOutput](s, "GetParameter", M{"Name": arn})
		back()
		f := fault.Of(err)
		switch {
		case c.says == "" && (f != nil || out.Parameter.Value != "v"):
			t.Errorf("%s: %v", c.name, err)
		case c.says != "" && (f == nil || f.Code != "AccessDeniedException" || f.Message != "User: "+
			c.caller.ARN+" is not authorized to perform: "+action+" on resource: "+arn+" "+c.says):
			t.Errorf("%s: %v, want %s", c.name, err, c.says)
		}
	}
}

// TestSharedParameter_OtherAccount_ReadsItByARN: each reading operation has a form across accounts
// with selectors, and a name alone is the caller's own. None of those that change has one.
func TestSharedParameter_OtherAccount_ReadsItByARN(t *testing.T) {
	s := start(t)
	arn := s.putAdvanced("/app/x", "1")
	s.putAdvanced("/app/x", "2")
	s.Do("LabelParameterVersion", M{"Name": "/app/x", "ParameterVersion": 1,
		"Labels": []string{"old"}})
	s.share(arn, readers(otherAccount))
	defer s.By(optest.Somebody(t, otherAccount, "boss", optest.AllowsAll))()

	for id, want := range map[string]string{arn: "2", arn + ":1": "1", arn + ":old": "1",
		arn + ":2": "2"} {
		got := s.get(id)
		if got.Value != want || got.Name != "/app/x" || got.ARN != arn ||
			got.Selector != strings.TrimPrefix(id, arn) {
			t.Errorf("%s: %+v", id, got)
		}
	}
	s.put("/app/x", "own")
	out := must[parameters.GetParametersOutput](s, "GetParameters",
		M{"Names": []string{arn, "/app/x", arn + ":1", arn + ":9"}})
	if len(out.Parameters) != 3 || !slices.Equal(out.InvalidParameters, []string{arn + ":9"}) {
		t.Errorf("%+v", out)
	}
	history := must[parameters.GetParameterHistoryOutput](s, "GetParameterHistory", M{"Name": arn})
	if len(history.Parameters) != 2 || history.Parameters[0].Labels[0] != "old" ||
		history.Parameters[1].Value != "2" {
		t.Errorf("%+v", history)
	}
	s.Refused("GetParameterHistory", M{"Name": arn + ":1"}, "AccessDeniedException", "")
	s.Refused("GetParameter", M{"Name": arn + ":9"}, "ParameterVersionNotFound", "")
	if got := s.get("/app/x"); got.Value != "own" || got.ARN == arn {
		t.Errorf("by name: %+v", got)
	}

	for operation, in := range map[string]M{
		"PutParameter":            {"Name": arn, "Value": "v", "Overwrite": true},
		"DeleteParameter":         {"Name": arn},
		"LabelParameterVersion":   {"Name": arn, "Labels": []string{"l"}},
		"UnlabelParameterVersion": {"Name": arn, "ParameterVersion": 1, "Labels": []string{"old"}},
		"AddTagsToResource": {"ResourceType": "Parameter", "ResourceId": arn,
			"Tags": []M{{"Key": "k", "Value": "v"}}},
		"RemoveTagsFromResource": {"ResourceType": "Parameter", "ResourceId": arn,
			"TagKeys": []string{"k"}},
		"ListTagsForResource":  {"ResourceType": "Parameter", "ResourceId": arn},
		"GetParametersByPath":  {"Path": arn},
		"PutResourcePolicy":    {"ResourceArn": arn, "Policy": document(readers(otherAccount))},
		"GetResourcePolicies":  {"ResourceArn": arn},
		"DeleteResourcePolicy": {"ResourceArn": arn, "PolicyId": "x", "PolicyHash": "y"},
	} {
		if _, err := ask[any](s, operation, in); err == nil {
			t.Errorf("%s was performed from another account", operation)
		}
	}
	gone := must[parameters.DeleteParametersOutput](s, "DeleteParameters", M{"Names": []string{"/y"}})
	if len(gone.DeletedParameters) != 0 {
		t.Errorf("%+v", gone)
	}
}

// TestSharedParameter_SecureString_NeedsTheKeyAsWell: the key is asked as the caller, through
// Parameter Store and about this parameter.
func TestSharedParameter_SecureString_NeedsTheKeyAsWell(t *testing.T) {
	s := start(t)
	through := fmt.Sprintf(`{"Effect":"Allow","Principal":{"AWS":%q},"Action":"kms:Decrypt",`+
		`"Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"ssm.%s.amazonaws.com",`+
		`"kms:EncryptionContext:PARAMETER_ARN":%q}}}`, otherAccount, region, prefix+"/open")
	key, closed := s.customerKey(through), s.customerKey()
	secure := func(name, key string) string {
		arn := s.putAdvanced(name, "v", M{"Type": "SecureString", "KeyId": key})
		s.share(arn, readers(otherAccount))
		return arn
	}
	open, shut, elsewhere := secure("/open", key), secure("/shut", closed), secure("/else", key)
	short := prefix + "/short"
	s.Do("PutParameter", M{"Name": "/short", "Value": "1", "Type": "SecureString"})
	s.putAdvanced("/short", "2", M{"Type": "SecureString", "KeyId": key})
	s.share(short, readers(otherAccount))

	back := s.By(optest.Somebody(t, otherAccount, "boss", optest.AllowsAll))
	if got := s.get(open); got.Value != "v" || got.Type != "SecureString" {
		t.Errorf("%+v", got)
	}
	for _, id := range []string{shut, elsewhere, short + ":1"} {
		in := M{"Name": id, "WithDecryption": true}
		s.Refused("GetParameter", in, "AccessDeniedException", "")
		in["WithDecryption"] = false
		s.Do("GetParameter", in)
	}
	s.Refused("GetParameters", M{"Names": []string{open, shut}, "WithDecryption": true},
		"AccessDeniedException", "")
	s.Refused("GetParameterHistory", M{"Name": shut, "WithDecryption": true},
		"AccessDeniedException", "")
	s.Do("GetParameterHistory", M{"Name": open, "WithDecryption": true})
	s.Refused("kms:Encrypt", M{"KeyId": key, "Plaintext": "eA=="}, "AccessDeniedException", "")
	back()
	own := strings.Replace(optest.AllowsAll, `"Action":"*"`, `"Action":"ssm:*"`, 1)
	defer s.By(optest.Somebody(t, otherAccount, "reader", own))()
	s.Refused("GetParameter", M{"Name": open, "WithDecryption": true}, "AccessDeniedException", "")
}

// TestForeignParameter_FactsInOnesOwnPolicy_TellNothing: whoever isn't let in can't find out by
// policies of their own whether there is a parameter, or what tags it has.
func TestForeignParameter_FactsInOnesOwnPolicy_TellNothing(t *testing.T) {
	s := start(t)
	s.putAdvanced("/x", "v")
	s.Do("AddTagsToResource", M{"ResourceType": "Parameter", "ResourceId": "/x",
		"Tags": []M{{"Key": "team", "Value": "a"}}})
	s.share(prefix+"/x", let("Allow", otherAccount, "GetParameters"))
	for _, deny := range []string{
		`"Resource":"` + prefix + `/*"`,
		`"Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"a"}}`,
		`"Resource":"*","Condition":{"StringEquals":{"ssm:resourceTag/team":"a"}}`,
		`"Resource":"*","Condition":{"Null":{"aws:ResourceTag/team":"false"}}`,
	} {
		back := s.By(optest.Somebody(t, otherAccount, "boss", `{"Version":"2012-10-17","Statement":
			[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*",`+deny+`}]}`))
		for _, operation := range []string{"GetParameter", "GetParameterHistory"} {
			texts := map[string]bool{}
			for _, name := range []string{"/x", "/absent"} {
				_, err := ask[any](s, operation, M{"Name": prefix + name})
				texts[strings.ReplaceAll(fault.Of(err).Message, prefix+name, "ARN")] = true
			}
			if len(texts) != 1 {
				t.Errorf("%s: %s: a parameter and none differ: %v", deny, operation, texts)
			}
		}
		back()
	}
}

// TestResourcePolicy_Replaced_CountsFromTheNextRequest, also after a restart.
func TestResourcePolicy_Replaced_CountsFromTheNextRequest(t *testing.T) {
	s := start(t)
	arn := s.putAdvanced("/x", "v")
	boss := optest.Somebody(t, otherAccount, "boss", optest.AllowsAll)
	may := func() bool {
		defer s.By(boss)()
		_, err := ask[any](s, "GetParameter", M{"Name": arn})
		return err == nil
	}
	for i := range 3 {
		if may() {
			t.Fatalf("%d: nobody has allowed it", i)
		}
		put := s.share(arn, readers(otherAccount))
		if !may() {
			t.Errorf("%d: it is allowed", i)
		}
		if i == 1 {
			s.Restart()
			if !may() {
				t.Error("not after a restart")
			}
			put = must[parameters.PutResourcePolicyOutput](s, "PutResourcePolicy", M{"ResourceArn": arn,
				"Policy": document(readers("777788889999")), "PolicyId": put.PolicyId,
				"PolicyHash": put.PolicyHash})
			if may() {
				t.Error("the policy that was replaced still counts")
			}
		}
		s.Do("DeleteResourcePolicy", M{"ResourceArn": arn, "PolicyId": put.PolicyId,
			"PolicyHash": put.PolicyHash})
	}
	s.share(arn, readers(otherAccount))
	s.Do("DeleteParameter", M{"Name": "/x"})
	s.putAdvanced("/x", "v")
	if may() {
		t.Error("the next parameter of that name is shared as the one before")
	}
}

// TestResourcePolicy_EditedOrUnreadable_ClosesTheParameter: whoever edits the row is noticed, and
// what was signed and can't be read denies everybody, and tells the operator.
func TestResourcePolicy_EditedOrUnreadable_ClosesTheParameter(t *testing.T) {
	s := start(t)
	for _, name := range []string{"/x", "/y"} {
		s.share(s.putAdvanced(name, "v"), let("Deny", otherAccount, "GetParameter"))
	}
	s.Edit(`UPDATE parameters SET sharing = '{}' WHERE name = '/x'`)
	s.Refused("GetParameter", M{"Name": "/x"}, "InternalServerError", "")
	// A directory that calls somebody by no id would store what can't be read again.
	alice := optest.UserARN("alice")
	s.IDs = map[string]string{alice: "a group"}
	old := s.policiesOf(prefix + "/y")[0]
	s.Do("PutResourcePolicy", M{"ResourceArn": prefix + "/y", "PolicyId": old.PolicyId,
		"PolicyHash": old.PolicyHash, "Policy": document(let("Allow", alice, "GetParameter"))})
	s.Refused("GetParameter", M{"Name": "/y"}, "AccessDeniedException", "User: "+
		optest.Root(account).ARN+" is not authorized to perform: ssm:GetParameter on resource: "+prefix+
		"/y with an explicit deny in a resource-based policy")
	back := s.By(optest.Somebody(t, otherAccount, "boss", optest.AllowsAll))
	s.Refused("GetParameter", M{"Name": prefix + "/y"}, "AccessDeniedException", "")
	back()
	if log := s.Log.String(); !strings.Contains(log, "the policy of a parameter can't be read") ||
		!strings.Contains(log, prefix+"/y") {
		t.Errorf("the operator was told %s", log)
	}
}
