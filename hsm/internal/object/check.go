package object

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"math/big"
	"sync"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/dialect"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/publickey"
	"claviger/internal/lattice"
)

// checkText is sealed, or authenticated with the material's id, to make a proof. The usual zero
// block is avoided: its encryption is GCM's hash key.
const checkText = "claviger check"

// Prove makes the proof of a check value: what only the unwrapped key makes. Whoever may use the key
// may make it too, so it is believed only with the authenticator's MAC over it. None is of use to
// anybody who reads it:
//
//   - AES: a sealed constant with the id as additional data
//   - HMAC: SHA-256 of the authentication code of a constant and the id, which is no valid code
//     itself
//   - EC for key agreement: SHA-256 of the secret with a point that nobody has the private half of
//   - other key pairs: SHA-256 of the public half, given only if the private one on the token
//     belongs to it
func (d *Device) Prove(s cryptoki.Session, k *Key) ([]byte, error) {
	var proof []byte
	var err error
	switch use := k.Template.Usages[0]; {
	case use == pkcs11.CKA_ENCRYPT:
		return d.Encrypt(s, k.Object, []byte(checkText), []byte(checkText+k.ID))
	case !k.Template.Pair():
		proof, err = d.Driver.Sign(s, k.Object, cryptoki.Mechanism{Code: k.Template.Mechanisms[0]},
			[]byte(checkText+k.ID))
	case use == pkcs11.CKA_DERIVE:
		proof, err = d.Derive(s, k, nobodys[k.Template.Curve]())
	default:
		proof, err = k.SPKI, d.belongs(s, k)
	}
	sum := sha256.Sum256(proof)
	return sum[:], err
}

// Verify compares an unwrapped key with its proof. For AES it is a decryption, so it needs no
// usage beyond the pair and makes no new ciphertext.
func (d *Device) Verify(s cryptoki.Session, k *Key) error {
	// A key with nothing to compare it with could be any key.
	if len(k.Proof) == 0 {
		return failure.ErrWrongKey
	}
	if k.Template.Usages[0] != pkcs11.CKA_ENCRYPT {
		sum, err := d.Prove(s, k)
		return rightKey(hmac.Equal(sum, k.Proof), err)
	}
	text, err := d.Driver.Decrypt(s, k.Object, d.Dialect.Encryption([]byte(checkText+k.ID)),
		k.Proof)
	return rightKey(string(text) == checkText, err)
}

// rightKey is the outcome of a check: its own failure, or that it was not passed.
func rightKey(passed bool, err error) error {
	if err != nil {
		return err
	}
	if !passed {
		return failure.ErrWrongKey
	}
	return nil
}

// belongs shows that a private key on the token belongs to its public half: of an RSA key the modulus
// can be read, one for key encapsulation finds a secret that was made for it, another signs a
// random digest.
func (d *Device) belongs(s cryptoki.Session, k *Key) error {
	switch public := k.Public.(type) {
	case *rsa.PublicKey:
		v, err := d.Driver.Attributes(s, k.Object, pkcs11.CKA_MODULUS)
		if err != nil {
			return err
		}
		return rightKey(new(big.Int).SetBytes(v[0]).Cmp(public.N) == 0, nil)
	case *lattice.EncapsulationKey:
		secret, ciphertext := public.Encapsulate()
		got, err := d.Decapsulate(s, k, ciphertext)
		return rightKey(hmac.Equal(got, secret), err)
	}
	digest := make([]byte, sha512.Size)
	if k.Template.Curve != nil {
		digest = digest[:k.Template.Curve.Hash.Size()]
	}
	rand.Read(digest)
	signature, err := d.Sign(s, k,
		dialect.Signature{Mechanism: cryptoki.Mechanism{Code: k.Template.Mechanisms[0]}}, digest)
	if err != nil {
		return err
	}
	return rightKey(publickey.Verifies(k.Public, digest, signature), nil)
}

// nobodys has, for each curve of key agreement, a point whose private half nobody knows.
var nobodys = map[*publickey.Curve]func() []byte{
	publickey.P256: sync.OnceValue(func() []byte { return publickey.P256.Nobodys(checkText) }),
	publickey.P384: sync.OnceValue(func() []byte { return publickey.P384.Nobodys(checkText) }),
	publickey.P521: sync.OnceValue(func() []byte { return publickey.P521.Nobodys(checkText) }),
}

// Encrypt seals by AES-GCM under a fresh IV from the operating system, unless the device makes its
// own. It is never left empty: SoftHSM takes zeros then, and one IV twice gives GCM's
// authentication key away.
func (d *Device) Encrypt(s cryptoki.Session, key cryptoki.Object,
	plaintext, aad []byte) ([]byte, error) {
	var iv [cryptoki.IVSize]byte
	rand.Read(iv[:])
	return d.Driver.Encrypt(s, key, d.Dialect.Encryption(aad), iv[:], plaintext)
}

// Trust makes sure, once for each time a key is unwrapped, that it is the key it should be. Without
// that a wrong one would encrypt what can't be decrypted again; decryption shows it by itself.
func (d *Device) Trust(s cryptoki.Session, k *Key) error {
	if k.verified.Load() {
		return nil
	}
	if err := d.Verify(s, k); err != nil {
		return fmt.Errorf("%w: %w", failure.ErrUntrusted, err)
	}
	k.verified.Store(true)
	return nil
}

// FirstProof makes the proof of a key that was just made, which needs no comparison any more.
func (d *Device) FirstProof(s cryptoki.Session, k *Key) ([]byte, error) {
	proof, err := d.Prove(s, k)
	k.verified.Store(err == nil)
	return proof, err
}
