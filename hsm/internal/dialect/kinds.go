package dialect

import (
	"slices"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/publickey"
	"claviger/internal/custody"
)

// keyTemplates has every kind there is. What a device can't do is told by [Dialect.Supported].
var keyTemplates = map[custody.Kind]KeyTemplate{
	custody.AES256:  aesKey,
	custody.HMAC224: hmacKey(28, pkcs11.CKM_SHA224_HMAC),
	custody.HMAC256: hmacKey(32, pkcs11.CKM_SHA256_HMAC),
	custody.HMAC384: hmacKey(48, pkcs11.CKM_SHA384_HMAC),
	custody.HMAC512: hmacKey(64, pkcs11.CKM_SHA512_HMAC),
	custody.RSA2048Sign: rsaKey(2048, pkcs11.CKA_SIGN, pkcs11.CKM_RSA_PKCS,
		pkcs11.CKM_RSA_PKCS_PSS),
	custody.RSA3072Sign: rsaKey(3072, pkcs11.CKA_SIGN, pkcs11.CKM_RSA_PKCS,
		pkcs11.CKM_RSA_PKCS_PSS),
	custody.RSA4096Sign: rsaKey(4096, pkcs11.CKA_SIGN, pkcs11.CKM_RSA_PKCS,
		pkcs11.CKM_RSA_PKCS_PSS),
	custody.RSA2048Decrypt: rsaKey(2048, pkcs11.CKA_DECRYPT, pkcs11.CKM_RSA_PKCS_OAEP),
	custody.RSA3072Decrypt: rsaKey(3072, pkcs11.CKA_DECRYPT, pkcs11.CKM_RSA_PKCS_OAEP),
	custody.RSA4096Decrypt: rsaKey(4096, pkcs11.CKA_DECRYPT, pkcs11.CKM_RSA_PKCS_OAEP),
	custody.RSA2048Unwrap:  rsaKey(2048, pkcs11.CKA_UNWRAP, pkcs11.CKM_RSA_PKCS_OAEP),
	custody.RSA3072Unwrap:  rsaKey(3072, pkcs11.CKA_UNWRAP, pkcs11.CKM_RSA_PKCS_OAEP),
	custody.RSA4096Unwrap:  rsaKey(4096, pkcs11.CKA_UNWRAP, pkcs11.CKM_RSA_PKCS_OAEP),
	custody.P256Sign:       ECKey(publickey.P256, pkcs11.CKA_SIGN, pkcs11.CKM_ECDSA),
	custody.P384Sign:       ECKey(publickey.P384, pkcs11.CKA_SIGN, pkcs11.CKM_ECDSA),
	custody.P521Sign:       ECKey(publickey.P521, pkcs11.CKA_SIGN, pkcs11.CKM_ECDSA),
	custody.P256K1Sign:     ECKey(publickey.Secp256k1, pkcs11.CKA_SIGN, pkcs11.CKM_ECDSA),
	custody.P256Derive:     ECKey(publickey.P256, pkcs11.CKA_DERIVE, pkcs11.CKM_ECDH1_DERIVE),
	custody.P384Derive:     ECKey(publickey.P384, pkcs11.CKA_DERIVE, pkcs11.CKM_ECDH1_DERIVE),
	custody.P521Derive:     ECKey(publickey.P521, pkcs11.CKA_DERIVE, pkcs11.CKM_ECDH1_DERIVE),
	custody.Ed25519Sign: {
		Class: pkcs11.CKO_PRIVATE_KEY, KeyType: cryptoki.CKK_EC_EDWARDS,
		Generation: cryptoki.CKM_EC_EDWARDS_KEY_PAIR_GEN, Curve: publickey.Edwards25519,
		Usages: []uint{pkcs11.CKA_SIGN}, Mechanisms: []uint{cryptoki.CKM_EDDSA},
		flags: privateFlags,
	},
	custody.MLDSA44Sign: dsaKey("ML_DSA_44", 1),
	custody.MLDSA65Sign: dsaKey("ML_DSA_65", 2),
	custody.MLDSA87Sign: dsaKey("ML_DSA_87", 3),
	custody.MLKEM512:    kemKey("ML_KEM_512", 1),
	custody.MLKEM768:    kemKey("ML_KEM_768", 2),
	custody.MLKEM1024:   kemKey("ML_KEM_1024", 3),

	custody.RowMAC:       hmacKey(32, pkcs11.CKM_SHA256_HMAC),
	custody.IdentitySeal: aesKey,
	custody.Checkpoint:   ECKey(publickey.P256, pkcs11.CKA_SIGN, pkcs11.CKM_ECDSA),
	custody.Digest:       rsaKey(2048, pkcs11.CKA_SIGN, pkcs11.CKM_RSA_PKCS),
	custody.Notification: rsaKey(2048, pkcs11.CKA_SIGN, pkcs11.CKM_RSA_PKCS),
}

