package hsm

import (
	"fmt"
	"maps"
	"slices"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/internal/custody"
)

// form is how a kind of material looks to the token: its class and type, how it is made, and the usages and
// mechanisms it is unwrapped with.
type form struct {
	class, keyType uint
	generate       uint   // mechanism
	size           int    // of a secret key in bytes, of an RSA modulus in bits
	curve          *curve // of an EC key
	set            *set   // of a key of ML-DSA or ML-KEM
	usages         []uint // of the key in use, all others being denied
	mechanisms     []uint // of the key in use
	flags          []uint // every usage flag that is stated, allowed or not
}

// forms has every kind there is. What a device can't do is told by [dialect.supported].
var forms = map[custody.Kind]form{
	custody.AES256: {
		class: pkcs11.CKO_SECRET_KEY, keyType: pkcs11.CKK_AES, generate: pkcs11.CKM_AES_KEY_GEN, size: 32,
		usages: []uint{pkcs11.CKA_ENCRYPT, pkcs11.CKA_DECRYPT}, flags: usageFlags,
	},
	custody.HMAC224:        hmacKey(28, pkcs11.CKM_SHA224_HMAC),
	custody.HMAC256:        hmacKey(32, pkcs11.CKM_SHA256_HMAC),
	custody.HMAC384:        hmacKey(48, pkcs11.CKM_SHA384_HMAC),
	custody.HMAC512:        hmacKey(64, pkcs11.CKM_SHA512_HMAC),
	custody.RSA2048Sign:    rsaKey(2048, pkcs11.CKA_SIGN, pkcs11.CKM_RSA_PKCS, pkcs11.CKM_RSA_PKCS_PSS),
	custody.RSA3072Sign:    rsaKey(3072, pkcs11.CKA_SIGN, pkcs11.CKM_RSA_PKCS, pkcs11.CKM_RSA_PKCS_PSS),
	custody.RSA4096Sign:    rsaKey(4096, pkcs11.CKA_SIGN, pkcs11.CKM_RSA_PKCS, pkcs11.CKM_RSA_PKCS_PSS),
	custody.RSA2048Decrypt: rsaKey(2048, pkcs11.CKA_DECRYPT, pkcs11.CKM_RSA_PKCS_OAEP),
	custody.RSA3072Decrypt: rsaKey(3072, pkcs11.CKA_DECRYPT, pkcs11.CKM_RSA_PKCS_OAEP),
	custody.RSA4096Decrypt: rsaKey(4096, pkcs11.CKA_DECRYPT, pkcs11.CKM_RSA_PKCS_OAEP),
	custody.RSA2048Unwrap:  rsaKey(2048, pkcs11.CKA_UNWRAP, pkcs11.CKM_RSA_PKCS_OAEP),
	custody.RSA3072Unwrap:  rsaKey(3072, pkcs11.CKA_UNWRAP, pkcs11.CKM_RSA_PKCS_OAEP),
	custody.RSA4096Unwrap:  rsaKey(4096, pkcs11.CKA_UNWRAP, pkcs11.CKM_RSA_PKCS_OAEP),
	custody.P256Sign:       ecKey(p256, pkcs11.CKA_SIGN, pkcs11.CKM_ECDSA),
	custody.P384Sign:       ecKey(p384, pkcs11.CKA_SIGN, pkcs11.CKM_ECDSA),
	custody.P521Sign:       ecKey(p521, pkcs11.CKA_SIGN, pkcs11.CKM_ECDSA),
	custody.P256K1Sign:     ecKey(p256k1, pkcs11.CKA_SIGN, pkcs11.CKM_ECDSA),
	custody.P256Derive:     ecKey(p256, pkcs11.CKA_DERIVE, pkcs11.CKM_ECDH1_DERIVE),
	custody.P384Derive:     ecKey(p384, pkcs11.CKA_DERIVE, pkcs11.CKM_ECDH1_DERIVE),
	custody.P521Derive:     ecKey(p521, pkcs11.CKA_DERIVE, pkcs11.CKM_ECDH1_DERIVE),
	custody.Ed25519Sign: {
		class: pkcs11.CKO_PRIVATE_KEY, keyType: ckkECEdwards, generate: ckmEdwardsKeyPairGen, curve: edwards25519,
		usages: []uint{pkcs11.CKA_SIGN}, mechanisms: []uint{ckmEdDSA}, flags: privateFlags,
	},
	custody.MLDSA44Sign: dsaKey("ML_DSA_44", 1),
	custody.MLDSA65Sign: dsaKey("ML_DSA_65", 2),
	custody.MLDSA87Sign: dsaKey("ML_DSA_87", 3),
	custody.MLKEM512:    kemKey("ML_KEM_512", 1),
	custody.MLKEM768:    kemKey("ML_KEM_768", 2),
	custody.MLKEM1024:   kemKey("ML_KEM_1024", 3),
}

