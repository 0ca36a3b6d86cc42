package keystore

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"claviger/internal/domain"
	"claviger/internal/op/optest"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
	"claviger/policy"
)

const strangers = "444455556666" // another account

// statements is a key policy of statements, each an effect, a principal and the rest of it.
func statements(all ...[3]string) string {
	var out []string
	for _, s := range all {
		out = append(out, fmt.Sprintf(
			`{"Sid":"S","Effect":%q,"Principal":{"AWS":%q},"Resource":"*",%s}`, s[0], s[1], s[2]))
	}
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(out, ",") + `]}`
}

// policed makes a key with a policy, whomever it locks out.
func (s *service) policed(all ...[3]string) string {
	s.t.Helper()
	return must[CreateKeyOutput](s, "CreateKey", M{"Policy": statements(all...),
		"BypassPolicyLockoutSafetyCheck": true}).KeyMetadata.KeyId
}

const whatever = `"Action":"kms:*"`

// stranger is somebody of another account, whose own account allows what documents say.
func stranger(documents ...string) policy.Caller {
	c := policy.Caller{Type: policy.IAMUser, Account: strangers, PrincipalID: "AIDASTRANGER",
		ARN: "arn:aws:iam::" + strangers + ":user/eve"}
	for _, text := range documents {
		d, err := policy.Parse(text)
		if err != nil {
			panic(err)
		}
		c.Policies = append(c.Policies, d)
	}
	return c
}

