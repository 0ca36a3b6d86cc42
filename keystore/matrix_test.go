package keystore

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"claviger/hsm/hsmtest"
	"claviger/hsm/hsmtest/fakedevice"
	"claviger/internal/fault"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
)

// The answers of the matrix.
const (
	yes     = ""
	off     = "DisabledException"
	pending = "KMSInvalidStateException" // pending deletion, or for CancelKeyDeletion: not pending
)

// keyStates is the table "Key states of KMS keys" of the KMS developer guide, for the states that a
// key on the service's own token can be in. Request makes the document for a key, with what setUp
// has left; nil means that the operation touches no key's state.
var keyStates = map[string]struct {
	request                            func(made) M
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

	"Encrypt": {func(m made) M {
		return M{"KeyId": m.id,
			"Plaintext": "eA=="}
	}, yes, off, pending},
	"Decrypt": {func(m made) M { return M{"CiphertextBlob": m.blob} }, yes,
		off, pending},
	"ReEncrypt": {func(m made) M {
		return M{"CiphertextBlob": m.blob,
			"DestinationKeyId": m.id}
	}, yes, off, pending},
	"GenerateDataKey": {func(m made) M {
		return M{"KeyId": m.id,
			"KeySpec": "AES_256"}
	}, yes, off, pending},
	"GenerateDataKeyWithoutPlaintext": {func(m made) M {
		return M{"KeyId": m.id,
			"NumberOfBytes": 7}
	}, yes, off, pending},
	"GenerateDataKeyPair": {func(m made) M {
		return M{"KeyId": m.id,
			"KeyPairSpec": "ECC_NIST_P256"}
	}, yes, off, pending},
	"GenerateDataKeyPairWithoutPlaintext": {func(m made) M {
		return M{"KeyId": m.id,
			"KeyPairSpec": "ECC_NIST_P256"}
	}, yes, off, pending},

	"GetPublicKey": {func(m made) M { return M{"KeyId": m.id} }, yes, off, pending},
	"Sign": {func(m made) M {
		return M{"KeyId": m.id, "Message": "eA==",
			"SigningAlgorithm": "ECDSA_SHA_256"}
	}, yes, off, pending},
	"Verify": {func(m made) M {
		return M{"KeyId": m.id, "Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256",
			"Signature": m.blob}
	}, yes, off, pending},
	"GenerateMac": {func(m made) M {
		return M{"KeyId": m.id, "Message": "eA==",
			"MacAlgorithm": "HMAC_SHA_256"}
	}, yes, off, pending},
	"VerifyMac": {func(m made) M {
		return M{"KeyId": m.id, "Message": "eA==", "MacAlgorithm": "HMAC_SHA_256", "Mac": m.blob}
	}, yes, off, pending},
	"DeriveSharedSecret": {func(m made) M {
		return M{"KeyId": m.id, "KeyAgreementAlgorithm": "ECDH",
			"PublicKey": m.blob}
	}, yes, off, pending},

	"Encapsulate": {func(m made) M { return M{"KeyId": m.id, "EncapsulationAlgorithm": "ML_KEM"} },
		yes, off, pending},
	"Decapsulate": {func(m made) M {
		return M{"KeyId": m.id, "EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": m.blob}
	}, yes, off, pending},

	"EnableKey":           {func(m made) M { return M{"KeyId": m.id} }, yes, yes, pending},
	"DisableKey":          {func(m made) M { return M{"KeyId": m.id} }, yes, yes, pending},
	"ScheduleKeyDeletion": {func(m made) M { return M{"KeyId": m.id} }, yes, yes, pending},
	"CancelKeyDeletion":   {func(m made) M { return M{"KeyId": m.id} }, pending, pending, yes},
	"ReplicateKey": {func(m made) M { return M{"KeyId": m.id, "ReplicaRegion": farAway} }, yes,
		off, pending},
	"UpdatePrimaryRegion": {func(m made) M { return M{"KeyId": m.id, "PrimaryRegion": abroad} }, yes,
		off, pending},
	"CreateAlias": {func(m made) M {
		return M{"AliasName": m.alias + "-2",
			"TargetKeyId": m.id}
	}, yes, yes, pending},
	"UpdateAlias": {func(m made) M { return M{"AliasName": m.other, "TargetKeyId": m.id} },
		yes, yes, pending},
	"DeleteAlias": {func(m made) M { return M{"AliasName": m.alias} }, yes, yes, yes},
	"DescribeKey": {func(m made) M { return M{"KeyId": m.id} }, yes, yes, yes},
	"UpdateKeyDescription": {func(m made) M { return M{"KeyId": m.id, "Description": "x"} }, yes, yes,
		pending},
	"GetKeyPolicy": {func(m made) M { return M{"KeyId": m.id} }, yes, yes, yes},
	"PutKeyPolicy": {func(m made) M { return M{"KeyId": m.id, "Policy": aPolicy} }, yes, yes,
		yes},
	"ListKeyPolicies": {func(m made) M { return M{"KeyId": m.id} }, yes, yes, yes},
	"CreateGrant": {func(m made) M {
		return M{"KeyId": m.id, "GranteePrincipal": aUser, "Operations": []string{"DescribeKey"}}
	}, yes, off, pending},
	"ListGrants":          {func(m made) M { return M{"KeyId": m.id} }, yes, yes, yes},
	"ListRetirableGrants": {},
	"RetireGrant": {func(m made) M { return M{"KeyId": m.id, "GrantId": m.grant} }, yes, yes,
		yes},
	"RevokeGrant": {func(m made) M { return M{"KeyId": m.id, "GrantId": m.grant} }, yes, yes,
		yes},
	"EnableKeyRotation": {func(m made) M { return M{"KeyId": m.id, "RotationPeriodInDays": 90} },
		yes, off, pending},
	"DisableKeyRotation":   {func(m made) M { return M{"KeyId": m.id} }, yes, off, pending},
	"GetKeyRotationStatus": {func(m made) M { return M{"KeyId": m.id} }, yes, yes, yes},
	"RotateKeyOnDemand":    {func(m made) M { return M{"KeyId": m.id} }, yes, off, pending},
	"ListKeyRotations": {func(m made) M {
		return M{"KeyId": m.id,
			"IncludeKeyMaterial": "ALL_KEY_MATERIAL"}
	}, yes, yes, yes},
	"GetKeyLastUsage":  {func(m made) M { return M{"KeyId": m.id} }, yes, yes, yes},
	"ListResourceTags": {func(m made) M { return M{"KeyId": m.id} }, yes, yes, yes},
	"TagResource": {func(m made) M {
		return M{"KeyId": m.id,
			"Tags": []M{{"TagKey": "a", "TagValue": "b"}}}
	}, yes, yes, pending},
	"UntagResource": {func(m made) M { return M{"KeyId": m.id, "TagKeys": []string{"a"}} }, yes,
		yes, pending},
	"GetParametersForImport": {func(m made) M {
		return M{"KeyId": m.id, "WrappingAlgorithm": usual, "WrappingKeySpec": "RSA_2048"}
	}, yes, yes, pending},
	"ImportKeyMaterial": {func(m made) M {
		token, wrapped, _ := bytes.Cut(m.blob, []byte{0})
		return M{"KeyId": m.id, "ImportToken": token, "EncryptedKeyMaterial": wrapped,
			"ExpirationModel": key.MaterialDoesNotExpire}
	}, yes, yes, pending},
	"DeleteImportedKeyMaterial": {func(m made) M { return M{"KeyId": m.id} }, yes, yes, yes},
}

