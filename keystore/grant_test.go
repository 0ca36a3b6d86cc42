package keystore

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/grant"
	"claviger/keystore/key"
	"claviger/keystore/model"
	"claviger/store"
)

const denied = "AccessDeniedException"

// grantTo grants operations on a key to a user and returns the grant. Members go over the request.
func (s *service) grantTo(user, keyID string, over M, operations ...string) CreateGrantOutput {
	s.t.Helper()
	in := M{"KeyId": keyID, "GranteePrincipal": arnOf(user), "Operations": operations}
	maps.Copy(in, over)
	return must[CreateGrantOutput](s, "CreateGrant", in)
}

// granted is what each grant operation is asked for by, on a key of one of the samples: what sampleFor makes is in blob.
var granted = []struct {
	operation, request string
	sample             sample
	in                 func(made) M
}{
	{"Encrypt", "Encrypt", cipher, func(m made) M { return M{"KeyId": m.id, "Plaintext": "eA=="} }},
	{"Decrypt", "Decrypt", cipher, func(m made) M { return M{"CiphertextBlob": m.blob} }},
	{"GenerateDataKey", "GenerateDataKey", cipher, func(m made) M { return M{"KeyId": m.id, "KeySpec": "AES_256"} }},
	{"GenerateDataKeyWithoutPlaintext", "GenerateDataKeyWithoutPlaintext", cipher, func(m made) M { return M{"KeyId": m.id, "KeySpec": "AES_256"} }},
	{"GenerateDataKeyPair", "GenerateDataKeyPair", cipher, func(m made) M { return M{"KeyId": m.id, "KeyPairSpec": "ECC_NIST_P256"} }},
	{"GenerateDataKeyPairWithoutPlaintext", "GenerateDataKeyPairWithoutPlaintext", cipher, func(m made) M { return M{"KeyId": m.id, "KeyPairSpec": "ECC_NIST_P256"} }},
	{"DescribeKey", "DescribeKey", cipher, func(m made) M { return M{"KeyId": m.alias} }},
	{"CreateGrant", "CreateGrant", cipher, func(m made) M {
		return M{"KeyId": m.id, "GranteePrincipal": aUser, "Operations": []string{"CreateGrant"}}
	}},
	{"Sign", "Sign", signer, func(m made) M { return M{"KeyId": m.id, "Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256"} }},
	{"Verify", "Verify", signer, func(m made) M {
		return M{"KeyId": m.id, "Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256", "Signature": m.blob}
	}},
	{"GetPublicKey", "GetPublicKey", signer, func(m made) M { return M{"KeyId": m.id} }},
	{"GenerateMac", "GenerateMac", authenticator, func(m made) M { return M{"KeyId": m.id, "Message": "eA==", "MacAlgorithm": "HMAC_SHA_256"} }},
	{"VerifyMac", "VerifyMac", authenticator, func(m made) M {
		return M{"KeyId": m.id, "Message": "eA==", "MacAlgorithm": "HMAC_SHA_256", "Mac": m.blob}
	}},
	{"DeriveSharedSecret", "DeriveSharedSecret", agreer, func(m made) M { return M{"KeyId": m.id, "KeyAgreementAlgorithm": "ECDH", "PublicKey": m.blob} }},
}

// A grant allows its grantee its operation on its key: no other operation, nobody else, no other key.
func TestAGrantAllowsWhatItSays(t *testing.T) {
	s := start(t)
	alice, bob := s.user("alice"), s.user("bob")
	for i, g := range granted {
		m := s.inState(2*i, g.sample, key.Enabled)
		other := s.inState(2*i+1, g.sample, key.Enabled)
		if _, code := ask[any](alice, g.request, g.in(m)); code != denied {
			t.Errorf("%s before the grant: %q", g.operation, code)
		}
		s.grantTo("alice", m.id, nil, g.operation)
		if _, code := ask[any](alice, g.request, g.in(m)); code != "" {
			t.Errorf("%s after the grant: %q", g.operation, code)
		}
		if _, code := ask[any](bob, g.request, g.in(m)); code != denied {
			t.Errorf("%s by somebody else: %q", g.operation, code)
		}
		if _, code := ask[any](alice, g.request, g.in(other)); code != denied {
			t.Errorf("%s by another key: %q", g.operation, code)
		}
		for _, o := range granted {
			if o.operation == g.operation || o.sample.usage != g.sample.usage {
				continue
			}
			if _, code := ask[any](alice, o.request, o.in(m)); code != denied {
				t.Errorf("%s by a grant of %s: %q", o.operation, g.operation, code)
			}
		}
		if _, code := ask[any](alice, "DisableKey", M{"KeyId": m.id}); code != denied {
			t.Errorf("DisableKey by a grant of %s: %q", g.operation, code)
		}
	}
}

