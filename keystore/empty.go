package keystore

import (
	"strings"
	"time"

	"claviger/internal/fault"
	"claviger/internal/op"
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
func (s *Keys) deleteImportedKeyMaterial(_ *op.Call, in DeleteImportedKeyMaterialInput, k *Key) (ch change, out DeleteImportedKeyMaterialOutput, err error) {
	id := or(in.KeyMaterialId, k.MaterialID)
	m, known := k.materials[id]
	switch {
	case in.KeyMaterialId != nil && !k.symmetric():
		return ch, out, invalid("KeyMaterialId can be used only with symmetric encryption keys.")
	case in.KeyMaterialId != nil && !known:
		return ch, out, fault.Newf(fault.NotFound, "NotFoundException", "Key material %s of key '%s' does not exist", id, k.ARN())
	}
	out.KeyId = k.ARN()
	if k.symmetric() {
		out.KeyMaterialId = id
	}
	if !m.there() {
		return change{key: k.changed(func(*Key) {})}, out, nil
	}
	return s.emptying(k, m), out, nil
}

// emptying returns the change by which one of a key's materials goes. What remains of it tells whether it comes back, and keeps
// its place; one that has never been current may not come back, unless the keys related to k know it, too.
func (s *Keys) emptying(k *Key, m material) change {
	forget, calm := s.forgetting(k), s.expiring(k.ref(), m.awaited())
	gone := m.pending() && k.Primary == ""
	key := k.changed(func(k *Key) {
		k.with(m.awaited())
		if gone {
			delete(k.materials, m.ID)
		}
		if !m.pending() && !k.parting() {
			k.State = PendingImport
		}
	})
	return change{key: key, also: func(tx *store.Tx) error {
		if err := inOrder([]func(*store.Tx) error{forget, calm})(tx); err != nil || !gone {
			return err
		}
		return tx.Change(qDeleteMaterial, k.Account, k.Region, k.ID, m.ID)
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
	var m material
	if d.key != nil {
		m = d.key.materials[in.KeyMaterialId]
	}
	switch {
	case !m.there() || m.expires.IsZero():
		return func(*store.Tx) (op.None, error) { return op.None{}, nil }, nil
	case m.expires.After(c.Time):
		return nil, errEarly(d.key.ARN() + " has key material that expires on " + m.expires.UTC().Format(time.RFC3339))
	}
	amend, err := s.amend(c, d.key, s.emptying(d.key, m))
	return func(tx *store.Tx) (op.None, error) { return op.None{}, amend(tx) }, err
}

// Expire deletes imported material whose time is over. It is the work of an [ExpireMaterialJob].
func (s *Keys) Expire(c *op.Call, subject string) error {
	key, id, _ := strings.Cut(subject, "/")
	_, err := op.AsService(c, "kms", s.expire, expireInput{KeyId: key, KeyMaterialId: id})
	return err
}
