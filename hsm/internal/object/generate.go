package object

import (
	"errors"
	"fmt"
	"math/big"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/dialect"
	"claviger/hsm/internal/failure"
	"claviger/hsm/internal/publickey"
)

// GenerateWrapped makes a key on the token and returns it wrapped by the root, with its public
// half in SubjectPublicKeyInfo if it has one. The key itself is destroyed before
// GenerateWrapped returns.
func (d *Device) GenerateWrapped(s cryptoki.Session, k dialect.KeyTemplate, by dialect.Mechanism,
	root cryptoki.Object) (wrapped, public []byte, err error) {
	key, public, err := d.Generate(s, k, k.Generated())
	if err != nil {
		return nil, nil, err
	}
	wrapped, err = d.Driver.WrapKey(s, by.Code, root, key)
	if gone := d.Driver.DestroyObject(s, key); err == nil {
		err = gone
	}
	if err == nil && !k.Fits(len(wrapped)) {
		err = fmt.Errorf("%w: %s gave %d bytes for a key and is not RFC 5649",
			failure.ErrMechanism, by.Name, len(wrapped))
	}
	return wrapped, public, err
}

// Generate makes a key by a list of attributes, and reads and destroys its public half.
func (d *Device) Generate(s cryptoki.Session, k dialect.KeyTemplate,
	attributes []cryptoki.Attribute,
) (key cryptoki.Object, public []byte, err error) {
	if !k.Pair() {
		key, err = d.Driver.GenerateKey(s, k.Generation, attributes)
		return key, nil, err
	}
	other, key, err := d.Driver.GenerateKeyPair(s, k.Generation, k.PublicHalf(), attributes)
	if err != nil {
		return 0, nil, err
	}
	public, err = d.ReadPublic(s, other, k)
	if gone := d.Driver.DestroyObject(s, other); err == nil {
		err = gone
	}
	if err != nil {
		d.Driver.DestroyObject(s, key) // what went wrong first is what matters
	}
	return key, public, err
}

// GenerateResident makes a key that rests on the token and has the usages of its template, and
// reads back what a device must keep to. A key that the device would let out is destroyed. Of a
// pair it returns the public half.
func (d *Device) GenerateResident(s cryptoki.Session, k dialect.KeyTemplate, label string,
	name []byte,
) (o cryptoki.Object, public []byte, err error) {
	o, public, err = d.Generate(s, k, d.Dialect.Resident(k, label, name))
	if err != nil {
		return 0, nil, err
	}
	if err := d.Confirm(s, o, dialect.Kept()); err != nil {
		return 0, nil, errors.Join(err, d.Driver.DestroyObject(s, o))
	}
	return o, public, nil
}

// ReadPublic returns the DER SubjectPublicKeyInfo of a public key on the token, or of a private RSA
// key, which has the public numbers too.
func (d *Device) ReadPublic(s cryptoki.Session, o cryptoki.Object,
	k dialect.KeyTemplate) ([]byte, error) {
	switch {
	case k.Set != nil:
		v, err := d.Driver.Attributes(s, o, pkcs11.CKA_VALUE)
		if err != nil {
			return nil, err
		}
		return k.Set.SPKI(v[0])
	case k.Curve != nil:
		v, err := d.Driver.Attributes(s, o, pkcs11.CKA_EC_POINT)
		if err != nil {
			return nil, err
		}
		return k.Curve.SPKI(v[0])
	}
	v, err := d.Driver.Attributes(s, o, pkcs11.CKA_MODULUS, pkcs11.CKA_PUBLIC_EXPONENT)
	if err != nil {
		return nil, err
	}
	return publickey.RSA(k.Size, new(big.Int).SetBytes(v[0]), new(big.Int).SetBytes(v[1]))
}
