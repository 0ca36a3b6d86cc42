package fakedevice

import (
	"bytes"
	"crypto"
	"slices"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
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

// bear says of a key that the device has just made what it will say of it for ever.
func (o *object) bear() {
	o.apply([]cryptoki.Attribute{cryptoki.Bool(pkcs11.CKA_LOCAL, true),
		cryptoki.Bool(pkcs11.CKA_ALWAYS_SENSITIVE, o.flag(pkcs11.CKA_SENSITIVE)),
		cryptoki.Bool(pkcs11.CKA_NEVER_EXTRACTABLE, !o.flag(pkcs11.CKA_EXTRACTABLE))})
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

func (o *object) keyType() uint {
	typ, _ := cryptoki.AsUlong(o.attributes[pkcs11.CKA_KEY_TYPE])
	return typ
}

func (d *Device) frozen(o *object) bool {
	return !d.neglected[pkcs11.CKA_MODIFIABLE] &&
		bytes.Equal(o.attributes[pkcs11.CKA_MODIFIABLE], []byte{0})
}