const allowsAll = `{"Version":"2012-10-17","Statement":
	[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// TestKeyPolicy_EachCaller_IsDecidedByIt: who may encrypt under a key, and what others are told.
func TestKeyPolicy_EachCaller_IsDecidedByIt(t *testing.T) {
	s := start(t)
	account := "arn:aws:iam::" + ourAccount + ":root"
	alice, foreign := optest.User("alice"), optest.Root(strangers)
	admin := optest.User("admin")
	admin.Policies = stranger(allowsAll).Policies
	const byPolicy = "no resource-based policy allows the kms:Encrypt action"
	const byIdentity = "no identity-based policy allows the kms:Encrypt action"
	const hidden = "the resource does not exist in this Region, no resource-based policies allow"
	const denied = "with an explicit deny in a resource-based policy"
	let := func(who string) [3]string { return [3]string{"Allow", who, whatever} }
	for _, c := range []struct {
		name     string
		policy   [][3]string // none: the default one
		caller   policy.Caller
		says     string // in the refusal; empty: it is allowed
		decided  policy.Reason
		decision string // of a statement
	}{
		{"default, root", nil, owner(), "", policy.AccountOwner, ""},
		{"default, a user without policies", nil, alice, byIdentity, "", ""},
		{"default, an administrator", nil, admin, "", policy.ByIdentityPolicy, ""},
		{"one user alone, root", [][3]string{let(alice.ARN)}, owner(), byPolicy, "", ""},
		{"one user alone, an administrator", [][3]string{let(alice.ARN)}, admin, byPolicy, "", ""},
		{"one user alone, that user", [][3]string{let(alice.ARN)}, alice, "", policy.ByResourcePolicy,
			"S"},
		{"denied to root", [][3]string{let(account), {"Deny", account, whatever}}, owner(), denied, "",
			""},
		{"denied to everybody", [][3]string{let("*"), {"Deny", "*", whatever}}, admin, denied, "", ""},
		{"another account, its root", [][3]string{let("arn:aws:iam::" + strangers + ":root")}, foreign,
			"", "", ""},
		{"another account, its administrator", [][3]string{let(strangers)}, stranger(allowsAll), "", "",
			""},
		{"another account, its user without policies", [][3]string{let(strangers)}, stranger(),
			byIdentity, "", ""},
		{"a user of it by name, who has none", [][3]string{let(stranger().ARN)}, stranger(), byIdentity,
			"", ""},
		{"everybody, a stranger without policies", [][3]string{let("*")}, stranger(), byIdentity, "",
			""},
		{"another account isn't named", [][3]string{let(account)}, foreign, hidden, "", ""},
		{"another account is denied", [][3]string{let("*"), {"Deny", strangers, whatever}}, foreign,
			hidden, "", ""},
	} {
		id := s.key()
		if c.policy != nil {
			id = s.policed(c.policy...)
		}
		arn := key.ARN(ourAccount, ourRegion, id)
		var last policy.Decision
		s.Decide(func(q policy.Request) policy.Decision {
			last = policy.Decide(q)
			return last
		})
		f := fail(client{s, c.caller}, "Encrypt", M{"KeyId": arn, "Plaintext": "eA=="})
		switch {
		case c.says == "" && (f != nil || c.decided != "" && last.Reason != c.decided):
			t.Errorf("%s: %v, by %+v", c.name, f, last)
		case c.says == "":
		case f == nil || f.Code != "AccessDeniedException" || !strings.Contains(f.Message, c.says):
			t.Errorf("%s: %v, want %s", c.name, f, c.says)
		}
		s.Decide(policy.Decide)
	}
}

// TestKeyPolicy_Strangers_HaveTheCrossAccountOperations: whatever the key's policy and their own
// account say, the others are refused to them.
func TestKeyPolicy_Strangers_HaveTheCrossAccountOperations(t *testing.T) {
	s := start(t)
	arn := key.ARN(ourAccount, ourRegion, s.policed([3]string{"Allow", "*", whatever}))
	eve := client{s, stranger(allowsAll)}
	blob := must[cryptoops.EncryptOutput](eve, "Encrypt",
		M{"KeyId": arn, "Plaintext": "eA=="}).CiphertextBlob
	for name, in := range map[string]M{
		"DescribeKey": {}, "GenerateDataKey": {"NumberOfBytes": 16}, "GetKeyRotationStatus": {},
		"ListGrants": {}, "Decrypt": {"CiphertextBlob": blob},
		"CreateGrant": {"GranteePrincipal": stranger().ARN, "Operations": []string{"Decrypt"}}} {
		in["KeyId"] = arn
		if f := fail(eve, name, in); f != nil {
			t.Errorf("%s: %v", name, f)
		}
	}
	for name, in := range map[string]M{
		"GetKeyPolicy": {}, "PutKeyPolicy": {"Policy": aPolicy}, "DisableKey": {}, "ListKeyPolicies": {},
		"ScheduleKeyDeletion": {}, "TagResource": {"Tags": []M{{"TagKey": "a", "TagValue": "b"}}},
		"ListResourceTags": {}, "EnableKeyRotation": {}, "RotateKeyOnDemand": {},
		"UpdateKeyDescription": {"Description": "x"}, "GetKeyLastUsage": {}} {
		in["KeyId"] = arn
		if f := fail(eve, name, in); f == nil || f.Code != "AccessDeniedException" ||
			!strings.Contains(f.Message, "does not exist in this Region") {
			t.Errorf("%s: %v", name, f)
		}
	}
}

// TestKeyPolicy_Grants_GoOnBesideIt: a grant opens what the policy is silent about, and not what it
// denies.
func TestKeyPolicy_Grants_GoOnBesideIt(t *testing.T) {
	s := start(t)
	account, bob := "arn:aws:iam::"+ourAccount+":root", s.user("bob")
	silent := s.policed([3]string{"Allow", account, `"Action":["kms:CreateGrant","kms:PutKeyPolicy"]`})
	must[CreateGrantOutput](s, "CreateGrant", M{"KeyId": silent, "GranteePrincipal": arnOf("bob"),
		"Operations": []string{"Encrypt"}})
	if f := fail(bob, "Encrypt", M{"KeyId": silent, "Plaintext": "eA=="}); f != nil {
		t.Errorf("what was granted: %v", f)
	}
	must[any](s, "PutKeyPolicy", M{"KeyId": silent, "Policy": statements(
		[3]string{"Allow", account, whatever}, [3]string{"Deny", arnOf("bob"), whatever})})
	if f := fail(bob, "Encrypt", M{"KeyId": silent, "Plaintext": "eA=="}); f == nil ||
		!strings.HasSuffix(f.Message, "with an explicit deny in a resource-based policy") {
		t.Errorf("what was granted and is denied: %v", f)
	}
}

// TestKeyPolicy_GrantToAnotherAccount_OpensToThoseWhomItAllows: a grant stands for a statement of
// the policy, and the grantee's own account has a say as before.
func TestKeyPolicy_GrantToAnotherAccount_OpensToThoseWhomItAllows(t *testing.T) {
	s := start(t)
	arn := key.ARN(ourAccount, ourRegion, s.key())
	must[CreateGrantOutput](s, "CreateGrant", M{"KeyId": arn, "Operations": []string{"Encrypt"},
		"GranteePrincipal": "arn:aws:iam::" + strangers + ":root"})
	for _, c := range []struct {
		name    string
		caller  policy.Caller
		allowed bool
	}{
		{"its root", optest.Root(strangers), true}, {"its administrator", stranger(allowsAll), true},
		{"its user without policies", stranger(), false}, {"a third", optest.Root("777788889999"), false},
	} {
		in := M{"KeyId": arn, "Plaintext": "eA=="}
		if f := fail(client{s, c.caller}, "Encrypt", in); (f == nil) != c.allowed {
			t.Errorf("%s: %v", c.name, f)
		}
		if f := fail(client{s, c.caller}, "DescribeKey", M{"KeyId": arn}); f == nil {
			t.Errorf("%s may what wasn't granted", c.name)
		}
	}
}

// TestPutKeyPolicy_LockoutCheck_HasTheFactsOfItsCall: what the caller could do again under the same
// circumstances locks nobody out.
func TestPutKeyPolicy_LockoutCheck_HasTheFactsOfItsCall(t *testing.T) {
	s := start(t)
	id, account := s.key(), "arn:aws:iam::"+ourAccount+":root"
	under := func(condition string) string {
		return statements([3]string{"Allow", account, whatever + `,"Condition":{` + condition + `}`})
	}
	year := s.time().Format("2006")
	for condition, taken := range map[string]bool{
		`"DateGreaterThan":{"aws:CurrentTime":"` + year + `-01-01T00:00:00Z"}`: true,
		`"DateLessThan":{"aws:CurrentTime":"` + year + `-01-01T00:00:00Z"}`:    false,
		`"StringEquals":{"aws:RequestedRegion":"` + ourRegion + `"}`:           true,
		`"StringEquals":{"aws:RequestedRegion":"` + abroad + `"}`:              false,
		`"StringEquals":{"kms:CallerAccount":"` + ourAccount + `"}`:            true,
		`"StringEquals":{"kms:ViaService":"ssm.us-east-1.amazonaws.com"}`:      false,
	} {
		f := fail(s, "PutKeyPolicy", M{"KeyId": id, "Policy": under(condition)})
		if (f == nil) != taken || f != nil && f.Code != "MalformedPolicyDocumentException" {
			t.Errorf("%s: %v", condition, f)
		}
	}
}

// TestKeyPolicy_Replaced_CountsFromTheNextRequest, also after a restart.
func TestKeyPolicy_Replaced_CountsFromTheNextRequest(t *testing.T) {
	s := start(t)
	account := "arn:aws:iam::" + ourAccount + ":root"
	id, alice := s.key(), s.user("alice")
	for i := range 3 {
		if f := fail(alice, "DescribeKey", M{"KeyId": id}); f == nil {
			t.Fatalf("%d: nobody has allowed it", i)
		}
		must[any](s, "PutKeyPolicy", M{"KeyId": id, "Policy": statements(
			[3]string{"Allow", account, whatever}, [3]string{"Allow", arnOf("alice"), whatever})})
		if f := fail(alice, "DescribeKey", M{"KeyId": id}); f != nil {
			t.Errorf("%d: %v", i, f)
		}
		if i == 1 {
			s.Restart()
			if f := fail(alice, "DescribeKey", M{"KeyId": id}); f != nil {
				t.Errorf("after a restart: %v", f)
			}
		}
		must[any](s, "PutKeyPolicy", M{"KeyId": id, "Policy": aPolicy})
	}
}

// TestKeyPolicy_Unreadable_ClosesTheKey: nobody gets at it, not even by a grant, and the operator
// is told why.
func TestKeyPolicy_Unreadable_ClosesTheKey(t *testing.T) {
	s := start(t)
	id := s.key()
	must[CreateGrantOutput](s, "CreateGrant", M{"KeyId": id, "GranteePrincipal": arnOf("bob"),
		"Operations": []string{"DescribeKey"}})
	k, err := s.keys.rows.Key(t.Context(), key.Ref{Account: ourAccount, Region: ourRegion, ID: id})
	if err != nil {
		t.Fatal(err)
	}
	change, err := s.keys.rows.Update(t.Context(), k,
		k.Changed(func(k *key.Key) { k.Policy = `{"Statement":[{"Effekt":"Allow"}]}` }))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DB.Commit(change, func(error) []byte { return nil }); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]asker{"root": s, "a grantee": s.user("bob")} {
		f := fail(c, "DescribeKey", M{"KeyId": id})
		if f == nil || f.Code != "AccessDeniedException" || strings.Contains(f.Error(), "Effekt") {
			t.Errorf("%s: %v", name, f)
		}
	}
	if log := s.Log.String(); !strings.Contains(log, "Unknown field Effekt") ||
		!strings.Contains(log, id) {
		t.Errorf("the operator was told %s", log)
	}
}

// TestKeyPolicy_OfAlias_IsTheKeysToo: to move or remove a name takes a permission on its keys.
func TestKeyPolicy_OfAlias_IsTheKeysToo(t *testing.T) {
	s := start(t)
	account := "arn:aws:iam::" + ourAccount + ":root"
	open := s.key()
	shut := s.policed([3]string{"Allow", account, `"Action":["kms:PutKeyPolicy","kms:CreateAlias"]`})
	must[any](s, "CreateAlias", M{"AliasName": "alias/shut", "TargetKeyId": shut})
	must[any](s, "CreateAlias", M{"AliasName": "alias/open", "TargetKeyId": open})
	for name, in := range map[string]M{
		"UpdateAlias":  {"AliasName": "alias/open", "TargetKeyId": shut},
		"UpdateAlias ": {"AliasName": "alias/shut", "TargetKeyId": open},
		"DeleteAlias":  {"AliasName": "alias/shut"}} {
		name = strings.TrimSpace(name)
		if f := fail(s, name, in); f == nil || !strings.HasSuffix(f.Message,
			"because no resource-based policy allows the kms:"+name+" action") {
			t.Errorf("%s %v: %v", name, in, f)
		}
	}
	must[any](s, "DeleteAlias", M{"AliasName": "alias/open"})
}

// TestKeyPolicy_ManagedKey_IsUsedThroughItsServiceAlone, by whoever may use the service.
func TestKeyPolicy_ManagedKey_IsUsedThroughItsServiceAlone(t *testing.T) {
	s := start(t)
	e, err := s.sealAs("secretsmanager", "", map[string]string{"SecretARN": "x"}, "value")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.unsealAs("secretsmanager", e, map[string]string{"SecretARN": "x"}); err != nil {
		t.Errorf("through its service: %v", err)
	}
	if _, err := s.unsealAs("ssm", e, map[string]string{"SecretARN": "x"}); err == nil {
		t.Error("another service opened it")
	}
	for name, in := range map[string]M{"Encrypt": {"Plaintext": "eA=="}, "DisableKey": {},
		"PutKeyPolicy": {"Policy": aPolicy}, "TagResource": {"Tags": []M{{"TagKey": "a",
			"TagValue": "b"}}}, "CreateGrant": {"GranteePrincipal": arnOf("bob"),
			"Operations": []string{"Decrypt"}}} {
		in["KeyId"] = e.KeyARN
		if f := fail(s, name, in); f == nil || f.Code != "AccessDeniedException" {
			t.Errorf("%s by the account's owner: %v", name, f)
		}
	}
	must[any](s, "DescribeKey", M{"KeyId": e.KeyARN})
}

// TestForeignKey_FactsInOnesOwnPolicy_TellNothing: whoever isn't let in can't find out by policies
// of their own whether there is a key, what an alias leads to, or what tags the key has.
func TestForeignKey_FactsInOnesOwnPolicy_TellNothing(t *testing.T) {
	s := start(t)
	id := must[CreateKeyOutput](s, "CreateKey",
		M{"Tags": []M{{"TagKey": "team", "TagValue": "a"}}}).KeyMetadata.KeyId
	must[any](s, "CreateAlias", M{"AliasName": "alias/there", "TargetKeyId": id})
	arn := "arn:aws:kms:" + ourRegion + ":" + ourAccount + ":"
	for _, deny := range []string{
		`"Resource":"` + key.ARN(ourAccount, ourRegion, id) + `"`,
		`"Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"a"}}`,
		`"Resource":"*","Condition":{"Null":{"kms:KeySpec":"false"}}`,
		`"Resource":"*","Condition":{"ForAnyValue:StringLike":{"kms:ResourceAliases":"*"}}`,
	} {
		eve := client{s, stranger(allowsAll, `{"Version":"2012-10-17","Statement":
			[{"Effect":"Deny","Action":"*",`+deny+`}]}`)}
		texts := map[string]bool{}
		for _, name := range []string{"alias/there", "alias/absent"} {
			f := fail(eve, "Encrypt", M{"KeyId": arn + name, "Plaintext": "eA=="})
			texts[strings.ReplaceAll(f.Message, name, "NAME")] = true
		}
		if len(texts) != 1 {
			t.Errorf("%s: a key and none differ: %v", deny, texts)
		}
	}
	// What is granted is seen, and so may be denied.
	must[CreateGrantOutput](s, "CreateGrant", M{"KeyId": id, "GranteePrincipal": stranger().ARN,
		"Operations": []string{"Encrypt"}})
	eve := client{s, stranger(allowsAll, `{"Version":"2012-10-17","Statement":[{"Effect":"Deny",
		"Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"a"}}}]}`)}
	if f := fail(eve, "Encrypt", M{"KeyId": arn + "alias/there", "Plaintext": "eA=="}); f == nil ||
		!strings.HasSuffix(f.Message, "with an explicit deny in an identity-based policy") {
		t.Errorf("what was granted and one's own policy denies: %v", f)
	}
}

