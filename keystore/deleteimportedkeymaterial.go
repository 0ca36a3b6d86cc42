package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/multiregion"
	"claviger/store"
)

type DeleteImportedKeyMaterialInput struct {
	KeyId         string  `shape:"KeyIdType,required"`
	KeyMaterialId *string `shape:"BackingKeyIdType"`
	op.ByShape
}

// KeyID implements [target.Keyed].
func (in DeleteImportedKeyMaterialInput) KeyID() string { return in.KeyId }

// DeleteImportedKeyMaterialOutput: KeyMaterialId is there for symmetric keys.
type DeleteImportedKeyMaterialOutput struct {
	KeyId         string
	KeyMaterialId string `json:",omitzero"`
}

// deleteImportedKeyMaterial deletes the material named, or the current one. What is gone already is
// as good.
func (s *Keys) deleteImportedKeyMaterial(_ *op.Call, in DeleteImportedKeyMaterialInput,
	k *key.Key) (ch multiregion.Change, out DeleteImportedKeyMaterialOutput, err error) {
	id := domain.Or(in.KeyMaterialId, k.MaterialID)
	m, known := k.Materials[id]
	switch {
	case in.KeyMaterialId != nil && !k.IsSymmetric():
		return ch, out, kmsfault.Invalid("KeyMaterialId can be used only with symmetric " +
			"encryption keys.")
	case in.KeyMaterialId != nil && !known:
		return ch, out, fault.Newf(fault.NotFound, "NotFoundException",
			"Key material %s of key '%s' does not exist", id, k.ARN())
	}
	out.KeyId = k.ARN()
	if k.IsSymmetric() {
		out.KeyMaterialId = id
	}
	if !m.IsPresent() {
		return multiregion.Change{Key: k.Changed(func(*key.Key) {})}, out, nil
	}
	return s.withoutMaterial(k, m), out, nil
}

// withoutMaterial returns the change that deletes the bytes of one of a key's materials. The rest
// of its row stays: by its check value the token tells whether the same material is imported again,
// and it keeps its place in the history of rotations. A material that has never been current is
// removed altogether, unless the keys related to k know it, too.
func (s *Keys) withoutMaterial(k *key.Key, m key.Material) multiregion.Change {
	removed := m.IsPending() && k.PrimaryRegion == ""
	changed := k.Changed(func(k *key.Key) {
		k.Put(m.WithoutBytes())
		if removed {
			delete(k.Materials, m.ID)
		}
		// A key that lacks one of the materials it has used opens only some of its ciphertexts, so
		// AWS has all of it wait for the import. One that is pending deletion stays so: what it
		// lacks is asked when that is cancelled.
		if !m.IsPending() && !k.IsPendingDeletion() {
			k.State = key.PendingImport
		}
	})
	// What the device has loaded would else be used on, and the values of other services stay open.
	also := domain.InOrder(s.dataKeys.ForgetHandles(k), s.scheduleExpiry(k.Ref(), m.WithoutBytes()))
	if removed {
		also = domain.InOrder(also, func(tx *store.Tx) error {
			return s.rows.DeleteMaterial(tx, k.Ref(), m.ID)
		})
	}
	return multiregion.Change{Key: changed, Also: also}
}
