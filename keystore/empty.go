package keystore

import (
	"strings"
	"time"

	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/multiregion"
	"claviger/store"
)

// DeleteImportedKeyMaterialInput is DeleteImportedKeyMaterialRequest of AWS.
type DeleteImportedKeyMaterialInput struct {
	KeyId         string  `shape:"KeyIdType,required"`
	KeyMaterialId *string `shape:"BackingKeyIdType"`
	op.ByShape
}

func (in DeleteImportedKeyMaterialInput) keyID() string { return in.KeyId }

// DeleteImportedKeyMaterialOutput is DeleteImportedKeyMaterialResponse of AWS. KeyMaterialId is there for symmetric keys.
type DeleteImportedKeyMaterialOutput struct {
	KeyId         string
	KeyMaterialId string `json:",omitzero"`
}

// deleteImportedKeyMaterial deletes the material named, or the current one. What is gone already is as good.
func (s *Keys) deleteImportedKeyMaterial(_ *op.Call, in DeleteImportedKeyMaterialInput, k *key.Key) (ch multiregion.Change, out DeleteImportedKeyMaterialOutput, err error) {
	id := domain.Or(in.KeyMaterialId, k.MaterialID)
	m, known := k.Materials[id]
	switch {
	case in.KeyMaterialId != nil && !k.IsSymmetric():
		return ch, out, kmsfault.Invalid("KeyMaterialId can be used only with symmetric encryption keys.")
	case in.KeyMaterialId != nil && !known:
		return ch, out, fault.Newf(fault.NotFound, "NotFoundException", "Key material %s of key '%s' does not exist", id, k.ARN())
	}
	out.KeyId = k.ARN()
	if k.IsSymmetric() {
		out.KeyMaterialId = id
	}
	if !m.IsPresent() {
		return multiregion.Change{Key: k.Changed(func(*key.Key) {})}, out, nil
	}
	return s.emptying(k, m), out, nil
}

// emptying returns the change by which one of a key's materials goes. What remains of it tells whether it comes back, and keeps
// its place; one that has never been current may not come back, unless the keys related to k know it, too.
func (s *Keys) emptying(k *key.Key, m key.Material) multiregion.Change {
	forget, calm := s.dataKeys.ForgetHandles(k), s.expiring(k.Ref(), m.Awaited())
	gone := m.IsPending() && k.PrimaryRegion == ""
	key := k.Changed(func(k *key.Key) {
		k.Put(m.Awaited())
		if gone {
			delete(k.Materials, m.ID)
		}
		if !m.IsPending() && !k.IsPendingDeletion() {
			k.State = key.PendingImport
		}
	})
	return multiregion.Change{Key: key, Also: func(tx *store.Tx) error {
		if err := domain.InOrder(forget, calm)(tx); err != nil || !gone {
			return err
		}
		return s.rows.DeleteMaterial(tx, k.Ref(), m.ID)
	}}
}

// expireInput names material whose time is over.
type expireInput struct {
	KeyId         string `shape:"KeyIdType,required"`
	KeyMaterialId string `shape:"BackingKeyIdType,required"`
	op.ByShape
}

func (s *Keys) findExpired(c *op.Call, in expireInput) (due, error) {
	return s.findDue("DeleteImportedKeyMaterial")(c, dueInput{KeyId: in.KeyId})
}

// expireMaterial deletes material whose time is over. What is gone, or lasts longer by now, is left as it is. Where the clock was
// set back the job has to stay.
func (s *Keys) expireMaterial(c *op.Call, in expireInput, d due) (op.Commit[op.None], error) {
	var m key.Material
	if d.key != nil {
		m = d.key.Materials[in.KeyMaterialId]
	}
	switch {
	case !m.IsPresent() || m.Expires.IsZero():
		return op.Unchanged(op.None{}), nil
	case m.Expires.After(c.Time):
		return nil, errEarly(d.key.ARN() + " has key material that expires on " + m.Expires.UTC().Format(time.RFC3339))
	}
	amend, err := s.related.Amend(c, d.key, s.emptying(d.key, m))
	return op.Apply(amend, op.None{}), err
}

// Expire deletes imported material whose time is over. It is the work of an [ExpireMaterialJob].
func (s *Keys) Expire(c *op.Call, subject string) error {
	key, id, _ := strings.Cut(subject, "/")
	_, err := op.AsService(c, "kms", s.expire, expireInput{KeyId: key, KeyMaterialId: id})
	return err
}
