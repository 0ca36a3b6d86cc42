package key

import (
	"reflect"
	"time"

	"claviger/internal/custody"
)

// Material is one of a key's materials and how it came to be there. It is never changed.
type Material struct {
	custody.Material
	RotationType    string // how it came to be current; see the constants
	Rotated         time.Time
	ExpirationModel string // ExpirationModel, of imported material
	Expires         time.Time
	Description     string // KeyMaterialDescription, of imported material
	Created         time.Time
}

// How a material came to be its key's current one, as RotationType, and what it waits for if it
// hasn't, as KeyMaterialState.
const (
	rotationFirst         = "" // the key began with it
	RotationAutomatic     = "AUTOMATIC"
	RotationOnDemand      = "ON_DEMAND"
	RotationPending       = "PENDING_ROTATION"
	RotationPendingImport = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"
)

// The expiration models of imported material.
const (
	MaterialExpires       = "KEY_MATERIAL_EXPIRES"
	MaterialDoesNotExpire = "KEY_MATERIAL_DOES_NOT_EXPIRE"
)

// IsPresent reports whether the bytes of the material are at hand, and not deleted or yet to be
// imported.
func (m Material) IsPresent() bool { return len(m.Wrapped) > 0 }

// IsPending reports whether the material waits to become current.
func (m Material) IsPending() bool {
	return m.RotationType == RotationPending || m.RotationType == RotationPendingImport
}

// WithoutBytes returns m as it is where it is yet to be imported, or was deleted: the key knows it,
// and its bytes are not there.
func (m Material) WithoutBytes() Material {
	m.Wrapped, m.ExpirationModel, m.Expires, m.Description = []byte{}, "", time.Time{}, ""
	return m
}

// Equal reports whether two materials are stored as the same row.
func (m Material) Equal(other Material) bool { return reflect.DeepEqual(m, other) }
