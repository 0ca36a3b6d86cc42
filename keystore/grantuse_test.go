package keystore

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
)

const denied = "AccessDeniedException"

// aResource is what an AWS service acts for by a grant with a SourceArn constraint.
const aResource = "arn:aws:s3:us-east-1:111122223333:b"

// grantTo grants operations on a key to a user and returns the grant. Members go over the request.
func (s *service) grantTo(user, keyID string, over M, operations ...string) CreateGrantOutput {
	s.t.Helper()
	in := M{"KeyId": keyID, "GranteePrincipal": arnOf(user), "Operations": operations}
	maps.Copy(in, over)
	return must[CreateGrantOutput](s, "CreateGrant", in)
}

// byPairs is the constraint of one type, EncryptionContextEquals or EncryptionContextSubset.
func byPairs(constraint string, pairs M) M { return M{"Constraints": M{constraint: pairs}} }

// grantedUse is a request that a grant of its operation allows, on a key of a sample: what the
// sample makes is in blob.
type grantedUse struct {
	operation string
	sample    keySample
	in        func(sampleKey) M
}

var grantedUses = []grantedUse{
	{"Encrypt", cipher, func(m sampleKey) M { return M{"KeyId": m.id, "Plaintext": "eA=="} }},
	{"Decrypt", cipher, func(m sampleKey) M { return M{"CiphertextBlob": m.blob} }},
	{"GenerateDataKey", cipher, func(m sampleKey) M { return M{"KeyId": m.id, "KeySpec": "AES_256"} }},
	{"GenerateDataKeyWithoutPlaintext", cipher, func(m sampleKey) M {
		return M{"KeyId": m.id, "KeySpec": "AES_256"}
	}},
	{"GenerateDataKeyPair", cipher, func(m sampleKey) M {
		return M{"KeyId": m.id, "KeyPairSpec": "ECC_NIST_P256"}
	}},
	{"GenerateDataKeyPairWithoutPlaintext", cipher, func(m sampleKey) M {
		return M{"KeyId": m.id, "KeyPairSpec": "ECC_NIST_P256"}
	}},
	{"DescribeKey", cipher, func(m sampleKey) M { return M{"KeyId": m.alias} }},
	{"CreateGrant", cipher, func(m sampleKey) M {
		return M{"KeyId": m.id, "GranteePrincipal": aUser, "Operations": granting("CreateGrant")}
	}},
	{"Sign", signer, func(m sampleKey) M {
		return M{"KeyId": m.id, "Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256"}
	}},
	{"Verify", signer, func(m sampleKey) M {
		return M{"KeyId": m.id, "Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256",
			"Signature": m.blob}
	}},
	{"GetPublicKey", signer, func(m sampleKey) M { return M{"KeyId": m.id} }},
	{"GenerateMac", authenticator, func(m sampleKey) M {
		return M{"KeyId": m.id, "Message": "eA==", "MacAlgorithm": "HMAC_SHA_256"}
	}},
	{"VerifyMac", authenticator, func(m sampleKey) M {
		return M{"KeyId": m.id, "Message": "eA==", "MacAlgorithm": "HMAC_SHA_256", "Mac": m.blob}
	}},
	{"DeriveSharedSecret", agreer, func(m sampleKey) M {
		return M{"KeyId": m.id, "KeyAgreementAlgorithm": "ECDH", "PublicKey": m.blob}
	}},
}

// granting returns the operations of a grant that is to allow one. CreateGrant can't be alone.
func granting(operation string) []string {
	if operation == "CreateGrant" {
		return []string{operation, "RetireGrant"}
	}
	return []string{operation}
}

// A grant allows no other operation, nobody else, no other key.
func TestGrant_EachOperation_IsAllowedToTheGranteeOnTheKey(t *testing.T) {
	s := start(t)
	alice, bob := s.user("alice"), s.user("bob")
	for i, g := range grantedUses {
		m := s.inState(2*i, g.sample, key.Enabled)
		other := s.inState(2*i+1, g.sample, key.Enabled)
		if _, code := ask[any](alice, g.operation, g.in(m)); code != denied {
			t.Errorf("%s before the grant: %q", g.operation, code)
		}
		s.grantTo("alice", m.id, nil, granting(g.operation)...)
		if _, code := ask[any](alice, g.operation, g.in(m)); code != "" {
			t.Errorf("%s after the grant: %q", g.operation, code)
		}
		if _, code := ask[any](bob, g.operation, g.in(m)); code != denied {
			t.Errorf("%s by somebody else: %q", g.operation, code)
		}
		if _, code := ask[any](alice, g.operation, g.in(other)); code != denied {
			t.Errorf("%s by another key: %q", g.operation, code)
		}
		for _, o := range grantedUses {
			if o.operation == g.operation || o.sample.usage != g.sample.usage {
				continue
			}
			if _, code := ask[any](alice, o.operation, o.in(m)); code != denied {
				t.Errorf("%s by a grant of %s: %q", o.operation, g.operation, code)
			}
		}
		if _, code := ask[any](alice, "DisableKey", M{"KeyId": m.id}); code != denied {
			t.Errorf("DisableKey by a grant of %s: %q", g.operation, code)
		}
	}
}