func TestReEncryptTakesTwoGrants(t *testing.T) {
	s := start(t)
	alice := s.user("alice")
	from, to := s.key(), s.key()
	blob := must[EncryptOutput](s, "Encrypt", M{"KeyId": from, "Plaintext": "eA==", "EncryptionContext": M{"a": "1"}}).CiphertextBlob
	move := func(source, destination string) string {
		_, code := ask[any](alice, "ReEncrypt", M{"CiphertextBlob": blob, "SourceEncryptionContext": M{"a": source}, "DestinationKeyId": to,
			"DestinationEncryptionContext": M{"b": destination}})
		return code
	}
	if code := move("1", "2"); code != denied {
		t.Errorf("without a grant: %q", code)
	}
	s.grantTo("alice", from, M{"Constraints": M{"EncryptionContextEquals": M{"a": "1"}}}, "ReEncryptFrom")
	if code := move("1", "2"); code != denied {
		t.Errorf("with one of two: %q", code)
	}
	s.grantTo("alice", to, M{"Constraints": M{"EncryptionContextEquals": M{"b": "2"}}}, "ReEncryptTo")
	for _, c := range []struct{ source, destination, want string }{{"1", "2", ""}, {"2", "2", denied}, {"1", "1", denied}} {
		if code := move(c.source, c.destination); code != c.want {
			t.Errorf("from a=%s to b=%s: %q, want %q", c.source, c.destination, code, c.want)
		}
	}
	if _, code := ask[any](alice, "Decrypt", M{"CiphertextBlob": blob, "EncryptionContext": M{"a": "1"}}); code != denied {
		t.Errorf("to move is not to read: %q", code)
	}
}

func TestOperationsThatAKeyDoesntServeCantBeGranted(t *testing.T) {
	s := start(t)
	serves := map[string]string{
		"SYMMETRIC_DEFAULT ENCRYPT_DECRYPT": "Encrypt Decrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext",
		"RSA_2048 ENCRYPT_DECRYPT":          "Encrypt Decrypt ReEncryptFrom ReEncryptTo GetPublicKey",
		"ECC_NIST_P256 SIGN_VERIFY":         "Sign Verify GetPublicKey",
		"ECC_NIST_P256 KEY_AGREEMENT":       "DeriveSharedSecret GetPublicKey",
		"HMAC_256 GENERATE_VERIFY_MAC":      "GenerateMac VerifyMac",
	}
	for kind, list := range serves {
		spec, usage, _ := strings.Cut(kind, " ")
		id := must[CreateKeyOutput](s, "CreateKey", M{"KeySpec": spec, "KeyUsage": usage}).KeyMetadata.KeyId
		for _, operation := range model.Shapes["GrantOperation"].Enum {
			want := "ValidationError"
			if slices.Contains(append(strings.Fields(list), "CreateGrant", "RetireGrant", "DescribeKey"), operation) {
				want = ""
			}
			if _, code := ask[any](s, "CreateGrant", M{"KeyId": id, "GranteePrincipal": aUser, "Operations": []string{"DescribeKey", operation}}); code != want {
				t.Errorf("%s on a key %s: %q, want %q", operation, kind, code, want)
			}
		}
		_, code := ask[any](s, "CreateGrant", M{"KeyId": id, "GranteePrincipal": aUser, "Operations": []string{"DescribeKey"}, "Constraints": M{"EncryptionContextSubset": M{"a": "b"}}})
		if want := map[bool]string{true: "", false: "ValidationException"}[spec == key.SymmetricDefault]; code != want {
			t.Errorf("an encryption context constraint on a key %s: %q, want %q", kind, code, want)
		}
		_, code = ask[any](s, "CreateGrant", M{"KeyId": id, "GranteePrincipal": aUser, "Operations": []string{"DescribeKey"}, "Constraints": M{"SourceArn": "arn:aws:s3:us-east-1:111122223333:b"}})
		if code != "" {
			t.Errorf("a SourceArn constraint on a key %s: %q", kind, code)
		}
	}
}

func TestConstraintsAreHeldToTheContext(t *testing.T) {
	s := start(t)
	alice := s.user("alice")
	contexts := []M{nil, {}, {"a": "1"}, {"A": "1"}, {"a": "2"}, {"a": "1", "b": "2"}, {"a": "1", "b": "3"}, {"b": "2"}}
	for _, c := range []struct {
		name        string
		constraints M
		admits      []int // of contexts
	}{
		{"none", nil, []int{0, 1, 2, 3, 4, 5, 6, 7}},
		{"an empty list of them", M{}, []int{0, 1, 2, 3, 4, 5, 6, 7}},
		{"equal to one pair; keys know no case", M{"EncryptionContextEquals": M{"a": "1"}}, []int{2, 3}},
		{"equal to two", M{"EncryptionContextEquals": M{"a": "1", "b": "2"}}, []int{5}},
		{"equal to nothing", M{"EncryptionContextEquals": M{}}, []int{0, 1}},
		{"with one pair", M{"EncryptionContextSubset": M{"A": "1"}}, []int{2, 3, 5, 6}},
		{"with two", M{"EncryptionContextSubset": M{"a": "1", "b": "2"}}, []int{5}},
		{"with nothing", M{"EncryptionContextSubset": M{}}, []int{0, 1, 2, 3, 4, 5, 6, 7}},
		{"both", M{"EncryptionContextSubset": M{"a": "1"}, "EncryptionContextEquals": M{"a": "1", "b": "3"}}, []int{6}},
		{"both, against each other", M{"EncryptionContextSubset": M{"a": "1"}, "EncryptionContextEquals": M{"a": "2"}}, nil},
		{"on behalf of a resource", M{"SourceArn": "arn:aws:s3:us-east-1:111122223333:b"}, nil},
	} {
		id := s.key()
		s.grantTo("alice", id, M{"Constraints": c.constraints}, "Encrypt", "Decrypt", "GenerateDataKey", "DescribeKey")
		for i, context := range contexts {
			want := denied
			if slices.Contains(c.admits, i) {
				want = ""
			}
			_, code := ask[any](alice, "Encrypt", M{"KeyId": id, "Plaintext": "eA==", "EncryptionContext": context})
			_, code2 := ask[any](alice, "GenerateDataKey", M{"KeyId": id, "KeySpec": "AES_256", "EncryptionContext": context})
			blob := must[EncryptOutput](s, "Encrypt", M{"KeyId": id, "Plaintext": "eA==", "EncryptionContext": context}).CiphertextBlob
			_, code3 := ask[any](alice, "Decrypt", M{"CiphertextBlob": blob, "EncryptionContext": context})
			if code != want || code2 != want || code3 != want {
				t.Errorf("%s: context %v: Encrypt %q, GenerateDataKey %q, Decrypt %q, want %q", c.name, context, code, code2, code3, want)
			}
		}
		want := map[bool]string{true: denied}[c.constraints["SourceArn"] != nil]
		if _, code := ask[any](alice, "DescribeKey", M{"KeyId": id}); code != want {
			t.Errorf("%s: DescribeKey has no context: %q, want %q", c.name, code, want)
		}
	}
}

