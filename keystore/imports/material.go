package imports

import (
	"time"

	"claviger/internal/custody"
	"claviger/internal/fault"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
)

// What a request imports, as ImportType.
const (
	NewMaterial      = "NEW_KEY_MATERIAL"
	ExistingMaterial = "EXISTING_KEY_MATERIAL"
)

// maxValidity is how far ahead ValidTo may be.
const maxValidity = 365 * 24 * time.Hour

// Request is what ImportKeyMaterial says of the material, beside the bytes. A nil member was not
// sent.
type Request struct {
	Type            *string // ImportType
	MaterialID      *string // KeyMaterialId
	Description     *string // KeyMaterialDescription
	ExpirationModel *string
	ValidTo         *time.Time
}

// Validate refuses members that contradict each other.
func (r Request) Validate() error {
	expires := r.expirationModel() == key.MaterialExpires
	switch {
	case expires && r.ValidTo == nil:
		return kmsfault.Invalid("A validTo date must be set if the ExpirationModel is " +
			key.MaterialExpires)
	case !expires && r.ValidTo != nil:
		return kmsfault.Invalid("A validTo date must not be set if the ExpirationModel is " +
			key.MaterialDoesNotExpire)
	case r.Type != nil && *r.Type == NewMaterial && r.MaterialID != nil:
		return kmsfault.Invalid("A KeyMaterialId must not be set if the ImportType is " + NewMaterial)
	}
	return nil
}

// Check refuses what doesn't fit the key or the time, before anything is unwrapped.
func (r Request) Check(k *key.Key, now time.Time) error {
	if r.ValidTo != nil && (!r.ValidTo.After(now) || r.ValidTo.Sub(now) > maxValidity) {
		return kmsfault.Invalid("The validTo date must be in the future, and no more than 365 " +
			"days from now")
	}
	if k.IsSymmetric() {
		return r.checkMaterials(k)
	}
	if r.Type != nil || r.MaterialID != nil || r.Description != nil {
		return kmsfault.Invalid("ImportType, KeyMaterialId and KeyMaterialDescription can be " +
			"used only with symmetric encryption keys.")
	}
	return nil
}

// checkMaterials refuses what doesn't fit the materials that a symmetric key has. A multi-Region
// key gets new ones in its primary Region first, and every key one at a time: the one before must
// have become current.
func (r Request) checkMaterials(k *key.Key) error {
	isNew := r.importType(k) == NewMaterial
	pending := k.PendingMaterial()
	switch {
	case isNew && k.IsReplica():
		return kmsfault.Invalid("New key material is imported into the primary key of a " +
			"multi-Region key first: " + key.ARN(k.Account, k.PrimaryRegion, k.ID))
	case isNew && pending != "":
		return fault.Newf(fault.State, "KMSInvalidStateException",
			"New key material (id: %s) cannot be imported into KMS key %s, because another key "+
				"material (id: %s) is pending rotation.", key.NewMaterialID(), k.ARN(), pending)
	case !isNew && len(k.Materials) == 0:
		return custody.ErrUnfit
	case r.MaterialID == nil:
		return nil
	}
	if _, known := k.Materials[*r.MaterialID]; !known {
		return custody.ErrUnfit
	}
	return nil
}

// importType is the one of the request. Without one AWS takes the first material of a key for new,
// and any other for one that the key has had.
func (r Request) importType(k *key.Key) string {
	switch {
	case r.Type != nil:
		return *r.Type
	case len(k.Materials) == 0:
		return NewMaterial
	}
	return ExistingMaterial
}

// expirationModel is the one of the request, or AWS's default.
func (r Request) expirationModel() string {
	if r.ExpirationModel == nil {
		return key.MaterialExpires
	}
	return *r.ExpirationModel
}

// Apply returns the key with a material that was unwrapped for it. The key's first material is
// current at once, a later one waits for a rotation, and one that is known gets its bytes back.
// A material that is not what the request says is [custody.ErrUnfit].
func (r Request) Apply(k *key.Key, m custody.Material, now time.Time) (*key.Key, error) {
	own, known := k.Materials[m.ID]
	isOther := r.MaterialID != nil && *r.MaterialID != m.ID
	if isOther || known != (r.importType(k) == ExistingMaterial) {
		return nil, custody.ErrUnfit
	}
	if !known {
		own.Created = now.Truncate(time.Microsecond)
	}
	if !known && len(k.Materials) > 0 {
		own.RotationType = key.RotationPending
	}
	own.Material = m
	own.ExpirationModel, own.Expires = r.expirationModel(), time.Time{}
	if r.ValidTo != nil {
		own.Expires = *r.ValidTo
	}
	if r.Description != nil {
		own.Description = *r.Description
	}
	changed := k.Changed(func(k *key.Key) { put(k, own, !known) })
	return changed, changed.ReadPublic(m)
}

// put gives a key that is being changed a material, and the state that follows from it. A key that
// was disabled stays disabled.
func put(k *key.Key, m key.Material, isNew bool) {
	k.Put(m)
	if m.IsPending() {
		return
	}
	if isNew {
		k.MaterialID = m.ID
	}
	if !k.IsComplete() {
		k.State = key.PendingImport
		return
	}
	if k.State == key.PendingImport {
		k.State = key.Enabled
	}
}
