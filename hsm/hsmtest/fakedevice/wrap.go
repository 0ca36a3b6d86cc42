package fakedevice

import (
	"bytes"
	"crypto/rsa"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/kwp"
)

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
	if bytes.Equal(o.attributes[pkcs11.CKA_CLASS], cryptoki.Ulong(0, pkcs11.CKO_PRIVATE_KEY).Value) {
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
