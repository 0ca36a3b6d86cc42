package hsm

import (
	"bytes"
	"context"
	"crypto"
	_ "crypto/sha1" // RSAES_OAEP_SHA_1 is AWS's
	"fmt"
	"slices"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/custody"
	"claviger/internal/fault"
	"claviger/internal/lattice"
)

// signing is how an algorithm is asked of the device. Hashing was done by the caller, so that a message of any length
// never has to reach it.
type signing struct {
	cryptoki.Mechanism
	keyType uint
	hash    crypto.Hash // 0: what is signed is a message or its representative
	prefix  []byte      // of the digest: DigestInfo up to it
	message bool        // no digest is signed but the message itself
}

// signings has every algorithm by AWS's name.
var signings = map[custody.Algorithm]signing{
	"RSASSA_PSS_SHA_256":        pss(crypto.SHA256, pkcs11.CKM_SHA256, pkcs11.CKG_MGF1_SHA256),
	"RSASSA_PSS_SHA_384":        pss(crypto.SHA384, pkcs11.CKM_SHA384, pkcs11.CKG_MGF1_SHA384),
	"RSASSA_PSS_SHA_512":        pss(crypto.SHA512, pkcs11.CKM_SHA512, pkcs11.CKG_MGF1_SHA512),
	"RSASSA_PKCS1_V1_5_SHA_256": pkcs1(crypto.SHA256, 1),
	"RSASSA_PKCS1_V1_5_SHA_384": pkcs1(crypto.SHA384, 2),
	"RSASSA_PKCS1_V1_5_SHA_512": pkcs1(crypto.SHA512, 3),
	"ECDSA_SHA_256":             {Mechanism: cryptoki.Mechanism{Code: pkcs11.CKM_ECDSA}, keyType: pkcs11.CKK_EC, hash: crypto.SHA256},
	"ECDSA_SHA_384":             {Mechanism: cryptoki.Mechanism{Code: pkcs11.CKM_ECDSA}, keyType: pkcs11.CKK_EC, hash: crypto.SHA384},
	"ECDSA_SHA_512":             {Mechanism: cryptoki.Mechanism{Code: pkcs11.CKM_ECDSA}, keyType: pkcs11.CKK_EC, hash: crypto.SHA512},
	"ED25519_SHA_512":           {Mechanism: cryptoki.Mechanism{Code: ckmEdDSA}, keyType: ckkECEdwards, hash: crypto.SHA512, message: true},
	"ED25519_PH_SHA_512": {Mechanism: cryptoki.Mechanism{Code: ckmEdDSA, Parameter: cryptoki.Prehash{}},
		keyType: ckkECEdwards, hash: crypto.SHA512},
	"ML_DSA_SHAKE_256": {Mechanism: cryptoki.Mechanism{Code: ckmMLDSA}, keyType: ckkMLDSA, message: true},
	custody.ExternalMu: {Mechanism: cryptoki.Mechanism{Code: ckmMLDSAExternalMu}, keyType: ckkMLDSA},
}

// takes reports whether n bytes can be what the algorithm signs.
func (how signing) takes(n int) bool {
	switch {
	case how.message:
		return true
	case how.hash == 0:
		return n == lattice.MuSize
	}
	return n == how.hash.Size()
}

// pss is RSASSA-PSS (RFC 8017 section 8.1) with a salt as long as the digest.
func pss(h crypto.Hash, mechanism, mgf uint) signing {
	p := cryptoki.PSS{Hash: mechanism, MGF: mgf, Salt: uint(h.Size())}
	return signing{Mechanism: cryptoki.Mechanism{Code: pkcs11.CKM_RSA_PKCS_PSS, Parameter: p}, keyType: pkcs11.CKK_RSA, hash: h}
}

// pkcs1 is RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2). DigestInfo is written here, since CKM_RSA_PKCS only pads; arc is
// the hash's last number in NIST's tree, 2.16.840.1.101.3.4.2.
func pkcs1(h crypto.Hash, arc byte) signing {
	n := byte(h.Size())
	prefix := []byte{0x30, 17 + n, 0x30, 13, 0x06, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, arc, 0x05, 0, 0x04, n}
	return signing{Mechanism: cryptoki.Mechanism{Code: pkcs11.CKM_RSA_PKCS}, keyType: pkcs11.CKK_RSA, hash: h, prefix: prefix}
}

