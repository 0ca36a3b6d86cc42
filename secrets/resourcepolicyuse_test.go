package secrets_test

import (
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/internal/op/optest"
	"claviger/keystore"
	"claviger/policy"
	"claviger/secrets"
)

// shared makes a secret of [account] under a customer's key that admits another account through
// Secrets Manager, and returns its ARN.
func (s *service) shared(name string, statements ...string) string {
	s.T.Helper()
	through := `"Condition":{"StringEquals":{"kms:ViaService":"secretsmanager.` + region +
		`.amazonaws.com"},"StringLike":{"kms:EncryptionContext:SecretARN":"` + prefix + `*"}}`
	key := must[keystore.CreateKeyOutput](s, "kms:CreateKey", M{"Policy": document(
		strings.Replace(let("Allow", account, "*"), "secretsmanager:", "kms:", 1),
		strings.Replace(let("Allow", otherAccount, "*", through), "secretsmanager:", "kms:", 1))})
	arn := s.createUnder(name, "v", key.KeyMetadata.KeyId).ARN
	if len(statements) > 0 {
		s.putPolicy(name, statements...)
	}
	return arn
}

// TestResourcePolicy_EachCaller_IsDecidedByIt: who may read a secret, and what others are told.
func TestResourcePolicy_EachCaller_IsDecidedByIt(t *testing.T) {
	s := start(t)
	root := "arn:aws:iam::" + account + ":root"
	alice := optest.Somebody(t, account, "alice", strings.Replace(optest.AllowsAll, `"*"`, `"kms:*"`, 1))
	admin := optest.Somebody(t, account, "admin", optest.AllowsAll)
	eve, boss := optest.Somebody(t, otherAccount, "eve"), optest.Somebody(t, otherAccount, "boss", optest.AllowsAll)
	const action = "secretsmanager:GetSecretValue"
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
		{"none, a user who may use keys", nil, alice, byIdentity},
		{"that user", []string{let("Allow", alice.ARN, "*")}, alice, ""},
		{"another user, root", []string{let("Allow", alice.ARN, "*")}, optest.Root(account), ""},
		{"another user, an administrator", []string{let("Allow", alice.ARN, "*")}, admin, ""},
		{"the account, a user who may use keys", []string{let("Allow", root, "*")}, alice, byIdentity},
		{"another action", []string{let("Allow", alice.ARN, "DescribeSecret")}, alice, byIdentity},
		{"denied to an administrator", []string{let("Deny", admin.ARN, "*")}, admin, denied},
		{"denied to root", []string{let("Deny", root, "GetSecretValue")}, optest.Root(account), denied},
		{"their account, its administrator", []string{let("Allow", otherAccount, "*")}, boss, ""},
		{"their account, its root", []string{let("Allow", otherAccount, "*")},
			optest.Root(otherAccount), ""},
		{"their account, a user without policies", []string{let("Allow", otherAccount, "*")}, eve,
			byIdentity},
		{"their user by name, who has none", []string{let("Allow", eve.ARN, "*")}, eve, byIdentity},
		{"everybody, their administrator", []string{let("Allow", "*", "*")}, boss, ""},
		{"none, their administrator", nil, boss, byPolicy},
		{"another action, their administrator", []string{let("Allow", otherAccount, "DescribeSecret")},
			boss, byPolicy},
		{"denied to them", []string{let("Allow", "*", "*"), let("Deny", otherAccount, "*")}, boss,
			byPolicy},
	} {
		arn := s.shared("s"+string(rune('a'+i)), c.policy...)
		back := s.By(c.caller)
		out, err := ask[secrets.GetSecretValueOutput](s, "GetSecretValue", M{"SecretId": arn})
		back()
		f := fault.Of(err)
		switch {
		case c.says == "" && (f != nil || *out.SecretString != "v"):
			t.Errorf("%s: %v", c.name, err)
		case c.says != "" && (f == nil || f.Code != "AccessDeniedException" || f.Message != "User: "+
			c.caller.ARN+" is not authorized to perform: "+action+" on resource: "+arn+" "+c.says):
			t.Errorf("%s: %v, want %s", c.name, err, c.says)
		}
	}
}

