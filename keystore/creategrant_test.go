package keystore

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"claviger/keystore/key"
	"claviger/keystore/model"
)

// toServiceInstead makes a request for a grant to a user one for a grant to an AWS service.
func toServiceInstead(over M) M {
	in := M{"GranteePrincipal": nil, "GranteeServicePrincipal": aService}
	maps.Copy(in, over)
	return in
}

const aService = "s3.us-east-1.amazonaws.com"

func TestCreateGrant_MembersThatDoNotFit_AreRefused(t *testing.T) {
	s := start(t)
	id := s.key()
	pairs := func(constraint string, n, length int) M {
		m := M{}
		for i := range n {
			m[fmt.Sprint("k", i)] = strings.Repeat("ü", length)
		}
		return byPairs(constraint, m)
	}
	const group = "arn:aws:iam::111122223333:group/g"
	const equals, subset = "EncryptionContextEquals", "EncryptionContextSubset"
	source := M{"SourceArn": aResource}
	for name, c := range map[string]struct {
		over M
		code string
	}{
		"no grantee":   {M{"GranteePrincipal": nil}, "ValidationException"},
		"two grantees": {M{"GranteeServicePrincipal": aService}, "ValidationException"},
		"two who retire": {M{"RetiringPrincipal": aUser, "RetiringServicePrincipal": aService},
			"ValidationException"},
		"a service without source": {toServiceInstead(M{"RetiringPrincipal": aUser}),
			"ValidationException"},
		"a service, nobody to retire": {toServiceInstead(M{"Constraints": source}),
			"ValidationException"},
		"a service": {toServiceInstead(M{"RetiringServicePrincipal": aService,
			"Constraints": source}), ""},
		"no operation":         {M{"Operations": []string{}}, "ValidationException"},
		"an unknown operation": {M{"Operations": []string{"ListGrants"}}, "ValidationException"},
		"a group":              {M{"GranteePrincipal": group}, "InvalidArnException"},
		"a number":             {M{"GranteePrincipal": ourAccount}, "InvalidArnException"},
		"a group that retires": {M{"RetiringPrincipal": group}, "InvalidArnException"},
		"8 pairs":              {pairs(subset, 8, 384), ""},
		"9 pairs":              {pairs(subset, 9, 1), "ValidationException"},
		"9 pairs, all of it":   {pairs(equals, 9, 1), "ValidationException"},
		"385 characters":       {pairs(equals, 1, 385), "ValidationException"},
		"a token that is none": {M{"GrantTokens": []string{"x"}}, "InvalidGrantTokenException"},
		"an alias":             {M{"KeyId": "alias/a"}, "InvalidArnException"},
		"a name with a space":  {M{"Name": "a b"}, "ValidationException"},
		"a dry run":            {M{"DryRun": true}, "DryRunOperationException"},
		"a dry run of what is none": {M{"DryRun": true, "Operations": []string{"Sign"}},
			"ValidationError"},
		"the account, and a role": {M{"GranteePrincipal": "arn:aws:iam::111122223333:root",
			"RetiringPrincipal": "arn:aws:iam::444455556666:role/a/b"}, ""},
		"a session, as it is in others": {
			M{"GranteePrincipal": "arn:aws:sts::444455556666:assumed-role/r/s"}, ""},
	} {
		before := len(must[ListGrantsOutput](s, "ListGrants", M{"KeyId": id}).Grants)
		in := M{"KeyId": id, "GranteePrincipal": aUser, "Operations": []string{"Decrypt"}}
		maps.Copy(in, c.over)
		maps.DeleteFunc(in, func(_ string, v any) bool { return v == nil })
		if _, code := ask[any](s, "CreateGrant", in); code != c.code {
			t.Errorf("%s: %q, want %q", name, code, c.code)
		}
		made := len(must[ListGrantsOutput](s, "ListGrants", M{"KeyId": id}).Grants) - before
		if want := map[bool]int{true: 1}[c.code == ""]; made != want {
			t.Errorf("%s: %d grants were made", name, made)
		}
	}
}

func TestCreateGrant_KeyThatAServiceManages_IsDenied(t *testing.T) {
	s := start(t)
	e, err := s.sealAs("secretsmanager", "", nil, "x")
	if err != nil {
		t.Fatal(err)
	}
	_, code := ask[any](s, "CreateGrant", M{"KeyId": e.KeyARN, "GranteePrincipal": aUser,
		"Operations": []string{"Decrypt"}})
	if code != denied {
		t.Errorf("on a key that a service manages: %q", code)
	}
}

// servedBy lists which operations each kind of key serves, beside those that every key does.
var servedBy = map[string]string{
	"SYMMETRIC_DEFAULT ENCRYPT_DECRYPT": "Encrypt Decrypt ReEncryptFrom ReEncryptTo " +
		"GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateDataKeyPair " +
		"GenerateDataKeyPairWithoutPlaintext",
	"RSA_2048 ENCRYPT_DECRYPT":     "Encrypt Decrypt ReEncryptFrom ReEncryptTo GetPublicKey",
	"ECC_NIST_P256 SIGN_VERIFY":    "Sign Verify GetPublicKey",
	"ECC_NIST_P256 KEY_AGREEMENT":  "DeriveSharedSecret GetPublicKey",
	"HMAC_256 GENERATE_VERIFY_MAC": "GenerateMac VerifyMac",
}