func hmacKey(size int, mechanism uint) form {
	return form{
		class: pkcs11.CKO_SECRET_KEY, keyType: pkcs11.CKK_GENERIC_SECRET, generate: pkcs11.CKM_GENERIC_SECRET_KEY_GEN, size: size,
		usages: []uint{pkcs11.CKA_SIGN, pkcs11.CKA_VERIFY}, mechanisms: []uint{mechanism}, flags: usageFlags,
	}
}

func rsaKey(bits int, usage uint, mechanisms ...uint) form {
	return form{
		class: pkcs11.CKO_PRIVATE_KEY, keyType: pkcs11.CKK_RSA, generate: pkcs11.CKM_RSA_PKCS_KEY_PAIR_GEN, size: bits,
		usages: []uint{usage}, mechanisms: mechanisms, flags: privateFlags,
	}
}

func ecKey(c *curve, usage uint, mechanism uint) form {
	return form{
		class: pkcs11.CKO_PRIVATE_KEY, keyType: pkcs11.CKK_EC, generate: pkcs11.CKM_EC_KEY_PAIR_GEN, curve: c,
		usages: []uint{usage}, mechanisms: []uint{mechanism}, flags: privateFlags,
	}
}

func dsaKey(spec string, number uint) form {
	return form{
		class: pkcs11.CKO_PRIVATE_KEY, keyType: ckkMLDSA, generate: ckmMLDSAKeyPairGen, set: &set{spec, number},
		usages: []uint{pkcs11.CKA_SIGN}, mechanisms: []uint{ckmMLDSA}, flags: latticeFlags,
	}
}

func kemKey(spec string, number uint) form {
	return form{
		class: pkcs11.CKO_PRIVATE_KEY, keyType: ckkMLKEM, generate: ckmMLKEMKeyPairGen, set: &set{spec, number},
		usages: []uint{ckaDecapsulate}, mechanisms: []uint{ckmMLKEM}, flags: latticeFlags,
	}
}

// usageFlags are all that a device might set on a secret key by default, the ciphers' first: SoftHSM allows
// everything that isn't denied. privateFlags are those of a private key, publicFlags of the public half, which
// lives only until it is read. Those for key encapsulation are stated of keys that only a device of PKCS#11 v3.2 has; others
// don't know them.
var (
	usageFlags = []uint{
		pkcs11.CKA_ENCRYPT, pkcs11.CKA_DECRYPT, pkcs11.CKA_SIGN, pkcs11.CKA_VERIFY,
		pkcs11.CKA_WRAP, pkcs11.CKA_UNWRAP, pkcs11.CKA_DERIVE,
	}
	privateFlags = []uint{
		pkcs11.CKA_DECRYPT, pkcs11.CKA_SIGN, pkcs11.CKA_SIGN_RECOVER, pkcs11.CKA_UNWRAP, pkcs11.CKA_DERIVE,
	}
	publicFlags = []uint{pkcs11.CKA_ENCRYPT, pkcs11.CKA_VERIFY, pkcs11.CKA_VERIFY_RECOVER, pkcs11.CKA_WRAP, pkcs11.CKA_DERIVE}

	latticeFlags       = append(slices.Clip(privateFlags), ckaDecapsulate)
	latticePublicFlags = append(slices.Clip(publicFlags), ckaEncapsulate)
)

// form returns how a kind of material looks to a device of this dialect.
func (d dialect) form(k custody.Kind) (form, error) {
	f, known := forms[k]
	if !known {
		return form{}, fmt.Errorf("hsm: no material is of kind %q", k)
	}
	switch {
	case k == custody.AES256:
		f.mechanisms = []uint{d.gcm}
	case f.keyType == pkcs11.CKK_GENERIC_SECRET:
		f.flags = d.secretFlags()
	case f.keyType == ckkMLDSA && d.mu:
		f.mechanisms = append(slices.Clip(f.mechanisms), ckmMLDSAExternalMu)
	case f.usages[0] == pkcs11.CKA_DECRYPT:
		if !slices.Contains(d.oaep, "SHA_256") {
			f.mechanisms = append(slices.Clip(f.mechanisms), pkcs11.CKM_RSA_X_509)
		}
	}
	return f, nil
}

// secretFlags are the usage flags that are stated of a generic secret.
func (d dialect) secretFlags() []uint {
	if d.noCipherFlags {
		return usageFlags[2:]
	}
	return usageFlags
}

// supported returns the kinds that a token can make, keep wrapped and use. The list of mechanisms doesn't say which
// curves a device knows, nor which keys it wraps: that is the dialect's to say.
func (d dialect) supported(mechanisms []uint) []custody.Kind {
	var kinds []custody.Kind
	for _, k := range slices.Sorted(maps.Keys(forms)) {
		f, err := d.form(k)
		if err != nil || f.lacks(mechanisms) || !d.knows(f) {
			continue
		}
		kinds = append(kinds, k)
	}
	return kinds
}