// TestResourcePolicy_OtherAccount_UsesTheSecretByARN: every operation on a secret has a form across
// accounts, and a name alone is the caller's own.
func TestResourcePolicy_OtherAccount_UsesTheSecretByARN(t *testing.T) {
	s := start(t)
	arn := s.shared("x", let("Allow", otherAccount, "*"))
	defer s.By(optest.Somebody(t, otherAccount, "boss", optest.AllowsAll))()
	s.Do("PutSecretValue", M{"SecretId": arn, "SecretString": "w", "ClientRequestToken": token()})
	for _, id := range []string{arn, arn[:len(arn)-7]} {
		if got := s.text(M{"SecretId": id}); got != "w" {
			t.Errorf("%s: %q", id, got)
		}
	}
	s.Refused("GetSecretValue", M{"SecretId": "x"}, "ResourceNotFoundException", "")
	s.Do("UpdateSecret", M{"SecretId": arn, "Description": "theirs", "SecretString": "z",
		"ClientRequestToken": token()})
	s.Do("TagResource", M{"SecretId": arn, "Tags": []M{{"Key": "a", "Value": "b"}}})
	s.Do("UntagResource", M{"SecretId": arn, "TagKeys": []string{"a"}})
	versions := must[secrets.ListSecretVersionIdsOutput](s, "ListSecretVersionIds",
		M{"SecretId": arn}).Versions
	s.Do("UpdateSecretVersionStage", M{"SecretId": arn, "VersionStage": "blue",
		"MoveToVersionId": versions[0].VersionId})
	if s.policyOf(arn) == "" || s.describe(arn).Description != "theirs" {
		t.Error("they see nothing of it")
	}
	s.Do("ValidateResourcePolicy", M{"SecretId": arn,
		"ResourcePolicy": document(let("Allow", otherAccount, "*"))})
	s.Do("DeleteSecret", M{"SecretId": arn})
	s.Do("RestoreSecret", M{"SecretId": arn})
	s.Refused("PutResourcePolicy", M{"SecretId": arn,
		"ResourcePolicy": document(let("Allow", account, "*"))}, "MalformedPolicyDocumentException",
		lockout)
	s.Do("DeleteResourcePolicy", M{"SecretId": arn})
	s.Refused("DescribeSecret", M{"SecretId": arn}, "AccessDeniedException", "")
}

// TestResourcePolicy_OtherAccountsKey_HasItsSay: the key is asked as the caller, through Secrets
// Manager and about this secret.
func TestResourcePolicy_OtherAccountsKey_HasItsSay(t *testing.T) {
	s := start(t)
	arn := s.shared("x", let("Allow", otherAccount, "*"))
	own := s.key() // admits nobody from elsewhere
	closed := s.createUnder("y", "v", own).ARN
	s.putPolicy("y", let("Allow", otherAccount, "*"))
	managed := s.create("z", "v").ARN
	s.putPolicy("z", let("Allow", otherAccount, "*"))
	key := s.describe("x").KmsKeyId

	defer s.By(optest.Root(otherAccount))()
	const denied = "Access to KMS is not allowed"
	s.Refused("GetSecretValue", M{"SecretId": closed}, "AccessDeniedException", denied)
	s.Refused("PutSecretValue", M{"SecretId": closed, "SecretString": "w",
		"ClientRequestToken": token()}, "AccessDeniedException", denied)
	s.Refused("GetSecretValue", M{"SecretId": managed}, "InvalidRequestException",
		"You can't access a secret from a different AWS account if you encrypt the secret with the "+
			"default KMS service key.")
	if s.text(M{"SecretId": arn}) != "v" {
		t.Error("another value")
	}
	direct := "arn:aws:kms:" + region + ":" + account + ":key/" + key
	s.Refused("kms:Encrypt", M{"KeyId": direct, "Plaintext": "eA=="}, "AccessDeniedException", "")
}