// ofService are the kinds of the service's own keys. A token without the mechanisms of the first
// two is none that the service opens.
var ofService = []custody.Kind{custody.RowMAC, custody.IdentitySeal, custody.Checkpoint,
	custody.Digest, custody.Notification}

// OfService reports whether a kind is one of the service's own keys.
func OfService(k custody.Kind) bool { return slices.Contains(ofService, k) }

// aesKey has no mechanism: that of AES-GCM is the dialect's.
var aesKey = KeyTemplate{
	Class: pkcs11.CKO_SECRET_KEY, KeyType: pkcs11.CKK_AES, Generation: pkcs11.CKM_AES_KEY_GEN,
	Size:   32,
	Usages: []uint{pkcs11.CKA_ENCRYPT, pkcs11.CKA_DECRYPT}, flags: UsageFlags,
}

func hmacKey(size int, mechanism uint) KeyTemplate {
	return KeyTemplate{
		Class: pkcs11.CKO_SECRET_KEY, KeyType: pkcs11.CKK_GENERIC_SECRET,
		Generation: pkcs11.CKM_GENERIC_SECRET_KEY_GEN, Size: size,
		Usages: []uint{pkcs11.CKA_SIGN, pkcs11.CKA_VERIFY}, Mechanisms: []uint{mechanism},
		flags: UsageFlags,
	}
}

func rsaKey(bits int, usage uint, mechanisms ...uint) KeyTemplate {
	return KeyTemplate{
		Class: pkcs11.CKO_PRIVATE_KEY, KeyType: pkcs11.CKK_RSA,
		Generation: pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN, Size: bits,
		Usages: []uint{usage}, Mechanisms: mechanisms, flags: privateFlags,
	}
}

// ECKey is the template of keys on a curve with one usage.
func ECKey(c *publickey.Curve, usage uint, mechanism uint) KeyTemplate {
	return KeyTemplate{
		Class: pkcs11.CKO_PRIVATE_KEY, KeyType: pkcs11.CKK_EC,
		Generation: pkcs11.CKM_EC_KEY_PAIR_GEN, Curve: c,
		Usages: []uint{usage}, Mechanisms: []uint{mechanism}, flags: privateFlags,
	}
}

func dsaKey(spec string, number uint) KeyTemplate {
	return KeyTemplate{
		Class: pkcs11.CKO_PRIVATE_KEY, KeyType: cryptoki.CKK_ML_DSA,
		Generation: cryptoki.CKM_ML_DSA_KEY_PAIR_GEN,
		Set:        &publickey.ParameterSet{Spec: spec, Number: number},
		Usages:     []uint{pkcs11.CKA_SIGN}, Mechanisms: []uint{cryptoki.CKM_ML_DSA},
		flags: latticeFlags,
	}
}

func kemKey(spec string, number uint) KeyTemplate {
	return KeyTemplate{
		Class: pkcs11.CKO_PRIVATE_KEY, KeyType: cryptoki.CKK_ML_KEM,
		Generation: cryptoki.CKM_ML_KEM_KEY_PAIR_GEN,
		Set:        &publickey.ParameterSet{Spec: spec, Number: number},
		Usages:     []uint{cryptoki.CKA_DECAPSULATE}, Mechanisms: []uint{cryptoki.CKM_ML_KEM},
		flags: latticeFlags,
	}
}