func TestCreateGrant_OperationThatTheKeyDoesNotServe_IsRefused(t *testing.T) {
	s := start(t)
	for kind, list := range servedBy {
		spec, usage, _ := strings.Cut(kind, " ")
		id := s.keyOf(spec, usage)
		served := append(strings.Fields(list), "CreateGrant", "RetireGrant", "DescribeKey")
		for _, operation := range model.Shapes["GrantOperation"].Enum {
			want := "ValidationError"
			if slices.Contains(served, operation) {
				want = ""
			}
			_, code := ask[any](s, "CreateGrant", M{"KeyId": id, "GranteePrincipal": aUser,
				"Operations": []string{"DescribeKey", operation}})
			if code != want {
				t.Errorf("%s on a key %s: %q, want %q", operation, kind, code, want)
			}
		}
	}
}

// keyOf makes a key of a spec for a usage and returns its id.
func (s *service) keyOf(spec, usage string) string {
	s.t.Helper()
	in := M{"KeySpec": spec, "KeyUsage": usage}
	return must[CreateKeyOutput](s, "CreateKey", in).KeyMetadata.KeyId
}

func TestCreateGrant_ContextConstraintOnKeyWithoutContext_IsRefused(t *testing.T) {
	s := start(t)
	for kind := range servedBy {
		spec, usage, _ := strings.Cut(kind, " ")
		id := s.keyOf(spec, usage)
		under := func(constraints M) string {
			_, code := ask[any](s, "CreateGrant", M{"KeyId": id, "GranteePrincipal": aUser,
				"Operations": []string{"DescribeKey"}, "Constraints": constraints})
			return code
		}
		want := map[bool]string{false: "ValidationException"}[spec == key.SymmetricDefault]
		if code := under(M{"EncryptionContextSubset": M{"a": "b"}}); code != want {
			t.Errorf("an encryption context constraint on a key %s: %q, want %q", kind, code, want)
		}
		if code := under(M{"SourceArn": aResource}); code != "" {
			t.Errorf("a SourceArn constraint on a key %s: %q", kind, code)
		}
	}
}

// Who was granted CreateGrant may grant no more than the same grant allows.
func TestCreateGrant_ByAGrantee_AllowsNoMoreThanItsGrant(t *testing.T) {
	s := start(t)
	alice := s.user("alice")
	try := func(id string, over M, operations ...string) string {
		in := M{"KeyId": id, "GranteePrincipal": arnOf("bob"), "Operations": operations}
		maps.Copy(in, over)
		_, code := ask[any](alice, "CreateGrant", in)
		return code
	}
	equals := func(m M) M { return byPairs("EncryptionContextEquals", m) }
	subset := func(m M) M { return byPairs("EncryptionContextSubset", m) }
	a1, a1b2 := M{"a": "1"}, M{"a": "1", "b": "2"}
	decrypt := []string{"Decrypt"}
	for _, c := range []struct {
		name       string
		parent     M
		child      M
		operations []string
		want       string
	}{
		{"the same", nil, nil, []string{"Decrypt", "CreateGrant"}, ""},
		{"less", nil, nil, decrypt, ""},
		{"more", nil, nil, []string{"Decrypt", "Encrypt"}, denied},
		{"constrained, of nothing", nil, equals(a1), decrypt, ""},
		{"equal: the same", equals(a1), equals(M{"A": "1"}), decrypt, ""},
		{"equal: none", equals(a1), nil, decrypt, denied},
		{"equal: a part", equals(a1b2), equals(a1), decrypt, denied},
		{"equal: more", equals(a1), equals(a1b2), decrypt, denied},
		{"equal: as a subset", equals(a1), subset(a1), decrypt, denied},
		{"equal to nothing: free", equals(M{}), nil, decrypt, denied},
		{"subset: the same", subset(a1), subset(a1), decrypt, ""},
		{"subset: more", subset(a1), subset(a1b2), decrypt, ""},
		{"subset: equal to more", subset(a1), equals(a1b2), decrypt, ""},
		{"subset: another value", subset(a1), subset(M{"a": "2"}), decrypt, denied},
		{"subset: none", subset(a1), nil, decrypt, denied},
		{"subset: not in what it equals", subset(a1), equals(M{"b": "1"}), decrypt, denied},
	} {
		id := s.key()
		s.grantTo("alice", id, c.parent, "CreateGrant", "Decrypt")
		if code := try(id, c.child, c.operations...); code != c.want {
			t.Errorf("%s: %q, want %q", c.name, code, c.want)
		}
	}
	id := s.key()
	s.grantTo("alice", id, nil, "Decrypt")
	if code := try(id, nil, "Decrypt"); code != denied {
		t.Errorf("without the right to: %q", code)
	}
	s.grantTo("alice", id, nil, "CreateGrant", "DescribeKey")
	if code := try(id, nil, "Decrypt"); code != denied {
		t.Errorf("what another grant allows: %q", code)
	}
}
