// Package custody is the vocabulary of keys that rest outside the token: what the device hands out,
// what the domains store, and how they name it again when they want it used. It holds no behaviour,
// so that package hsm and the domains can speak of the same thing without knowing one another.
package custody

import (
	"context"

	"claviger/internal/fault"
)

// Kind is what a material is made of and, with it, the one pair of usages it will ever have.
type Kind string

// The kinds of secret keys.
const (
	AES256 Kind = "AES_256" // 32 bytes; C_Encrypt and C_Decrypt by CKM_AES_GCM, nothing else
	// 28 bytes of strength, 32 at rest: SoftHSM pads what it wraps to a multiple of 8
	HMAC224 Kind = "HMAC_SHA_224"
	HMAC256 Kind = "HMAC_SHA_256" // 32 bytes; C_Sign and C_Verify by CKM_SHA256_HMAC, nothing else
	HMAC384 Kind = "HMAC_SHA_384" // 48 bytes
	HMAC512 Kind = "HMAC_SHA_512" // 64 bytes
)

// The kinds of key pairs: AWS's key spec and what the private key may do. The
// private key is the material.
const (
	RSA2048Sign    Kind = "RSA_2048 SIGN_VERIFY"
	RSA3072Sign    Kind = "RSA_3072 SIGN_VERIFY"
	RSA4096Sign    Kind = "RSA_4096 SIGN_VERIFY"
	RSA2048Decrypt Kind = "RSA_2048 ENCRYPT_DECRYPT"
	RSA3072Decrypt Kind = "RSA_3072 ENCRYPT_DECRYPT"
	RSA4096Decrypt Kind = "RSA_4096 ENCRYPT_DECRYPT"
	P256Sign       Kind = "ECC_NIST_P256 SIGN_VERIFY"
	P384Sign       Kind = "ECC_NIST_P384 SIGN_VERIFY"
	P521Sign       Kind = "ECC_NIST_P521 SIGN_VERIFY"
	P256K1Sign     Kind = "ECC_SECG_P256K1 SIGN_VERIFY"
	P256Derive     Kind = "ECC_NIST_P256 KEY_AGREEMENT"
	P384Derive     Kind = "ECC_NIST_P384 KEY_AGREEMENT"
	P521Derive     Kind = "ECC_NIST_P521 KEY_AGREEMENT"
	Ed25519Sign    Kind = "ECC_NIST_EDWARDS25519 SIGN_VERIFY"
	MLDSA44Sign    Kind = "ML_DSA_44 SIGN_VERIFY"
	MLDSA65Sign    Kind = "ML_DSA_65 SIGN_VERIFY"
	MLDSA87Sign    Kind = "ML_DSA_87 SIGN_VERIFY"
	MLKEM512       Kind = "ML_KEM_512 ENCAPSULATE_DECAPSULATE"
	MLKEM768       Kind = "ML_KEM_768 ENCAPSULATE_DECAPSULATE"
	MLKEM1024      Kind = "ML_KEM_1024 ENCAPSULATE_DECAPSULATE"
)

// The kinds of key pairs that only unwrap: material that somebody imports comes
// under their public half.
const (
	RSA2048Unwrap Kind = "RSA_2048 UNWRAP"
	RSA3072Unwrap Kind = "RSA_3072 UNWRAP"
	RSA4096Unwrap Kind = "RSA_4096 UNWRAP"
)

// The kinds of the service's own keys. No KMS key spec has them, so that no key which a caller may
// use can stand where one of these belongs, nor one of these where a caller's does.
const (
	RowMAC       Kind = "CLAVIGER_ROWS GENERATE_VERIFY_MAC" // as HMAC256: signs rows
	IdentitySeal Kind = "CLAVIGER_IDENTITY ENCRYPT_DECRYPT" // as AES256: access keys' secrets

	Checkpoint   Kind = "CLAVIGER_CHECKPOINT SIGN_VERIFY"   // as P256Sign: the trail's state
	Digest       Kind = "CLAVIGER_DIGEST SIGN_VERIFY"       // as RSA2048Sign: CloudTrail's files
	Notification Kind = "CLAVIGER_NOTIFICATION SIGN_VERIFY" // as RSA2048Sign: messages of SNS
)