// TestCreateSecret_OtherAccountsKey_SealsAndOpens: the secret is the one account's and its key the
// other's.
func TestCreateSecret_OtherAccountsKey_SealsAndOpens(t *testing.T) {
	s := start(t)
	s.shared("x")
	key := "arn:aws:kms:" + region + ":" + account + ":key/" + s.describe("x").KmsKeyId
	any := must[keystore.CreateKeyOutput](s, "kms:CreateKey", M{"Policy": document(
		strings.Replace(let("Allow", account, "*"), "secretsmanager:", "kms:", 1),
		strings.Replace(let("Allow", otherAccount, "*"), "secretsmanager:", "kms:", 1))}).KeyMetadata
	s.As(otherAccount)
	s.Refused("CreateSecret", M{"Name": "y", "SecretString": "w", "ClientRequestToken": token(),
		"KmsKeyId": key}, "AccessDeniedException", "Access to KMS is not allowed")
	s.createUnder("y", "w", any.Arn)
	s.Restart()
	if s.text(M{"SecretId": "y"}) != "w" {
		t.Error("another value")
	}
	out := must[secrets.ListSecretVersionIdsOutput](s, "ListSecretVersionIds", M{"SecretId": "y"})
	if got := out.Versions[0].KmsKeyIds[0]; got != any.Arn {
		t.Errorf("it is under %s", got)
	}
	s.Do("UpdateSecret", M{"SecretId": "y", "KmsKeyId": ""})
	if s.text(M{"SecretId": "y"}) != "w" {
		t.Error("another value under the managed key")
	}
}

// TestForeignSecret_FactsInOnesOwnPolicy_TellNothing: whoever isn't let in can't find out by
// policies of their own whether there is a secret, what its ARN ends in, or what tags it has.
func TestForeignSecret_FactsInOnesOwnPolicy_TellNothing(t *testing.T) {
	s := start(t)
	arn := s.shared("x", let("Allow", otherAccount, "DescribeSecret"))
	s.Do("TagResource", M{"SecretId": "x", "Tags": []M{{"Key": "team", "Value": "a"}}})
	for _, deny := range []string{
		`"Resource":"` + arn + `"`, `"Resource":"` + arn[:len(arn)-5] + `*"`,
		`"Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"a"}}`,
		`"Resource":"*","Condition":{"Null":{"secretsmanager:SecretId":"false"}}`,
		`"Resource":"*","Condition":{"ArnLike":{"secretsmanager:SecretId":"` + arn + `"}}`,
	} {
		back := s.By(optest.Somebody(t, otherAccount, "boss", `{"Version":"2012-10-17","Statement":
			[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*",`+deny+`}]}`))
		texts := map[string]bool{}
		for _, name := range []string{"x", "absent"} {
			id := prefix + name
			_, err := ask[any](s, "GetSecretValue", M{"SecretId": id})
			texts[strings.ReplaceAll(fault.Of(err).Message, id, "ID")] = true
		}
		if len(texts) != 1 {
			t.Errorf("%s: a secret and none differ: %v", deny, texts)
		}
		back()
	}
}

// TestResourcePolicy_Replaced_CountsFromTheNextRequest, also after a restart.
func TestResourcePolicy_Replaced_CountsFromTheNextRequest(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	alice := optest.User("alice")
	may := func() bool {
		defer s.By(alice)()
		_, err := ask[any](s, "DescribeSecret", M{"SecretId": "x"})
		return err == nil
	}
	for i := range 3 {
		if may() {
			t.Fatalf("%d: nobody has allowed it", i)
		}
		s.putPolicy("x", let("Allow", alice.ARN, "*"))
		if !may() {
			t.Errorf("%d: it is allowed", i)
		}
		if i == 1 {
			s.Restart()
			if !may() {
				t.Error("not after a restart")
			}
			s.putPolicy("x", let("Deny", alice.ARN, "*"))
			continue
		}
		s.Do("DeleteResourcePolicy", M{"SecretId": "x"})
	}
}