// stays returns the kinds that a token can make and use and not keep wrapped, so that they might rest on it.
func (d dialect) stays(mechanisms []uint) []custody.Kind {
	k := rooted{}.rests()
	if f := forms[k]; f.lacks(mechanisms) || d.knows(f) {
		return nil
	}
	return []custody.Kind{k}
}

// lacks reports whether a mechanism by which such keys are made or used is not listed.
func (f form) lacks(mechanisms []uint) bool {
	return slices.ContainsFunc(append(slices.Clip(f.mechanisms), f.generate), func(m uint) bool { return !slices.Contains(mechanisms, m) })
}

// knows reports what no list of mechanisms says: whether the device has the curve, wraps such keys, and can be asked for all
// that they do.
func (d dialect) knows(f form) bool {
	switch {
	case f.curve == p256k1:
		return d.koblitz
	case f.curve == edwards25519:
		return d.edwards
	case f.keyType == ckkMLKEM:
		return d.lattices && d.decapsulates
	}
	return f.set == nil || d.lattices
}

// slow reports whether such keys take the device seconds to find.
func (f form) slow() bool { return f.keyType == pkcs11.CKK_RSA }

// pair reports whether this is the private half of a key pair.
func (f form) pair() bool { return f.class == pkcs11.CKO_PRIVATE_KEY }

// largestWrapped is more than PKCS#8 (RFC 5208) makes of any key: of ML-DSA-87, with the seed and what is expanded from it,
// 4,962 bytes, and up to fifteen more for the wrap.
const largestWrapped = 5120

// fits reports whether a wrapped key may have n bytes: RFC 5649 rounds up to eight and adds eight.
func (f form) fits(n int) bool {
	if f.pair() {
		return n%8 == 0 && 40 <= n && n <= largestWrapped
	}
	return n == (f.size+7)/8*8+8
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
	if f.pair() {
		return carried(f)
	}
	return append(carried(f), cryptoki.Ulong(pkcs11.CKA_VALUE_LEN, uint(f.size)))
}

// carried is what a newborn key and an imported one have in common. The length of what is unwrapped is not the template's to say.
func carried(f form) []cryptoki.Attribute {
	return permit([]cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, f.class),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, f.keyType),
		cryptoki.Bool(pkcs11.CKA_TOKEN, false),
		cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
		cryptoki.Bool(pkcs11.CKA_SENSITIVE, true),
		cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, true),
		cryptoki.Bool(pkcs11.CKA_WRAP_WITH_TRUSTED, true),
	}, f.flags)
}

// half is the public half of a newborn key: it is read and destroyed.
func half(f form) []cryptoki.Attribute {
	t := []cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, pkcs11.CKO_PUBLIC_KEY),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, f.keyType),
		cryptoki.Bool(pkcs11.CKA_TOKEN, false),
		cryptoki.Bool(pkcs11.CKA_PRIVATE, false),
	}
	if f.set != nil {
		return append(permit(t, latticePublicFlags), cryptoki.Ulong(ckaParameterSet, f.set.number))
	}
	t = permit(t, publicFlags)
	if f.curve != nil {
		return append(t, cryptoki.Bytes(pkcs11.CKA_EC_PARAMS, f.curve.params()))
	}
	return append(t,
		cryptoki.Ulong(pkcs11.CKA_MODULUS_BITS, uint(f.size)),
		cryptoki.Bytes(pkcs11.CKA_PUBLIC_EXPONENT, []byte{1, 0, 1}))
}

// working is a key in use: one pair of usages, its own mechanisms, and no way out. It restates every line of the
// root's unwrap template, which SoftHSM compares and doesn't apply.
func (d dialect) working(f form) []cryptoki.Attribute {
	t := permit([]cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, f.class),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, f.keyType),
		cryptoki.Bool(pkcs11.CKA_TOKEN, false),
		cryptoki.Bool(pkcs11.CKA_PRIVATE, true),
		cryptoki.Bool(pkcs11.CKA_SENSITIVE, true),
		cryptoki.Bool(pkcs11.CKA_EXTRACTABLE, false),
		cryptoki.Bool(pkcs11.CKA_WRAP_WITH_TRUSTED, true),
	}, f.flags, f.usages...)
	if !d.limits {
		return t
	}
	return append(t,
		cryptoki.Ulong(pkcs11.CKA_ALLOWED_MECHANISMS, f.mechanisms...),
		cryptoki.Bool(pkcs11.CKA_COPYABLE, false),
		cryptoki.Bool(pkcs11.CKA_MODIFIABLE, false)) // last: what stands behind it is refused
}
