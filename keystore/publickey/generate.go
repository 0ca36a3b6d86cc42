package publickey

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"claviger/internal/lattice"
)

// Generate makes a key pair of a spec from the operating system's generator: PKCS#8 and
// SubjectPublicKeyInfo.
func Generate(spec string) (private, public []byte, err error) {
	switch {
	case ModulusBits[spec] != 0:
		key, err := rsa.GenerateKey(rand.Reader, ModulusBits[spec])
		if err != nil {
			return nil, nil, err
		}
		return marshalPair(key, &key.PublicKey)
	case curves[spec] != nil:
		key, err := ecdsa.GenerateKey(curves[spec], rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		return marshalPair(key, &key.PublicKey)
	case spec == SpecSecp256k1:
		key, err := secp256k1.GeneratePrivateKey()
		if err != nil {
			return nil, nil, err
		}
		defer key.Zero()
		private, public = marshalSecp256k1(key)
		return private, public, nil
	case spec == SpecEd25519:
		pub, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		defer clear(key)
		return marshalPair(key, pub)
	case lattice.Known(spec):
		key, err := lattice.Generate(spec)
		if err != nil {
			return nil, nil, err
		}
		defer key.Wipe()
		return key.PKCS8(), key.Public.SPKI(), nil
	}
	return nil, nil, ErrMalformed
}

func marshalPair(key, pub any) (private, public []byte, err error) {
	if private, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return nil, nil, err
	}
	public, err = x509.MarshalPKIXPublicKey(pub)
	return private, public, err
}
