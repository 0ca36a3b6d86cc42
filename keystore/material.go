package keystore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"claviger/internal/custody"
	"claviger/store"
)

// material is one of a key's materials and how it came to be there. It is never changed.
type material struct {
	custody.Material
	rotation    string // how it came to be current; see the constants
	rotated     time.Time
	expiration  string // ExpirationModel, of imported material
	expires     time.Time
	description string // KeyMaterialDescription, of imported material
	created     time.Time
}

// How a material came to be its key's current one, as RotationType, and what it waits for if it hasn't, as KeyMaterialState.
const (
	rotationFirst      = "" // the key began with it
	rotationAutomatic  = "AUTOMATIC"
	rotationOnDemand   = "ON_DEMAND"
	rotationPending    = "PENDING_ROTATION"
	rotationIncomplete = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"
)

// The expiration models of imported material.
const (
	materialExpires = "KEY_MATERIAL_EXPIRES"
	materialLasts   = "KEY_MATERIAL_DOES_NOT_EXPIRE"
)

// newMaterialID returns the id of a material that is yet to be made: 64 hex digits, as AWS's are.
func newMaterialID() string {
	id := make([]byte, materialSize)
	rand.Read(id)
	return hex.EncodeToString(id)
}

// there reports whether the bytes of the material are at hand, and not deleted or yet to be imported.
func (m material) there() bool { return len(m.Wrapped) > 0 }

// pending reports whether the material waits to become current.
func (m material) pending() bool {
	return m.rotation == rotationPending || m.rotation == rotationIncomplete
}

// columns is what the MAC of a material's row is over: all of it.
func (m material) columns(k keyRef) []any {
	return []any{k.account, k.region, k.id, m.ID, string(m.Kind), m.Root, m.Mechanism, m.Wrapped, m.Public, m.Check,
		m.rotation, store.Micros(m.rotated), m.expiration, store.Micros(m.expires), m.description, store.Micros(m.created)}
}

// putMaterial signs the row of a material, new or changed, and returns what stores it. The key's revision fences it: whoever
// stores a material changes its key's row in the same transaction.
func (s *Keys) putMaterial(ctx context.Context, k keyRef, m material) (func(*store.Tx) error, error) {
	mac, err := s.guard.Sign(ctx, "kms_materials", m.columns(k)...)
	return func(tx *store.Tx) error {
		_, err := tx.Exec(qPutMaterial, append(m.columns(k), mac)...)
		return err
	}, err
}

// loadMaterials reads the materials of k first and verifies them then: the token is never asked with rows open.
func (s *Keys) loadMaterials(ctx context.Context, k *Key) error {
	ref := k.ref()
	var checks []func() error
	err := s.db.Rows(qMaterials, []any{ref.account, ref.region, ref.id}, func(scan func(...any) error) error {
		var m material
		var rotated, expires, created int64
		var mac []byte
		err := scan(&m.ID, &m.Kind, &m.Root, &m.Mechanism, &m.Wrapped, &m.Public, &m.Check, &m.rotation, &rotated,
			&m.expiration, &expires, &m.description, &created, &mac)
		m.rotated, m.expires, m.created = store.FromMicros(rotated), store.FromMicros(expires), store.FromMicros(created)
		k.materials[m.ID] = m
		checks = append(checks, func() error {
			return s.guard.Verify(ctx, mac, "kms_materials", m.columns(ref)...)
		})
		return err
	})
	return all(err, checks)
}