// TestResourcePolicy_EditedOrUnreadable_ClosesTheSecret: whoever edits the row is noticed, and what
// was signed and can't be read denies everybody, and tells the operator.
func TestResourcePolicy_EditedOrUnreadable_ClosesTheSecret(t *testing.T) {
	s := start(t)
	for _, name := range []string{"x", "y"} {
		s.create(name, "v")
		s.putPolicy(name, let("Deny", otherAccount, "*"))
	}
	s.Edit(`UPDATE secrets SET policy = '' WHERE name = 'x'`)
	s.Refused("GetSecretValue", M{"SecretId": "x"}, "InternalServiceError", "")
	// A directory that calls somebody by no id would store what can't be read again.
	alice := optest.UserARN("alice")
	s.IDs = map[string]string{alice: "a group"}
	s.putPolicy("y", let("Allow", alice, "*"))
	for _, c := range []policy.Caller{optest.Root(account),
		optest.Somebody(t, account, "a", optest.AllowsAll)} {
		back := s.By(c)
		s.Refused("GetSecretValue", M{"SecretId": "y"}, "AccessDeniedException", "User: "+c.ARN+
			" is not authorized to perform: secretsmanager:GetSecretValue on resource: y with an "+
			"explicit deny in a resource-based policy")
		back()
	}
	if log := s.Log.String(); !strings.Contains(log, "the policy of a secret can't be read") ||
		!strings.Contains(log, prefix+"y-") {
		t.Errorf("the operator was told %s", log)
	}
}

// TestBatchGetSecretValue_SomeDenied_AreAmongTheErrors, as if each had been asked for alone; what
// may be read is there.
func TestBatchGetSecretValue_SomeDenied_AreAmongTheErrors(t *testing.T) {
	s := start(t)
	alice := optest.User("alice")
	s.create("denied", "v")
	s.createUnder("key", "v", s.key())
	s.putPolicy("key", let("Allow", alice.ARN, "GetSecretValue"))
	s.create("mine", "v")
	s.putPolicy("mine", let("Allow", alice.ARN, "GetSecretValue"))
	s.As(otherAccount)
	theirs := s.create("theirs", "v").ARN
	s.As(account)
	d, err := policy.Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":
		["secretsmanager:Batch*","secretsmanager:ListSecrets"],"Resource":"*"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	alice.Policies = []*policy.Document{d}
	const who = "User: arn:aws:iam::" + account + ":user/alice is not authorized to perform: " +
		"secretsmanager:GetSecretValue on resource: "
	defer s.By(alice)()
	for _, in := range []M{{"SecretIdList": []string{"denied", "key", "mine", theirs}},
		{"Filters": []M{filter("name", "denied", "key", "mine", "theirs")}}} {
		out := must[secrets.BatchGetSecretValueOutput](s, "BatchGetSecretValue", in)
		if len(out.SecretValues) != 1 || out.SecretValues[0].Name != "mine" {
			t.Errorf("%+v", out.SecretValues)
		}
		want := map[string]string{"key": "Access to KMS is not allowed", "denied": who,
			"theirs": who + theirs + " because no resource-based policy allows"}
		if in["Filters"] != nil {
			delete(want, "theirs") // a listing is of the caller's account alone
		}
		if len(out.Errors) != len(want) {
			t.Errorf("%+v", out.Errors)
		}
		for _, e := range out.Errors {
			name, _, _ := strings.Cut(e.SecretId[strings.LastIndexByte(e.SecretId, ':')+1:], "-")
			if e.ErrorCode != "AccessDeniedException" || want[name] == "" ||
				!strings.HasPrefix(e.Message, want[name]) {
				t.Errorf("%+v", e)
			}
		}
	}
}
