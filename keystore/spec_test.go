package keystore

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"testing"

	"claviger/hsm"
	"claviger/internal/custody"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
	"claviger/keystore/model"
	"claviger/keystore/publickey"
)

// TestSpecs_AWSsModel_IsCovered: every key spec, usage and algorithm of AWS's model has its row or
// has none for a reason.
func TestSpecs_AWSsModel_IsCovered(t *testing.T) {
	used := map[string]bool{"SM2PKE": true, "SM2DSA": true} // of a spec that no device of ours makes
	kinds := map[custody.Kind]string{}
	for _, spec := range model.Shapes["KeySpec"].Enum {
		if len(key.Specs[spec]) == 0 {
			t.Errorf("%s has no row", spec)
		}
		for usage, u := range key.Specs[spec] {
			if !slices.Contains(model.Shapes["KeyUsageType"].Enum, usage) {
				t.Errorf("%s has the usage %s, which AWS has not", spec, usage)
			}
			if (u.Kind == "") != (len(u.Algorithms) == 0) {
				t.Errorf("%s %s has a kind without algorithms, or algorithms without a kind", spec, usage)
			}
			if other := kinds[u.Kind]; u.Kind != "" && other != "" {
				t.Errorf("%s %s is of the same kind as %s", spec, usage, other)
			}
			kinds[u.Kind] = spec + " " + usage
			for _, a := range u.Algorithms {
				used[a] = true
				if _, ok := publickey.Schemes[a]; ok != (usage == key.SignVerify) {
					t.Errorf("%s of %s %s: there is a scheme: %v", a, spec, usage, ok)
				}
			}
		}
	}
	for _, shape := range []string{"EncryptionAlgorithmSpec", "SigningAlgorithmSpec",
		"MacAlgorithmSpec", "KeyAgreementAlgorithmSpec", "EncapsulationAlgorithmSpec"} {
		for _, a := range model.Shapes[shape].Enum {
			if !used[a] {
				t.Errorf("no key serves %s", a)
			}
		}
	}
	if len(key.Specs) != len(model.Shapes["KeySpec"].Enum) {
		t.Errorf("the table has %d specs, AWS %d", len(key.Specs), len(model.Shapes["KeySpec"].Enum))
	}
}

// TestSpecs_OAEPPlaintextLimits_AreRFC8017s: RFC 8017 section 7.1.1 leaves mLen = k - 2*hLen - 2.
func TestSpecs_OAEPPlaintextLimits_AreRFC8017s(t *testing.T) {
	for spec, bits := range publickey.ModulusBits {
		longest := key.Specs[spec][key.EncryptDecrypt].LongestPlaintext
		for algorithm, h := range map[string]crypto.Hash{publickey.OAEPSHA1: crypto.SHA1,
			publickey.OAEPSHA256: crypto.SHA256} {
			if want := bits/8 - 2*h.Size() - 2; longest[algorithm] != want {
				t.Errorf("%s with %s: %d bytes, want %d", spec, algorithm, longest[algorithm], want)
			}
		}
	}
}

// symmetricOnly is a token that can make symmetric keys and nothing else.
type symmetricOnly struct{ *hsm.Token }

func (symmetricOnly) Supports(k custody.Kind) bool { return k == custody.AES256 }

// TestCreateKey_KindTheDeviceLacks_IsRefused: what it can't make is refused before it is asked.
func TestCreateKey_KindTheDeviceLacks_IsRefused(t *testing.T) {
	s := startOn(t, func(token *hsm.Token) Token { return symmetricOnly{token} })
	s.key(key.SymmetricDefault, key.EncryptDecrypt)
	before := s.TokenCalls.Load()
	for spec, uses := range key.Specs {
		for usage := range uses {
			if spec != key.SymmetricDefault {
				_, err := send[CreateKeyOutput](t.Context(), s, "CreateKey",
					doc{"KeySpec": spec, "KeyUsage": usage})
				refused(t, err, "UnsupportedOperationException", "*")
			}
		}
	}
	if n := s.TokenCalls.Load(); n != before {
		t.Errorf("the token was called %d times", n-before)
	}
}

// TestPublicKey_VerifyAndEncrypt_CallNoToken: the token is the slow part, and it is not needed for
// what anybody could do.
func TestPublicKey_VerifyAndEncrypt_CallNoToken(t *testing.T) {
	s := startOn(t, nil)
	signer, opener := s.key("ECC_SECG_P256K1", key.SignVerify), s.key("RSA_2048", key.EncryptDecrypt)
	verify := doc{"KeyId": signer, "Message": []byte("x"), "SigningAlgorithm": "ECDSA_SHA_256"}
	verify["Signature"] = done[cryptoops.SignOutput](s, "Sign", verify).Signature
	// its row is verified now
	done[cryptoops.GetPublicKeyOutput](s, "GetPublicKey", doc{"KeyId": opener})
	before := s.TokenCalls.Load()
	done[cryptoops.VerifyOutput](s, "Verify", verify)
	done[cryptoops.EncryptOutput](s, "Encrypt",
		doc{"KeyId": opener, "Plaintext": []byte("x"), "EncryptionAlgorithm": publickey.OAEPSHA256})
	done[cryptoops.GetPublicKeyOutput](s, "GetPublicKey", doc{"KeyId": signer})
	if n := s.TokenCalls.Load(); n != before {
		t.Errorf("the token was called %d times", n-before)
	}
}

// TestGenerateDataKeyPair_NoFreeWorker_WaitsForTheCallOnly: a request that waits for a
// processor to make a key pair ends with its context.
func TestGenerateDataKeyPair_NoFreeWorker_WaitsForTheCallOnly(t *testing.T) {
	s := startOn(t, nil)
	in := doc{"KeyId": s.key(key.SymmetricDefault, key.EncryptDecrypt), "KeyPairSpec": "ECC_NIST_P256"}
	pairs := s.keys.cryptographic.Pairs
	for i := range pairs.Places {
		if !pairs.Take(fmt.Sprint("party ", i), 1) {
			t.Fatal("a place was taken")
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := send[cryptoops.GenerateDataKeyPairOutput](ctx, s, "GenerateDataKeyPair", in)
	if !errors.Is(err, custody.ErrUnavailable) {
		t.Errorf("with no place left: %v", err)
	}
	pairs.Give("party 0", 1)
	done[cryptoops.GenerateDataKeyPairOutput](s, "GenerateDataKeyPair", in)
}
