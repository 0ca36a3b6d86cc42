package keystore

import (
	"strings"
	"testing"

	"claviger/keystore/target"
	"claviger/policy"

	"github.com/go-json-experiment/json"
)

// aPolicy lets the account's owner do everything. It is spaced as nobody else would.
const aPolicy = `{ "Id":"x","Statement":
	[{"Effect":"Allow",  "Principal":{"AWS":"` + ourAccount + `"},"Action":"kms:*","Resource":"*"}]}`

// Terraform compares what it reads with what it wrote.
func TestPutKeyPolicy_AnySpacing_IsReadAsWritten(t *testing.T) {
	s := start(t)
	id := must[CreateKeyOutput](s, "CreateKey", M{"Policy": aPolicy}).KeyMetadata.KeyId
	read := func() string {
		out := must[GetKeyPolicyOutput](s, "GetKeyPolicy", M{"KeyId": id})
		if out.PolicyName != "default" {
			t.Errorf("its name is %q", out.PolicyName)
		}
		return out.Policy
	}
	if got := read(); got != aPolicy {
		t.Errorf("made with one: %q", got)
	}
	other := strings.ReplaceAll(aPolicy, `"x"`, `"\u00fc \\ / \/ é"`)
	must[any](s, "PutKeyPolicy", M{"KeyId": id, "PolicyName": "default", "Policy": other})
	if got := read(); got != other {
		t.Errorf("replaced: %q", got)
	}
	s.Restart()
	if got := read(); got != other {
		t.Errorf("after a restart: %q", got)
	}
}

func TestGetKeyPolicy_NoPolicyGiven_IsAWSsDefault(t *testing.T) {
	s := start(t)
	got := must[GetKeyPolicyOutput](s, "GetKeyPolicy", M{"KeyId": s.key()}).Policy
	want := `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::111122223333:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`
	if got != want {
		t.Errorf("%s", got)
	}
	root := owner()
	d, err := policy.Parse(got)
	if err != nil || d.OfKey() != nil || !d.Lets(root, policy.Facts{}, "kms:PutKeyPolicy", "arn:x") {
		t.Errorf("it is no key policy: %v", err)
	}
}

func TestPutKeyPolicy_ManagedKey_IsDenied(t *testing.T) {
	s := start(t)
	e, err := s.sealAs("secretsmanager", "", nil, "x")
	if err != nil {
		t.Fatal(err)
	}
	got := must[GetKeyPolicyOutput](s, "GetKeyPolicy", M{"KeyId": e.KeyARN}).Policy
	d, err := policy.Parse(got)
	if err != nil || d.OfKey() != nil || d.ID != "auto-secretsmanager-2" || len(d.Statements) != 3 ||
		!strings.Contains(got, `"kms:ViaService" : "secretsmanager.us-east-1.amazonaws.com"`) {
		t.Errorf("%v\n%s", err, got)
	}
	if _, code := ask[any](s, "PutKeyPolicy",
		M{"KeyId": e.KeyARN, "Policy": aPolicy}); code != "AccessDeniedException" {
		t.Errorf("replacing it: %q", code)
	}
}

