package key

import (
	"slices"

	"claviger/internal/custody"
	"claviger/internal/fault"
	"claviger/keystore/kmsfault"
	"claviger/keystore/publickey"
)

// Names of AWS's model that the code decides on.
const (
	SymmetricDefault = "SYMMETRIC_DEFAULT" // a key spec, and the algorithm of its keys

	EncryptDecrypt         = "ENCRYPT_DECRYPT"
	SignVerify             = "SIGN_VERIFY"
	GenerateVerifyMac      = "GENERATE_VERIFY_MAC"
	KeyAgreement           = "KEY_AGREEMENT"
	EncapsulateDecapsulate = "ENCAPSULATE_DECAPSULATE"
)

// Purpose is what a key of one spec is made for: the kind of its material, its algorithms in AWS's
// order, and the longest plaintext in bytes that an algorithm takes, where the spec has a limit of
// its own.
type Purpose struct {
	Kind             custody.Kind // empty: no device of ours makes such keys
	Algorithms       []string
	LongestPlaintext map[string]int
}

// Specs is the table of key specs, usages, algorithms and limits ("Key spec reference" of the KMS
// developer guide). What is not in it can't be: CreateKey makes no other key, and no key serves an
// algorithm outside its row.
var Specs = map[string]map[string]Purpose{
	SymmetricDefault: {EncryptDecrypt: by(custody.AES256, SymmetricDefault)},

	"HMAC_224": {GenerateVerifyMac: by(custody.HMAC224, "HMAC_SHA_224")},
	"HMAC_256": {GenerateVerifyMac: by(custody.HMAC256, "HMAC_SHA_256")},
	"HMAC_384": {GenerateVerifyMac: by(custody.HMAC384, "HMAC_SHA_384")},
	"HMAC_512": {GenerateVerifyMac: by(custody.HMAC512, "HMAC_SHA_512")},

	"RSA_2048": {EncryptDecrypt: byOAEP(custody.RSA2048Decrypt, 214, 190),
		SignVerify: byRSA(custody.RSA2048Sign)},
	"RSA_3072": {EncryptDecrypt: byOAEP(custody.RSA3072Decrypt, 342, 318),
		SignVerify: byRSA(custody.RSA3072Sign)},
	"RSA_4096": {EncryptDecrypt: byOAEP(custody.RSA4096Decrypt, 470, 446),
		SignVerify: byRSA(custody.RSA4096Sign)},

	"ECC_NIST_P256": {SignVerify: by(custody.P256Sign, "ECDSA_SHA_256"),
		KeyAgreement: by(custody.P256Derive, "ECDH")},
	"ECC_NIST_P384": {SignVerify: by(custody.P384Sign, "ECDSA_SHA_384"),
		KeyAgreement: by(custody.P384Derive, "ECDH")},
	"ECC_NIST_P521": {SignVerify: by(custody.P521Sign, "ECDSA_SHA_512"),
		KeyAgreement: by(custody.P521Derive, "ECDH")},
	publickey.SpecSecp256k1: {SignVerify: by(custody.P256K1Sign, "ECDSA_SHA_256")},
	publickey.SpecEd25519: {SignVerify: by(custody.Ed25519Sign, publickey.Ed25519,
		publickey.Ed25519PH)},

	"ML_DSA_44":   {SignVerify: by(custody.MLDSA44Sign, publickey.MLDSA)},
	"ML_DSA_65":   {SignVerify: by(custody.MLDSA65Sign, publickey.MLDSA)},
	"ML_DSA_87":   {SignVerify: by(custody.MLDSA87Sign, publickey.MLDSA)},
	"ML_KEM_512":  {EncapsulateDecapsulate: by(custody.MLKEM512, "ML_KEM")},
	"ML_KEM_768":  {EncapsulateDecapsulate: by(custody.MLKEM768, "ML_KEM")},
	"ML_KEM_1024": {EncapsulateDecapsulate: by(custody.MLKEM1024, "ML_KEM")},

	// Known by name, so that a usage that doesn't fit is told apart from a spec that isn't served.
	"SM2": {EncryptDecrypt: {}, SignVerify: {}, KeyAgreement: {}},
}

func by(k custody.Kind, algorithms ...string) Purpose {
	return Purpose{Kind: k, Algorithms: algorithms}
}

// byOAEP: RFC 8017 section 7.1.1 leaves k - 2*hLen - 2 bytes of a modulus of k.
func byOAEP(k custody.Kind, sha1, sha256 int) Purpose {
	return Purpose{k, []string{publickey.OAEPSHA1, publickey.OAEPSHA256},
		map[string]int{publickey.OAEPSHA1: sha1, publickey.OAEPSHA256: sha256}}
}

func byRSA(k custody.Kind) Purpose {
	return by(k, "RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
		"RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512")
}

// CheckSpec refuses a spec and usage of CreateKey that the table doesn't have.
func CheckSpec(spec string, usage *string) error {
	if spec != SymmetricDefault && usage == nil {
		return kmsfault.Invalid(
			"You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")
	}
	purpose := EncryptDecrypt
	if usage != nil {
		purpose = *usage
	}
	u, ok := Specs[spec][purpose]
	switch {
	case !ok:
		return kmsfault.Invalid("KeyUsage " + purpose + " is not compatible with KeySpec " + spec)
	case u.Kind == "":
		return kmsfault.Unsupported("Keys of the spec " + spec + " are not supported by this service.")
	}
	return nil
}

