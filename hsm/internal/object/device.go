// Package object is what is done with the objects of a token in one session: keys are found and
// made there, compared with what they should be, and used.
//
// Nothing here waits, retries or remembers: a session, its owner and its deadline
// are package session's.
package object

import (
	"bytes"
	"crypto"
	"fmt"
	"sync/atomic"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/dialect"
	"claviger/hsm/internal/failure"
	"claviger/internal/custody"
)

// Device is a module and how the token behind it is spoken to.
type Device struct {
	Driver  cryptoki.Driver
	Dialect dialect.Dialect
}

// Key is a key that is on the token and can be used.
type Key struct {
	ID       string // of its material
	Kind     custody.Kind
	Template dialect.KeyTemplate
	Object   cryptoki.Object
	Proof    []byte           // what Device.Prove made of the right key
	SPKI     []byte           // of a key pair, its public half
	Public   crypto.PublicKey // the same, parsed
	Resident bool             // it rests on the token and outlives its handle
	Wrapped  []byte           // by the root; of a resident key, its CKA_ID

	verified atomic.Bool // whether the key was compared with its check value
}

// Inherit takes over what is known of a key but for its object, and whether that was compared.
func (k *Key) Inherit(from *Key) {
	k.ID, k.Kind, k.Template, k.Proof = from.ID, from.Kind, from.Template, from.Proof
	k.SPKI, k.Public, k.Resident, k.Wrapped = from.SPKI, from.Public, from.Resident, from.Wrapped
}

// FindOne returns the one secret key on the token that has the type and the given attributes, or
// failure.ErrAbsent. SoftHSM accepts two objects with one CKA_ID or one label, so anything but
// exactly one match is refused.
func (d *Device) FindOne(s cryptoki.Session, keyType uint,
	by ...cryptoki.Attribute) (cryptoki.Object, error) {
	return d.findOne(s, pkcs11.CKO_SECRET_KEY, keyType, by...)
}

// FindResident looks a resident key up, by class, type and CKA_ID: there must be one.
func (d *Device) FindResident(s cryptoki.Session, k dialect.KeyTemplate,
	name []byte) (cryptoki.Object, error) {
	return d.findOne(s, k.Class, k.KeyType, cryptoki.Bytes(pkcs11.CKA_ID, name))
}

// DestroyResident destroys the one key with a CKA_ID. Its class and type keep it from the root, the
// canary and the authenticator.
func (d *Device) DestroyResident(s cryptoki.Session, k dialect.KeyTemplate, name []byte) error {
	o, err := d.FindResident(s, k, name)
	if err != nil {
		return err
	}
	return d.Driver.DestroyObject(s, o)
}

// findOne is FindOne for keys of any class.
func (d *Device) findOne(s cryptoki.Session, class, keyType uint,
	by ...cryptoki.Attribute) (cryptoki.Object, error) {
	found, err := d.Driver.FindObjects(s, append([]cryptoki.Attribute{
		cryptoki.Ulong(pkcs11.CKA_CLASS, class),
		cryptoki.Ulong(pkcs11.CKA_KEY_TYPE, keyType),
		cryptoki.Bool(pkcs11.CKA_TOKEN, true),
	}, by...))
	switch {
	case err != nil:
		return 0, err
	case len(found) == 0:
		return 0, fmt.Errorf("%w: %q", failure.ErrAbsent, by[0].Value)
	case len(found) > 1:
		return 0, fmt.Errorf("%w: %d objects have the name %q",
			failure.ErrAmbiguous, len(found), by[0].Value)
	}
	return found[0], nil
}

// Confirm reads attributes of an object back. One that is not as wanted is failure.ErrUnsafe. A
// device may accept a template and leave a line of it out.
func (d *Device) Confirm(s cryptoki.Session, o cryptoki.Object, want []cryptoki.Attribute) error {
	types := make([]uint, len(want))
	for i, a := range want {
		types[i] = a.Type
	}
	got, err := d.Driver.Attributes(s, o, types...)
	if err != nil {
		return fmt.Errorf("reading attributes: %w", err)
	}
	for i, a := range want {
		if !bytes.Equal(got[i], a.Value) {
			return fmt.Errorf("%w: attribute 0x%X is %x, not %x", failure.ErrUnsafe, a.Type, got[i], a.Value)
		}
	}
	return nil
}
