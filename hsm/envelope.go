package hsm

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/kwp"
	"claviger/internal/custody"
)

// wrappings are the algorithms by which a key is wrapped for an import, by AWS's name: RSAES-OAEP of the key itself, or of an
// AES key that wraps it by RFC 5649 (CKM_RSA_AES_KEY_WRAP of PKCS#11 v2.40 section 2.1.23, whose layout this is).
var wrappings = map[custody.Algorithm]struct {
	oaep    custody.Algorithm
	between bool // there is an AES key between
}{
	"RSAES_OAEP_SHA_1":         {"RSAES_OAEP_SHA_1", false},
	"RSAES_OAEP_SHA_256":       {"RSAES_OAEP_SHA_256", false},
	"RSA_AES_KEY_WRAP_SHA_1":   {"RSAES_OAEP_SHA_1", true},
	"RSA_AES_KEY_WRAP_SHA_256": {"RSAES_OAEP_SHA_256", true},
}

// envelope is what an imported key can be unwrapped from, as often and in whatever form is wanted.
type envelope struct {
	by      cryptoki.Mechanism
	kek     cryptoki.Object
	wrapped []byte
}

// open finds the envelope. An AES key that can't be unwrapped is replaced by a random one, and padding that is wrong by random
// bytes: all that is wrong with what was sent shows in one place, when the key itself can't be unwrapped. Lengths are public.
func (x *arrival) open(pair *handle) (from envelope, err error) {
	public, is := pair.public.(*rsa.PublicKey)
	if !is {
		return from, fmt.Errorf("hsm: a pair of kind %s unwraps no imports", pair.kind)
	}
	w, size := wrappings[x.Algorithm], public.Size()
	if len(x.Wrapped) < size || new(big.Int).SetBytes(x.Wrapped[:size]).Cmp(public.N) >= 0 {
		return from, custody.ErrForged
	}
	outer, inner := x.Wrapped[:size], x.Wrapped[size:]
	if between := len(inner) >= 24 && len(inner)%8 == 0 && len(inner) <= largestWrapped; between != w.between || !between && len(inner) > 0 {
		return from, custody.ErrForged
	}
	by := cryptoki.Mechanism{Code: pkcs11.CKM_RSA_PKCS_OAEP, Parameter: oaeps[w.oaep]}
	switch {
	case pair.form.usages[0] == pkcs11.CKA_DECRYPT:
		return x.openHere(pair, size, outer, inner, w.between)
	case !w.between:
		return envelope{by, pair.object, outer}, nil
	}
	kek, err := x.keep(x.driver().UnwrapKey(x.s, by, pair.object, outer, x.kek()))
	if inDoubt(err) {
		kek, err = x.keep(x.driver().GenerateKey(x.s, pkcs11.CKM_AES_KEY_GEN, append(x.kek(), cryptoki.Ulong(pkcs11.CKA_VALUE_LEN, 32))))
	}
	return envelope{x.token.wrap.by(), kek, inner}, err
}

// openHere decrypts in this process what the device can't unwrap, and puts a key onto the device by which it unwraps the
// imported one: the one that came, or a random one under which the imported key is wrapped here.
func (x *arrival) openHere(pair *handle, size int, outer, inner []byte, between bool) (from envelope, err error) {
	secret, err := x.openRaw(x.s, pair, size, outer)
	if err != nil && !errors.Is(err, custody.ErrForged) && !inDoubt(err) {
		return from, err
	}
	defer clear(secret)
	kek := make([]byte, 32)
	defer clear(kek)
	rand.Read(kek)
	switch n := len(secret); {
	case between && (n == 16 || n == 24 || n == 32):
		kek = secret
	case between:
	case err != nil:
		inner = make([]byte, 40)
		rand.Read(inner)
	default:
		if inner, err = kwp.Wrap(kek, secret); err != nil {
			return from, custody.ErrUnfit.Because(err)
		}
	}
	o, err := x.keep(x.driver().CreateObject(x.s, putValue(x.kek(), kek)))
	return envelope{x.token.wrap.by(), o, inner}, err
}

// kek is the template of an AES key that came with an import: it unwraps once or twice and is destroyed.
func (x *arrival) kek() []cryptoki.Attribute {
	return x.token.dialect.working(form{
		class: pkcs11.CKO_SECRET_KEY, keyType: pkcs11.CKK_AES, flags: usageFlags,
		usages: []uint{pkcs11.CKA_UNWRAP}, mechanisms: []uint{x.token.wrap.code},
	})
}

// putValue adds a value to a template, in front: CKA_MODIFIABLE must stay last.
func putValue(template []cryptoki.Attribute, value []byte) []cryptoki.Attribute {
	return append([]cryptoki.Attribute{cryptoki.Bytes(pkcs11.CKA_VALUE, value)}, template...)
}

// unwrapFrom unwraps the imported key in a form.
func (x *arrival) unwrapFrom(from envelope, template []cryptoki.Attribute) (cryptoki.Object, error) {
	return x.driver().UnwrapKey(x.s, from.by, from.kek, from.wrapped, template)
}

// unfold unwraps the imported key as what it is to be. If that fails, it is unwrapped as plain bytes that can do nothing, to
// tell what can't be unwrapped from what is no such key: codes don't.
func (x *arrival) unfold(from envelope, f form) (cryptoki.Object, error) {
	o, err := x.keep(x.unwrapFrom(from, x.token.dialect.working(f)))
	if !inDoubt(err) {
		return o, err
	}
	plain := forms[custody.HMAC256]
	plain.usages, plain.flags = nil, x.token.dialect.secretFlags()
	if _, other := x.keep(x.unwrapFrom(from, x.token.dialect.working(plain))); other == nil {
		return 0, unfit(err)
	}
	return 0, decrypting(err)
}

// unsuitable marks a failure to use an imported key, whose blame may be the key's.
type unsuitable struct{ error }

func (u unsuitable) Unwrap() error { return u.error }

// unfit marks err as the imported key's doing. Where the device failed it still may be the device's.
func unfit(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.As(err, new(*cryptoki.Error)):
		return unsuitable{err}
	}
	return custody.ErrUnfit.Because(err)
}

// inDoubt reports whether err may be the input's fault.
func inDoubt(err error) bool {
	if err == nil {
		return false
	}
	b := judge(err)
	return b == onInput || b == onUnknown
}
