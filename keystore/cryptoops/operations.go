// Package cryptoops has the operations that use keys: Encrypt, Sign, GenerateDataKey and their
// like, a file each. They change nothing but when a key was last used, so that they need no
// transaction of their own.
package cryptoops

import (
	"context"
	"runtime"
	"time"

	"claviger/internal/admission"
	"claviger/internal/custody"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/customstore"
	"claviger/keystore/model"
	"claviger/keystore/sealing"
	"claviger/keystore/target"
)

// Random draws random bytes.
type Random interface {
	Random(ctx context.Context, n int) ([]byte, error)
}

// Signer makes signatures and message authentication codes.
type Signer interface {
	Signs(alg custody.Algorithm) bool // whether the device signs by it at all

	// Sign takes the digest by the algorithm's hash; of ED25519_SHA_512 and ML_DSA_SHAKE_256, which
	// have none before them, the message; and of custody.ExternalMu the message representative.
	Sign(ctx context.Context, ref custody.Ref, alg custody.Algorithm, digest []byte) ([]byte, error)
	MAC(ctx context.Context, ref custody.Ref, data []byte) ([]byte, error)
}

// Opener uses private keys on what others made with the public one.
type Opener interface {
	Decrypt(ctx context.Context, ref custody.Ref, alg custody.Algorithm, ciphertext []byte) ([]byte,
		error)
	// peer is on the key's curve
	Derive(ctx context.Context, ref custody.Ref, peer []byte) ([]byte, error)
	Decapsulate(ctx context.Context, ref custody.Ref, ciphertext []byte) ([]byte, error)
}

// Device is the service's own token, by what is asked of it. Keys of custom key stores are not its
// affair: package sealing finds the token that holds them.
type Device struct {
	Random Random
	Signer Signer
	Opener Opener
}

// Operations performs the operations that use keys.
type Operations struct {
	finder    *target.Finder
	device    Device
	materials *sealing.Materials
	stores    *customstore.Operations // find the token that random bytes are drawn from
	Pairs     *admission.Gate         // places for making key pairs, by party

	// Encrypt and Decrypt are asked for by other services, too: see internal/envelope.
	Encrypt op.Query[EncryptInput, EncryptOutput]
	Decrypt op.Query[DecryptInput, DecryptOutput]
}

// pairPatience is how long a key pair waits for a processor: less than a request may take.
const pairPatience = time.Minute

// New returns the operations that use keys. Half of the processors may make key pairs at a time: an
// RSA pair takes seconds, and the other half is for everybody else. Callers take turns.
func New(finder *target.Finder, device Device, materials *sealing.Materials,
	stores *customstore.Operations) *Operations {
	places := max(1, runtime.GOMAXPROCS(0)/2)
	s := &Operations{finder: finder, device: device, materials: materials, stores: stores,
		Pairs: &admission.Gate{Places: places, Share: max(1, places/2), Patience: pairPatience,
			Waiting: 16, WaitingAll: 512, Forecasts: true}}
	// Last, since the operations hold what they find keys with.
	s.Encrypt = target.Use(finder, keys.Post("Encrypt", "encrypt",
		"Encrypts up to 4,096 bytes under a key."), s.findEncrypt, s.encrypt)
	s.Decrypt = target.Use(finder, route.Post("Decrypt", "/v1/keys/decrypt",
		"Decrypts what Encrypt, ReEncrypt or GenerateDataKey made.").
		At("POST", "/v1/keys/decrypt/{KeyId...}").
		At("POST", "/v1/keys/{KeyId...}/decrypt"), s.findDecrypt, s.decrypt)
	return s
}

// route describes operations, keys those on one facet of a key.
var (
	route = domain.Routes{Service: model.KMS}
	keys  = route.Of("/v1/keys", "KeyId")
)

// Operations is the table of contents.
func (s *Operations) Operations() []op.Operation {
	return []op.Operation{
		s.Encrypt,
		s.Decrypt,
		target.Use(s.finder, route.Post("ReEncrypt", "/v1/keys/re-encrypt",
			"Moves a ciphertext to another key; the plaintext is not shown."), s.findReEncrypt, s.reEncrypt),
		target.Use(s.finder, keys.Post("GenerateDataKey", "data-key",
			"Makes a data key: in clear, and encrypted under a key."), s.findDataKey, s.generateDataKey),
		target.Use(s.finder, keys.Post("GenerateDataKeyWithoutPlaintext", "data-key-without-plaintext",
			"Makes a data key, encrypted under a key only."), s.findBareDataKey,
			s.generateDataKeyWithoutPlaintext),
		target.Use(s.finder, keys.Post("GenerateDataKeyPair", "data-key-pair",
			"Makes a key pair: the private key in clear, and encrypted under a key."), s.findPair,
			s.generateDataKeyPair),
		target.Use(s.finder, keys.Post("GenerateDataKeyPairWithoutPlaintext",
			"data-key-pair-without-plaintext",
			"Makes a key pair, its private key encrypted under a key only."), s.findBarePair,
			s.generateDataKeyPairWithoutPlaintext),
		op.Read(keys.Get("GetPublicKey", "public-key",
			"Returns the public key of an asymmetric key."), s.findPublicKey, s.getPublicKey),
		target.Use(s.finder, keys.Post("Sign", "sign",
			"Signs a message or its digest."), s.findSign, s.sign),
		target.Use(s.finder, keys.Post("Verify", "verify",
			"Verifies a signature; one that isn't valid is an error."), s.findVerify, s.verify),
		target.Use(s.finder, keys.Post("GenerateMac", "mac",
			"Makes a message authentication code (HMAC)."), s.findMac, s.generateMac),
		target.Use(s.finder, keys.Post("VerifyMac", "verify-mac",
			"Verifies a message authentication code; one that isn't valid is an error."), s.findVerifyMac,
			s.verifyMac),
		target.Use(s.finder, keys.Post("DeriveSharedSecret", "shared-secret",
			"Agrees on a secret with the owner of another key, by ECDH."), s.findAgreement,
			s.deriveSharedSecret),
		target.Use(s.finder, keys.Post("Encapsulate", "encapsulate",
			"Makes a secret and the ciphertext that gives it to the owner of a key, by ML-KEM."),
			s.findEncapsulate, s.encapsulate),
		target.Use(s.finder, keys.Post("Decapsulate", "decapsulate",
			"Returns the secret of a ciphertext that Encapsulate made, or anybody with the public key."),
			s.findDecapsulate, s.decapsulate),
		op.Read(route.Post("GenerateRandom", "/v1/random", "Returns random bytes from the token."),
			s.findRandom, s.generateRandom),
	}
}