func TestGrant_ReEncrypt_NeedsAGrantOfEachKey(t *testing.T) {
	s := start(t)
	alice := s.user("alice")
	from, to := s.key(), s.key()
	blob := must[cryptoops.EncryptOutput](s, "Encrypt", M{"KeyId": from, "Plaintext": "eA==",
		"EncryptionContext": M{"a": "1"}}).CiphertextBlob
	move := func(source, destination string) string {
		_, code := ask[any](alice, "ReEncrypt", M{"CiphertextBlob": blob,
			"SourceEncryptionContext": M{"a": source}, "DestinationKeyId": to,
			"DestinationEncryptionContext": M{"b": destination}})
		return code
	}
	if code := move("1", "2"); code != denied {
		t.Errorf("without a grant: %q", code)
	}
	s.grantTo("alice", from, byPairs("EncryptionContextEquals", M{"a": "1"}), "ReEncryptFrom")
	if code := move("1", "2"); code != denied {
		t.Errorf("with one of two: %q", code)
	}
	s.grantTo("alice", to, byPairs("EncryptionContextEquals", M{"b": "2"}), "ReEncryptTo")
	for _, c := range []struct{ source, destination, want string }{
		{"1", "2", ""}, {"2", "2", denied}, {"1", "1", denied},
	} {
		if code := move(c.source, c.destination); code != c.want {
			t.Errorf("from a=%s to b=%s: %q, want %q", c.source, c.destination, code, c.want)
		}
	}
	in := M{"CiphertextBlob": blob, "EncryptionContext": M{"a": "1"}}
	if _, code := ask[any](alice, "Decrypt", in); code != denied {
		t.Errorf("to move is not to read: %q", code)
	}
}

// A token changes nothing, since a grant holds at once. One of another key is let pass, one that is
// none is refused, whoever asks.
func TestGrantTokens_EachOperation_AreChecked(t *testing.T) {
	s := start(t)
	alice := s.user("alice")
	foreign := s.grantTo("alice", s.key(), nil, "DescribeKey").GrantToken
	for i, g := range grantedUses {
		m := s.inState(i, g.sample, key.Enabled)
		token := s.grantTo("alice", m.id, nil, granting(g.operation)...).GrantToken
		with := func(tokens ...string) M {
			in := g.in(m)
			in["GrantTokens"] = tokens
			return in
		}
		eleven := slices.Repeat([]string{token}, 11)
		for _, who := range []asker{s, alice} {
			if _, code := ask[any](who, g.operation, with(token, foreign)); code != "" {
				t.Errorf("%s with a token: %q", g.operation, code)
			}
			_, code := ask[any](who, g.operation, with(token, token+"x"))
			if code != "InvalidGrantTokenException" {
				t.Errorf("%s with what is no token: %q", g.operation, code)
			}
			_, code = ask[any](who, g.operation, with(eleven...))
			if code != "ValidationException" {
				t.Errorf("%s with 11 tokens: %q", g.operation, code)
			}
		}
		if _, code := ask[any](s.user("bob"), g.operation, with(token)); code != denied {
			t.Errorf("%s by somebody who found the token: %q", g.operation, code)
		}
	}
}

// The record of a use by a grant names the caller; that of a grant's making or end names the grant.
func TestGrant_MadeUsedAndRevoked_IsRecorded(t *testing.T) {
	s := start(t)
	id := s.key()
	g := s.grantTo("alice", id, nil, "Encrypt")
	must[any](s.user("alice"), "Encrypt", M{"KeyId": id, "Plaintext": "eA=="})
	must[any](s, "RevokeGrant", M{"KeyId": id, "GrantId": g.GrantId})
	all := s.Records()
	for i, want := range []string{`"CreateGrant"`, arnOf("alice"), `"RevokeGrant"`} {
		r := all[len(all)-3+i]
		namesGrant := strings.Contains(r, g.GrantId)
		if !strings.Contains(r, want) || i != 1 && !namesGrant ||
			strings.Contains(r, g.GrantToken) {
			t.Errorf("recorded: %s", r)
		}
	}
}
