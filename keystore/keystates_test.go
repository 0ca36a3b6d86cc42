package keystore

import (
	"bytes"
	"testing"

	"claviger/hsm/hsmtest/fakedevice"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
)

// The answers of the matrix.
const (
	yes     = ""
	off     = "DisabledException"
	pending = "KMSInvalidStateException" // pending deletion, or for CancelKeyDeletion: not pending
)

// byID is the request that names the key and nothing else.
func byID(m sampleKey) M { return M{"KeyId": m.id} }

// keyStates is the table "Key states of KMS keys" of the KMS developer guide, for the states that a
// key on the service's own token can be in. Request makes the document for a key, with what setUp
// has left; nil means that the operation touches no key's state.
var keyStates = map[string]struct {
	request                            func(sampleKey) M
	enabled, disabled, pendingDeletion string
}{
	"CreateKey":      {},
	"ListKeys":       {},
	"ListAliases":    {},
	"GenerateRandom": {},

	"CreateCustomKeyStore":     {},
	"DescribeCustomKeyStores":  {},
	"UpdateCustomKeyStore":     {},
	"DeleteCustomKeyStore":     {},
	"ConnectCustomKeyStore":    {},
	"DisconnectCustomKeyStore": {},

	"Encrypt": {func(m sampleKey) M {
		return M{"KeyId": m.id, "Plaintext": "eA=="}
	}, yes, off, pending},
	"Decrypt": {func(m sampleKey) M {
		return M{"CiphertextBlob": m.blob}
	}, yes, off, pending},
	"ReEncrypt": {func(m sampleKey) M {
		return M{"CiphertextBlob": m.blob, "DestinationKeyId": m.id}
	}, yes, off, pending},
	"GenerateDataKey": {func(m sampleKey) M {
		return M{"KeyId": m.id, "KeySpec": "AES_256"}
	}, yes, off, pending},
	"GenerateDataKeyWithoutPlaintext": {func(m sampleKey) M {
		return M{"KeyId": m.id, "NumberOfBytes": 7}
	}, yes, off, pending},
	"GenerateDataKeyPair": {func(m sampleKey) M {
		return M{"KeyId": m.id, "KeyPairSpec": "ECC_NIST_P256"}
	}, yes, off, pending},
	"GenerateDataKeyPairWithoutPlaintext": {func(m sampleKey) M {
		return M{"KeyId": m.id, "KeyPairSpec": "ECC_NIST_P256"}
	}, yes, off, pending},

	"GetPublicKey": {byID, yes, off, pending},
	"Sign": {func(m sampleKey) M {
		return M{"KeyId": m.id, "Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256"}
	}, yes, off, pending},
	"Verify": {func(m sampleKey) M {
		return M{"KeyId": m.id, "Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256",
			"Signature": m.blob}
	}, yes, off, pending},
	"GenerateMac": {func(m sampleKey) M {
		return M{"KeyId": m.id, "Message": "eA==", "MacAlgorithm": "HMAC_SHA_256"}
	}, yes, off, pending},
	"VerifyMac": {func(m sampleKey) M {
		return M{"KeyId": m.id, "Message": "eA==", "MacAlgorithm": "HMAC_SHA_256", "Mac": m.blob}
	}, yes, off, pending},
	"DeriveSharedSecret": {func(m sampleKey) M {
		return M{"KeyId": m.id, "KeyAgreementAlgorithm": "ECDH", "PublicKey": m.blob}
	}, yes, off, pending},

	"Encapsulate": {func(m sampleKey) M {
		return M{"KeyId": m.id, "EncapsulationAlgorithm": "ML_KEM"}
	}, yes, off, pending},
	"Decapsulate": {func(m sampleKey) M {
		return M{"KeyId": m.id, "EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": m.blob}
	}, yes, off, pending},

	"EnableKey":           {byID, yes, yes, pending},
	"DisableKey":          {byID, yes, yes, pending},
	"ScheduleKeyDeletion": {byID, yes, yes, pending},
	"CancelKeyDeletion":   {byID, pending, pending, yes},
	"ReplicateKey": {func(m sampleKey) M {
		return M{"KeyId": m.id, "ReplicaRegion": farAway}
	}, yes, off, pending},
	"UpdatePrimaryRegion": {func(m sampleKey) M {
		return M{"KeyId": m.id, "PrimaryRegion": abroad}
	}, yes, off, pending},
	"CreateAlias": {func(m sampleKey) M {
		return M{"AliasName": m.alias + "-2", "TargetKeyId": m.id}
	}, yes, yes, pending},
	"UpdateAlias": {func(m sampleKey) M {
		return M{"AliasName": m.other, "TargetKeyId": m.id}
	}, yes, yes, pending},
	"DeleteAlias": {func(m sampleKey) M { return M{"AliasName": m.alias} }, yes, yes, yes},
	"DescribeKey": {byID, yes, yes, yes},
	"UpdateKeyDescription": {func(m sampleKey) M {
		return M{"KeyId": m.id, "Description": "x"}
	}, yes, yes, pending},
	"GetKeyPolicy": {byID, yes, yes, yes},
	"PutKeyPolicy": {func(m sampleKey) M {
		return M{"KeyId": m.id, "Policy": aPolicy}
	}, yes, yes, yes},
	"ListKeyPolicies": {byID, yes, yes, yes},
	"CreateGrant": {func(m sampleKey) M {
		return M{"KeyId": m.id, "GranteePrincipal": aUser, "Operations": []string{"DescribeKey"}}
	}, yes, off, pending},
	"ListGrants":          {byID, yes, yes, yes},
	"ListRetirableGrants": {},
	"RetireGrant": {func(m sampleKey) M {
		return M{"KeyId": m.id, "GrantId": m.grant}
	}, yes, yes, yes},
	"RevokeGrant": {func(m sampleKey) M {
		return M{"KeyId": m.id, "GrantId": m.grant}
	}, yes, yes, yes},
	"EnableKeyRotation": {func(m sampleKey) M {
		return M{"KeyId": m.id, "RotationPeriodInDays": 90}
	}, yes, off, pending},
	"DisableKeyRotation":   {byID, yes, off, pending},
	"GetKeyRotationStatus": {byID, yes, yes, yes},
	"RotateKeyOnDemand":    {byID, yes, off, pending},
	"ListKeyRotations": {func(m sampleKey) M {
		return M{"KeyId": m.id, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"}
	}, yes, yes, yes},
	"GetKeyLastUsage":  {byID, yes, yes, yes},
	"ListResourceTags": {byID, yes, yes, yes},
	"TagResource": {func(m sampleKey) M {
		return M{"KeyId": m.id, "Tags": []M{{"TagKey": "a", "TagValue": "b"}}}
	}, yes, yes, pending},
	"UntagResource": {func(m sampleKey) M {
		return M{"KeyId": m.id, "TagKeys": []string{"a"}}
	}, yes, yes, pending},
	"GetParametersForImport": {func(m sampleKey) M {
		return M{"KeyId": m.id, "WrappingAlgorithm": everyKindWrapping, "WrappingKeySpec": "RSA_2048"}
	}, yes, yes, pending},
	"ImportKeyMaterial": {func(m sampleKey) M {
		token, wrapped, _ := bytes.Cut(m.blob, []byte{0})
		return M{"KeyId": m.id, "ImportToken": token, "EncryptedKeyMaterial": wrapped,
			"ExpirationModel": key.MaterialDoesNotExpire}
	}, yes, yes, pending},
	"DeleteImportedKeyMaterial": {byID, yes, yes, yes},
}

// TestKeyStates_EveryOperation_AnswersAsTheGuide is made on SoftHSM2, but for keys that it can't
// make.
func TestKeyStates_EveryOperation_AnswersAsTheGuide(t *testing.T) {
	s, v32 := start(t), startWith(t, fakedevice.LikeV32(t).Config())
	n := 0
	for name := range s.byName {
		row, ok := keyStates[name]
		if !ok {
			t.Errorf("%s has no row in the table of key states", name)
			continue
		}
		if row.request == nil {
			continue
		}
		for state, want := range map[key.State]string{key.Enabled: row.enabled,
			key.Disabled: row.disabled, key.PendingDeletion: row.pendingDeletion} {
			n++
			x := sampleFor(name)
			on := x.serviceFor(s, v32)
			m := on.inState(n, x, state)
			if _, code := ask[any](on, name, row.request(m)); code != want {
				t.Errorf("%s in state %s: %q, want %q", name, state, code, want)
			}
		}
	}
	for name := range keyStates {
		if s.byName[name] == nil {
			t.Errorf("the table has %s, and there is no such operation", name)
		}
	}
}

func TestKeyStates_SecondKeyOfARequest_IsHeldToItsState(t *testing.T) {
	s := start(t)
	m := s.inState(1, cipher, key.PendingDeletion)
	other := s.key()
	if _, code := ask[any](s, "UpdateAlias",
		M{"AliasName": m.alias, "TargetKeyId": other}); code != yes {
		t.Errorf("moving an alias away from a key pending deletion: %s", code)
	}
	blob := must[cryptoops.EncryptOutput](s, "Encrypt",
		M{"KeyId": other, "Plaintext": "eA=="}).CiphertextBlob
	if _, code := ask[any](s, "ReEncrypt",
		M{"CiphertextBlob": blob, "DestinationKeyId": m.id}); code != pending {
		t.Errorf("ReEncrypt to a key pending deletion: %q", code)
	}
	if _, code := ask[any](s, "ReEncrypt",
		M{"CiphertextBlob": m.blob, "DestinationKeyId": other}); code != pending {
		t.Errorf("ReEncrypt from a key pending deletion: %q", code)
	}
}