// Purpose returns the key's row of the table.
func (k *Key) Purpose() Purpose { return Specs[k.Spec][k.Usage] }

// IsSymmetric reports whether the key is one that encrypts by AES-256-GCM.
func (k *Key) IsSymmetric() bool { return k.Spec == SymmetricDefault }

// IsAsymmetric reports whether the key has a public half.
func (k *Key) IsAsymmetric() bool { return !k.IsSymmetric() && k.Usage != GenerateVerifyMac }

// Usages says which KeyUsage an operation needs. Operations that are not in it serve keys of any
// usage.
var Usages = map[string]string{
	"Encrypt": EncryptDecrypt, "Decrypt": EncryptDecrypt, "ReEncrypt": EncryptDecrypt,
	"GenerateDataKey": EncryptDecrypt, "GenerateDataKeyWithoutPlaintext": EncryptDecrypt,
	"GenerateDataKeyPair": EncryptDecrypt, "GenerateDataKeyPairWithoutPlaintext": EncryptDecrypt,
	"Sign": SignVerify, "Verify": SignVerify,
	"GenerateMac": GenerateVerifyMac, "VerifyMac": GenerateVerifyMac,
	"DeriveSharedSecret": KeyAgreement,
	"Encapsulate":        EncapsulateDecapsulate, "Decapsulate": EncapsulateDecapsulate,
}

// origins says of which Origin a key must be, where that matters; AWS names those that no matrix of
// states allows.
var origins = map[string][]string{
	"EnableKeyRotation":                   {OriginKMS},
	"DisableKeyRotation":                  {OriginKMS},
	"GetKeyRotationStatus":                {OriginKMS},
	"RotateKeyOnDemand":                   {OriginKMS, OriginExternal},
	"ListKeyRotations":                    {OriginKMS, OriginExternal},
	"GetParametersForImport":              {OriginExternal},
	"ImportKeyMaterial":                   {OriginExternal},
	"DeleteImportedKeyMaterial":           {OriginExternal},
	"GenerateDataKeyPair":                 {OriginKMS, OriginExternal},
	"GenerateDataKeyPairWithoutPlaintext": {OriginKMS, OriginExternal},
}

// aboutRotation says which operations are for keys whose material can be replaced: symmetric ones.
// GetKeyRotationStatus is not among them: AWS answers it for every key of its own making, and
// Terraform reads it of each key that it has made.
var aboutRotation = map[string]bool{"EnableKeyRotation": true, "DisableKeyRotation": true,
	"RotateKeyOnDemand": true, "ListKeyRotations": true}

// notForReplicas says which operations are for a key that follows no other: the rotation of a
// multi-Region key is its primary's.
var notForReplicas = map[string]bool{"EnableKeyRotation": true, "DisableKeyRotation": true,
	"RotateKeyOnDemand": true}

// forPrimaries says which operations are for the primary keys of multi-Region keys.
var forPrimaries = map[string]bool{"ReplicateKey": true, "UpdatePrimaryRegion": true}

// Serves returns nil if the key was made for an operation. action is the operation as AWS calls it
// where it speaks of one key: the two keys of ReEncrypt have a name each.
func (k *Key) Serves(operation, action string) error {
	switch want := Usages[operation]; {
	case want != "" && want != k.Usage:
		return fault.Newf(fault.State, "InvalidKeyUsageException",
			"%s key usage is %s which is not valid for %s.", k.ARN(), k.Usage, action)
	case operation == "GetPublicKey" && !k.IsAsymmetric():
		return kmsfault.Unsupported(k.ARN() + " key spec is " + k.Spec +
			" which is not valid for GetPublicKey.")
	case forPrimaries[operation] && !k.IsPrimary(), notForReplicas[operation] && k.IsReplica():
		return kmsfault.Unsupported(k.ARN() + " is not a multi-region primary key.")
	case origins[operation] != nil && !slices.Contains(origins[operation], k.Origin):
		return kmsfault.Unsupported(k.ARN() + " origin is " + k.Origin +
			" which is not valid for this operation.")
	}
	return nil
}

// Rotatable returns nil unless operation is about rotation and the key isn't symmetric. AWS says
// nothing more of it, and looks at the state of a key before.
func (k *Key) Rotatable(operation string) error {
	if aboutRotation[operation] && !k.IsSymmetric() {
		return kmsfault.Unsupported("")
	}
	return nil
}

// TakesAlgorithm returns nil if the key serves an algorithm; the empty one stands for operations
// that take none.
func (k *Key) TakesAlgorithm(algorithm string) error {
	if algorithm == "" || slices.Contains(k.Purpose().Algorithms, algorithm) {
		return nil
	}
	return fault.Newf(fault.State, "InvalidKeyUsageException",
		"Algorithm %s is incompatible with key spec %s.", algorithm, k.Spec)
}

// TakesPlaintext returns nil if a plaintext of size bytes is short enough to be encrypted under the
// key.
func (k *Key) TakesPlaintext(algorithm string, size int) error {
	if most, limited := k.Purpose().LongestPlaintext[algorithm]; limited && size > most {
		return fault.Newf(fault.Invalid, "ValidationException",
			"Algorithm %s and key spec %s cannot encrypt data larger than %d bytes.",
			algorithm, k.Spec, most)
	}
	return nil
}