// sample is a key of one usage, and what it made before anything happened to it.
type sample struct {
	spec, usage string
	make        func(s *service, id string) []byte
	multiRegion bool
	origin      string // empty means AWS_KMS
}

var (
	cipher = sample{spec: key.SymmetricDefault, usage: key.EncryptDecrypt,
		make: func(s *service, id string) []byte {
			return must[cryptoops.EncryptOutput](s, "Encrypt",
				M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob
		}}
	replicated = sample{spec: key.SymmetricDefault, usage: key.EncryptDecrypt, multiRegion: true,
		make: func(s *service, id string) []byte {
			must[ReplicateKeyOutput](s, "ReplicateKey", M{"KeyId": id, "ReplicaRegion": abroad})
			return nil
		}}
	signer = sample{spec: "ECC_NIST_P256", usage: key.SignVerify,
		make: func(s *service, id string) []byte {
			return must[cryptoops.SignOutput](s, "Sign",
				M{"KeyId": id, "Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256"}).Signature
		}}
	authenticator = sample{spec: "HMAC_256", usage: key.GenerateVerifyMac,
		make: func(s *service, id string) []byte {
			return must[cryptoops.GenerateMacOutput](s, "GenerateMac",
				M{"KeyId": id, "Message": "eA==", "MacAlgorithm": "HMAC_SHA_256"}).Mac
		}}
	agreer = sample{spec: "ECC_NIST_P256", usage: key.KeyAgreement,
		make: func(s *service, id string) []byte {
			return must[cryptoops.GetPublicKeyOutput](s, "GetPublicKey", M{"KeyId": id}).PublicKey
		}}
	encapsulator = sample{spec: "ML_KEM_768", usage: key.EncapsulateDecapsulate,
		make: func(s *service, id string) []byte {
			return must[cryptoops.EncapsulateOutput](s, "Encapsulate",
				M{"KeyId": id, "EncapsulationAlgorithm": "ML_KEM"}).SharedSecretCiphertextBlob
		}}
)

// importer is a key whose material came from elsewhere, and what it takes to import it again: the
// token, a zero, the wrapped material.
var importer = sample{spec: key.SymmetricDefault, usage: key.EncryptDecrypt,
	origin: key.OriginExternal, make: func(s *service, id string) []byte {
		material, _ := hsmtest.Outside(s.t, key.SymmetricDefault)
		in := wrap(s.t, id, s.parameters(id, usual, "RSA_2048"), usual, material)
		must[any](s, "ImportKeyMaterial", M(in))
		return slices.Concat(in["ImportToken"].([]byte), []byte{0}, in["EncryptedKeyMaterial"].([]byte))
	}}

// samples has the operations that take no symmetric key.
var samples = map[string]sample{"GetPublicKey": signer, "Sign": signer, "Verify": signer,
	"GenerateMac": authenticator, "VerifyMac": authenticator, "DeriveSharedSecret": agreer,
	"Encapsulate": encapsulator, "Decapsulate": encapsulator,
	"ReplicateKey": replicated, "UpdatePrimaryRegion": replicated,
	"GetParametersForImport": importer, "ImportKeyMaterial": importer, "DeleteImportedKeyMaterial": importer}

// sampleFor returns the key that an operation takes.
func sampleFor(operation string) sample {
	if x, ok := samples[operation]; ok {
		return x
	}
	return cipher
}

// on returns the first of some services whose device makes such a key.
func (x sample) on(services ...*service) *service {
	return services[slices.IndexFunc(services,
		func(s *service) bool { return s.token.Supports(key.Specs[x.spec][x.usage].Kind) })]
}

// aUser is a principal that nobody is in these tests.
const aUser = "arn:aws:iam::" + ourAccount + ":user/somebody"

// made is a key in some state, an alias of it, a grant of it, what it made before, and an alias of
// another key.
type made struct {
	id, alias, other, grant string
	blob                    []byte
}

// inState makes a key and brings it into a state.
func (s *service) inState(n int, x sample, state key.State) made {
	s.t.Helper()
	id := must[CreateKeyOutput](s, "CreateKey",
		M{"KeySpec": x.spec, "KeyUsage": x.usage, "MultiRegion": x.multiRegion,
			"Origin": cmp.Or(x.origin, key.OriginKMS)}).KeyMetadata.KeyId
	m := s.named(n, id, x)
	switch state {
	case key.Disabled:
		must[any](s, "DisableKey", M{"KeyId": m.id})
	case key.PendingDeletion:
		must[any](s, "ScheduleKeyDeletion", M{"KeyId": m.id})
	}
	return m
}

// named gives a key a name, and has it make something.
func (s *service) named(n int, id string, x sample) made {
	s.t.Helper()
	m := made{id: id, alias: fmt.Sprintf("alias/a%d", n), other: fmt.Sprintf("alias/b%d", n)}
	must[any](s, "CreateAlias", M{"AliasName": m.alias, "TargetKeyId": m.id})
	must[any](s, "CreateAlias", M{"AliasName": m.other, "TargetKeyId": s.key()})
	m.blob = x.make(s, id)
	m.grant = must[CreateGrantOutput](s, "CreateGrant",
		M{"KeyId": m.id, "GranteePrincipal": aUser, "Operations": []string{"DescribeKey"}}).GrantId
	return m
}

// TestTheKeyStateMatrix is made on SoftHSM2, but for keys that it can't make.
func TestTheKeyStateMatrix(t *testing.T) {
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
			on := x.on(s, v32)
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

func TestTheRestOfTheMatrix(t *testing.T) {
	s := start(t)
	m := s.inState(1, cipher, key.PendingDeletion)
	other := s.key()
	if _, code := ask[any](s, "UpdateAlias", M{"AliasName": m.alias, "TargetKeyId": other}); code != yes {
		t.Errorf("moving an alias away from a key pending deletion: %s", code)
	}
	blob := must[cryptoops.EncryptOutput](s, "Encrypt",
		M{"KeyId": other, "Plaintext": "eA=="}).CiphertextBlob
	if _, code := ask[any](s, "ReEncrypt", M{"CiphertextBlob": blob, "DestinationKeyId": m.id}); code != pending {
		t.Errorf("ReEncrypt to a key pending deletion: %q", code)
	}
	if _, code := ask[any](s, "ReEncrypt", M{"CiphertextBlob": m.blob, "DestinationKeyId": other}); code != pending {
		t.Errorf("ReEncrypt from a key pending deletion: %q", code)
	}
}

// guide is the table "Key states of KMS keys" of the KMS developer guide for all of its states, a
// row for each operation that has cells other than yes. The words are what the answers end with.
var guide = []struct {
	operations string
	// Enabled, Disabled, PendingDeletion, PendingReplicaDeletion, PendingImport, Unavailable,
	// Creating, Updating
	answers [8]string
}{
	{"Encrypt Decrypt ReEncrypt GenerateDataKey GenerateDataKeyWithoutPlaintext GenerateDataKeyPair " +
		"GenerateDataKeyPairWithoutPlaintext " +
		"GenerateMac VerifyMac Sign Verify GetPublicKey DeriveSharedSecret Encapsulate Decapsulate",
		[8]string{"", "disabled", "pending deletion", "pending deletion", "pending import", "unavailable",
			"creating", ""}},
	{"CreateGrant UpdatePrimaryRegion",
		[8]string{"", "disabled", "pending deletion", "pending deletion", "pending import", "",
			"creating", ""}},
	{"ReplicateKey", [8]string{"", "disabled", "pending deletion", "pending deletion",
		"pending import", "", "creating", "updating"}},
	{"EnableKey DisableKey",
		[8]string{"", "", "pending deletion", "pending deletion", "pending import", "", "creating",
			"updating"}},
	{"EnableKeyRotation DisableKeyRotation",
		[8]string{"", "disabled", "pending deletion", "pending deletion", "", "", "creating", ""}},
	{"RotateKeyOnDemand", [8]string{"", "disabled", "pending deletion", "pending deletion",
		"pending import", "", "creating", "updating"}},
	{"GetParametersForImport",
		[8]string{"", "", "pending deletion", "pending deletion", "", "", "creating", "updating"}},
	{"ImportKeyMaterial", [8]string{"", "", "pending deletion", "pending deletion", "", "", "creating",
		""}},
	{"DeleteImportedKeyMaterial", [8]string{"", "", "", "", "", "", "creating", "updating"}},
	{"CancelKeyDeletion", [8]string{"not pending deletion", "not pending deletion", "", "",
		"not pending deletion", "not pending deletion",
		"not pending deletion", "not pending deletion"}},
	{"ScheduleKeyDeletion", [8]string{"", "", "pending deletion", "pending deletion", "", "", "",
		"updating"}},
	{"CreateAlias UpdateAlias TagResource UntagResource UpdateKeyDescription",
		[8]string{"", "", "pending deletion", "pending deletion", "", "", "", ""}},
}

// ofColumn are the states of the guide's columns.
var ofColumn = []key.State{key.Enabled, key.Disabled, key.PendingDeletion,
	key.PendingReplicaDeletion, key.PendingImport, key.Unavailable, key.Creating, key.Updating}

func TestEveryCellOfTheMatrix(t *testing.T) {
	if len(ofColumn) != len(key.States) {
		t.Fatalf("there are %d states, and the table has %d", len(key.States), len(ofColumn))
	}
	told := map[string]bool{}
	for _, row := range guide {
		for _, operation := range strings.Fields(row.operations) {
			told[operation] = true
			for i, what := range row.answers {
				k := &key.Key{Account: ourAccount, Region: ourRegion, ID: anID, State: ofColumn[i]}
				f := fault.Of(k.AllowsInState(operation))
				code := "KMSInvalidStateException"
				if what == "disabled" {
					code = "DisabledException"
				}
				switch {
				case what == "" && f != nil:
					t.Errorf("%s in state %s: %v", operation, k.State, f)
				case what != "" && (f == nil || f.Code != code || f.Message != k.ARN()+" is "+what+"."):
					t.Errorf("%s in state %s: %v, want %s ... is %s.", operation, k.State, f, code, what)
				}
			}
		}
	}
	for operation := range key.Matrix {
		if !told[operation] {
			t.Errorf("the matrix has a row for %s, and the guide has none", operation)
		}
	}
}
