package fakedevice

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1"
	_ "crypto/sha512"
	"maps"
	"slices"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/kwp"
)

// object is a key of a Device.
type object struct {
	owner      cryptoki.Session
	value      []byte // as it is wrapped
	private    crypto.PrivateKey
	attributes map[uint][]byte
	confines   []cryptoki.Attribute // CKA_UNWRAP_TEMPLATE
}

func (o *object) flag(a uint) bool { return bytes.Equal(o.attributes[a], []byte{1}) }

func (o *object) matches(template []cryptoki.Attribute) bool {
	return !slices.ContainsFunc(template, func(a cryptoki.Attribute) bool {
		return !bytes.Equal(o.attributes[a.Type], a.Value)
	})
}

func (o *object) apply(template []cryptoki.Attribute) {
	for _, a := range template {
		if a.Type == pkcs11.CKA_UNWRAP_TEMPLATE {
			o.confines = a.Nested
			continue
		}
		o.attributes[a.Type] = a.Value
	}
}

// allows reports whether the key may be used so: by its usage flag and its allowed mechanisms.
func (o *object) allows(usage, mechanism uint) uint {
	if !o.flag(usage) {
		return pkcs11.CKR_KEY_FUNCTION_NOT_PERMITTED
	}
	if list, limited := o.attributes[pkcs11.CKA_ALLOWED_MECHANISMS]; limited {
		for one := range slices.Chunk(list, 8) {
			if code, _ := cryptoki.AsUlong(one); code == mechanism {
				return 0
			}
		}
		return pkcs11.CKR_MECHANISM_INVALID
	}
	return 0
}

// add puts a new key on the device, in the storage if it is a token object.
func (d *Device) add(s cryptoki.Session, o *object) cryptoki.Object {
	o.owner = s
	if o.flag(pkcs11.CKA_TOKEN) {
		d.rest = append(d.rest, o)
	}
	return d.number(o)
}

// key returns the object of a number, or the code for a number that names none.
func (d *Device) key(function string, n cryptoki.Object) (*object, error) {
	o := d.objects[n]
	if o == nil || d.lost && o.flag(pkcs11.CKA_TOKEN) {
		return nil, fail(function, pkcs11.CKR_OBJECT_HANDLE_INVALID)
	}
	return o, nil
}

func (d *Device) GenerateKey(s cryptoki.Session, _ uint,
	template []cryptoki.Attribute) (cryptoki.Object, error) {
	leave, err := d.enter("C_GenerateKey", s)
	if err != nil {
		return 0, err
	}
	defer leave()
	o := &object{attributes: map[uint][]byte{}}
	o.apply(template)
	size, _ := cryptoki.AsUlong(o.attributes[pkcs11.CKA_VALUE_LEN])
	o.value = make([]byte, size)
	rand.Read(o.value)
	switch {
	case d.refusesFlags(o):
		return 0, fail("C_GenerateKey", pkcs11.CKR_ARGUMENTS_BAD)
	case o.flag(pkcs11.CKA_PRIVATE) && d.user != pkcs11.CKU_USER:
		return 0, fail("C_GenerateKey", pkcs11.CKR_USER_NOT_LOGGED_IN)
	case o.flag(pkcs11.CKA_TRUSTED) && d.user != pkcs11.CKU_SO:
		return 0, fail("C_GenerateKey", pkcs11.CKR_ATTRIBUTE_READ_ONLY)
	case d.lost && o.flag(pkcs11.CKA_TOKEN):
		return 0, fail("C_GenerateKey", pkcs11.CKR_GENERAL_ERROR)
	}
	return d.add(s, o), nil
}

// refusesFlags reports whether a strict device would refuse a generic secret for its usage flags.
func (d *Device) refusesFlags(o *object) bool {
	_, cipherFlag := o.attributes[pkcs11.CKA_ENCRYPT]
	return d.bareSecrets && cipherFlag && o.keyType() == pkcs11.CKK_GENERIC_SECRET
}

