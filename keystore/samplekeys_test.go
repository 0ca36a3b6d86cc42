package keystore

import (
	"cmp"
	"fmt"
	"slices"

	"claviger/hsm/hsmtest"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
)

// keySample is a key of one usage, and what it made before anything happened to it.
type keySample struct {
	spec, usage string
	make        func(s *service, id string) []byte
	multiRegion bool
	origin      string // empty means AWS_KMS
}

var (
	cipher = keySample{spec: key.SymmetricDefault, usage: key.EncryptDecrypt,
		make: func(s *service, id string) []byte {
			return must[cryptoops.EncryptOutput](s, "Encrypt",
				M{"KeyId": id, "Plaintext": "eA=="}).CiphertextBlob
		}}
	replicated = keySample{spec: key.SymmetricDefault, usage: key.EncryptDecrypt, multiRegion: true,
		make: func(s *service, id string) []byte {
			must[ReplicateKeyOutput](s, "ReplicateKey", M{"KeyId": id, "ReplicaRegion": abroad})
			return nil
		}}
	signer = keySample{spec: "ECC_NIST_P256", usage: key.SignVerify,
		make: func(s *service, id string) []byte {
			return must[cryptoops.SignOutput](s, "Sign",
				M{"KeyId": id, "Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256"}).Signature
		}}
	authenticator = keySample{spec: "HMAC_256", usage: key.GenerateVerifyMac,
		make: func(s *service, id string) []byte {
			return must[cryptoops.GenerateMacOutput](s, "GenerateMac",
				M{"KeyId": id, "Message": "eA==", "MacAlgorithm": "HMAC_SHA_256"}).Mac
		}}
	agreer = keySample{spec: "ECC_NIST_P256", usage: key.KeyAgreement,
		make: func(s *service, id string) []byte {
			return must[cryptoops.GetPublicKeyOutput](s, "GetPublicKey", M{"KeyId": id}).PublicKey
		}}
	encapsulator = keySample{spec: "ML_KEM_768", usage: key.EncapsulateDecapsulate,
		make: func(s *service, id string) []byte {
			return must[cryptoops.EncapsulateOutput](s, "Encapsulate",
				M{"KeyId": id, "EncapsulationAlgorithm": "ML_KEM"}).SharedSecretCiphertextBlob
		}}
)

// importer is a key whose material came from elsewhere, and what it takes to import it again: the
// token, a zero, the wrapped material.
var importer = keySample{spec: key.SymmetricDefault, usage: key.EncryptDecrypt,
	origin: key.OriginExternal, make: func(s *service, id string) []byte {
		material, _ := hsmtest.Outside(s.t, key.SymmetricDefault)
		in := wrap(s.t, id, s.parameters(id, everyKindWrapping, "RSA_2048"), everyKindWrapping, material)
		must[any](s, "ImportKeyMaterial", M(in))
		return slices.Concat(in["ImportToken"].([]byte), []byte{0}, in["EncryptedKeyMaterial"].([]byte))
	}}

// samples has the operations that take no symmetric key.
var samples = map[string]keySample{"GetPublicKey": signer, "Sign": signer, "Verify": signer,
	"GenerateMac": authenticator, "VerifyMac": authenticator, "DeriveSharedSecret": agreer,
	"Encapsulate": encapsulator, "Decapsulate": encapsulator,
	"ReplicateKey": replicated, "UpdatePrimaryRegion": replicated,
	"GetParametersForImport": importer, "ImportKeyMaterial": importer,
	"DeleteImportedKeyMaterial": importer}

// sampleFor returns the key that an operation takes.
func sampleFor(operation string) keySample {
	if x, ok := samples[operation]; ok {
		return x
	}
	return cipher
}

// serviceFor returns the first of some services whose device makes such a key.
func (x keySample) serviceFor(services ...*service) *service {
	return services[slices.IndexFunc(services,
		func(s *service) bool { return s.Token.Supports(key.Specs[x.spec][x.usage].Kind) })]
}

// aUser is a principal that nobody is in these tests.
const aUser = "arn:aws:iam::" + ourAccount + ":user/somebody"

// sampleKey is a key in some state, an alias of it, a grant of it, what it made before, and an
// alias of another key.
type sampleKey struct {
	id, alias, other, grant string
	blob                    []byte
}

// inState makes a key and brings it into a state.
func (s *service) inState(n int, x keySample, state key.State) sampleKey {
	s.t.Helper()
	id := must[CreateKeyOutput](s, "CreateKey",
		M{"KeySpec": x.spec, "KeyUsage": x.usage, "MultiRegion": x.multiRegion,
			"Origin": cmp.Or(x.origin, key.OriginKMS)}).KeyMetadata.KeyId
	m := s.nameAndUse(n, id, x)
	switch state {
	case key.Disabled:
		must[any](s, "DisableKey", M{"KeyId": m.id})
	case key.PendingDeletion:
		must[any](s, "ScheduleKeyDeletion", M{"KeyId": m.id})
	}
	return m
}

// nameAndUse gives a key a name, and has it make something.
func (s *service) nameAndUse(n int, id string, x keySample) sampleKey {
	s.t.Helper()
	m := sampleKey{id: id, alias: fmt.Sprintf("alias/a%d", n), other: fmt.Sprintf("alias/b%d", n)}
	must[any](s, "CreateAlias", M{"AliasName": m.alias, "TargetKeyId": m.id})
	must[any](s, "CreateAlias", M{"AliasName": m.other, "TargetKeyId": s.key()})
	m.blob = x.make(s, id)
	m.grant = must[CreateGrantOutput](s, "CreateGrant",
		M{"KeyId": m.id, "GranteePrincipal": aUser, "Operations": []string{"DescribeKey"}}).GrantId
	return m
}