// Sign signs on the token by an algorithm of AWS's name: RSASSA_PSS_SHA_{256,384,512} with a salt as long as the digest,
// RSASSA_PKCS1_V1_5_SHA_{256,384,512}, ECDSA_SHA_{256,384,512} each on its own curve, ED25519_SHA_512, ED25519_PH_SHA_512,
// ML_DSA_SHAKE_256 and [custody.ExternalMu]. Digest is the message's digest by the algorithm's hash, or with ExternalMu the
// message's representative; ED25519_SHA_512 and ML_DSA_SHAKE_256 take the message itself.
//
// The signature is as long as the modulus for RSA, DER of r and s (RFC 3279 section 2.2.3) for ECDSA, 64 bytes for Ed25519, and
// 2,420, 3,309 or 4,627 bytes for ML-DSA. The answer to an algorithm that isn't known, or not to this device, is
// [custody.ErrUnsupported]; that it is one of the key's, and the digest of its length, the caller has made sure.
func (t *Token) Sign(ctx context.Context, ref custody.Ref, alg custody.Algorithm, digest []byte) (signature []byte, err error) {
	defer t.observe("Sign", time.Now(), &err)
	how, known := signings[alg]
	if !known || how.Code == ckmMLDSAExternalMu && !t.dialect.mu || how.Parameter == (cryptoki.Prehash{}) && !t.dialect.prehash {
		return nil, custody.ErrUnsupported
	}
	if !how.takes(len(digest)) {
		return nil, fault.Of(fmt.Errorf("hsm: %s signs no digest of %d bytes", alg, len(digest)))
	}
	return t.use(ctx, &ref, func(e *epoch, h *handle, s cryptoki.Session) ([]byte, error) {
		if !h.form.signs(how) {
			return nil, fmt.Errorf("hsm: %s is no algorithm of a key of kind %s", alg, h.kind)
		}
		if err := e.trust(s, h); err != nil {
			return nil, err
		}
		return e.sign(s, h, how, digest)
	})
}

// signs reports whether the algorithm is one of this type of key and, since each curve has one of its own, of its curve.
// Whether the key may sign at all is the device's to say.
func (f form) signs(how signing) bool {
	return f.keyType == how.keyType && (f.curve == nil || f.curve.hash == how.hash)
}

// sign asks the device for a signature and gives it the form that AWS's has.
func (e *epoch) sign(s cryptoki.Session, h *handle, how signing, digest []byte) ([]byte, error) {
	signature, err := e.driver().Sign(s, h.object, how.Mechanism, slices.Concat(how.prefix, digest))
	if err != nil || how.Code != pkcs11.CKM_ECDSA {
		return signature, err
	}
	// PKCS#11 v2.40 section 2.3.1: r and s one after the other, each as long as the order of the curve.
	n := len(signature) / 2
	if n == 0 || n > h.form.curve.size {
		return nil, fmt.Errorf("hsm: the device gave a signature of %d bytes", len(signature))
	}
	return derSignature(signature[:n], signature[n:]), nil
}

// derSignature is Ecdsa-Sig-Value (RFC 3279 section 2.2.3) of two numbers of at most 66 bytes. Package asn1 would
// need big integers and many allocations for it.
func derSignature(r, s []byte) []byte {
	der := appendInteger(appendInteger(make([]byte, 3, 160), r), s)
	if n := len(der) - 3; n > 0x7F {
		der[0], der[1], der[2] = 0x30, 0x81, byte(n)
		return der
	}
	der[1], der[2] = 0x30, byte(len(der)-3)
	return der[1:]
}

// appendInteger appends a DER INTEGER: no zero byte in front but where the number would be negative or nothing without.
func appendInteger(der, n []byte) []byte {
	n = bytes.TrimLeft(n, "\x00")
	if len(n) == 0 || n[0] >= 0x80 {
		return append(append(der, 0x02, byte(len(n)+1), 0), n...)
	}
	return append(append(der, 0x02, byte(len(n))), n...)
}

// MAC returns the HMAC (FIPS 198-1) of data by the hash of the material's kind: 28, 32, 48 or 64 bytes.
func (t *Token) MAC(ctx context.Context, ref custody.Ref, data []byte) (mac []byte, err error) {
	defer t.observe("MAC", time.Now(), &err)
	return t.use(ctx, &ref, func(e *epoch, h *handle, s cryptoki.Session) ([]byte, error) {
		if h.form.keyType != pkcs11.CKK_GENERIC_SECRET {
			return nil, fmt.Errorf("hsm: a key of kind %s makes no authentication codes", h.kind)
		}
		if err := e.trust(s, h); err != nil {
			return nil, err
		}
		return e.driver().Sign(s, h.object, cryptoki.Mechanism{Code: h.form.mechanisms[0]}, data)
	})
}