// people are users by name and unique id.
type people map[string]string

func (p people) UniqueID(_ context.Context, arn string) (string, error) {
	if p[arn] == "" {
		return "", domain.ErrNobody
	}
	return p[arn], nil
}

func (p people) ARN(_ context.Context, id string) (string, error) {
	for arn, i := range p {
		if i == id {
			return arn, nil
		}
	}
	return id, nil
}

// TestKeyPolicy_Principals_AreStoredById: who is made again under a name of before is somebody
// else, who is gone is shown by id, and who isn't there can't be named.
func TestKeyPolicy_Principals_AreStoredById(t *testing.T) {
	s := start(t)
	alice := optest.User("alice")
	alice.UniqueID = "AIDAALICEALICEALICEA"
	s.keys.policies.People = people{alice.ARN: alice.UniqueID}
	text := statements([3]string{"Allow", alice.ARN, whatever},
		[3]string{"Allow", "arn:aws:iam::" + ourAccount + ":root", whatever})
	id := must[CreateKeyOutput](s, "CreateKey", M{"Policy": text}).KeyMetadata.KeyId
	read := func() string {
		return must[GetKeyPolicyOutput](s, "GetKeyPolicy", M{"KeyId": id}).Policy
	}
	if got := read(); got != text {
		t.Errorf("%s", got)
	}
	if f := fail(client{s, alice}, "DescribeKey", M{"KeyId": id}); f != nil {
		t.Errorf("%v", f)
	}
	again := alice
	again.UniqueID = "AIDASOMEBODYELSEAAAA"
	if f := fail(client{s, again}, "DescribeKey", M{"KeyId": id}); f == nil {
		t.Error("somebody else of that name is let in")
	}
	s.keys.policies.People = people{}
	if got := read(); got != strings.Replace(text, alice.ARN, alice.UniqueID, 1) {
		t.Errorf("of who is gone: %s", got)
	}
	for name, in := range map[string]M{"PutKeyPolicy": {"KeyId": id}, "CreateKey": {}} {
		in["Policy"] = text
		if f := fail(s, name, in); f == nil || f.Code != "MalformedPolicyDocumentException" ||
			f.Message != "Policy contains a statement with one or more invalid principals." {
			t.Errorf("%s: %v", name, f)
		}
	}
}

