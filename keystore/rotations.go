package keystore

import (
	"cmp"
	"slices"

	"claviger/internal/op"
	"claviger/internal/wire"
)

// ListKeyRotationsInput is ListKeyRotationsRequest of AWS.
type ListKeyRotationsInput struct {
	KeyId              string  `shape:"KeyIdType,required"`
	IncludeKeyMaterial *string `shape:"IncludeKeyMaterial"`
	Limit              *int32  `shape:"LimitType"`
	Marker             *string `shape:"MarkerType"`
	op.ByShape
}

func (in ListKeyRotationsInput) keyID() string { return in.KeyId }

// ListKeyRotationsOutput is ListKeyRotationsResponse of AWS.
type ListKeyRotationsOutput struct {
	Rotations  []RotationsListEntry
	NextMarker string `json:",omitzero"`
	Truncated  bool
}

// RotationsListEntry is one material of a key and the rotation that made it current. The first material and those that wait
// have none, and what is said of an import is said of imported material only.
type RotationsListEntry struct {
	KeyId                  string
	KeyMaterialId          string
	KeyMaterialDescription string `json:",omitzero"`
	ImportState            string `json:",omitzero"`
	KeyMaterialState       string
	ExpirationModel        string     `json:",omitzero"`
	ValidTo                *wire.Time `json:",omitzero"`
	RotationDate           *wire.Time `json:",omitzero"`
	RotationType           string     `json:",omitzero"`
}

const allMaterial = "ALL_KEY_MATERIAL"

func (s *Keys) listKeyRotations(c *op.Call, in ListKeyRotationsInput, k *Key) (out ListKeyRotationsOutput, err error) {
	include := or(in.IncludeKeyMaterial, "ROTATIONS_ONLY")
	p, err := s.page(c, "ListKeyRotations", k.ID+" "+include, in.Limit, in.Marker, 100, 1000)
	if err != nil {
		return out, err
	}
	left := behind(k.history(include == allMaterial), p.after)
	out.Rotations = []RotationsListEntry{}
	for _, m := range left[:min(len(left), p.size)] {
		out.Rotations = append(out.Rotations, k.entry(m))
	}
	if len(left) > p.size {
		out.Truncated, out.NextMarker = true, p.next(left[p.size-1].ID)
	}
	return out, nil
}

// behind returns what comes after the material with an id, or all if there is none. A material that is gone was the last one: only
// one that waits for its rotation can be deleted.
func behind(list []material, id string) []material {
	if id == "" {
		return list
	}
	i := slices.IndexFunc(list, func(m material) bool { return m.ID == id })
	if i < 0 {
		return nil
	}
	return list[i+1:]
}

// history returns the key's materials in the order in which they became current: those that did by a rotation, or all,
// with the first one before them and what waits behind.
func (k *Key) history(all bool) (out []material) {
	for _, m := range k.materials {
		if all || !m.rotated.IsZero() {
			out = append(out, m)
		}
	}
	slices.SortFunc(out, func(a, b material) int {
		return cmp.Or(cmp.Compare(truth(a.pending()), truth(b.pending())), a.rotated.Compare(b.rotated), a.created.Compare(b.created),
			cmp.Compare(a.ID, b.ID))
	})
	return out
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (k *Key) entry(m material) RotationsListEntry {
	e := RotationsListEntry{KeyId: k.ID, KeyMaterialId: m.ID, KeyMaterialState: k.materialState(m), RotationDate: wire.At(m.rotated)}
	if !m.rotated.IsZero() {
		e.RotationType = m.rotation
	}
	if k.Origin == originExternal {
		e.KeyMaterialDescription, e.ExpirationModel, e.ValidTo = m.description, m.expiration, wire.At(m.expires)
		e.ImportState = "IMPORTED"
		if !m.there() {
			e.ImportState = "PENDING_IMPORT"
		}
	}
	return e
}

// materialState is the KeyMaterialState of one of the key's materials.
func (k *Key) materialState(m material) string {
	switch {
	case m.ID == k.MaterialID:
		return "CURRENT"
	case m.pending():
		return m.rotation
	}
	return "NON_CURRENT"
}
