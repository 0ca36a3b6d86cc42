package dialect

import (
	"crypto"
	_ "crypto/sha1" // RSAES_OAEP_SHA_1 is AWS's, and signatures of messages in SNS's version 1

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/custody"
	"claviger/internal/lattice"
)

// Signature is how an algorithm of signatures is asked of the device. Hashing was done by the
// caller, so that a message of any length never has to reach it.
type Signature struct {
	cryptoki.Mechanism
	KeyType uint
	Hash    crypto.Hash // 0: what is signed is a message or its representative
	Prefix  []byte      // of the digest: DigestInfo up to it
	message bool        // no digest is signed but the message itself
}

// Signatures has every algorithm by AWS's name.
var Signatures = map[custody.Algorithm]Signature{
	"RSASSA_PSS_SHA_256":        pss(crypto.SHA256, pkcs11.CKM_SHA256, pkcs11.CKG_MGF1_SHA256),
	"RSASSA_PSS_SHA_384":        pss(crypto.SHA384, pkcs11.CKM_SHA384, pkcs11.CKG_MGF1_SHA384),
	"RSASSA_PSS_SHA_512":        pss(crypto.SHA512, pkcs11.CKM_SHA512, pkcs11.CKG_MGF1_SHA512),
	"RSASSA_PKCS1_V1_5_SHA_1":   pkcs1Info(crypto.SHA1, 0x2b, 0x0e, 0x03, 0x02, 0x1a),
	"RSASSA_PKCS1_V1_5_SHA_256": pkcs1(crypto.SHA256, 1),
	"RSASSA_PKCS1_V1_5_SHA_384": pkcs1(crypto.SHA384, 2),
	"RSASSA_PKCS1_V1_5_SHA_512": pkcs1(crypto.SHA512, 3),
	"ECDSA_SHA_256":             ecdsa(crypto.SHA256),
	"ECDSA_SHA_384":             ecdsa(crypto.SHA384),
	"ECDSA_SHA_512":             ecdsa(crypto.SHA512),
	"ED25519_SHA_512": {
		Mechanism: cryptoki.Mechanism{Code: cryptoki.CKM_EDDSA},
		KeyType:   cryptoki.CKK_EC_EDWARDS, Hash: crypto.SHA512, message: true,
	},
	"ED25519_PH_SHA_512": {
		Mechanism: cryptoki.Mechanism{Code: cryptoki.CKM_EDDSA, Parameter: cryptoki.Prehash{}},
		KeyType:   cryptoki.CKK_EC_EDWARDS, Hash: crypto.SHA512,
	},
	"ML_DSA_SHAKE_256": {
		Mechanism: cryptoki.Mechanism{Code: cryptoki.CKM_ML_DSA},
		KeyType:   cryptoki.CKK_ML_DSA, message: true,
	},
	custody.ExternalMu: {
		Mechanism: cryptoki.Mechanism{Code: cryptoki.CKM_ML_DSA_EXTERNAL_MU},
		KeyType:   cryptoki.CKK_ML_DSA,
	},
}

// Takes reports whether n bytes can be what the algorithm signs.
func (how Signature) Takes(n int) bool {
	switch {
	case how.message:
		return true
	case how.Hash == 0:
		return n == lattice.MuSize
	}
	return n == how.Hash.Size()
}

// ecdsa is ECDSA (FIPS 186-5 section 6.4), whose curve is the key's.
func ecdsa(h crypto.Hash) Signature {
	return Signature{
		Mechanism: cryptoki.Mechanism{Code: pkcs11.CKM_ECDSA},
		KeyType:   pkcs11.CKK_EC, Hash: h,
	}
}

// pss is RSASSA-PSS (RFC 8017 section 8.1) with a salt as long as the digest.
func pss(h crypto.Hash, mechanism, mgf uint) Signature {
	p := cryptoki.PSS{Hash: mechanism, MGF: mgf, Salt: uint(h.Size())}
	return Signature{
		Mechanism: cryptoki.Mechanism{Code: pkcs11.CKM_RSA_PKCS_PSS, Parameter: p},
		KeyType:   pkcs11.CKK_RSA, Hash: h,
	}
}

// pkcs1 is RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2); arc is the hash's last number in NIST's tree,
// 2.16.840.1.101.3.4.2.
func pkcs1(h crypto.Hash, arc byte) Signature {
	return pkcs1Info(h, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, arc)
}

// pkcs1Info is pkcs1 by a hash with this identifier in DER. DigestInfo is written here, since
// CKM_RSA_PKCS only pads.
func pkcs1Info(h crypto.Hash, oid ...byte) Signature {
	n, of := byte(h.Size()), byte(len(oid))
	prefix := append([]byte{0x30, 8 + of + n, 0x30, 4 + of, 0x06, of}, oid...)
	return Signature{
		Mechanism: cryptoki.Mechanism{Code: pkcs11.CKM_RSA_PKCS},
		KeyType:   pkcs11.CKK_RSA, Hash: h, Prefix: append(prefix, 0x05, 0, 0x04, n),
	}
}

// Signs reports whether the algorithm is one of this type of key and, since each curve has one of
// its own, of its curve. Whether the key may sign at all is the device's to say.
func (k KeyTemplate) Signs(how Signature) bool {
	return k.KeyType == how.KeyType && (k.Curve == nil || k.Curve.Hash == how.Hash)
}

// Signs reports whether the device signs by the algorithm, beyond what every
// device of its make does.
func (d Dialect) Signs(how Signature) bool {
	if how.Code == cryptoki.CKM_ML_DSA_EXTERNAL_MU {
		return d.ExternalMu
	}
	return how.Parameter != (cryptoki.Prehash{}) || d.Ed25519ph
}

// OAEP has every algorithm of RSA encryption by AWS's name: MGF1 by the same
// hash, and an empty label.
var OAEP = map[custody.Algorithm]cryptoki.OAEP{
	"RSAES_OAEP_SHA_1":   {Hash: pkcs11.CKM_SHA_1, MGF: pkcs11.CKG_MGF1_SHA1},
	"RSAES_OAEP_SHA_256": {Hash: pkcs11.CKM_SHA256, MGF: pkcs11.CKG_MGF1_SHA256},
}
