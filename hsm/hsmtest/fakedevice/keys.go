package fakedevice

import (
	"bytes"
	"crypto"
	"crypto/rand"
	_ "crypto/sha1"
	_ "crypto/sha512"
	"maps"
	"slices"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
)

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
	o.bear()
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

func (d *Device) SetAttributes(s cryptoki.Session, n cryptoki.Object,
	template []cryptoki.Attribute) error {
	leave, err := d.enter("C_SetAttributeValue", s)
	if err != nil {
		return err
	}
	defer leave()
	o, err := d.key("C_SetAttributeValue", n)
	if err != nil {
		return err
	}
	if d.frozen(o) {
		return fail("C_SetAttributeValue", cryptoki.CKR_ACTION_PROHIBITED)
	}
	o.apply(template)
	return nil
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

// CreateObject takes secret keys.
func (d *Device) CreateObject(
	s cryptoki.Session, template []cryptoki.Attribute,
) (cryptoki.Object, error) {
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

// macs are the mechanisms of authentication codes, and hashes the parameters of PSS and OAEP.
var (
	macs = map[uint]crypto.Hash{pkcs11.CKM_SHA224_HMAC: crypto.SHA224,
		pkcs11.CKM_SHA256_HMAC: crypto.SHA256,
		pkcs11.CKM_SHA384_HMAC: crypto.SHA384, pkcs11.CKM_SHA512_HMAC: crypto.SHA512}
	hashes = map[uint]crypto.Hash{pkcs11.CKM_SHA_1: crypto.SHA1, pkcs11.CKM_SHA256: crypto.SHA256,
		pkcs11.CKM_SHA384: crypto.SHA384, pkcs11.CKM_SHA512: crypto.SHA512}
)

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
