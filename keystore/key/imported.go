package key

import (
	"time"

	"claviger/internal/custody"
	"claviger/keystore/kmsfault"
)

// PendingMaterial returns the id of the material that waits to become current, or nothing.
func (k *Key) PendingMaterial() string {
	for id, m := range k.Materials {
		if m.IsPending() {
			return id
		}
	}
	return ""
}

// KnownMaterials returns the key's materials as the token may recognise them.
func (k *Key) KnownMaterials() (all []custody.Material) {
	for _, m := range k.Materials {
		all = append(all, m.Material)
	}
	return all
}

// IsComplete reports whether all materials that the key has ever used are at hand: without one,
// some of its ciphertexts are closed.
func (k *Key) IsComplete() bool {
	if k.MaterialID == "" {
		return false
	}
	for _, m := range k.Materials {
		if !m.IsPending() && !m.IsPresent() {
			return false
		}
	}
	return true
}

// At returns the key as it is at a time: imported material that has expired is gone, whether its
// job has come to it or not. It is for those who look, and is never stored: the bytes are there
// still, and stay if the time turns out to be wrong.
func (k *Key) At(now time.Time) *Key {
	if k.Origin != OriginExternal {
		return k
	}
	seen := *k
	for id, m := range k.Materials {
		if m.Expires.IsZero() || m.Expires.After(now) {
			continue
		}
		seen.Put(m.WithoutBytes())
		if usable := k.State == Enabled || k.State == Disabled; usable && !k.Materials[id].IsPending() {
			seen.State = PendingImport
		}
	}
	return &seen
}

// SetFirstMaterial gives a new key its first material. A public key that can't be read is noticed
// now, and not when the first signature is to be verified.
func (k *Key) SetFirstMaterial(m custody.Material) error {
	k.Materials = map[string]Material{m.ID: {Material: m, Created: k.Created}}
	return k.ReadPublic(m)
}

// StateAfterCancel is the state of a key whose deletion was cancelled: it is not used again until
// somebody enables it. Imported material may have expired meanwhile.
func (k *Key) StateAfterCancel() State {
	if k.Origin == OriginExternal && !k.IsComplete() {
		return PendingImport
	}
	return Disabled
}

// Replaceable returns nil if an alias may be moved from k to other: its users expect the same of
// both.
func (k *Key) Replaceable(other *Key) error {
	if k.Usage != other.Usage || k.IsSymmetric() != other.IsSymmetric() {
		return kmsfault.Invalid("An alias can't be moved to a key of another type or usage: " + k.ARN() +
			" is a key of spec " + k.Spec + " for " + k.Usage + ", " +
			other.ARN() + " one of spec " + other.Spec + " for " + other.Usage + ".")
	}
	return nil
}
