package dialect

import (
	"crypto"
	"slices"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/publickey"
	"claviger/internal/custody"
)

// KeyTemplate is how a kind of material looks to the token: its class and type, how it is made, and
// the usages and mechanisms it is unwrapped with. Lists of attributes are made from it.
type KeyTemplate struct {
	Class, KeyType uint
	Generation     uint                    // mechanism that makes such keys
	Size           int                     // of a secret key in bytes, of an RSA modulus in bits
	Curve          *publickey.Curve        // of an EC key
	Set            *publickey.ParameterSet // of a key of ML-DSA or ML-KEM
	Usages         []uint                  // of the key in use, all others being denied
	Mechanisms     []uint                  // of the key in use
	flags          []uint                  // every usage flag that is stated, allowed or not
}

// Pair reports whether this is the private half of a key pair.
func (k KeyTemplate) Pair() bool { return k.Class == pkcs11.CKO_PRIVATE_KEY }

// Slow reports whether such keys take the device seconds to find.
func (k KeyTemplate) Slow() bool { return k.KeyType == pkcs11.CKK_RSA }

// Recoverable reports whether the public half can be learned from what the private half answers.
// From what Ed25519, ML-DSA and ML-KEM answer it can't.
func (k KeyTemplate) Recoverable() bool {
	return k.Curve != publickey.Edwards25519 && k.Set == nil
}

// LargestWrapped is more than PKCS#8 (RFC 5208) makes of any key: of ML-DSA-87, with the seed and
// what is expanded from it, 4,962 bytes, and up to fifteen more for the wrap.
const LargestWrapped = 5120

// Fits reports whether a wrapped key may have n bytes: RFC 5649 rounds up to eight and adds eight.
func (k KeyTemplate) Fits(n int) bool {
	if k.Pair() {
		return n%8 == 0 && 40 <= n && n <= LargestWrapped
	}
	return n == (k.Size+7)/8*8+8
}

// ParsePublic reads the public half of a material as [publickey.Parse] does; nil for a secret key.
func (k KeyTemplate) ParsePublic(spki []byte) (crypto.PublicKey, error) {
	if !k.Pair() {
		return nil, nil
	}
	return publickey.Parse(spki, k.Size, k.Curve, k.Set)
}

// UsageFlags are all that a device might set on a secret key by default, the ciphers' first:
// SoftHSM allows everything that isn't denied. privateFlags are those of a private key, publicFlags
// of the public half, which lives only until it is read. Those for key encapsulation are stated of
// keys that only a device of PKCS#11 v3.2 has; others don't know them.
var (
	UsageFlags = []uint{
		pkcs11.CKA_ENCRYPT, pkcs11.CKA_DECRYPT, pkcs11.CKA_SIGN, pkcs11.CKA_VERIFY,
		pkcs11.CKA_WRAP, pkcs11.CKA_UNWRAP, pkcs11.CKA_DERIVE,
	}
	privateFlags = []uint{
		pkcs11.CKA_DECRYPT, pkcs11.CKA_SIGN, pkcs11.CKA_SIGN_RECOVER, pkcs11.CKA_UNWRAP,
		pkcs11.CKA_DERIVE,
	}
	publicFlags = []uint{
		pkcs11.CKA_ENCRYPT, pkcs11.CKA_VERIFY, pkcs11.CKA_VERIFY_RECOVER, pkcs11.CKA_WRAP,
		pkcs11.CKA_DERIVE,
	}

	latticeFlags       = append(slices.Clip(privateFlags), cryptoki.CKA_DECAPSULATE)
	latticePublicFlags = append(slices.Clip(publicFlags), cryptoki.CKA_ENCAPSULATE)
)

// Permit states every flag: those given are allowed, the others denied.
func Permit(attributes []cryptoki.Attribute, flags []uint, allowed ...uint) []cryptoki.Attribute {
	for _, u := range flags {
		attributes = append(attributes, cryptoki.Bool(u, slices.Contains(allowed, u)))
	}
	return attributes
}

// Generated is a key between its generation and its wrapping: it can do nothing but be wrapped by
// the root.
func (k KeyTemplate) Generated() []cryptoki.Attribute {
	if k.Pair() {
		return k.Wrappable()
	}
	return append(k.Wrappable(), cryptoki.Ulong(pkcs11.CKA_VALUE_LEN, uint(k.Size)))
}

// Wrappable is what a generated key and an imported one have in common. The length of what is
// unwrapped is not the template's to say.
func (k KeyTemplate) Wrappable() []cryptoki.Attribute {
	return Permit([]cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, k.Class),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, k.KeyType),
		cryptoki.Bool(pkcs11.CKA_TOKEN, false),
		cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
		cryptoki.Bool(pkcs11.CKA_SENSITIVE, true),
		cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, true),
		cryptoki.Bool(pkcs11.CKA_WRAP_WITH_TRUSTED, true),
	}, k.flags)
}

