// Package sealing encrypts and decrypts by the materials of symmetric KMS keys. What callers
// encrypt and the data keys of services both go through it, so that every seal is counted.
package sealing

import (
	"context"

	"claviger/internal/custody"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/usage"
)

// Materials are the materials of an installation's symmetric keys. Sealing and unsealing is all
// that is ever done with them.
type Materials struct {
	device custody.Sealer
	usage  *usage.Counts
}

// New returns the materials that are used on the service's own device.
func New(device custody.Sealer, counts *usage.Counts) *Materials {
	return &Materials{device: device, usage: counts}
}

// Seal encrypts plaintext by the current material of k: one call of a device. c's record takes the
// count along.
func (m *Materials) Seal(c *op.Call, k *key.Key, plaintext, aad []byte) ([]byte, error) {
	by, ref, err := m.current(c, k)
	if err != nil {
		return nil, err
	}
	return by.Seal(c, ref, plaintext, aad)
}

// SealKept is Seal of what is kept while the plaintext isn't: see [custody.SealKept].
func (m *Materials) SealKept(c *op.Call, k *key.Key, plaintext, aad []byte) ([]byte, error) {
	by, ref, err := m.current(c, k)
	if err != nil {
		return nil, err
	}
	return custody.SealKept(c, by, ref, plaintext, aad)
}

// current returns the current material of k and what uses it, and counts the use.
func (m *Materials) current(c *op.Call, k *key.Key) (by custody.Sealer, ref custody.Ref,
	err error) {
	ref, err = k.CurrentRef()
	if err != nil {
		return nil, ref, err
	}
	if err := m.usage.Count(c, k, ref.ID); err != nil {
		return nil, ref, err
	}
	by, err = m.sealer(k)
	return by, ref, err
}

// Unseal decrypts what [Materials.Seal] made by one of the materials of k. A bad tag, length or aad
// is [custody.ErrForged].
func (m *Materials) Unseal(ctx context.Context, k *key.Key, material string,
	sealed, aad []byte) ([]byte, error) {
	ref, ok := k.MaterialRef(material)
	if !ok {
		return nil, key.ErrLost(k, material)
	}
	by, err := m.sealer(k)
	if err != nil {
		return nil, err
	}
	return by.Unseal(ctx, ref, sealed, aad)
}

// sealer returns what uses the material of a symmetric key: the service's own device, or the
// cluster of the key's custom key store.
func (m *Materials) sealer(k *key.Key) (custody.Sealer, error) {
	switch {
	case k.CustomKeyStoreID == "":
		return m.device, nil
	case k.Connection == nil:
		return nil, key.RefuseUnavailable(k)
	}
	return k.Connection, nil
}