// Algorithm is an algorithm by AWS's name, e.g. RSASSA_PSS_SHA_256 or RSAES_OAEP_SHA_1.
type Algorithm string

// ExternalMu is ML_DSA_SHAKE_256 over the message representative that the caller made, of 64 bytes,
// which AWS calls a message type and PKCS#11 a mechanism of its own.
const ExternalMu Algorithm = "ML_DSA_SHAKE_256 EXTERNAL_MU"

// Resident stands in [Material.Mechanism] where other materials have the mechanism that wrapped
// them: the key rests on a token, and Wrapped and Root only name it.
const Resident = "CKA_TOKEN"

// Material is a key as it rests: wrapped by a root key that never leaves its token, or what names
// one that rests on a token. Every field belongs under the MAC of the row that holds it.
type Material struct {
	ID   string // ours, and the caller's choice: it names the handle in the token's cache
	Kind Kind
	// identifier of the root that wrapped it, 32 hex digits (its CKA_ID); of a resident key, its
	// token's serial number
	Root string
	// PKCS#11's name of the key-wrap mechanism as it was performed, e.g.
	// CKM_AES_KEY_WRAP_PAD, or Resident
	Mechanism string
	// RFC 5649 form: the length of the key rounded up to 8, and 8 more; of a resident key, its
	// CKA_ID
	Wrapped []byte
	Public  []byte // of a key pair: DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7)
	// proof that an unwrapped handle is the right key, made when the material was made, and behind
	// it 32 bytes by the token's authenticator, so that nobody who may use the key can make it
	Check []byte
}

// Ref names a material for one use. Load is called only when the token holds no live handle
// for ID, so that what it takes to get at the wrapped form (a row, another key's decryption)
// is paid once and not for each use. Load runs before any session of the token is taken: it
// may use the token itself.
type Ref struct {
	ID   string
	Load func(context.Context) (Material, error)
}

// Rest returns a Ref to a material that is already in hand.
func (m Material) Rest() Ref {
	return Ref{ID: m.ID, Load: func(context.Context) (Material, error) { return m, nil }}
}

// Import is a key that somebody made elsewhere, on its way in.
type Import struct {
	Pair Material // the pair that it was wrapped for
	// RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, RSA_AES_KEY_WRAP_SHA_1 or RSA_AES_KEY_WRAP_SHA_256
	Algorithm Algorithm
	Wrapped   []byte // by that algorithm: a secret key's bytes, or a private key in DER PKCS#8
	Kind      Kind   // what it must be
	ID        string // of the material that it becomes if it is none of Known
	// that it may be: of the same kind, with their public halves and checks, wrapped or not
	Known []Material
}

// ErrForged is the answer to a ciphertext that was not sealed by this key over this additional
// data: bad tag, bad length, wrong key. They are alike on purpose. The domain gives it AWS's name.
var ErrForged = fault.New(fault.Invalid, "InvalidCiphertextException", "")

// ErrUnavailable is the answer while the token can't be used: lost, locked, restarting, or too slow
// for the caller's deadline. It ends by itself, and [fault.Error.Because] says to the operator
// which it was.
var ErrUnavailable = fault.New(fault.Unavailable, "",
	"The hardware security module can't be reached. Try again in a few seconds.")

// ErrBusy is the answer to whoever waits for its turn at work that takes seconds, as others of its
// party do, and doesn't get it in time.
var ErrBusy = fault.New(fault.Throttled, "ThrottlingException", "Rate exceeded")

// ErrUnsupported is the answer to a kind or an algorithm that the device can't do safely.
var ErrUnsupported = fault.New(fault.Invalid, "UnsupportedOperationException",
	"The hardware security module of this service does not support this kind of key.")

// ErrKept is the answer to who would destroy a key by a decision that was taken back, as the token
// itself says.
var ErrKept = fault.New(fault.State, "KMSInvalidStateException",
	"The deletion of this key was cancelled.")

// ErrUnfit is the answer to imported material that was unwrapped and is no key of the kind that was
// asked for.
var ErrUnfit = fault.New(fault.Invalid, "IncorrectKeyMaterialException",
	"The key material is invalid, or is not the same key material that was previously imported into "+
		"this KMS key.")