func (o *object) keyType() uint {
	typ, _ := cryptoki.AsUlong(o.attributes[pkcs11.CKA_KEY_TYPE])
	return typ
}

func (d *Device) CopyObject(s cryptoki.Session, n cryptoki.Object,
	template []cryptoki.Attribute) (cryptoki.Object, error) {
	leave, err := d.enter("C_CopyObject", s)
	if err != nil {
		return 0, err
	}
	defer leave()
	o, err := d.key("C_CopyObject", n)
	if err != nil {
		return 0, err
	}
	if !d.neglected[pkcs11.CKA_COPYABLE] &&
		bytes.Equal(o.attributes[pkcs11.CKA_COPYABLE], []byte{0}) {
		return 0, fail("C_CopyObject", cryptoki.CKR_ACTION_PROHIBITED)
	}
	if d.frozen(o) && slices.ContainsFunc(template, func(a cryptoki.Attribute) bool {
		return a.Type != pkcs11.CKA_TOKEN && !bytes.Equal(o.attributes[a.Type], a.Value)
	}) {
		return 0, fail("C_CopyObject", pkcs11.CKR_ATTRIBUTE_READ_ONLY)
	}
	c := &object{
		value: o.value, private: o.private, attributes: maps.Clone(o.attributes),
		confines: o.confines,
	}
	c.apply(template)
	return d.add(s, c), nil
}

func (d *Device) frozen(o *object) bool {
	return !d.neglected[pkcs11.CKA_MODIFIABLE] &&
		bytes.Equal(o.attributes[pkcs11.CKA_MODIFIABLE], []byte{0})
}

func (d *Device) SetAttributes(s cryptoki.Session, n cryptoki.Object,
	template []cryptoki.Attribute) error {
	leave, err := d.enter("C_SetAttributeValue", s)
	if err != nil {
		return err
	}
	defer leave()
	o, err := d.key("C_SetAttributeValue", n)
	if err == nil && d.frozen(o) {
		err = fail("C_SetAttributeValue", cryptoki.CKR_ACTION_PROHIBITED)
	}
	if err == nil {
		o.apply(template)
	}
	return err
}

func (d *Device) DestroyObject(s cryptoki.Session, n cryptoki.Object) error {
	leave, err := d.enter("C_DestroyObject", s)
	if err != nil {
		return err
	}
	defer leave()
	o, err := d.key("C_DestroyObject", n)
	if err != nil {
		return err
	}
	delete(d.objects, n)
	d.rest = slices.DeleteFunc(d.rest, func(x *object) bool { return x == o })
	return nil
}

func (d *Device) Attributes(s cryptoki.Session, n cryptoki.Object,
	types ...uint) ([][]byte, error) {
	leave, err := d.enter("C_GetAttributeValue", s)
	if err != nil {
		return nil, err
	}
	defer leave()
	o, err := d.key("C_GetAttributeValue", n)
	if err != nil {
		return nil, err
	}
	out := make([][]byte, len(types))
	for i, a := range types {
		out[i] = bytes.Clone(o.attributes[a])
	}
	return out, nil
}

func (d *Device) WrapKey(s cryptoki.Session, mechanism uint,
	kek, key cryptoki.Object) ([]byte, error) {
	leave, err := d.enter("C_WrapKey", s)
	if err != nil {
		return nil, err
	}
	defer leave()
	w, err := d.key("C_WrapKey", kek)
	if err != nil {
		return nil, err
	}
	k, err := d.key("C_WrapKey", key)
	if err != nil {
		return nil, err
	}
	code := w.allows(pkcs11.CKA_WRAP, mechanism)
	switch {
	case code != 0:
	case !k.flag(pkcs11.CKA_EXTRACTABLE) && !d.neglected[pkcs11.CKA_EXTRACTABLE]:
		code = pkcs11.CKR_KEY_UNEXTRACTABLE
	case k.flag(pkcs11.CKA_WRAP_WITH_TRUSTED) && !w.flag(pkcs11.CKA_TRUSTED) &&
		!d.neglected[pkcs11.CKA_WRAP_WITH_TRUSTED]:
		code = pkcs11.CKR_KEY_NOT_WRAPPABLE
	}
	if code != 0 {
		return nil, fail("C_WrapKey", code)
	}
	// as SoftHSM does before it wraps
	padded := append(bytes.Clone(k.value), make([]byte, -len(k.value)&7)...)
	wrapped, err := kwp.Wrap(w.value, padded)
	if err != nil {
		return nil, fail("C_WrapKey", pkcs11.CKR_KEY_SIZE_RANGE)
	}
	return wrapped, nil
}

