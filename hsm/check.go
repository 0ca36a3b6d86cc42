package hsm

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"math/big"
	"sync"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	koblitz "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/lattice"
)

// errWrongKey means that an unwrapped key isn't the one its material says, and errUntrusted that this couldn't be
// told or is so.
var (
	errWrongKey  = errors.New("the unwrapped key does not match the material's check value")
	errUntrusted = errors.New("hsm: verifying the unwrapped key")
)

// checkText is sealed, or authenticated with the material's id, to make a check value. The usual zero block is
// avoided: its encryption is GCM's hash key.
const checkText = "claviger check"

// check makes the check value of an unwrapped key. None is of use to anybody who reads it:
//
//   - AES: a sealed constant with the id as additional data
//   - HMAC: SHA-256 of the authentication code of a constant and the id, which is no valid code itself
//   - EC for key agreement: SHA-256 of the secret with a point that nobody has the private half of
//   - other key pairs: SHA-256 of the public half, given only if the private one on the token belongs to it
func (e *epoch) check(s cryptoki.Session, h *handle) ([]byte, error) {
	var proof []byte
	var err error
	switch use := h.form.usages[0]; {
	case use == pkcs11.CKA_ENCRYPT:
		return e.encrypt(s, h.object, []byte(checkText), []byte(checkText+h.id))
	case !h.form.pair():
		proof, err = e.driver().Sign(s, h.object, cryptoki.Mechanism{Code: h.form.mechanisms[0]}, []byte(checkText+h.id))
	case use == pkcs11.CKA_DERIVE:
		proof, err = e.derive(s, h, nobody[h.form.curve]())
	default:
		proof, err = h.spki, e.prove(s, h)
	}
	sum := sha256.Sum256(proof)
	return sum[:], err
}

// verify compares an unwrapped key with its check value. For AES it is a decryption, so it needs no usage
// beyond the pair and makes no new ciphertext.
func (e *epoch) verify(s cryptoki.Session, h *handle) error {
	if len(h.checkValue) == 0 {
		return errWrongKey
	}
	if h.form.usages[0] != pkcs11.CKA_ENCRYPT {
		sum, err := e.check(s, h)
		if err == nil && !hmac.Equal(sum, h.checkValue) {
			err = errWrongKey
		}
		return err
	}
	text, err := e.driver().Decrypt(s, h.object, e.token.dialect.encryption([]byte(checkText+h.id)), h.checkValue)
	if err == nil && string(text) != checkText {
		err = errWrongKey
	}
	return err
}

// prove shows that a private key on the token belongs to its public half: of an RSA key the modulus can be read, one for key
// encapsulation finds a secret that was made for it, another signs a random digest.
func (e *epoch) prove(s cryptoki.Session, h *handle) error {
	switch public := h.public.(type) {
	case *rsa.PublicKey:
		v, err := e.driver().Attributes(s, h.object, pkcs11.CKA_MODULUS)
		if err == nil && new(big.Int).SetBytes(v[0]).Cmp(public.N) != 0 {
			err = errWrongKey
		}
		return err
	case *lattice.EncapsulationKey:
		secret, ciphertext := public.Encapsulate()
		got, err := e.decapsulate(s, h, ciphertext)
		if err == nil && !hmac.Equal(got, secret) {
			err = errWrongKey
		}
		return err
	}
	digest := make([]byte, sha512.Size)
	if h.form.curve != nil {
		digest = digest[:h.form.curve.hash.Size()]
	}
	rand.Read(digest)
	signature, err := e.sign(s, h, signing{Mechanism: cryptoki.Mechanism{Code: h.form.mechanisms[0]}}, digest)
	if err == nil && !verifies(h.public, digest, signature) {
		err = errWrongKey
	}
	return err
}

// verifies verifies a signature by ECDSA over a digest, or by Ed25519 or ML-DSA over a message.
func verifies(public crypto.PublicKey, digest, signature []byte) bool {
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(k, digest, signature)
	case ed25519.PublicKey:
		return ed25519.Verify(k, digest, signature)
	case *lattice.VerificationKey:
		return k.Verify(digest, signature)
	case *secp256k1.PublicKey:
		sig, err := koblitz.ParseDERSignature(signature)
		return err == nil && sig.Verify(digest, k)
	}
	return false
}

// nobody has, for each curve, a point whose private half nobody knows: the first whose x coordinate is a hash of the
// curve's name and a counter.
var nobody = map[*curve]func() []byte{
	p256: sync.OnceValue(p256.nobodys), p384: sync.OnceValue(p384.nobodys), p521: sync.OnceValue(p521.nobodys),
}

// nobodys finds the point, uncompressed. Half of all x coordinates have one.
func (c *curve) nobodys() []byte {
	for n := 0; ; n++ {
		compressed := []byte{2}
		for block := 0; len(compressed) < 1+c.size; block++ {
			sum := sha512.Sum512(fmt.Appendf(nil, "%s %s %d %d", checkText, c.name, n, block))
			compressed = append(compressed, sum[:]...)
		}
		compressed = compressed[:1+c.size]
		if c == p521 {
			compressed[1] &= 1 // of the top byte only one bit is the field's
		}
		if x, y := elliptic.UnmarshalCompressed(c.std, compressed); x != nil {
			point := bytes.Repeat([]byte{4}, 1+2*c.size)
			x.FillBytes(point[1 : 1+c.size])
			y.FillBytes(point[1+c.size:])
			return point
		}
	}
}

// encrypt seals under a fresh IV from the operating system, unless the device makes its own.
func (e *epoch) encrypt(s cryptoki.Session, key cryptoki.Object, plaintext, aad []byte) ([]byte, error) {
	var iv [cryptoki.IVSize]byte
	rand.Read(iv[:])
	return e.driver().Encrypt(s, key, e.token.dialect.encryption(aad), iv[:], plaintext)
}
