package fakedevice

import (
	"fmt"
	"testing"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/module"
)

// New returns a software token that has a root, for as long as t runs.
func New(t testing.TB) *Device {
	t.Helper()
	d := Bare(t)
	d.create()
	return d
}

// common are the mechanisms that every Device has.
var common = []uint{
	pkcs11.CKM_AES_KEY_GEN, pkcs11.CKM_GENERIC_SECRET_KEY_GEN,
	pkcs11.CKM_SHA224_HMAC, pkcs11.CKM_SHA256_HMAC, pkcs11.CKM_SHA384_HMAC, pkcs11.CKM_SHA512_HMAC,
	pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN, pkcs11.CKM_RSA_PKCS, pkcs11.CKM_RSA_PKCS_PSS,
	pkcs11.CKM_RSA_PKCS_OAEP, pkcs11.CKM_RSA_X_509,
	pkcs11.CKM_EC_KEY_PAIR_GEN, pkcs11.CKM_ECDSA, pkcs11.CKM_ECDH1_DERIVE,
}

// Bare returns a software token that was never initialised.
func Bare(t testing.TB) *Device {
	d := &Device{
		t: t, path: fmt.Sprintf("software token %d", devices.Add(1)), user: -1,
		maker: "SoftHSM project", onlySHA1: true,
		mechanisms: append([]uint{pkcs11.CKM_AES_GCM, pkcs11.CKM_AES_KEY_WRAP_PAD,
			cryptoki.CKM_EC_EDWARDS_KEY_PAIR_GEN, cryptoki.CKM_EDDSA}, common...),
		pins: map[uint][]byte{}, calls: map[string]int{}, faults: map[string]*fault{},
		neglected: map[uint]bool{},
	}
	t.Cleanup(module.Provide(d.path, d))
	return d
}

// LikeCloudHSM returns a software token that differs from SoftHSM2 as AWS CloudHSM is documented
// to: vendor mechanisms, IVs of its own, stricter templates, and an admin who marks the root
// trusted with a tool of the maker's.
func LikeCloudHSM(t testing.TB) *Device {
	t.Helper()
	d := Bare(t)
	d.maker, d.ownIV, d.bareSecrets, d.applies, d.onlySHA1 = "Marvell Semiconductors, Inc.", true,
		true, true, false
	d.mechanisms = append([]uint{cryptoki.CKM_CLOUDHSM_AES_GCM,
		cryptoki.CKM_CLOUDHSM_AES_KEY_WRAP_ZERO_PAD}, common...)
	d.create()
	return d
}

// LikeNShield returns a software token with what Entrust nShield is documented to have and SoftHSM2
// lacks: RFC 5649 by its own name, RSA-OAEP with SHA-256, and Ed25519 keys that can be wrapped.
func LikeNShield(t testing.TB) *Device {
	t.Helper()
	d := Bare(t)
	d.maker, d.onlySHA1 = "nCipher Corp. Ltd", false
	d.mechanisms = append([]uint{pkcs11.CKM_AES_GCM, cryptoki.CKM_AES_KEY_WRAP_KWP,
		cryptoki.CKM_EC_EDWARDS_KEY_PAIR_GEN, cryptoki.CKM_EDDSA}, common...)
	d.create()
	d.Trust()
	return d
}

// LikeV32 returns a software token of a maker that nobody has heard of, with the mechanisms of
// PKCS#11 v3.2 for ML-DSA and ML-KEM and, as the draft after it has it, ML-DSA over an external
// message representative.
func LikeV32(t testing.TB) *Device {
	t.Helper()
	d := bareV32(t)
	d.mechanisms = append(d.mechanisms, cryptoki.CKM_ML_DSA_EXTERNAL_MU)
	d.create()
	d.Trust()
	return d
}

// LikeV32Unreached returns a software token with the mechanisms of PKCS#11 v3.2, whose functions
// can't be called: those of v2.40 are all that its module gives.
func LikeV32Unreached(t testing.TB) *Device {
	t.Helper()
	d := bareV32(t)
	t.Cleanup(module.Provide(d.path, struct{ cryptoki.Driver }{d}))
	d.create()
	d.Trust()
	return d
}

func bareV32(t testing.TB) *Device {
	d := Bare(t)
	d.maker, d.onlySHA1 = "Example", false
	d.mechanisms = append([]uint{pkcs11.CKM_AES_GCM, cryptoki.CKM_AES_KEY_WRAP_KWP,
		cryptoki.CKM_ML_DSA_KEY_PAIR_GEN, cryptoki.CKM_ML_DSA, cryptoki.CKM_ML_KEM_KEY_PAIR_GEN,
		cryptoki.CKM_ML_KEM}, common...)
	return d
}