func (d *Device) UnwrapKey(s cryptoki.Session, by cryptoki.Mechanism, kek cryptoki.Object,
	wrapped []byte, template []cryptoki.Attribute) (cryptoki.Object, error) {
	leave, err := d.enter("C_UnwrapKey", s)
	if err != nil {
		return 0, err
	}
	defer leave()
	w, err := d.key("C_UnwrapKey", kek)
	if err != nil {
		return 0, err
	}
	if code := w.allows(pkcs11.CKA_UNWRAP, by.Code); code != 0 {
		return 0, fail("C_UnwrapKey", code)
	}
	o := &object{attributes: map[uint][]byte{}}
	if d.applies {
		o.apply(w.confines)
	}
	o.apply(template)
	if !o.matches(w.confines) && !d.neglected[pkcs11.CKA_UNWRAP_TEMPLATE] {
		return 0, fail("C_UnwrapKey", pkcs11.CKR_TEMPLATE_INCONSISTENT)
	}
	if o.value, err = d.open(w, by, wrapped); err != nil {
		return 0, err
	}
	o.measure(d)
	if bytes.Equal(o.attributes[pkcs11.CKA_CLASS],
		cryptoki.Ulong(0, pkcs11.CKO_PRIVATE_KEY).Value) {
		if o.private = decodeKey(o.keyType(), o.value); o.private == nil {
			return 0, fail("C_UnwrapKey", pkcs11.CKR_FUNCTION_FAILED) // as SoftHSM answers
		}
		o.describe()
	}
	return d.add(s, o), nil
}

// open undoes what was wrapped: by AES key wrap, or by RSA-OAEP.
func (d *Device) open(w *object, by cryptoki.Mechanism, wrapped []byte) ([]byte, error) {
	p, isOAEP := by.Parameter.(cryptoki.OAEP)
	key, isRSA := w.private.(*rsa.PrivateKey)
	switch {
	case isOAEP && isRSA && d.onlySHA1 && p.Hash != pkcs11.CKM_SHA_1:
		return nil, fail("C_UnwrapKey", pkcs11.CKR_ARGUMENTS_BAD)
	case isOAEP && isRSA:
		if value, err := rsa.DecryptOAEP(hashes[p.Hash].New(), nil, key, wrapped, nil); err == nil {
			return value, nil
		}
	case !isOAEP && !isRSA:
		if value, ok := kwp.Unwrap(w.value, wrapped); ok {
			return value, nil
		}
	}
	return nil, fail("C_UnwrapKey", pkcs11.CKR_GENERAL_ERROR) // as SoftHSM answers
}

// measure sets the length of a secret key, which SoftHSM doesn't after unwrapping.
func (o *object) measure(d *Device) {
	if !d.onlySHA1 && o.private == nil {
		o.attributes[pkcs11.CKA_VALUE_LEN] = cryptoki.Ulong(0, uint(len(o.value))).Value
	}
}

