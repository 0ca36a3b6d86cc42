// Package datakeys seals the values of other services under KMS keys.
//
// A service seals by data keys: one for each KMS key, service and epoch. A data key is generated on
// the device and wrapped there by the root; that wrapped form is encrypted under the KMS key. Both
// are needed to load it: without the KMS key what was sealed is closed, and what passes through
// this process is worthless without the root.
//
// An epoch ends with the material of its KMS key, with time and with its number of seals. The next
// one is made and committed before it is used.
package datakeys

import (
	"context"
	"errors"

	"claviger/internal/custody"
	"claviger/internal/domain"
	"claviger/internal/envelope"
	"claviger/internal/op"
	"claviger/internal/rowmac"
	"claviger/keystore/ciphertext"
	"claviger/keystore/key"
	"claviger/keystore/keyrows"
	"claviger/keystore/sealing"
	"claviger/keystore/usage"
	"claviger/store"
)

// Device is what data keys ask of the service's own token.
type Device interface {
	custody.Sealer
	Generate(ctx context.Context, id string, k custody.Kind) (custody.Material, error)
	Forget(id string) // drops the handle of a key
}

// Lookup returns a key as it is now, with its custom key store's connection, or nil if there is
// none.
type Lookup func(ctx context.Context, ref key.Ref) (*key.Key, error)

// DataKeys are the data keys of one installation, under the keys of all accounts and Regions.
type DataKeys struct {
	db        *store.DB
	signer    *rowmac.Signer
	device    Device
	materials *sealing.Materials
	usage     *usage.Counts
	lookup    Lookup

	current *domain.Cache[dataKeyOwner, *dataKey]
	epochs  *domain.Cache[epochRef, *dataKey]

	create op.Command[epochInput, op.None]
}

// cacheSize bounds each of the two caches: a data key costs about 600 bytes.
const cacheSize = 4096

// New returns the data keys in a database. They are used on device, and opened by materials.
func New(db *store.DB, signer *rowmac.Signer, device Device, materials *sealing.Materials,
	counts *usage.Counts, lookup Lookup) *DataKeys {
	s := &DataKeys{db: db, signer: signer, device: device, materials: materials, usage: counts,
		lookup:  lookup,
		current: domain.NewCache[dataKeyOwner, *dataKey](cacheSize, 0, nil),
		epochs:  domain.NewCache[epochRef, *dataKey](cacheSize, 0, nil)}
	s.create = op.Write(route.Internal("GenerateDataKeyWithoutPlaintext"), s.findEpoch, s.createEpoch)
	return s
}

// Seal seals a value under k on behalf of a service, by the data key of the current epoch. The
// context is bound to the value. c's record says whether the KMS key itself had to be used.
func (s *DataKeys) Seal(c *op.Call, k *key.Key, service string, context map[string]string,
	value []byte) (envelope.Envelope, error) {
	d, k, err := s.currentOf(c, k, service)
	if err != nil {
		return envelope.Envelope{}, err
	}
	if err := k.Reachable(); err != nil {
		return envelope.Envelope{}, err
	}
	if err := s.usage.Count(c, k, d.ID); err != nil {
		return envelope.Envelope{}, err
	}
	onDevice := true
	aad := ciphertext.AdditionalData(ciphertext.ForValue, k.ID, d.ID, context)
	sealed, err := custody.SealKept(c, s.device, s.loadable(k, d, &onDevice), value, aad)
	noteCached(c, d, onDevice)
	return envelope.Envelope{KeyARN: k.ARN(), Epoch: d.epoch, Sealed: sealed}, err
}

// Unseal opens what [DataKeys.Seal] made of a value. What was sealed for another service, under
// another key or with another context is [custody.ErrForged].
func (s *DataKeys) Unseal(c *op.Call, k *key.Key, service string, epoch int64,
	context map[string]string, sealed []byte) ([]byte, error) {
	d, err := s.ofEpoch(c, epochRef{dataKeyOwner{k.Account, k.Region, k.ID, service}, epoch})
	if err != nil {
		return nil, err
	}
	if err := k.Reachable(); err != nil {
		return nil, err
	}
	onDevice := true
	aad := ciphertext.AdditionalData(ciphertext.ForValue, k.ID, d.ID, context)
	value, err := s.device.Unseal(c, s.loadable(k, d, &onDevice), sealed, aad)
	noteCached(c, d, onDevice)
	return value, err
}

// loadable returns a reference to a data key. If the device has to load it, its wrapped form is
// opened by the KMS key, and *onDevice becomes false.
func (s *DataKeys) loadable(k *key.Key, d *dataKey, onDevice *bool) custody.Ref {
	return custody.Ref{ID: d.ID, Load: func(ctx context.Context) (custody.Material, error) {
		*onDevice = false
		m := d.Material
		var err error
		m.Wrapped, err = s.materials.Unseal(ctx, k, d.material, d.sealed, d.boundTo(k))
		if errors.Is(err, custody.ErrForged) { // the row is signed, so it is no caller's doing
			err = errSealed(d, err)
		}
		return m, err
	}}
}

// noteCached records under which material of the KMS key the data key is, and whether it was on the
// device already, so that the KMS key itself was not used.
func noteCached(c *op.Call, d *dataKey, onDevice bool) {
	c.NoteText("keyMaterialId", d.material)
	if onDevice {
		c.Note(`{"dataKeyCached":true}`)
		return
	}
	c.Note(`{"dataKeyCached":false}`)
}

// ForgetHandles drops the device's handles of k and of the data keys under it, once the change that
// closes k is committed. It looks for them inside the transaction, or it would miss a data key that
// was made meanwhile.
func (s *DataKeys) ForgetHandles(k *key.Key) domain.Change {
	return func(tx *store.Tx) error {
		ids, err := idsUnder(tx, k)
		if err != nil {
			return err
		}
		for id := range k.Materials {
			ids = append(ids, id)
		}
		s.forgetHandles(tx, ids)
		return nil
	}
}

// ForgetInStore drops the device's handles of the data keys under the keys of a custom key store,
// once the change that closes its keys is committed.
func (s *DataKeys) ForgetInStore(tx *store.Tx, in key.StoreRef) error {
	ids, err := keyrows.Texts(tx, qIDsInStore, in.Account, in.Region, in.ID)
	if err != nil {
		return err
	}
	s.forgetHandles(tx, ids)
	return nil
}

// forgetHandles waits for the commit: before it another request could load the handles again.
func (s *DataKeys) forgetHandles(tx *store.Tx, ids []string) {
	tx.After(func() {
		for _, id := range ids {
			s.device.Forget(id)
		}
	})
}
