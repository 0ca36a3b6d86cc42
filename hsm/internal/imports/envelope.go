package imports

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"math/big"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/dialect"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/kwp"
	"claviger/hsm/internal/object"
	"claviger/internal/custody"
)

// Wrappings are the algorithms by which a key is wrapped for an import, by AWS's name: RSAES-OAEP
// of the key itself, or of an AES key that wraps it by RFC 5649 (CKM_RSA_AES_KEY_WRAP of PKCS#11
// v2.40 section 2.1.23, whose layout this is).
var Wrappings = map[custody.Algorithm]struct {
	OAEP    custody.Algorithm
	between bool // there is an AES key between
}{
	"RSAES_OAEP_SHA_1":         {OAEP: "RSAES_OAEP_SHA_1"},
	"RSAES_OAEP_SHA_256":       {OAEP: "RSAES_OAEP_SHA_256"},
	"RSA_AES_KEY_WRAP_SHA_1":   {OAEP: "RSAES_OAEP_SHA_1", between: true},
	"RSA_AES_KEY_WRAP_SHA_256": {OAEP: "RSAES_OAEP_SHA_256", between: true},
}

// envelope is what an imported key can be unwrapped from, as often and by
// whatever template is wanted.
type envelope struct {
	by      cryptoki.Mechanism
	kek     cryptoki.Object
	wrapped []byte
}

// open finds the envelope. An AES key that can't be unwrapped is replaced by a random one, and
// padding that is wrong by random bytes: all that is wrong with what was sent shows in one place,
// when the key itself can't be unwrapped. Lengths are public.
func (x *operation) open(pair *object.Key) (from envelope, err error) {
	public, is := pair.Public.(*rsa.PublicKey)
	if !is {
		return from, fmt.Errorf("hsm: a pair of kind %s unwraps no imports", pair.Kind)
	}
	w, size := Wrappings[x.Algorithm], public.Size()
	// RSA makes no number that isn't below the modulus. Anybody can see that, so it may be told at
	// once.
	if len(x.Wrapped) < size || new(big.Int).SetBytes(x.Wrapped[:size]).Cmp(public.N) >= 0 {
		return from, custody.ErrForged
	}
	outer, inner := x.Wrapped[:size], x.Wrapped[size:]
	n := len(inner)
	// The least that RFC 5649 makes of a key has 24 bytes. Nothing shorter may reach the device:
	// the binding panics on an empty one.
	between := n >= 24 && n%8 == 0 && n <= dialect.LargestWrapped
	if between != w.between || !between && n > 0 {
		return from, custody.ErrForged
	}
	by := cryptoki.Mechanism{Code: pkcs11.CKM_RSA_PKCS_OAEP, Parameter: dialect.OAEP[w.OAEP]}
	switch {
	case pair.Template.Usages[0] == pkcs11.CKA_DECRYPT:
		return x.openHere(pair, size, outer, inner, w.between)
	case !w.between:
		return envelope{by, pair.Object, outer}, nil
	}
	attributes := x.Dialect.ImportedKEK(x.root.Wrap)
	kek, err := x.temporary(x.Driver.UnwrapKey(x.s, by, pair.Object, outer, attributes))
	if failure.Blames(err) {
		// A key that is generated has no length but the template's.
		attributes = append(attributes, cryptoki.Ulong(pkcs11.CKA_VALUE_LEN, 32))
		kek, err = x.temporary(x.Driver.GenerateKey(x.s, pkcs11.CKM_AES_KEY_GEN, attributes))
	}
	return envelope{x.root.Wrap.By(), kek, inner}, err
}

// openHere decrypts in this process what the device can't unwrap, and puts a key onto the device by
// which it unwraps the imported one: the one that came, or a random one under which the imported
// key is wrapped here.
func (x *operation) openHere(pair *object.Key, size int, outer, inner []byte,
	between bool) (from envelope, err error) {
	secret, err := x.Unpad(x.s, pair, size, outer)
	if err != nil && !failure.Blames(err) {
		return from, err
	}
	defer clear(secret)
	// The random key is drawn whatever came, so that good and bad padding take the same steps.
	kek := make([]byte, 32)
	defer clear(kek)
	rand.Read(kek)
	switch n := len(secret); {
	case between && (n == 16 || n == 24 || n == 32):
		kek = secret
	case between:
	case err != nil:
		// As long as a key of 32 bytes is when it is wrapped.
		inner = make([]byte, 40)
		rand.Read(inner)
	default:
		if inner, err = kwp.Wrap(kek, secret); err != nil {
			return from, failure.Importing(err)
		}
	}
	attributes := putValue(x.Dialect.ImportedKEK(x.root.Wrap), kek)
	o, err := x.temporary(x.Driver.CreateObject(x.s, attributes))
	return envelope{x.root.Wrap.By(), o, inner}, err
}

// putValue adds a value to a template, in front: CKA_MODIFIABLE must stay last.
func putValue(template []cryptoki.Attribute, value []byte) []cryptoki.Attribute {
	return append([]cryptoki.Attribute{cryptoki.Bytes(pkcs11.CKA_VALUE, value)}, template...)
}

// unwrapFrom unwraps the imported key by a list of attributes.
func (x *operation) unwrapFrom(
	from envelope, template []cryptoki.Attribute,
) (cryptoki.Object, error) {
	return x.Driver.UnwrapKey(x.s, from.by, from.kek, from.wrapped, template)
}

// unwrapAs unwraps the imported key as what it is to be. If that fails, it is unwrapped as plain
// bytes that can do nothing, to tell what can't be unwrapped from what is no such key: codes don't.
func (x *operation) unwrapAs(from envelope, k dialect.KeyTemplate) (cryptoki.Object, error) {
	o, err := x.temporary(x.unwrapFrom(from, x.Dialect.InUse(k)))
	if !failure.Blames(err) {
		return o, err
	}
	if _, other := x.temporary(x.unwrapFrom(from, x.Dialect.Powerless())); other == nil {
		return 0, failure.Importing(err)
	}
	return 0, failure.Decrypting(err)
}