// Another service asks for its caller, with a context of its own.
func TestAGrantHoldsThroughAnotherService(t *testing.T) {
	s := start(t)
	id := s.key()
	alice := s.user("alice").caller
	seal := func(arn string) error {
		return s.withinAs(alice, ourRegion, func(c *op.Call) error {
			e, err := s.keys.Seal(c, "secretsmanager", id, map[string]string{"SecretARN": arn}, []byte("x"))
			if err != nil {
				return err
			}
			_, err = s.keys.Unseal(c, "secretsmanager", e, map[string]string{"SecretARN": arn})
			return err
		})
	}
	if f := fault.Of(seal("mine")); f == nil || f.Code != denied {
		t.Errorf("without a grant: %v", f)
	}
	s.grantTo("alice", id, M{"Constraints": M{"EncryptionContextEquals": M{"SecretARN": "mine"}}}, "GenerateDataKey")
	if f := fault.Of(seal("mine")); f == nil || f.Code != denied || !strings.Contains(f.Message, "kms:Decrypt") {
		t.Errorf("with the half of it: %v", f)
	}
	s.grantTo("alice", id, M{"Constraints": M{"EncryptionContextSubset": M{"SecretARN": "mine"}}}, "Decrypt")
	if err := seal("mine"); err != nil {
		t.Errorf("with grants: %v", err)
	}
	if f := fault.Of(seal("other")); f == nil || f.Code != denied {
		t.Errorf("of another secret: %v", f)
	}
}

