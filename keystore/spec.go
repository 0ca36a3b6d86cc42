package keystore

import (
	"slices"

	"claviger/internal/custody"
	"claviger/internal/fault"
)

// Names of AWS's model that the code decides on.
const (
	symmetricDefault = "SYMMETRIC_DEFAULT" // a key spec, and the algorithm of its keys

	encryptDecrypt  = "ENCRYPT_DECRYPT"
	signVerify      = "SIGN_VERIFY"
	generateMac     = "GENERATE_VERIFY_MAC"
	keyAgreement    = "KEY_AGREEMENT"
	encapsulate     = "ENCAPSULATE_DECAPSULATE"
	oaepSHA1        = "RSAES_OAEP_SHA_1"
	oaepSHA256      = "RSAES_OAEP_SHA_256"
	ed25519Pure     = "ED25519_SHA_512"
	ed25519Prehash  = "ED25519_PH_SHA_512"
	mlDSA           = "ML_DSA_SHAKE_256"
	keyOfCurve25519 = "ECC_NIST_EDWARDS25519"
	keyOfSecp256k1  = "ECC_SECG_P256K1"
)

// use is what a key of one spec is made for: the kind of its material, its algorithms in AWS's order, and the longest
// plaintext in bytes that an algorithm takes, where the spec has a limit of its own.
type use struct {
	kind       custody.Kind // empty: no device of ours makes such keys
	algorithms []string
	longest    map[string]int
}

// specs is the table of key specs, usages, algorithms and limits ("Key spec reference" of the KMS developer guide). What is
// not in it can't be: CreateKey makes no other key, and no key serves an algorithm outside its row.
var specs = map[string]map[string]use{
	symmetricDefault: {encryptDecrypt: by(custody.AES256, symmetricDefault)},

	"HMAC_224": {generateMac: by(custody.HMAC224, "HMAC_SHA_224")},
	"HMAC_256": {generateMac: by(custody.HMAC256, "HMAC_SHA_256")},
	"HMAC_384": {generateMac: by(custody.HMAC384, "HMAC_SHA_384")},
	"HMAC_512": {generateMac: by(custody.HMAC512, "HMAC_SHA_512")},

	"RSA_2048": {encryptDecrypt: byOAEP(custody.RSA2048Decrypt, 214, 190), signVerify: byRSA(custody.RSA2048Sign)},
	"RSA_3072": {encryptDecrypt: byOAEP(custody.RSA3072Decrypt, 342, 318), signVerify: byRSA(custody.RSA3072Sign)},
	"RSA_4096": {encryptDecrypt: byOAEP(custody.RSA4096Decrypt, 470, 446), signVerify: byRSA(custody.RSA4096Sign)},

	"ECC_NIST_P256": {signVerify: by(custody.P256Sign, "ECDSA_SHA_256"), keyAgreement: by(custody.P256Derive, "ECDH")},
	"ECC_NIST_P384": {signVerify: by(custody.P384Sign, "ECDSA_SHA_384"), keyAgreement: by(custody.P384Derive, "ECDH")},
	"ECC_NIST_P521": {signVerify: by(custody.P521Sign, "ECDSA_SHA_512"), keyAgreement: by(custody.P521Derive, "ECDH")},
	keyOfSecp256k1:  {signVerify: by(custody.P256K1Sign, "ECDSA_SHA_256")},
	keyOfCurve25519: {signVerify: by(custody.Ed25519Sign, ed25519Pure, ed25519Prehash)},

	"ML_DSA_44":   {signVerify: by(custody.MLDSA44Sign, mlDSA)},
	"ML_DSA_65":   {signVerify: by(custody.MLDSA65Sign, mlDSA)},
	"ML_DSA_87":   {signVerify: by(custody.MLDSA87Sign, mlDSA)},
	"ML_KEM_512":  {encapsulate: by(custody.MLKEM512, "ML_KEM")},
	"ML_KEM_768":  {encapsulate: by(custody.MLKEM768, "ML_KEM")},
	"ML_KEM_1024": {encapsulate: by(custody.MLKEM1024, "ML_KEM")},

	// Known by name, so that a usage that doesn't fit is told apart from a spec that isn't served.
	"SM2": {encryptDecrypt: {}, signVerify: {}, keyAgreement: {}},
}

func by(k custody.Kind, algorithms ...string) use { return use{kind: k, algorithms: algorithms} }

// byOAEP: RFC 8017 section 7.1.1 leaves k - 2*hLen - 2 bytes of a modulus of k.
func byOAEP(k custody.Kind, sha1, sha256 int) use {
	return use{k, []string{oaepSHA1, oaepSHA256}, map[string]int{oaepSHA1: sha1, oaepSHA256: sha256}}
}

func byRSA(k custody.Kind) use {
	return by(k, "RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
		"RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512")
}