// What is refused changes nothing, neither of a key that is there nor by making one.
func TestPutKeyPolicy_InvalidPolicy_IsRefused(t *testing.T) {
	s := start(t)
	id := s.key()
	before := must[GetKeyPolicyOutput](s, "GetKeyPolicy", M{"KeyId": id}).Policy
	const alice = `"arn:aws:iam::111122223333:user/alice"`
	for _, c := range []struct{ name, policy, code, says string }{
		{"no JSON", "{", "MalformedPolicyDocumentException", "Syntax errors in policy."},
		{"no document", "[]", "MalformedPolicyDocumentException", "Syntax errors in policy."},
		{"an element twice", strings.Replace(aPolicy, `"Id":"x"`, `"Id":"x","Id":"x"`, 1),
			"MalformedPolicyDocumentException", "Duplicate field Id"},
		{"an unknown element", strings.Replace(aPolicy, "Resource", "Ressource", 1),
			"MalformedPolicyDocumentException", "Unknown field Ressource"},
		{"no principal", strings.Replace(aPolicy, `"Principal":{"AWS":"111122223333"},`, "", 1),
			"MalformedPolicyDocumentException", "Policy contains a statement with no principal."},
		{"nobody's id", strings.Replace(aPolicy, "111122223333", "AIDACKCEVSQ6C2EXAMPLE", 1),
			"MalformedPolicyDocumentException", string(policy.ErrPrincipal)},
		{"a group", strings.Replace(aPolicy, `"111122223333"`, `"arn:aws:iam::111122223333:group/g"`, 1),
			"InvalidArnException", "An ARN in the specified key policy is invalid."},
		{"too long", strings.Replace(aPolicy, "x", strings.Repeat("p", target.PolicyLimit), 1),
			"LimitExceededException", "32768"},
		{"a lockout", strings.Replace(aPolicy, `"111122223333"`, alice, 1),
			"MalformedPolicyDocumentException", "The new key policy will not allow you to update the key " +
				"policy in the future."},
		{"a lockout from one action", strings.Replace(aPolicy, "kms:*", "kms:Encrypt", 1),
			"MalformedPolicyDocumentException", "in the future"},
	} {
		for operation, in := range map[string]M{"PutKeyPolicy": {"KeyId": id, "Policy": c.policy},
			"CreateKey": {"Policy": c.policy}} {
			if f := fail(s, operation, in); f == nil || f.Code != c.code ||
				!strings.Contains(f.Message, c.says) {
				t.Errorf("%s, %s: %v, want %s %s", operation, c.name, f, c.code, c.says)
			}
		}
	}
	if got := must[GetKeyPolicyOutput](s, "GetKeyPolicy", M{"KeyId": id}).Policy; got != before {
		t.Errorf("the policy is now %s", got)
	}
	if n := len(must[ListKeysOutput](s, "ListKeys", nil).Keys); n != 1 {
		t.Errorf("there are %d keys", n)
	}
	longest := strings.Replace(aPolicy, "x", strings.Repeat("p", target.PolicyLimit-len(aPolicy)+1), 1)
	f := fail(s, "PutKeyPolicy", M{"KeyId": id, "Policy": longest})
	if len(longest) != target.PolicyLimit || f != nil {
		t.Errorf("%d bytes were refused: %v", len(longest), f)
	}
}

func TestPutKeyPolicy_LockoutCheckBypassed_LocksOut(t *testing.T) {
	s := start(t)
	locked := strings.Replace(aPolicy, "kms:*", "kms:Encrypt", 1)
	made := must[CreateKeyOutput](s, "CreateKey",
		M{"Policy": locked, "BypassPolicyLockoutSafetyCheck": true}).KeyMetadata.KeyId
	id := s.key()
	for _, x := range []struct {
		text   string
		bypass bool
	}{{locked, false}, {"{}", true}} {
		if _, code := ask[any](s, "PutKeyPolicy", M{"KeyId": id, "Policy": x.text,
			"BypassPolicyLockoutSafetyCheck": x.bypass}); code != "MalformedPolicyDocumentException" {
			t.Errorf("%s, renounced %v: %q", x.text, x.bypass, code)
		}
	}
	must[any](s, "PutKeyPolicy",
		M{"KeyId": id, "Policy": locked, "BypassPolicyLockoutSafetyCheck": true})
	for _, id := range []string{made, id} {
		must[any](s, "Encrypt", M{"KeyId": id, "Plaintext": "eA=="})
		for name, in := range map[string]M{"GetKeyPolicy": {"KeyId": id},
			"PutKeyPolicy": {"KeyId": id, "Policy": aPolicy, "BypassPolicyLockoutSafetyCheck": true},
			"DisableKey":   {"KeyId": id}} {
			f := fail(s, name, in)
			if f == nil || f.Code != "AccessDeniedException" || !strings.HasSuffix(f.Message,
				"because no resource-based policy allows the kms:"+name+" action") {
				t.Errorf("%s of a key that its account is locked out of: %v", name, f)
			}
		}
	}
}

func TestKeyPolicy_OtherPolicyName_IsRefused(t *testing.T) {
	s := start(t)
	id := s.key()
	for _, c := range []struct {
		operation string
		in        M
		code      string
	}{
		{"GetKeyPolicy", M{"KeyId": id, "PolicyName": "other"}, "NotFoundException"},
		{"PutKeyPolicy", M{"KeyId": id, "PolicyName": "other", "Policy": aPolicy},
			"UnsupportedOperationException"},
		{"ListKeyPolicies", M{"KeyId": id, "Marker": "x"}, "InvalidMarkerException"},
		{"GetKeyPolicy", M{"KeyId": "alias/a"}, "InvalidArnException"},
	} {
		if _, code := ask[any](s, c.operation, c.in); code != c.code {
			t.Errorf("%s %v: %q, want %s", c.operation, c.in, code, c.code)
		}
	}
	out := must[ListKeyPoliciesOutput](s, "ListKeyPolicies", M{"KeyId": id, "Limit": 1})
	if b, err := json.Marshal(out); err != nil ||
		string(b) != `{"PolicyNames":["default"],"Truncated":false}` {
		t.Errorf("%s, %v", b, err)
	}
}
