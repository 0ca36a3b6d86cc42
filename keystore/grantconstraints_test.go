package keystore

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/cryptoops"
)

func TestGrantConstraints_EncryptionContext_IsHeldToThem(t *testing.T) {
	s := start(t)
	alice := s.user("alice")
	contexts := []M{nil, {}, {"a": "1"}, {"A": "1"}, {"a": "2"}, {"a": "1", "b": "2"},
		{"a": "1", "b": "3"}, {"b": "2"}}
	all := []int{0, 1, 2, 3, 4, 5, 6, 7}
	for _, c := range []struct {
		name        string
		constraints M
		admits      []int // of contexts
	}{
		{"none", nil, all},
		{"an empty list of them", M{}, all},
		{"equal to one pair; keys know no case", M{"EncryptionContextEquals": M{"a": "1"}},
			[]int{2, 3}},
		{"equal to two", M{"EncryptionContextEquals": M{"a": "1", "b": "2"}}, []int{5}},
		{"equal to nothing", M{"EncryptionContextEquals": M{}}, []int{0, 1}},
		{"with one pair", M{"EncryptionContextSubset": M{"A": "1"}}, []int{2, 3, 5, 6}},
		{"with two", M{"EncryptionContextSubset": M{"a": "1", "b": "2"}}, []int{5}},
		{"with nothing", M{"EncryptionContextSubset": M{}}, all},
		{"with one pair, as Terraform sends it", M{"EncryptionContextSubset": M{"a": "1"},
			"EncryptionContextEquals": M{}}, []int{2, 3, 5, 6}},
		{"equal to one, as Terraform sends it", M{"EncryptionContextSubset": M{},
			"EncryptionContextEquals": M{"a": "1"}}, []int{2, 3}},
		{"both of nothing", M{"EncryptionContextSubset": M{}, "EncryptionContextEquals": M{}},
			[]int{0, 1}},
		{"on behalf of a resource", M{"SourceArn": aResource}, nil},
	} {
		id := s.key()
		s.grantTo("alice", id, M{"Constraints": c.constraints},
			"Encrypt", "Decrypt", "GenerateDataKey", "DescribeKey")
		for i, context := range contexts {
			want := denied
			if slices.Contains(c.admits, i) {
				want = ""
			}
			encrypt := M{"KeyId": id, "Plaintext": "eA==", "EncryptionContext": context}
			_, code := ask[any](alice, "Encrypt", encrypt)
			_, code2 := ask[any](alice, "GenerateDataKey", M{"KeyId": id, "KeySpec": "AES_256",
				"EncryptionContext": context})
			blob := must[cryptoops.EncryptOutput](s, "Encrypt", encrypt).CiphertextBlob
			_, code3 := ask[any](alice, "Decrypt", M{"CiphertextBlob": blob, "EncryptionContext": context})
			if code != want || code2 != want || code3 != want {
				t.Errorf("%s: context %v: Encrypt %q, GenerateDataKey %q, Decrypt %q, want %q",
					c.name, context, code, code2, code3, want)
			}
		}
		want := map[bool]string{true: denied}[c.constraints["SourceArn"] != nil]
		if _, code := ask[any](alice, "DescribeKey", M{"KeyId": id}); code != want {
			t.Errorf("%s: DescribeKey has no context: %q, want %q", c.name, code, want)
		}
	}
}

// Another service asks for its caller, with a context of its own.
func TestGrant_UseThroughAnotherService_IsHeldToItsContext(t *testing.T) {
	s := start(t)
	id := s.key()
	alice := s.user("alice").caller
	seal := func(arn string) error {
		return s.withinAs(alice, ourRegion, func(c *op.Call) error {
			context := map[string]string{"SecretARN": arn}
			e, err := s.keys.Seal(c, "secretsmanager", id, context, []byte("x"))
			if err != nil {
				return err
			}
			_, err = s.keys.Unseal(c, "secretsmanager", e, context)
			return err
		})
	}
	if f := fault.Of(seal("mine")); f == nil || f.Code != denied {
		t.Errorf("without a grant: %v", f)
	}
	equals := byPairs("EncryptionContextEquals", M{"SecretARN": "mine"})
	s.grantTo("alice", id, equals, "GenerateDataKey")
	f := fault.Of(seal("mine"))
	if f == nil || f.Code != denied || !strings.Contains(f.Message, "kms:Decrypt") {
		t.Errorf("with the half of it: %v", f)
	}
	s.grantTo("alice", id, byPairs("EncryptionContextSubset", M{"SecretARN": "mine"}), "Decrypt")
	if err := seal("mine"); err != nil {
		t.Errorf("with grants: %v", err)
	}
	if f := fault.Of(seal("other")); f == nil || f.Code != denied {
		t.Errorf("of another secret: %v", f)
	}
}

// They are more than the cache keeps, so each use reads them.
func TestGrant_ManyOfOneCaller_AllHold(t *testing.T) {
	s := start(t)
	id := s.key()
	alice := s.user("alice")
	const n = 60
	for i := range n {
		equals := byPairs("EncryptionContextEquals", M{"n": fmt.Sprint(i)})
		s.grantTo("alice", id, equals, "Encrypt")
	}
	for round := range 2 {
		for i := range n + 1 {
			want := map[bool]string{true: denied}[i == n]
			in := M{"KeyId": id, "Plaintext": "eA==", "EncryptionContext": M{"n": fmt.Sprint(i)}}
			if _, code := ask[any](alice, "Encrypt", in); code != want {
				t.Errorf("round %d, grant %d: %q, want %q", round, i, code, want)
			}
		}
	}
}