// checkSpec holds what CreateKey asks for to the table.
func checkSpec(spec string, usage *string) error {
	if spec != symmetricDefault && usage == nil {
		return invalid("You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
	}
	u, ok := specs[spec][or(usage, encryptDecrypt)]
	switch {
	case !ok:
		return invalid("KeyUsage " + or(usage, encryptDecrypt) + " is not compatible with KeySpec " + spec)
	case u.kind == "":
		return unsupported("Keys of the spec " + spec + " are not supported by this service.")
	}
	return nil
}

// use returns the key's row of the table.
func (k *Key) use() use { return specs[k.Spec][k.Usage] }

// symmetric reports whether the key is one that encrypts by AES-256-GCM.
func (k *Key) symmetric() bool { return k.Spec == symmetricDefault }

// asymmetric reports whether the key has a public half.
func (k *Key) asymmetric() bool { return !k.symmetric() && k.Usage != generateMac }

// usages says which KeyUsage an operation needs. Operations that are not in it serve keys of any usage.
var usages = map[string]string{
	"Encrypt": encryptDecrypt, "Decrypt": encryptDecrypt, "ReEncrypt": encryptDecrypt,
	"GenerateDataKey": encryptDecrypt, "GenerateDataKeyWithoutPlaintext": encryptDecrypt,
	"GenerateDataKeyPair": encryptDecrypt, "GenerateDataKeyPairWithoutPlaintext": encryptDecrypt,
	"Sign": signVerify, "Verify": signVerify,
	"GenerateMac": generateMac, "VerifyMac": generateMac,
	"DeriveSharedSecret": keyAgreement,
	"Encapsulate":        encapsulate, "Decapsulate": encapsulate,
}

// origins says of which Origin a key must be, where that matters; AWS names those that no matrix of states allows.
var origins = map[string][]string{
	"EnableKeyRotation": {originKMS}, "DisableKeyRotation": {originKMS}, "GetKeyRotationStatus": {originKMS},
	"RotateKeyOnDemand": {originKMS, originExternal}, "ListKeyRotations": {originKMS, originExternal},
	"GetParametersForImport": {originExternal}, "ImportKeyMaterial": {originExternal}, "DeleteImportedKeyMaterial": {originExternal},
	"GenerateDataKeyPair": {originKMS, originExternal}, "GenerateDataKeyPairWithoutPlaintext": {originKMS, originExternal},
}

// rotates says which operations are for keys whose material can be replaced: symmetric ones.
var rotates = map[string]bool{"EnableKeyRotation": true, "DisableKeyRotation": true, "GetKeyRotationStatus": true,
	"RotateKeyOnDemand": true, "ListKeyRotations": true}

// leads says which operations are for a key that follows no other: the rotation of a multi-Region key is its primary's.
var leads = map[string]bool{"EnableKeyRotation": true, "DisableKeyRotation": true, "RotateKeyOnDemand": true}

// forPrimaries says which operations are for the primary keys of multi-Region keys.
var forPrimaries = map[string]bool{"ReplicateKey": true, "UpdatePrimaryRegion": true}

// serves returns nil if the key was made for an operation.
func (k *Key) serves(operation string) error {
	switch want := usages[operation]; {
	case want != "" && want != k.Usage:
		return fault.Newf(fault.State, "InvalidKeyUsageException", "%s key usage is %s which is not valid for %s.", k.ARN(), k.Usage, operation)
	case operation == "GetPublicKey" && !k.asymmetric():
		return unsupported(k.ARN() + " key spec is " + k.Spec + " which is not valid for GetPublicKey.")
	case forPrimaries[operation] && !k.primary(), leads[operation] && k.replica():
		return unsupported(k.ARN() + " is not a multi-region primary key.")
	case origins[operation] != nil && !slices.Contains(origins[operation], k.Origin):
		return unsupported(k.ARN() + " origin is " + k.Origin + " which is not valid for this operation.")
	}
	return nil
}

// rotatesBy returns nil unless operation is about rotation and the key isn't symmetric. AWS says nothing more of it, and looks
// at the state of a key before.
func (k *Key) rotatesBy(operation string) error {
	if rotates[operation] && !k.symmetric() {
		return unsupported("")
	}
	return nil
}

// takes returns nil if the key serves an algorithm; the empty one stands for operations that take none.
func (k *Key) takes(algorithm string) error {
	if algorithm == "" || slices.Contains(k.use().algorithms, algorithm) {
		return nil
	}
	return fault.Newf(fault.State, "InvalidKeyUsageException", "Algorithm %s is incompatible with key spec %s.", algorithm, k.Spec)
}

// holds returns nil if a plaintext of size bytes is short enough to be encrypted under the key.
func (k *Key) holds(algorithm string, size int) error {
	if most, limited := k.use().longest[algorithm]; limited && size > most {
		return fault.Newf(fault.Invalid, "ValidationException", "Algorithm %s and key spec %s cannot encrypt data larger than %d bytes.",
			algorithm, k.Spec, most)
	}
	return nil
}
