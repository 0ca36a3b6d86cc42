package lattice

import (
	"crypto/mlkem"
	"crypto/rand"
	"errors"

	"github.com/cloudflare/circl/kem/mlkem/mlkem512"
)

// Lengths of ML-KEM in bytes: of every shared secret, and of the seed (d, z) that a private key is
// made of.
const (
	SecretSize = mlkem.SharedKeySize
	SeedSize   = mlkem.SeedSize
)

// EncapsulationKey is a public key of ML-KEM.
type EncapsulationKey struct {
	spec           string
	bytes          []byte
	ciphertextSize int
	encapsulate    func() (secret, ciphertext []byte)
}

// DecapsulationKey is a private key of ML-KEM.
type DecapsulationKey struct {
	Public      *EncapsulationKey
	seed        []byte
	decapsulate func(ciphertext []byte) (secret []byte, err error)
}

func readEncapsulation(key []byte) (PublicKey, error) {
	switch len(key) {
	case mlkem.EncapsulationKeySize768:
		k, err := mlkem.NewEncapsulationKey768(key)
		if err != nil {
			return nil, err
		}
		return &EncapsulationKey{"ML_KEM_768", k.Bytes(), mlkem.CiphertextSize768, k.Encapsulate}, nil
	case mlkem.EncapsulationKeySize1024:
		k, err := mlkem.NewEncapsulationKey1024(key)
		if err != nil {
			return nil, err
		}
		return &EncapsulationKey{"ML_KEM_1024", k.Bytes(), mlkem.CiphertextSize1024, k.Encapsulate}, nil
	}
	k := new(mlkem512.PublicKey)
	if err := k.Unpack(key); err != nil {
		return nil, err
	}
	return encapsulation512(k), nil
}

func encapsulation512(k *mlkem512.PublicKey) *EncapsulationKey {
	packed := make([]byte, mlkem512.PublicKeySize)
	k.Pack(packed)
	return &EncapsulationKey{"ML_KEM_512", packed, mlkem512.CiphertextSize,
		func() (secret, ciphertext []byte) {
			secret, ciphertext = make([]byte, mlkem512.SharedKeySize), make([]byte, mlkem512.CiphertextSize)
			seed := make([]byte, mlkem512.EncapsulationSeedSize)
			rand.Read(seed)
			defer clear(seed)
			k.EncapsulateTo(ciphertext, secret, seed)
			return secret, ciphertext
		}}
}

// Spec implements [PublicKey].
func (k *EncapsulationKey) Spec() string { return k.spec }

// Bytes implements [PublicKey].
func (k *EncapsulationKey) Bytes() []byte { return k.bytes }

// SPKI implements [PublicKey].
func (k *EncapsulationKey) SPKI() []byte { return marshal(k) }

// CiphertextSize is the length of a ciphertext in bytes: 768, 1088 or 1568.
func (k *EncapsulationKey) CiphertextSize() int { return k.ciphertextSize }

// Encapsulate makes a secret of [SecretSize] bytes and the ciphertext that gives it to the owner of
// the private key (FIPS 203, algorithm 20).
func (k *EncapsulationKey) Encapsulate() (secret, ciphertext []byte) { return k.encapsulate() }

var errSeed = errors.New("lattice: this is no seed of a key for key encapsulation")

// Generate makes a private key of ML-KEM from the operating system's generator
// (FIPS 203, algorithm 19).
func Generate(spec string) (*DecapsulationKey, error) {
	seed := make([]byte, SeedSize)
	rand.Read(seed)
	return NewDecapsulation(spec, seed)
}

// NewDecapsulation makes the private key of a seed, which it keeps (FIPS 203, algorithm 16).
func NewDecapsulation(spec string, seed []byte) (*DecapsulationKey, error) {
	if len(seed) != SeedSize {
		return nil, errSeed
	}
	switch spec {
	case "ML_KEM_512":
		pub, key := mlkem512.NewKeyFromSeed(seed)
		return &DecapsulationKey{encapsulation512(pub), seed, func(ciphertext []byte) ([]byte, error) {
			secret := make([]byte, mlkem512.SharedKeySize)
			key.DecapsulateTo(secret, ciphertext)
			return secret, nil
		}}, nil
	case "ML_KEM_768":
		key, err := mlkem.NewDecapsulationKey768(seed)
		if err != nil {
			return nil, err
		}
		return newDecapsulation(key.EncapsulationKey().Bytes(), seed, key.Decapsulate)
	case "ML_KEM_1024":
		key, err := mlkem.NewDecapsulationKey1024(seed)
		if err != nil {
			return nil, err
		}
		return newDecapsulation(key.EncapsulationKey().Bytes(), seed, key.Decapsulate)
	}
	return nil, errSeed
}

func newDecapsulation(public, seed []byte,
	decapsulate func([]byte) ([]byte, error)) (*DecapsulationKey, error) {
	pub, err := readEncapsulation(public)
	if err != nil {
		return nil, err
	}
	return &DecapsulationKey{pub.(*EncapsulationKey), seed, decapsulate}, nil
}

var errCiphertext = errors.New("lattice: the ciphertext has the wrong length")

// Decapsulate returns the secret of a ciphertext (FIPS 203, algorithm 21). One of the right length
// always has a secret: if nobody encapsulated it to this key, it is one that nobody else knows.
func (k *DecapsulationKey) Decapsulate(ciphertext []byte) ([]byte, error) {
	if len(ciphertext) != k.Public.ciphertextSize {
		return nil, errCiphertext
	}
	return k.decapsulate(ciphertext)
}

// PKCS8 returns the private key as DER PrivateKeyInfo with the seed and nothing else (RFC 9935
// section 6): whoever reads it expands it.
func (k *DecapsulationKey) PKCS8() []byte {
	id := algorithm(k.Public.spec)
	der := append([]byte{0x30, byte(3 + len(id) + 4 + SeedSize), 0x02, 1, 0}, id...)
	der = append(der, 0x04, 2+SeedSize, 0x80, SeedSize)
	return append(der, k.seed...)
}

// Wipe overwrites the seed. What was expanded from it is left to the garbage collector.
func (k *DecapsulationKey) Wipe() { clear(k.seed) }
