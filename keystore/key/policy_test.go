package key

import (
	"reflect"
	"strings"
	"testing"

	"claviger/policy"
)

const account = "111122223333"

func lets(r *policy.Rules, c policy.Caller) bool {
	return r.Document.Lets(c, policy.Facts{}, "kms:Encrypt", ARN(account, "us-east-1", "x"))
}

// TestPolicyText_Compiled_Decides: the default policy gives the key to its account, and that of a
// service to nobody who comes without it.
func TestPolicyText_Compiled_Decides(t *testing.T) {
	root := policy.Caller{Type: policy.Root, Account: account,
		ARN: "arn:aws:iam::" + account + ":root"}
	other := policy.Caller{Type: policy.Root, Account: "444455556666",
		ARN: "arn:aws:iam::444455556666:root"}
	r := policy.CompileRules((&Key{Account: account}).PolicyText())
	if r.Err != nil || !lets(r, root) || lets(r, other) {
		t.Errorf("the default policy: %v, its root %v, another's %v", r.Err, lets(r, root), lets(r, other))
	}
	for _, service := range Managers() {
		r = policy.CompileRules(ManagedPolicy(account, "us-east-1", service))
		if r.Err != nil || lets(r, root) {
			t.Errorf("the policy of %s: %v, and it lets root: %v", service, r.Err, lets(r, root))
		}
	}
}

// TestWeight_Rules_CountWhereTheyTakeMoreThanTheirText.
func TestWeight_Rules_CountWhereTheyTakeMoreThanTheirText(t *testing.T) {
	const usual = `{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}`
	many := strings.Replace(usual, `"*"}}`,
		`[`+strings.Repeat(`"arn:aws:kms:::a",`, 99)+`"arn:aws:kms:::a"]}}`, 1)
	for _, c := range []struct {
		text        string
		least, most int
	}{{usual, len(usual), len(usual)}, {many, len(many) + 1, 20 * len(many)}} {
		k := &Key{Policy: c.text, Rules: policy.CompileRules(c.text)}
		if n := k.Weight(); n < c.least || n > c.most {
			t.Errorf("a policy of %d bytes weighs %d", len(c.text), n)
		}
	}
	if n := (&Key{Policy: "four"}).Weight(); n != 4 {
		t.Errorf("without rules: %d", n)
	}
}

// TestConditions_EachKey_SaysWhatItIs.
func TestConditions_EachKey_SaysWhatItIs(t *testing.T) {
	k := Key{Spec: SymmetricDefault, Usage: EncryptDecrypt, Origin: OriginKMS, Region: "us-east-1"}
	single := policy.Values{"kms:KeySpec": {"SYMMETRIC_DEFAULT"}, "kms:KeyUsage": {"ENCRYPT_DECRYPT"},
		"kms:CustomerMasterKeySpec":  {"SYMMETRIC_DEFAULT"},
		"kms:CustomerMasterKeyUsage": {"ENCRYPT_DECRYPT"}, "kms:KeyOrigin": {"AWS_KMS"},
		"kms:MultiRegion": {"false"}}
	for _, c := range []struct{ primary, multi, kind string }{{"", "false", ""},
		{"us-east-1", "true", "PRIMARY"}, {"eu-central-1", "true", "REPLICA"}} {
		k.PrimaryRegion = c.primary
		single["kms:MultiRegion"] = []string{c.multi}
		delete(single, "kms:MultiRegionKeyType")
		if c.kind != "" {
			single["kms:MultiRegionKeyType"] = []string{c.kind}
		}
		v := policy.Values{}
		k.Conditions(v)
		if !reflect.DeepEqual(v, single) {
			t.Errorf("primary in %q: %v, want %v", c.primary, v, single)
		}
	}
}