func TestGrantsThatAreRefused(t *testing.T) {
	s := start(t)
	id := s.key()
	pairs := func(n, length int) M {
		m := M{}
		for i := range n {
			m[fmt.Sprint("k", i)] = strings.Repeat("ü", length)
		}
		return m
	}
	const source = "arn:aws:s3:us-east-1:111122223333:b"
	for name, c := range map[string]struct {
		over M
		code string
	}{
		"no grantee":                    {M{"GranteePrincipal": nil}, "ValidationException"},
		"two grantees":                  {M{"GranteeServicePrincipal": "s3.us-east-1.amazonaws.com"}, "ValidationException"},
		"two who retire":                {M{"RetiringPrincipal": aUser, "RetiringServicePrincipal": "s3.us-east-1.amazonaws.com"}, "ValidationException"},
		"a service without source":      {M{"GranteePrincipal": nil, "GranteeServicePrincipal": "s3.us-east-1.amazonaws.com", "RetiringPrincipal": aUser}, "ValidationException"},
		"a service, nobody to retire":   {M{"GranteePrincipal": nil, "GranteeServicePrincipal": "s3.us-east-1.amazonaws.com", "Constraints": M{"SourceArn": source}}, "ValidationException"},
		"a service":                     {M{"GranteePrincipal": nil, "GranteeServicePrincipal": "s3.us-east-1.amazonaws.com", "RetiringServicePrincipal": "s3.us-east-1.amazonaws.com", "Constraints": M{"SourceArn": source}}, ""},
		"no operation":                  {M{"Operations": []string{}}, "ValidationException"},
		"an unknown operation":          {M{"Operations": []string{"ListGrants"}}, "ValidationException"},
		"a group":                       {M{"GranteePrincipal": "arn:aws:iam::111122223333:group/g"}, "InvalidArnException"},
		"a number":                      {M{"GranteePrincipal": ourAccount}, "InvalidArnException"},
		"a group that retires":          {M{"RetiringPrincipal": "arn:aws:iam::111122223333:group/g"}, "InvalidArnException"},
		"8 pairs":                       {M{"Constraints": M{"EncryptionContextSubset": pairs(8, 384)}}, ""},
		"9 pairs":                       {M{"Constraints": M{"EncryptionContextSubset": pairs(9, 1)}}, "ValidationException"},
		"9 pairs, all of it":            {M{"Constraints": M{"EncryptionContextEquals": pairs(9, 1)}}, "ValidationException"},
		"385 characters":                {M{"Constraints": M{"EncryptionContextEquals": pairs(1, 385)}}, "ValidationException"},
		"a token that is none":          {M{"GrantTokens": []string{"x"}}, "InvalidGrantTokenException"},
		"an alias":                      {M{"KeyId": "alias/a"}, "NotFoundException"},
		"a name with a space":           {M{"Name": "a b"}, "ValidationException"},
		"a dry run":                     {M{"DryRun": true}, "DryRunOperationException"},
		"a dry run of what is none":     {M{"DryRun": true, "Operations": []string{"Sign"}}, "ValidationError"},
		"the account, and a role":       {M{"GranteePrincipal": "arn:aws:iam::111122223333:root", "RetiringPrincipal": "arn:aws:iam::444455556666:role/a/b"}, ""},
		"a session, as it is in others": {M{"GranteePrincipal": "arn:aws:sts::444455556666:assumed-role/r/s"}, ""},
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
	e, err := s.sealAs("secretsmanager", "", nil, "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, code := ask[any](s, "CreateGrant", M{"KeyId": e.KeyID, "GranteePrincipal": aUser, "Operations": []string{"Decrypt"}}); code != denied {
		t.Errorf("on a key that a service manages: %q", code)
	}
}

func TestANameMakesOneGrant(t *testing.T) {
	s := start(t)
	id := s.key()
	first := s.grantTo("alice", id, M{"Name": "n", "Constraints": M{"EncryptionContextSubset": M{"a": "1", "b": "2"}}}, "Decrypt", "Encrypt")
	again := s.grantTo("alice", id, M{"Name": "n", "Constraints": M{"EncryptionContextSubset": M{"b": "2", "a": "1"}}}, "Encrypt", "Decrypt", "Encrypt")
	if again.GrantId != first.GrantId || again.GrantToken == first.GrantToken {
		t.Errorf("the same request again: %+v after %+v", again, first)
	}
	for name, over := range map[string]M{
		"another name":       {"Name": "m"},
		"no name":            {},
		"no name, again":     {},
		"another constraint": {"Name": "n", "Constraints": M{"EncryptionContextEquals": M{"a": "1", "b": "2"}}},
		"one who retires":    {"Name": "n", "RetiringPrincipal": aUser},
		"another grantee":    {"Name": "n", "GranteePrincipal": aUser},
	} {
		in := M{"Constraints": M{"EncryptionContextSubset": M{"a": "1", "b": "2"}}}
		maps.Copy(in, over)
		if g := s.grantTo("alice", id, in, "Decrypt", "Encrypt"); g.GrantId == first.GrantId {
			t.Errorf("%s: the same grant", name)
		}
	}
	must[any](s, "RevokeGrant", M{"KeyId": id, "GrantId": first.GrantId})
	if g := s.grantTo("alice", id, M{"Name": "n", "Constraints": M{"EncryptionContextSubset": M{"a": "1", "b": "2"}}}, "Decrypt", "Encrypt"); g.GrantId == first.GrantId {
		t.Error("a grant that was revoked came back with its id")
	}
}

func TestANameMakesOneGrantForManyAtOnce(t *testing.T) {
	s := start(t)
	id := s.key()
	var wg sync.WaitGroup
	ids := make([]string, 16)
	for i := range ids {
		wg.Go(func() {
			for {
				out, code := ask[CreateGrantOutput](s, "CreateGrant", M{"KeyId": id, "GranteePrincipal": aUser, "Operations": []string{"Decrypt"}, "Name": "n"})
				if code == "ThrottlingException" {
					continue // SDKs do so
				}
				if code != "" {
					t.Error(code)
				}
				ids[i] = out.GrantId
				return
			}
		})
	}
	wg.Wait()
	if all := must[ListGrantsOutput](s, "ListGrants", M{"KeyId": id}).Grants; len(all) != 1 {
		t.Errorf("%d grants", len(all))
	}
	if different := inOrderOnce(ids); len(different) != 1 {
		t.Errorf("answered %v", different)
	}
}

func TestWhoGetsARightMayPassOnNoMore(t *testing.T) {
	s := start(t)
	alice := s.user("alice")
	try := func(id string, over M, operations ...string) string {
		in := M{"KeyId": id, "GranteePrincipal": arnOf("bob"), "Operations": operations}
		maps.Copy(in, over)
		_, code := ask[any](alice, "CreateGrant", in)
		return code
	}
	equals := func(m M) M { return M{"Constraints": M{"EncryptionContextEquals": m}} }
	subset := func(m M) M { return M{"Constraints": M{"EncryptionContextSubset": m}} }
	for _, c := range []struct {
		name       string
		parent     M
		child      M
		operations []string
		want       string
	}{
		{"the same", nil, nil, []string{"Decrypt", "CreateGrant"}, ""},
		{"less", nil, nil, []string{"Decrypt"}, ""},
		{"more", nil, nil, []string{"Decrypt", "Encrypt"}, denied},
		{"constrained, of nothing", nil, equals(M{"a": "1"}), []string{"Decrypt"}, ""},
		{"equal: the same", equals(M{"a": "1"}), equals(M{"A": "1"}), []string{"Decrypt"}, ""},
		{"equal: none", equals(M{"a": "1"}), nil, []string{"Decrypt"}, denied},
		{"equal: a part", equals(M{"a": "1", "b": "2"}), equals(M{"a": "1"}), []string{"Decrypt"}, denied},
		{"equal: more", equals(M{"a": "1"}), equals(M{"a": "1", "b": "2"}), []string{"Decrypt"}, denied},
		{"equal: as a subset", equals(M{"a": "1"}), subset(M{"a": "1"}), []string{"Decrypt"}, denied},
		{"equal to nothing: free", equals(M{}), nil, []string{"Decrypt"}, denied},
		{"subset: the same", subset(M{"a": "1"}), subset(M{"a": "1"}), []string{"Decrypt"}, ""},
		{"subset: more", subset(M{"a": "1"}), subset(M{"a": "1", "b": "2"}), []string{"Decrypt"}, ""},
		{"subset: equal to more", subset(M{"a": "1"}), equals(M{"a": "1", "b": "2"}), []string{"Decrypt"}, ""},
		{"subset: another value", subset(M{"a": "1"}), subset(M{"a": "2"}), []string{"Decrypt"}, denied},
		{"subset: none", subset(M{"a": "1"}), nil, []string{"Decrypt"}, denied},
		{"subset: not in what it equals", subset(M{"a": "1"}), equals(M{"b": "1"}), []string{"Decrypt"}, denied},
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
	s.grantTo("alice", id, nil, "CreateGrant")
	if code := try(id, nil, "Decrypt"); code != denied {
		t.Errorf("what another grant allows: %q", code)
	}
}

func TestWhoMayRetireAGrant(t *testing.T) {
	s := start(t)
	id := s.key()
	alice, bob, carol := s.user("alice"), s.user("bob"), s.user("carol")
	for _, c := range []struct {
		name     string
		operates []string
		source   bool
		who      asker
		want     string
	}{
		{"who retires", []string{"Decrypt"}, false, bob, ""},
		{"the grantee who may", []string{"Decrypt", "RetireGrant"}, false, alice, ""},
		{"the grantee who may, whatever the constraints", []string{"Decrypt", "RetireGrant"}, true, alice, ""},
		{"the grantee who may not", []string{"Decrypt"}, false, alice, denied},
		{"somebody", []string{"Decrypt", "RetireGrant"}, false, carol, denied},
		{"the owner", []string{"Decrypt"}, false, s, ""},
	} {
		for _, byToken := range []bool{true, false} {
			over := M{"RetiringPrincipal": arnOf("bob")}
			if c.source {
				over["Constraints"] = M{"SourceArn": "arn:aws:s3:us-east-1:111122223333:b", "EncryptionContextEquals": M{"a": "b"}}
			}
			g := s.grantTo("alice", id, over, c.operates...)
			in := M{"KeyId": key.ARN(ourAccount, ourRegion, id), "GrantId": g.GrantId}
			if byToken {
				in = M{"GrantToken": g.GrantToken}
			}
			dry := maps.Clone(in)
			dry["DryRun"] = true
			if _, code := ask[any](c.who, "RetireGrant", dry); code != c.want && code != "DryRunOperationException" || (code == denied) != (c.want == denied) {
				t.Errorf("%s, tried: %q", c.name, code)
			}
			if _, code := ask[any](c.who, "RetireGrant", in); code != c.want {
				t.Errorf("%s, by token %v: %q, want %q", c.name, byToken, code, c.want)
			}
			left := must[ListGrantsOutput](s, "ListGrants", M{"KeyId": id, "GrantId": g.GrantId}).Grants
			if (len(left) == 0) != (c.want == "") {
				t.Errorf("%s: %d are left", c.name, len(left))
			}
			if c.want == "" {
				if _, code := ask[any](s, "RetireGrant", in); code != "NotFoundException" {
					t.Errorf("%s, twice: %q", c.name, code)
				}
				if _, code := ask[any](c.who, "RetireGrant", in); c.who != asker(s) && code != denied {
					t.Errorf("%s, twice, who may not know: %q", c.name, code)
				}
			}
		}
	}
	g := s.grantTo("alice", id, M{"RetiringPrincipal": arnOf("bob")}, "Decrypt", "RetireGrant")
	for _, who := range []client{alice, bob, carol} {
		if _, code := ask[any](who, "RevokeGrant", M{"KeyId": id, "GrantId": g.GrantId}); code != denied {
			t.Errorf("to retire is not to revoke: %s: %q", who.caller.ARN, code)
		}
	}
}

func TestGrantsThatCantBeEnded(t *testing.T) {
	s := start(t)
	id, other := s.key(), s.key()
	g := s.grantTo("alice", id, nil, "Decrypt")
	absent := strings.Repeat("0", 64)
	for _, c := range []struct {
		operation string
		in        M
		code      string
	}{
		{"RetireGrant", M{}, "ValidationException"},
		{"RetireGrant", M{"KeyId": id}, "ValidationException"},
		{"RetireGrant", M{"GrantId": g.GrantId}, "ValidationException"},
		{"RetireGrant", M{"GrantToken": g.GrantToken, "KeyId": id, "GrantId": g.GrantId}, "ValidationException"},
		{"RetireGrant", M{"GrantToken": "x"}, "InvalidGrantTokenException"},
		{"RetireGrant", M{"GrantToken": g.GrantToken + "x"}, "InvalidGrantTokenException"},
		{"RetireGrant", M{"GrantToken": g.GrantToken[:30]}, "InvalidGrantTokenException"},
		{"RetireGrant", M{"KeyId": id, "GrantId": "x"}, "InvalidGrantIdException"},
		{"RetireGrant", M{"KeyId": id, "GrantId": strings.ToUpper(grant.NewID()) + "A"}, "InvalidGrantIdException"},
		{"RetireGrant", M{"KeyId": id, "GrantId": absent}, "NotFoundException"},
		{"RetireGrant", M{"KeyId": other, "GrantId": g.GrantId}, "NotFoundException"},
		{"RetireGrant", M{"KeyId": anID, "GrantId": g.GrantId}, "NotFoundException"},
		{"RetireGrant", M{"KeyId": "arn:aws:s3:::x", "GrantId": g.GrantId}, "InvalidArnException"},
		{"RevokeGrant", M{"KeyId": id, "GrantId": "x"}, "InvalidGrantIdException"},
		{"RevokeGrant", M{"KeyId": id, "GrantId": absent}, "NotFoundException"},
		{"RevokeGrant", M{"KeyId": other, "GrantId": g.GrantId}, "NotFoundException"},
		{"RevokeGrant", M{"KeyId": id, "GrantId": g.GrantId, "DryRun": true}, "DryRunOperationException"},
		{"ListGrants", M{"KeyId": id, "GrantId": "x"}, "InvalidGrantIdException"},
	} {
		if _, code := ask[any](s, c.operation, c.in); code != c.code {
			t.Errorf("%s %v: %q, want %q", c.operation, c.in, code, c.code)
		}
	}
	if n := len(must[ListGrantsOutput](s, "ListGrants", M{"KeyId": id}).Grants); n != 1 {
		t.Errorf("%d grants are left", n)
	}
}

// A token changes nothing, since a grant holds at once. One of another key is let pass, one that is none is refused, whoever asks.
func TestTokensAreReadWhereverTheyMayStand(t *testing.T) {
	s := start(t)
	alice := s.user("alice")
	foreign := s.grantTo("alice", s.key(), nil, "DescribeKey").GrantToken
	for i, g := range granted {
		m := s.inState(i, g.sample, key.Enabled)
		token := s.grantTo("alice", m.id, nil, g.operation).GrantToken
		with := func(tokens ...string) M {
			in := g.in(m)
			in["GrantTokens"] = tokens
			return in
		}
		for _, who := range []asker{s, alice} {
			if _, code := ask[any](who, g.request, with(token, foreign)); code != "" {
				t.Errorf("%s with a token: %q", g.request, code)
			}
			if _, code := ask[any](who, g.request, with(token, token+"x")); code != "InvalidGrantTokenException" {
				t.Errorf("%s with what is no token: %q", g.request, code)
			}
			if _, code := ask[any](who, g.request, with(slices.Repeat([]string{token}, 11)...)); code != "ValidationException" {
				t.Errorf("%s with 11 tokens: %q", g.request, code)
			}
		}
		if _, code := ask[any](s.user("bob"), g.request, with(token)); code != denied {
			t.Errorf("%s by somebody who found the token: %q", g.request, code)
		}
	}
}

func TestATokenHoldsForItsAccountAndRegion(t *testing.T) {
	s := start(t)
	token := s.grantTo("alice", s.key(), nil, "DescribeKey").GrantToken
	for _, change := range []func(*op.Call){func(c *op.Call) {}, func(c *op.Call) { c.Region = "eu-central-1" }, func(c *op.Call) { c.Caller.Account = "444455556666" }} {
		c := call()
		change(c)
		_, _, err := s.keys.grants.ReadToken(c, token)
		if ours := c.Region == ourRegion && c.Caller.Account == ourAccount; (err == nil) != ours {
			t.Errorf("in %s, %s: %v", c.Caller.Account, c.Region, err)
		}
	}
}

func TestListingsOfGrants(t *testing.T) {
	s := start(t)
	id, other := s.key(), s.key()
	const service = "s3.us-east-1.amazonaws.com"
	var alices, bobs, retirable []string
	for range 5 {
		alices = append(alices, s.grantTo("alice", id, M{"RetiringPrincipal": arnOf("carol")}, "Decrypt").GrantId)
		bobs = append(bobs, s.grantTo("bob", id, nil, "Decrypt").GrantId)
		retirable = append(retirable, s.grantTo("bob", other, M{"RetiringPrincipal": arnOf("carol")}, "Decrypt").GrantId)
	}
	ours := s.grantTo("alice", id, M{"Name": "n/1", "GranteeServicePrincipal": service, "RetiringServicePrincipal": service,
		"Constraints": M{"SourceArn": "arn:aws:s3:us-east-1:111122223333:b"}, "GranteePrincipal": nil}, "Encrypt", "Decrypt").GrantId
	pages := func(operation string, in M) (ids []string) {
		for {
			out := must[ListGrantsOutput](s, operation, in)
			for _, g := range out.Grants {
				ids = append(ids, g.GrantId)
			}
			if out.Truncated != (out.NextMarker != "") {
				t.Errorf("truncated %v, marker %q", out.Truncated, out.NextMarker)
			}
			if !out.Truncated {
				return ids
			}
			in["Marker"] = out.NextMarker
		}
	}
	everything := slices.Concat(alices, bobs, []string{ours})
	for _, c := range []struct {
		operation string
		in        M
		want      []string
	}{
		{"ListGrants", M{"KeyId": id}, everything},
		{"ListGrants", M{"KeyId": id, "GranteePrincipal": arnOf("alice")}, alices},
		{"ListGrants", M{"KeyId": id, "GranteePrincipal": arnOf("carol")}, nil},
		{"ListGrants", M{"KeyId": id, "GranteeServicePrincipal": service}, []string{ours}},
		{"ListGrants", M{"KeyId": id, "GrantId": alices[0]}, alices[:1]},
		{"ListGrants", M{"KeyId": id, "GrantId": alices[0], "GranteePrincipal": arnOf("bob")}, nil},
		{"ListGrants", M{"KeyId": id, "GrantId": strings.Repeat("0", 64)}, nil},
		{"ListRetirableGrants", M{"RetiringPrincipal": arnOf("carol")}, slices.Concat(alices, retirable)},
		{"ListRetirableGrants", M{"RetiringPrincipal": arnOf("alice")}, nil},
		{"ListRetirableGrants", M{"RetiringServicePrincipal": service}, []string{ours}},
	} {
		for _, limit := range []int{1, 2, 5, 10, 100, 1000} {
			in := maps.Clone(c.in)
			in["Limit"] = limit
			if got := pages(c.operation, in); len(got) != len(c.want) || !slices.Equal(inOrderOnce(got), inOrderOnce(c.want)) {
				t.Errorf("%s %v by %d: %d grants, want %d", c.operation, c.in, limit, len(got), len(c.want))
			}
		}
	}
	marker := must[ListGrantsOutput](s, "ListGrants", M{"KeyId": id, "Limit": 1}).NextMarker
	for _, in := range []M{{"KeyId": other}, {"KeyId": id, "GranteePrincipal": arnOf("alice")}} {
		in["Marker"] = marker
		if _, code := ask[any](s, "ListGrants", in); code != "InvalidMarkerException" {
			t.Errorf("a marker of another listing: %q", code)
		}
	}
	for _, in := range []M{{}, {"RetiringPrincipal": aUser, "RetiringServicePrincipal": service}} {
		if _, code := ask[any](s, "ListRetirableGrants", in); code != "ValidationException" {
			t.Errorf("ListRetirableGrants %v: %q", in, code)
		}
	}
	if _, code := ask[any](s, "ListGrants", M{"KeyId": id, "GranteePrincipal": aUser, "GranteeServicePrincipal": service}); code != "ValidationException" {
		t.Errorf("two filters that exclude each other: %q", code)
	}
	entry := must[ListGrantsOutput](s, "ListGrants", M{"KeyId": id, "GrantId": ours}).Grants[0]
	if entry.KeyId != key.ARN(ourAccount, ourRegion, id) || entry.Name != "n/1" || entry.GranteeServicePrincipal != service || entry.RetiringServicePrincipal != service ||
		entry.GranteePrincipal != "" || entry.RetiringPrincipal != "" || entry.IssuingAccount != owner().ARN || !slices.Equal(entry.Operations, []string{"Decrypt", "Encrypt"}) ||
		domain.Or(entry.Constraints.SourceArn, "") == "" || !entry.CreationDate.Equal(s.time()) {
		t.Errorf("%+v", entry)
	}
	carol := s.user("carol")
	if out := must[ListGrantsOutput](carol, "ListRetirableGrants", M{"RetiringPrincipal": arnOf("carol")}); len(out.Grants) != 10 {
		t.Errorf("carol sees %d", len(out.Grants))
	}
	if _, code := ask[any](carol, "ListRetirableGrants", M{"RetiringPrincipal": arnOf("bob")}); code != denied {
		t.Errorf("carol sees bob's: %q", code)
	}
}

// After the answer to RevokeGrant nobody who begins then uses the key, however many were using it all the time.
func TestNoUseAfterARevocation(t *testing.T) {
	s := start(t)
	id := s.key()
	alice := s.user("alice")
	for range 20 {
		g := s.grantTo("alice", id, nil, "Encrypt")
		var wg sync.WaitGroup
		stop := make(chan struct{})
		for range 4 {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						ask[any](alice, "Encrypt", M{"KeyId": id, "Plaintext": "eA=="})
					}
				}
			})
		}
		must[any](alice, "Encrypt", M{"KeyId": id, "Plaintext": "eA=="})
		must[any](s, "RevokeGrant", M{"KeyId": id, "GrantId": g.GrantId})
		for range 10 {
			if _, code := ask[any](alice, "Encrypt", M{"KeyId": id, "Plaintext": "eA=="}); code != denied {
				t.Errorf("after the revocation: %q", code)
			}
		}
		close(stop)
		wg.Wait()
	}
}

