package hsmtest

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/x509"

	"filippo.io/mldsa"
	mldsax509 "filippo.io/mldsa/x509"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"claviger/internal/lattice"
)

// Secp256k1PKCS8 is the DER before the number in PKCS#8 (RFC 5208, RFC 5915) of a private key on
// secp256k1, without its public half. Package x509 doesn't know the curve.
var Secp256k1PKCS8 = []byte{0x30, 0x3E, 0x02, 0x01, 0x00, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86, 0x48,
	0xCE, 0x3D, 0x02, 0x01,
	0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x0A, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20}

// PKCS8 encodes a private key of any kind in DER.
func PKCS8(key crypto.PrivateKey) ([]byte, error) {
	switch k := key.(type) {
	case *secp256k1.PrivateKey:
		return append(bytes.Clone(Secp256k1PKCS8), k.Serialize()...), nil
	case *mldsa.PrivateKey:
		return mldsax509.MarshalPKCS8PrivateKey(k)
	case *lattice.DecapsulationKey:
		return k.PKCS8(), nil
	}
	return x509.MarshalPKCS8PrivateKey(key)
}

// openGCM opens what a token sealed, with the key's bytes.
func openGCM(key, sealed, aad []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], aad)
}

// authenticate is the HMAC of data by the key's bytes.
func authenticate(hash crypto.Hash, key, data []byte) []byte {
	h := hmac.New(hash.New, key)
	h.Write(data)
	return h.Sum(nil)
}