// TestForeignKey_Granted_IsDeniedByItsPolicy: a grant opens nothing to another account that the
// key's policy denies, neither by the grant's operations nor by its retirement.
func TestForeignKey_Granted_IsDeniedByItsPolicy(t *testing.T) {
	s := start(t)
	eve := client{s, stranger(allowsAll)}
	root := [3]string{"Allow", "arn:aws:iam::" + ourAccount + ":root", whatever}
	denied := [3]string{"Deny", strangers, whatever}
	arn := key.ARN(ourAccount, ourRegion, s.policed(root))
	for _, grantee := range []M{{"GranteePrincipal": stranger().ARN,
		"Operations": []string{"Encrypt", "RetireGrant"}},
		{"GranteePrincipal": arnOf("bob"), "RetiringPrincipal": stranger().ARN,
			"Operations": []string{"Encrypt"}}} {
		grantee["KeyId"] = arn
		id := must[CreateGrantOutput](s, "CreateGrant", grantee).GrantId
		retire := M{"KeyId": arn, "GrantId": id}
		for _, c := range []struct {
			policy  [][3]string
			allowed bool
		}{{[][3]string{root, denied}, false}, {[][3]string{root}, true}} {
			must[any](s, "PutKeyPolicy", M{"KeyId": arn, "Policy": statements(c.policy...)})
			if grantee["RetiringPrincipal"] == nil {
				f := fail(eve, "Encrypt", M{"KeyId": arn, "Plaintext": "eA=="})
				if (f == nil) != c.allowed {
					t.Errorf("Encrypt, allowed %v: %v", c.allowed, f)
				}
			}
			if f := fail(eve, "RetireGrant", retire); (f == nil) != c.allowed {
				t.Errorf("RetireGrant, allowed %v: %v", c.allowed, f)
			}
		}
	}
}
