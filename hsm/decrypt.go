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

// derive has the device make the secret as an object that can be read, reads it and destroys it.
func (e *epoch) derive(s cryptoki.Session, h *handle, point []byte) ([]byte, error) {
	template := permit([]cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_GENERIC_SECRET),
		cryptoki.Ulong(pkcs11.CKA_VALUE_LEN, uint(h.form.curve.size)),
		cryptoki.Bool(pkcs11.CKA_TOKEN, false), cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
		cryptoki.Bool(pkcs11.CKA_SENSITIVE, false), cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, true),
	}, e.token.dialect.secretFlags())
	by := cryptoki.Mechanism{Code: pkcs11.CKM_ECDH1_DERIVE, Parameter: cryptoki.ECDH{Peer: point}}
	o, err := e.driver().DeriveKey(s, by, h.object, template)
	if err != nil {
		return nil, err
	}
	value, err := e.driver().Attributes(s, o, pkcs11.CKA_VALUE)
	if gone := e.driver().DestroyObject(s, o); err == nil {
		err = gone
	}
	if err != nil {
		return nil, err
	}
	if len(value[0]) != h.form.curve.size {
		return nil, fmt.Errorf("hsm: the device gave a secret of %d bytes", len(value[0]))
	}
	return value[0], nil
}