// PublicHalf is the public half of a generated key: it is read and destroyed.
func (k KeyTemplate) PublicHalf() []cryptoki.Attribute {
	a := []cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, pkcs11.CKO_PUBLIC_KEY),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, k.KeyType),
		cryptoki.Bool(pkcs11.CKA_TOKEN, false),
		cryptoki.Bool(pkcs11.CKA_PRIVATE, false),
	}
	if k.Set != nil {
		a = Permit(a, latticePublicFlags)
		return append(a, cryptoki.Ulong(cryptoki.CKA_PARAMETER_SET, k.Set.Number))
	}
	a = Permit(a, publicFlags)
	if k.Curve != nil {
		return append(a, cryptoki.Bytes(pkcs11.CKA_EC_PARAMS, k.Curve.Params()))
	}
	return append(a,
		cryptoki.Ulong(pkcs11.CKA_MODULUS_BITS, uint(k.Size)),
		cryptoki.Bytes(pkcs11.CKA_PUBLIC_EXPONENT, []byte{1, 0, 1}))
}

// InUse is a key in use: one pair of usages, its own mechanisms, and no way out. It restates every
// line of the root's unwrap template, which SoftHSM compares and doesn't apply.
func (d Dialect) InUse(k KeyTemplate) []cryptoki.Attribute {
	a := Permit([]cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, k.Class),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, k.KeyType),
		cryptoki.Bool(pkcs11.CKA_TOKEN, false),
		cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
		cryptoki.Bool(pkcs11.CKA_SENSITIVE, true),
		cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, false),
		cryptoki.Bool(pkcs11.CKA_WRAP_WITH_TRUSTED, true),
	}, k.flags, k.Usages...)
	return d.limit(a, k)
}

// Resident is a resident key: its one pair of usages, its own mechanisms, and no way out. The label
// is for people, and name is its CKA_ID.
func (d Dialect) Resident(k KeyTemplate, label string, name []byte) []cryptoki.Attribute {
	a := Permit(append([]cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, k.Class),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, k.KeyType),
		cryptoki.Bytes(pkcs11.CKA_LABEL, []byte(label)),
		cryptoki.Bytes(pkcs11.CKA_ID, name),
	}, confined...), k.flags, k.Usages...)
	if !k.Pair() {
		a = append(a, cryptoki.Ulong(pkcs11.CKA_VALUE_LEN, uint(k.Size)))
	}
	return d.limit(a, k)
}

// limit keeps a key to its mechanisms and as it is, where the device knows how.
func (d Dialect) limit(a []cryptoki.Attribute, k KeyTemplate) []cryptoki.Attribute {
	if !d.Limits {
		return a
	}
	return append(a,
		cryptoki.Ulong(pkcs11.CKA_ALLOWED_MECHANISMS, k.Mechanisms...),
		cryptoki.Bool(pkcs11.CKA_COPYABLE, false),
		cryptoki.Bool(pkcs11.CKA_MODIFIABLE, false)) // last: what stands behind it is refused
}

// confined is what keeps a resident key in.
var confined = []cryptoki.Attribute{
	cryptoki.Bool(pkcs11.CKA_TOKEN, true), cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
	cryptoki.Bool(pkcs11.CKA_SENSITIVE, true), cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, false),
}

// Kept is what must be read of a resident key once it was made. That it was never otherwise is the
// device's to say: a key that was made elsewhere and brought here might be.
func Kept() []cryptoki.Attribute {
	return append(slices.Clip(confined), cryptoki.Bool(pkcs11.CKA_LOCAL, true),
		cryptoki.Bool(pkcs11.CKA_ALWAYS_SENSITIVE, true),
		cryptoki.Bool(pkcs11.CKA_NEVER_EXTRACTABLE, true))
}

// Confined is what must be read of a resident secret key at each login: that it can't leave, and that
// it can do what its template says and nothing else. Not that it was made on this token: a backup
// or a clone of one was not.
func (d Dialect) Confined(k KeyTemplate) []cryptoki.Attribute {
	a := Permit(slices.Clip(confined), k.flags, k.Usages...)
	return d.limit(a, k)
}

// Readable is a secret of key agreement: it goes to the caller.
func (d Dialect) Readable(size int) []cryptoki.Attribute {
	return Permit([]cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, pkcs11.CKK_GENERIC_SECRET),
		cryptoki.Ulong(pkcs11.CKA_VALUE_LEN, uint(size)),
		cryptoki.Bool(pkcs11.CKA_TOKEN, false), cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
		cryptoki.Bool(pkcs11.CKA_SENSITIVE, false), cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, true),
	}, d.secretFlags())
}

// ImportedKEK is an AES key that came with an import: it unwraps by one mechanism, once or twice,
// and is destroyed.
func (d Dialect) ImportedKEK(by Mechanism) []cryptoki.Attribute {
	return d.InUse(KeyTemplate{
		Class: pkcs11.CKO_SECRET_KEY, KeyType: pkcs11.CKK_AES, flags: UsageFlags,
		Usages: []uint{pkcs11.CKA_UNWRAP}, Mechanisms: []uint{by.Code},
	})
}

// Powerless is an unwrapped key of plain bytes that can do nothing.
func (d Dialect) Powerless() []cryptoki.Attribute {
	plain := keyTemplates[custody.HMAC256]
	plain.Usages, plain.flags = nil, d.secretFlags()
	return d.InUse(plain)
}

// secretFlags are the usage flags that are stated of a generic secret.
func (d Dialect) secretFlags() []uint {
	if d.noCipherFlags {
		return UsageFlags[2:]
	}
	return UsageFlags
}