func TestGrantsGoWithTheirKey(t *testing.T) {
	s := start(t)
	id := s.key()
	alice := s.user("alice")
	g := s.grantTo("alice", id, M{"RetiringPrincipal": arnOf("alice")}, "DescribeKey")
	must[any](alice, "DescribeKey", M{"KeyId": id})
	must[any](s, "ScheduleKeyDeletion", M{"KeyId": id, "PendingWindowInDays": 7})
	must[any](alice, "DescribeKey", M{"KeyId": id})
	s.pass(8 * 24 * time.Hour)
	s.jobRunner.RunDue(t.Context())
	if _, code := ask[any](alice, "DescribeKey", M{"KeyId": id}); code != denied {
		t.Errorf("a key that is gone: %q", code)
	}
	if n := len(must[ListGrantsOutput](s, "ListRetirableGrants", M{"RetiringPrincipal": arnOf("alice")}).Grants); n != 0 {
		t.Errorf("%d grants outlived their key", n)
	}
	if _, code := ask[any](s, "RetireGrant", M{"GrantToken": g.GrantToken}); code != "NotFoundException" {
		t.Errorf("a token of a grant that went with its key: %q", code)
	}
	c := call()
	c.Caller = alice.caller
	if left, err := s.keys.grants.Policies(c, key.Ref{Account: ourAccount, Region: ourRegion, ID: id}, arnOf("alice")); err != nil || len(left) != 0 {
		t.Errorf("the cache still has %v, %v", left, err)
	}
}