// CreateObject takes secret keys.
func (d *Device) CreateObject(s cryptoki.Session,
	template []cryptoki.Attribute) (cryptoki.Object, error) {
	leave, err := d.enter("C_CreateObject", s)
	if err != nil {
		return 0, err
	}
	defer leave()
	o := &object{attributes: map[uint][]byte{}}
	o.apply(template)
	o.value = bytes.Clone(o.attributes[pkcs11.CKA_VALUE])
	if o.flag(pkcs11.CKA_SENSITIVE) {
		delete(o.attributes, pkcs11.CKA_VALUE)
	}
	return d.add(s, o), nil
}

// using begins a use of a key.
func (d *Device) using(function string, s cryptoki.Session, n cryptoki.Object,
	usage, mechanism uint) (*object, error) {
	leave, err := d.enter(function, s)
	if err != nil {
		return nil, err
	}
	defer leave()
	o, err := d.key(function, n)
	if err != nil {
		return nil, err
	}
	if code := o.allows(usage, mechanism); code != 0 && !d.neglected[usage] {
		return nil, fail(function, code)
	}
	return o, nil
}

func (d *Device) Encrypt(s cryptoki.Session, key cryptoki.Object, g cryptoki.GCM,
	iv, plaintext []byte) ([]byte, error) {
	o, err := d.using("C_Encrypt", s, key, pkcs11.CKA_ENCRYPT, g.Mechanism)
	if err != nil {
		return nil, err
	}
	if d.ownIV != (g.Origin == cryptoki.InFront) {
		return nil, fail("C_Encrypt", pkcs11.CKR_MECHANISM_PARAM_INVALID)
	}
	if d.ownIV {
		iv = make([]byte, cryptoki.IVSize)
		rand.Read(iv)
	}
	if !aesSize(o.value) {
		return nil, fail("C_EncryptInit", pkcs11.CKR_MECHANISM_INVALID) // as SoftHSM answers
	}
	return gcm(o.value).Seal(bytes.Clone(iv), iv, plaintext, g.AAD), nil
}

func (d *Device) Decrypt(s cryptoki.Session, key cryptoki.Object, g cryptoki.GCM,
	sealed []byte) ([]byte, error) {
	o, err := d.using("C_Decrypt", s, key, pkcs11.CKA_DECRYPT, g.Mechanism)
	if err != nil {
		return nil, err
	}
	if !aesSize(o.value) {
		return nil, fail("C_DecryptInit", pkcs11.CKR_MECHANISM_INVALID)
	}
	plaintext, err := gcm(o.value).Open(nil, sealed[:cryptoki.IVSize], sealed[cryptoki.IVSize:],
		g.AAD)
	if err != nil && !d.neglected[pkcs11.CKA_DECRYPT] {
		return nil, fail("C_Decrypt", pkcs11.CKR_GENERAL_ERROR) // as SoftHSM answers
	}
	return plaintext, nil
}

func aesSize(key []byte) bool { return len(key) == 16 || len(key) == 24 || len(key) == 32 }

func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// macs are the mechanisms of authentication codes, and hashes the parameters of PSS and OAEP.
var (
	macs = map[uint]crypto.Hash{pkcs11.CKM_SHA224_HMAC: crypto.SHA224,
		pkcs11.CKM_SHA256_HMAC: crypto.SHA256,
		pkcs11.CKM_SHA384_HMAC: crypto.SHA384, pkcs11.CKM_SHA512_HMAC: crypto.SHA512}
	hashes = map[uint]crypto.Hash{pkcs11.CKM_SHA_1: crypto.SHA1, pkcs11.CKM_SHA256: crypto.SHA256,
		pkcs11.CKM_SHA384: crypto.SHA384, pkcs11.CKM_SHA512: crypto.SHA512}
)

func authenticate(hash crypto.Hash, key, data []byte) []byte {
	h := hmac.New(hash.New, key)
	h.Write(data)
	return h.Sum(nil)
}

func (d *Device) GenerateRandom(s cryptoki.Session, n int) ([]byte, error) {
	leave, err := d.enter("C_GenerateRandom", s)
	if err != nil {
		return nil, err
	}
	defer leave()
	b := make([]byte, n)
	rand.Read(b)
	return b, nil
}
