package hsm

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/custody"
	"claviger/internal/fault"
	"claviger/internal/lattice"
)

// oaeps has every algorithm of RSA encryption by AWS's name: MGF1 by the same hash, and an empty label.
var oaeps = map[custody.Algorithm]cryptoki.OAEP{
	"RSAES_OAEP_SHA_1":   {Hash: pkcs11.CKM_SHA_1, MGF: pkcs11.CKG_MGF1_SHA1},
	"RSAES_OAEP_SHA_256": {Hash: pkcs11.CKM_SHA256, MGF: pkcs11.CKG_MGF1_SHA256},
}

// Decrypt decrypts by RSAES-OAEP (RFC 8017 section 7.1) with an empty label; alg is RSAES_OAEP_SHA_1 or
// RSAES_OAEP_SHA_256. Where the device lacks SHA-256 it does the raw RSA operation, and the padding, but not the key,
// is this process's to see. Whatever is wrong with the ciphertext, the answer is [custody.ErrForged].
func (t *Token) Decrypt(ctx context.Context, ref custody.Ref, alg custody.Algorithm, ciphertext []byte) (plaintext []byte, err error) {
	defer t.observe("Decrypt", time.Now(), &err)
	padding, known := oaeps[alg]
	if !known {
		return nil, custody.ErrUnsupported
	}
	return t.use(ctx, &ref, func(e *epoch, h *handle, s cryptoki.Session) ([]byte, error) {
		public, is := h.public.(*rsa.PublicKey)
		if !is {
			return nil, fmt.Errorf("hsm: a key of kind %s does not decrypt by %s", h.kind, alg)
		}
		if err := e.trust(s, h); err != nil {
			return nil, err
		}
		// Length and range of a ciphertext are public, and devices answer in various ways to what isn't below the modulus.
		if len(ciphertext) != public.Size() || new(big.Int).SetBytes(ciphertext).Cmp(public.N) >= 0 {
			return nil, custody.ErrForged
		}
		if t.dialect.does(alg) {
			plaintext, err := e.driver().DecryptBy(s, h.object, cryptoki.Mechanism{Code: pkcs11.CKM_RSA_PKCS_OAEP, Parameter: padding}, ciphertext)
			return plaintext, decrypting(err)
		}
		return e.openRaw(s, h, public.Size(), ciphertext)
	})
}

// does reports whether the device pads by an algorithm of RSA encryption itself.
func (d dialect) does(alg custody.Algorithm) bool {
	return slices.Contains(d.oaep, strings.TrimPrefix(string(alg), "RSAES_OAEP_"))
}

// openRaw decrypts by raw RSA on the device and takes the padding of OAEP with SHA-256 off here.
func (e *epoch) openRaw(s cryptoki.Session, h *handle, size int, ciphertext []byte) ([]byte, error) {
	raw, err := e.driver().DecryptBy(s, h.object, cryptoki.Mechanism{Code: pkcs11.CKM_RSA_X_509}, ciphertext)
	if err != nil {
		return nil, decrypting(err)
	}
	defer clear(raw)
	encoded := make([]byte, size)
	defer clear(encoded)
	if len(raw) > size {
		return nil, errors.New("hsm: the device gave more than the modulus holds")
	}
	copy(encoded[size-len(raw):], raw) // a number, whose leading zeros some devices leave out
	message, ok := unpadOAEP(encoded)
	if !ok {
		return nil, custody.ErrForged
	}
	return slices.Clone(message), nil
}

// Derive returns the secret that the material shares with a peer by elliptic curve Diffie-Hellman (NIST SP 800-56A
// section 5.7.1.2): the x coordinate, 32, 48 or 66 bytes. Peer is a DER SubjectPublicKeyInfo on the material's curve,
// which the caller has made sure of.
func (t *Token) Derive(ctx context.Context, ref custody.Ref, peer []byte) (secret []byte, err error) {
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
	return t.use(ctx, &ref, func(e *epoch, h *handle, s cryptoki.Session) ([]byte, error) {
		if own, is := h.public.(*ecdsa.PublicKey); !is || own.Curve != public.Curve {
			return nil, fmt.Errorf("hsm: a key of kind %s shares no secret with one on %s", h.kind, public.Params().Name)
		}
		if err := e.trust(s, h); err != nil {
			return nil, err
		}
		return e.derive(s, h, point)
	})
}

// derive has the device make the secret as an object, and takes it.
func (e *epoch) derive(s cryptoki.Session, h *handle, point []byte) ([]byte, error) {
	by := cryptoki.Mechanism{Code: pkcs11.CKM_ECDH1_DERIVE, Parameter: cryptoki.ECDH{Peer: point}}
	o, err := e.driver().DeriveKey(s, by, h.object, e.token.dialect.readable(h.form.curve.size))
	if err != nil {
		return nil, err
	}
	return e.take(s, o, h.form.curve.size)
}

// readable is a secret that two parties share: it goes to the caller.
func (d dialect) readable(size int) []cryptoki.Attribute {
	return permit([]cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_GENERIC_SECRET),
		cryptoki.Ulong(pkcs11.CKA_VALUE_LEN, uint(size)),
		cryptoki.Bool(pkcs11.CKA_TOKEN, false), cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
		cryptoki.Bool(pkcs11.CKA_SENSITIVE, false), cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, true),
	}, d.secretFlags())
}

// take reads a readable secret and destroys it.
func (e *epoch) take(s cryptoki.Session, o cryptoki.Object, size int) ([]byte, error) {
	value, err := e.driver().Attributes(s, o, pkcs11.CKA_VALUE)
	if gone := e.driver().DestroyObject(s, o); err == nil {
		err = gone
	}
	if err != nil {
		return nil, err
	}
	if len(value[0]) != size {
		return nil, fmt.Errorf("hsm: the device gave a secret of %d bytes", len(value[0]))
	}
	return value[0], nil
}

// Decapsulate returns the secret of 32 bytes in a ciphertext of ML-KEM (FIPS 203, algorithm 21). The answer to a ciphertext of
// the wrong length is [custody.ErrForged]. Any other has a secret, and if nobody encapsulated it to this key it is one that
// nobody else knows.
func (t *Token) Decapsulate(ctx context.Context, ref custody.Ref, ciphertext []byte) (secret []byte, err error) {
	defer t.observe("Decapsulate", time.Now(), &err)
	return t.use(ctx, &ref, func(e *epoch, h *handle, s cryptoki.Session) ([]byte, error) {
		public, is := h.public.(*lattice.EncapsulationKey)
		if !is {
			return nil, fmt.Errorf("hsm: a key of kind %s decapsulates nothing", h.kind)
		}
		if err := e.trust(s, h); err != nil {
			return nil, err
		}
		if len(ciphertext) != public.CiphertextSize() {
			return nil, custody.ErrForged
		}
		return e.decapsulate(s, h, ciphertext)
	})
}

// decapsulate has the device make the secret as an object, and takes it.
func (e *epoch) decapsulate(s cryptoki.Session, h *handle, ciphertext []byte) ([]byte, error) {
	d, can := e.driver().(cryptoki.Decapsulator)
	if !can {
		return nil, custody.ErrUnsupported
	}
	o, err := d.DecapsulateKey(s, cryptoki.Mechanism{Code: ckmMLKEM}, h.object, ciphertext, e.token.dialect.readable(lattice.SecretSize))
	if err != nil {
		return nil, err
	}
	return e.take(s, o, lattice.SecretSize)
}