var (
	qSpoilGrant = store.SQL(`UPDATE kms_grants SET operations = $1, grantee = $2, constraints = $3 WHERE account = $4 AND region = $5 AND key_id = $6`)
	qFillGrants = store.SQL(`INSERT INTO kms_grants (account, region, key_id, id, name, grantee, retiring_principal, issuing_account, operations, constraints, created, mac)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
		SELECT $2, $3, $4, 'x' || i, '', 'x', '', '', '[]', '{}', 0, x'00' FROM n`)
)

func TestARowThatWasEditedGrantsNothing(t *testing.T) {
	s := start(t)
	alice := s.user("alice")
	edit := func(id, operations, grantee, constraints string) {
		t.Helper()
		err := s.db.Commit(func(tx *store.Tx) error {
			return tx.Change(qSpoilGrant, operations, grantee, constraints, ourAccount, ourRegion, id)
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.restart()
	}
	for name, spoil := range map[string]func(id string){
		"more operations": func(id string) {
			edit(id, `["Decrypt","Encrypt"]`, arnOf("alice"), `{"EncryptionContextEquals":{"a":"b"}}`)
		},
		"another grantee":     func(id string) { edit(id, `["Encrypt"]`, arnOf("alice"), `{"EncryptionContextEquals":{"a":"b"}}`) },
		"fewer constraints":   func(id string) { edit(id, `["Encrypt"]`, arnOf("alice"), `{}`) },
		"a space that is new": func(id string) { edit(id, `["Encrypt" ]`, arnOf("alice"), `{"EncryptionContextEquals":{"a":"b"}}`) },
	} {
		id := s.key()
		s.grantTo(map[bool]string{true: "bob", false: "alice"}[name == "another grantee"], id, M{"Constraints": M{"EncryptionContextEquals": M{"a": "b"}}},
			map[bool]string{true: "Decrypt", false: "Encrypt"}[name == "more operations"])
		spoil(id)
		for _, context := range []M{nil, {"a": "b"}} {
			if _, code := ask[any](alice, "Encrypt", M{"KeyId": id, "Plaintext": "eA==", "EncryptionContext": context}); code != "KMSInternalException" {
				t.Errorf("%s: %q", name, code)
			}
		}
		if _, code := ask[any](s, "ListGrants", M{"KeyId": id}); code != "KMSInternalException" {
			t.Errorf("%s, listed: %q", name, code)
		}
		if _, code := ask[any](s, "Encrypt", M{"KeyId": id, "Plaintext": "eA=="}); code != "" {
			t.Errorf("%s: the owner is kept from the key: %q", name, code)
		}
	}
}

func TestAKeyHasSoManyGrants(t *testing.T) {
	s := start(t)
	id := s.key()
	fill := func(n int) {
		t.Helper()
		err := s.db.Commit(func(tx *store.Tx) error {
			_, err := tx.Exec(qFillGrants, n, ourAccount, ourRegion, id)
			return err
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	fill(grant.PerKey - 1)
	last := s.grantTo("alice", id, nil, "Decrypt")
	if _, code := ask[any](s, "CreateGrant", M{"KeyId": id, "GranteePrincipal": aUser, "Operations": []string{"Decrypt"}}); code != "LimitExceededException" {
		t.Errorf("one more: %q", code)
	}
	must[any](s, "RevokeGrant", M{"KeyId": id, "GrantId": last.GrantId})
	s.grantTo("alice", id, nil, "Decrypt")
}

// Of many grants the cache keeps nothing, and all of them hold.
func TestManyGrantsOfOneCallerAllHold(t *testing.T) {
	s := start(t)
	id := s.key()
	alice := s.user("alice")
	const n = 60
	for i := range n {
		s.grantTo("alice", id, M{"Constraints": M{"EncryptionContextEquals": M{"n": fmt.Sprint(i)}}}, "Encrypt")
	}
	for round := range 2 {
		for i := range n + 1 {
			want := map[bool]string{true: denied}[i == n]
			if _, code := ask[any](alice, "Encrypt", M{"KeyId": id, "Plaintext": "eA==", "EncryptionContext": M{"n": fmt.Sprint(i)}}); code != want {
				t.Errorf("round %d, grant %d: %q, want %q", round, i, code, want)
			}
		}
	}
}

// The record of a use by a grant names the caller; that of a grant's making names the grant.
func TestGrantsInTheTrail(t *testing.T) {
	s := start(t)
	id := s.key()
	g := s.grantTo("alice", id, nil, "Encrypt")
	must[any](s.user("alice"), "Encrypt", M{"KeyId": id, "Plaintext": "eA=="})
	must[any](s, "RevokeGrant", M{"KeyId": id, "GrantId": g.GrantId})
	all := s.records()
	for i, want := range []string{`"CreateGrant"`, arnOf("alice"), `"RevokeGrant"`} {
		r := all[len(all)-3+i]
		if !strings.Contains(r, want) || i != 1 && !strings.Contains(r, g.GrantId) || strings.Contains(r, g.GrantToken) {
			t.Errorf("recorded: %s", r)
		}
	}
}

// A change of the key between the plan of a grant and its commit sends the request back to where it finds the key.
func TestAGrantIsNotMadeOnAKeyThatChanged(t *testing.T) {
	s := start(t)
	id := s.key()
	c := call()
	c.RequestID = "r"
	g, err := s.keys.findNewGrant(c, CreateGrantInput{KeyId: id, GranteePrincipal: new(string), Operations: []string{"Decrypt"}})
	if err != nil {
		t.Fatal(err)
	}
	commit, err := s.keys.createGrant(c, CreateGrantInput{}, g)
	if err != nil {
		t.Fatal(err)
	}
	must[any](s, "DisableKey", M{"KeyId": id})
	err = s.db.Commit(func(tx *store.Tx) error {
		_, err := commit(tx)
		return err
	}, func(error) []byte { return nil })
	if !errors.Is(err, store.Stale) {
		t.Errorf("%v", err)
	}
}
