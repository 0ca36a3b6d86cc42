package fakedevice

import (
	"bytes"
	"crypto"

	"filippo.io/mldsa"
	mldsax509 "filippo.io/mldsa/x509"
	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/lattice"
)

// The parameter sets by their numbers (CKP_*), less one.
var (
	dsaSets = []mldsa.Parameters{mldsa.MLDSA44(), mldsa.MLDSA65(), mldsa.MLDSA87()}
	kemSets = []string{"ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"}
)

// findLattice makes a key of ML-DSA or ML-KEM.
func findLattice(mechanism uint, half *object) (crypto.PrivateKey, error) {
	number, ok := cryptoki.AsUlong(half.attributes[cryptoki.CKA_PARAMETER_SET])
	switch {
	case !ok || number < 1 || number > 3:
		return nil, fail("C_GenerateKeyPair", pkcs11.CKR_ATTRIBUTE_VALUE_INVALID)
	case mechanism == cryptoki.CKM_ML_DSA_KEY_PAIR_GEN:
		return mldsa.GenerateKey(dsaSets[number-1])
	}
	return lattice.Generate(kemSets[number-1])
}

// decodeLattice reads PKCS#8 with a seed, and zeros behind it, and returns nil for anything else.
func decodeLattice(keyType uint, value []byte) crypto.PrivateKey {
	if len(value) < 2 || len(value) < 2+int(value[1]) {
		return nil
	}
	value = value[:2+int(value[1])] // so short has DER of such a key one length byte
	if keyType == cryptoki.CKK_ML_DSA {
		key, err := mldsax509.ParsePKCS8PrivateKey(value)
		if k, is := key.(*mldsa.PrivateKey); is && err == nil {
			return k
		}
		return nil
	}
	for _, spec := range kemSets {
		seed := value[max(0, len(value)-lattice.SeedSize):]
		if key, err := lattice.NewDecapsulation(spec,
			bytes.Clone(seed)); err == nil && bytes.Equal(key.PKCS8(), value) {
			return key
		}
	}
	return nil
}

// latticeOf is CKA_VALUE of the public half.
func latticeOf(key crypto.PrivateKey) []byte {
	switch k := key.(type) {
	case *mldsa.PrivateKey:
		return k.PublicKey().Bytes()
	case *lattice.DecapsulationKey:
		return k.Public.Bytes()
	}
	return nil
}

func (d *Device) DecapsulateKey(s cryptoki.Session, by cryptoki.Mechanism, n cryptoki.Object,
	ciphertext []byte, template []cryptoki.Attribute) (cryptoki.Object, error) {
	o, err := d.using("C_DecapsulateKey", s, n, cryptoki.CKA_DECAPSULATE, by.Code)
	if err != nil {
		return 0, err
	}
	key, is := o.private.(*lattice.DecapsulationKey)
	if !is {
		return 0, fail("C_DecapsulateKey", pkcs11.CKR_KEY_TYPE_INCONSISTENT)
	}
	secret, err := key.Decapsulate(ciphertext)
	if err != nil {
		return 0, fail("C_DecapsulateKey", pkcs11.CKR_ENCRYPTED_DATA_LEN_RANGE)
	}
	return d.addSecret("C_DecapsulateKey", s, secret, template)
}
