package policy_test

import (
	"strings"
	"testing"

	"claviger/policy"
)

// byTest is a condition on one key of the request's context.
func byTest(key string) over {
	return over{"Condition": `{"ForAnyValue:StringEquals":{"` + key + `":"x"}}`}
}

// everyOf is a condition on all values of one key.
func everyOf(key string) over {
	return over{"Condition": `{"ForAllValues:StringEquals":{"` + key + `":"x"}}`}
}

// TestParseOfKey_BrokenRule_IsRefusedInKMSsWords: what is taken and what is refused, and how, is as
// AWS's answers are known to be.
func TestParseOfKey_BrokenRule_IsRefusedInKMSsWords(t *testing.T) {
	const keys = "These condition keys are not permitted in a key policy: " +
		"aws:ResourceTag, kms:ResourceTag, kms:ResourceAliases"
	for _, c := range []struct {
		name string
		over over
		says string
	}{
		{"as it is", nil, ""},
		{"all actions", over{"Action": `"*"`}, ""},
		{"in capitals", over{"Action": `"KMS:Encrypt"`}, ""},
		{"without resource, which AWS takes", over{"Resource": ""}, ""},
		{"without action, which AWS takes", over{"Action": ""}, ""},
		{"an empty list of actions", over{"Action": `[]`}, "Missing required field Action"},
		{"without principal", over{"Principal": ""}, "Policy contains a statement with no principal."},
		{"nobody", over{"Principal": `{"AWS":[]}`}, "Policy contains a statement with no principal."},
		{"another service's action", over{"Action": `["kms:Encrypt","s3:GetObject"]`}, "another service"},
		{"all but another service's", over{"Action": "", "NotAction": `"s3:*"`}, "another service"},
		{"a tag of the key", byTest("aws:ResourceTag/team"), keys},
		{"a tag of the key, KMS's name", byTest("kms:ResourceTag/team"), keys},
		{"the key's aliases", byTest("kms:ResourceAliases"), keys},
		{"in another case", byTest("KMS:resourcealiases"), keys},
		{"a tag of the caller", byTest("aws:PrincipalTag/team"), ""},
		{"a tag of the request", byTest("aws:RequestTag/team"), ""},
		{"an alias of the request", byTest("kms:RequestAlias"), ""},
		{"every context of one", everyOf("kms:EncryptionContext:army"), "OverlyPermissiveCondition: " +
			"Using the ForAllValues set operator with a single-valued condition key matches requests " +
			"without the specified encryption context or with an unspecified encryption context. To " +
			"fix, remove ForAllValues."},
		{"every tag of one", everyOf("AWS:requesttag/team"),
			"without the specified tag or with an unspecified tag."},
		{"all context's keys", everyOf("kms:EncryptionContextKeys"), ""},
		{"all tags' keys", everyOf("aws:TagKeys"), ""},
	} {
		_, err := policy.ParseOfKey(document(t, c.over))
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
}

// A statement that has no action does nothing, whatever else it says.
func TestParseOfKey_StatementWithoutAction_DoesNothing(t *testing.T) {
	for _, effect := range []string{policy.Allow, policy.Deny} {
		idle := statement(t, over{"Action": "", "Effect": `"` + effect + `"`})
		alone, err := policy.ParseOfKey(`{"Statement":` + idle + `}`)
		if err != nil || alone.Lets(root, policy.Facts{}, "kms:PutKeyPolicy", aKey) {
			t.Errorf("%s without action allows something: %v", effect, err)
		}
		both, err := policy.ParseOfKey(`{"Statement":[` + idle + `,` + statement(t, nil) + `]}`)
		if err != nil || !both.Lets(root, policy.Facts{}, "kms:PutKeyPolicy", aKey) {
			t.Errorf("%s without action denies something: %v", effect, err)
		}
	}
	if _, err := policy.Parse(document(t, over{"Action": ""})); err == nil {
		t.Error("a policy that is not a key's may lack an action")
	}
}
