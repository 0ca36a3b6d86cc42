package hsm

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/dialect"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/object"
	"claviger/hsm/internal/session"
	"claviger/internal/custody"
	"claviger/internal/fault"
	"claviger/internal/lattice"
)

// Decrypt decrypts by RSAES-OAEP (RFC 8017 section 7.1) with an empty label; alg is
// RSAES_OAEP_SHA_1 or RSAES_OAEP_SHA_256. Where the device lacks SHA-256 it does the raw RSA
// operation, and the padding, but not the key, is this process's to see. Whatever is wrong with the
// ciphertext, the answer is [custody.ErrForged].
func (t *Token) Decrypt(ctx context.Context, ref custody.Ref, alg custody.Algorithm,
	ciphertext []byte) (plaintext []byte, err error) {
	defer t.observe("Decrypt", time.Now(), &err)
	padding, known := dialect.OAEP[alg]
	if !known {
		return nil, custody.ErrUnsupported
	}
	return t.keeper.Use(ctx, &ref, func(l *session.Login, k *object.Key,
		s cryptoki.Session) ([]byte, error) {
		public, is := k.Public.(*rsa.PublicKey)
		if !is {
			return nil, fmt.Errorf("hsm: a key of kind %s does not decrypt by %s", k.Kind, alg)
		}
		if err := l.Trust(s, k); err != nil {
			return nil, err
		}
		// Length and range of a ciphertext are public, and devices answer in various ways to what
		// isn't below the modulus.
		if len(ciphertext) != public.Size() ||
			new(big.Int).SetBytes(ciphertext).Cmp(public.N) >= 0 {
			return nil, custody.ErrForged
		}
		if t.dialect.Pads(alg) {
			plaintext, err := l.Driver.DecryptBy(s, k.Object,
				cryptoki.Mechanism{Code: pkcs11.CKM_RSA_PKCS_OAEP, Parameter: padding}, ciphertext)
			return plaintext, failure.Decrypting(err)
		}
		return l.Unpad(s, k, public.Size(), ciphertext)
	})
}

// Derive returns the secret that the material shares with a peer by elliptic curve Diffie-Hellman
// (NIST SP 800-56A section 5.7.1.2): the x coordinate, 32, 48 or 66 bytes. Peer is a DER
// SubjectPublicKeyInfo on the material's curve, which the caller has made sure of.
func (t *Token) Derive(ctx context.Context, ref custody.Ref,
	peer []byte) (secret []byte, err error) {
	defer t.observe("Derive", time.Now(), &err)
	key, err := x509.ParsePKIXPublicKey(peer)
	if err != nil {
		return nil, fault.Of(err)
	}
	public, is := key.(*ecdsa.PublicKey)
	if !is {
		return nil, fault.Of(errors.New("hsm: the peer's key is not on a curve for key agreement"))
	}
	point, err := public.Bytes()
	if err != nil {
		return nil, fault.Of(err)
	}
	return t.keeper.Use(ctx, &ref, func(l *session.Login, k *object.Key,
		s cryptoki.Session) ([]byte, error) {
		if own, is := k.Public.(*ecdsa.PublicKey); !is || own.Curve != public.Curve {
			return nil, fmt.Errorf("hsm: a key of kind %s shares no secret with one on %s", k.Kind,
				public.Params().Name)
		}
		if err := l.Trust(s, k); err != nil {
			return nil, err
		}
		return l.Derive(s, k, point)
	})
}

// Decapsulate returns the secret of 32 bytes in a ciphertext of ML-KEM (FIPS 203, algorithm 21).
// The answer to a ciphertext of the wrong length is [custody.ErrForged]. Any other has a secret,
// and if nobody encapsulated it to this key it is one that nobody else knows.
func (t *Token) Decapsulate(ctx context.Context, ref custody.Ref,
	ciphertext []byte) (secret []byte, err error) {
	defer t.observe("Decapsulate", time.Now(), &err)
	return t.keeper.Use(ctx, &ref, func(l *session.Login, k *object.Key,
		s cryptoki.Session) ([]byte, error) {
		public, is := k.Public.(*lattice.EncapsulationKey)
		if !is {
			return nil, fmt.Errorf("hsm: a key of kind %s decapsulates nothing", k.Kind)
		}
		if err := l.Trust(s, k); err != nil {
			return nil, err
		}
		if len(ciphertext) != public.CiphertextSize() {
			return nil, custody.ErrForged
		}
		return l.Decapsulate(s, k, ciphertext)
	})
}
