package object

import (
	"fmt"
	"slices"

	"github.com/miekg/pkcs11"

	"claviger/hsm/internal/cryptoki"
	"claviger/hsm/internal/failure"
	"claviger/internal/custody"
	"claviger/internal/lattice"
)

// Unpad decrypts by raw RSA on the device and takes the padding of OAEP with SHA-256 off here. Size
// is that of the modulus in bytes, and of the ciphertext, which is below it.
func (d *Device) Unpad(s cryptoki.Session, k *Key, size int, ciphertext []byte) ([]byte, error) {
	by := cryptoki.Mechanism{Code: pkcs11.CKM_RSA_X_509}
	raw, err := d.Driver.DecryptBy(s, k.Object, by, ciphertext)
	if err != nil {
		return nil, failure.Decrypting(err)
	}
	defer clear(raw)
	encoded := make([]byte, size)
	defer clear(encoded)
	if len(raw) > size {
		return nil, fmt.Errorf("%w: more than the modulus holds", failure.ErrNonsense)
	}
	copy(encoded[size-len(raw):], raw) // a number, whose leading zeros some devices leave out
	message, ok := unpadOAEP(encoded)
	if !ok {
		return nil, failure.Decrypting(failure.ErrPadding)
	}
	return slices.Clone(message), nil
}

// Derive has the device make the secret that a key shares with an uncompressed point of its curve,
// as an object, and takes it. PKCS#11 has no call that returns a shared secret itself.
func (d *Device) Derive(s cryptoki.Session, k *Key, point []byte) ([]byte, error) {
	by := cryptoki.Mechanism{
		Code: pkcs11.CKM_ECDH1_DERIVE, Parameter: cryptoki.ECDH{Peer: point},
	}
	size := k.Template.Curve.Size
	o, err := d.Driver.DeriveKey(s, by, k.Object, d.Dialect.Readable(size))
	if err != nil {
		return nil, err
	}
	return d.take(s, o, size)
}

// Decapsulate has the device make the secret in a ciphertext of ML-KEM, as an object, and takes it.
func (d *Device) Decapsulate(s cryptoki.Session, k *Key, ciphertext []byte) ([]byte, error) {
	device, can := d.Driver.(cryptoki.Decapsulator)
	if !can {
		return nil, custody.ErrUnsupported
	}
	o, err := device.DecapsulateKey(s, cryptoki.Mechanism{Code: cryptoki.CKM_ML_KEM}, k.Object,
		ciphertext, d.Dialect.Readable(lattice.SecretSize))
	if err != nil {
		return nil, err
	}
	return d.take(s, o, lattice.SecretSize)
}

// take reads a readable secret and destroys it. It is destroyed even if it can't be read, since
// whoever shares the login could.
func (d *Device) take(s cryptoki.Session, o cryptoki.Object, size int) ([]byte, error) {
	value, err := d.Driver.Attributes(s, o, pkcs11.CKA_VALUE)
	if gone := d.Driver.DestroyObject(s, o); err == nil {
		err = gone
	}
	if err != nil {
		return nil, err
	}
	if len(value[0]) != size {
		return nil, fmt.Errorf("%w: a secret of %d bytes", failure.ErrNonsense, len(value[0]))
	}
	return value[0], nil
}
