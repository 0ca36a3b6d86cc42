package hsm

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/custody"
)

// form is how a kind of material looks to the token: its type, how it is made, and the one pair of usages and
// the one mechanism it is unwrapped with.
type form struct {
	generate, keyType, use uint
	usages                 [2]uint
	flags                  []uint // every usage flag that is stated, allowed or not
}

// wrappedSize is RFC 5649 over 32 bytes: the key and eight bytes.
const wrappedSize = 32 + 8

func (d dialect) form(k custody.Kind) (form, error) {
	switch k {
	case custody.AES256:
		return form{pkcs11.CKM_AES_KEY_GEN, pkcs11.CKK_AES, d.gcm,
			[2]uint{pkcs11.CKA_ENCRYPT, pkcs11.CKA_DECRYPT}, usageFlags}, nil
	case custody.HMAC256:
		flags := usageFlags
		if d.noCipherFlags {
			flags = usageFlags[2:]
		}
		return form{pkcs11.CKM_GENERIC_SECRET_KEY_GEN, pkcs11.CKK_GENERIC_SECRET, pkcs11.CKM_SHA256_HMAC,
			[2]uint{pkcs11.CKA_SIGN, pkcs11.CKA_VERIFY}, flags}, nil
	}
	return form{}, fmt.Errorf("hsm: no material is of kind %q", k)
}

// usageFlags are all that a device might set by default, the ciphers' first: SoftHSM allows everything that isn't
// denied.
var usageFlags = []uint{
	pkcs11.CKA_ENCRYPT, pkcs11.CKA_DECRYPT, pkcs11.CKA_SIGN, pkcs11.CKA_VERIFY,
	pkcs11.CKA_WRAP, pkcs11.CKA_UNWRAP, pkcs11.CKA_DERIVE,
}

// permit states every flag: those given are allowed, the others denied.
func permit(template []cryptoki.Attribute, flags []uint, allowed ...uint) []cryptoki.Attribute {
	for _, u := range flags {
		template = append(template, cryptoki.Bool(u, slices.Contains(allowed, u)))
	}
	return template
}

// newborn is a key between its generation and its wrapping: it can do nothing but be wrapped by the root.
func newborn(f form) []cryptoki.Attribute {
	return permit([]cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, f.keyType),
		cryptoki.Ulong(pkcs11.CKA_VALUE_LEN, 32),
		cryptoki.Bool(pkcs11.CKA_TOKEN, false),
		cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
		cryptoki.Bool(pkcs11.CKA_SENSITIVE, true),
		cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, true),
		cryptoki.Bool(pkcs11.CKA_WRAP_WITH_TRUSTED, true),
	}, f.flags)
}

// working is a key in use: one pair of usages, one mechanism, and no way out. It restates every line of the
// root's unwrap template, which SoftHSM compares and doesn't apply.
func (d dialect) working(f form) []cryptoki.Attribute {
	t := permit([]cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, f.keyType),
		cryptoki.Bool(pkcs11.CKA_TOKEN, false),
		cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
		cryptoki.Bool(pkcs11.CKA_SENSITIVE, true),
		cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, false),
		cryptoki.Bool(pkcs11.CKA_WRAP_WITH_TRUSTED, true),
	}, f.flags, f.usages[:]...)
	if !d.limits {
		return t
	}
	return append(t,
		cryptoki.Ulong(pkcs11.CKA_ALLOWED_MECHANISMS, f.use),
		cryptoki.Bool(pkcs11.CKA_COPYABLE, false),
		cryptoki.Bool(pkcs11.CKA_MODIFIABLE, false)) // last: what stands behind it is refused
}

// bear makes a key on the token and returns it wrapped. The key itself is destroyed before bear returns.
func bear(d cryptoki.Driver, s cryptoki.Session, f form, wrap mechanism, root cryptoki.Object) ([]byte, error) {
	key, err := d.GenerateKey(s, f.generate, newborn(f))
	if err != nil {
		return nil, err
	}
	wrapped, err := d.WrapKey(s, wrap.code, root, key)
	if gone := d.DestroyObject(s, key); err == nil {
		err = gone
	}
	if err == nil && len(wrapped) != wrappedSize {
		err = fmt.Errorf("%w: %s gave %d bytes for a 32-byte key and is not RFC 5649", ErrMechanism, wrap.name, len(wrapped))
	}
	return wrapped, err
}

// errWrongKey means that an unwrapped key isn't the one its material says, and errUntrusted that this couldn't be
// told or is so.
var (
	errWrongKey  = errors.New("the unwrapped key does not match the material's check value")
	errUntrusted = errors.New("hsm: verifying the unwrapped key")
)

// checkText is sealed, or authenticated with the material's id, to make a check value. The usual zero block is
// avoided: its encryption is GCM's hash key.
const checkText = "claviger check"

// check makes a check value: for AES a sealed constant with the id as additional data; for HMAC the hash of
// an authentication code, so that what is stored is no valid code itself.
func (e *epoch) check(s cryptoki.Session, key cryptoki.Object, kind custody.Kind, id string) ([]byte, error) {
	if kind == custody.HMAC256 {
		mac, err := e.driver().Sign(s, key, pkcs11.CKM_SHA256_HMAC, []byte(checkText+id))
		sum := sha256.Sum256(mac)
		return sum[:], err
	}
	return e.encrypt(s, key, []byte(checkText), []byte(checkText+id))
}

// verify compares an unwrapped key with its check value. For AES it is a decryption, so it needs no usage
// beyond the pair and makes no new ciphertext.
func (e *epoch) verify(s cryptoki.Session, h *handle) error {
	if len(h.checkValue) == 0 {
		return errWrongKey
	}
	if h.kind == custody.HMAC256 {
		sum, err := e.check(s, h.object, h.kind, h.id)
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

// encrypt seals under a fresh IV from the operating system, unless the device makes its own.
func (e *epoch) encrypt(s cryptoki.Session, key cryptoki.Object, plaintext, aad []byte) ([]byte, error) {
	var iv [cryptoki.IVSize]byte
	rand.Read(iv[:])
	return e.driver().Encrypt(s, key, e.token.dialect.encryption(aad), iv[:], plaintext)
}

// admit checks what a caller brings for unwrapping before it meets the token.
func (t *Token) admit(m custody.Material, id string) error {
	switch {
	case m.ID != id:
		return fmt.Errorf("hsm: material %q was loaded for %q", m.ID, id)
	case m.Root != t.resident.id:
		return fmt.Errorf("hsm: material %s is wrapped by root %s, and this token holds root %s", id, m.Root, t.resident.id)
	case m.Mechanism != t.wrap.name:
		return fmt.Errorf("hsm: material %s is wrapped by %s, and this token has %s", id, m.Mechanism, t.wrap.name)
	case len(m.Wrapped) != wrappedSize:
		return fmt.Errorf("hsm: material %s has %d wrapped bytes, not %d", id, len(m.Wrapped), wrappedSize)
	}
	return nil
}
