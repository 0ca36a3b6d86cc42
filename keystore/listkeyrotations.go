package keystore

import (
	"slices"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/keystore/key"
)

type ListKeyRotationsInput struct {
	KeyId              string  `shape:"KeyIdType,required"`
	IncludeKeyMaterial *string `shape:"IncludeKeyMaterial"`
	Limit              *int32  `shape:"LimitType"`
	Marker             *string `shape:"MarkerType"`
	op.ByShape
}

// KeyID implements [target.Keyed].
func (in ListKeyRotationsInput) KeyID() string { return in.KeyId }

type ListKeyRotationsOutput struct {
	Rotations  []RotationsListEntry
	NextMarker string `json:",omitzero"`
	Truncated  bool
}

// RotationsListEntry is one material of a key and the rotation that made it current. The first
// material and those that wait have none, and what is said of an import is said of imported
// material only.
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

// listKeyRotations pages through the materials in memory: they are read with the key. Its marker is
// bound to the filter, since the two listings have different entries.
func (s *Keys) listKeyRotations(c *op.Call, in ListKeyRotationsInput,
	k *key.Key) (out ListKeyRotationsOutput, err error) {
	include := domain.Or(in.IncludeKeyMaterial, "ROTATIONS_ONLY")
	p, err := s.pager.Page(c, "ListKeyRotations", k.ID+" "+include, in.Limit, in.Marker, 100, 1000)
	if err != nil {
		return out, err
	}
	rest := materialsAfter(k.At(c.Time).History(include == allMaterial), p.After)
	out.Rotations = []RotationsListEntry{}
	for _, m := range rest[:min(len(rest), p.Size)] {
		out.Rotations = append(out.Rotations, rotationEntry(k, m))
	}
	if len(rest) > p.Size {
		out.Truncated, out.NextMarker = true, p.Next(rest[p.Size-1].ID)
	}
	return out, nil
}

// materialsAfter returns what follows the material with an id; all of the list if the id is empty.
// A material that is gone was the last one: only one that waits for its rotation can be deleted.
func materialsAfter(list []key.Material, id string) []key.Material {
	if id == "" {
		return list
	}
	i := slices.IndexFunc(list, func(m key.Material) bool { return m.ID == id })
	if i < 0 {
		return nil
	}
	return list[i+1:]
}

// rotationEntry shows what belongs to an import only of imported material, as AWS does.
func rotationEntry(k *key.Key, m key.Material) RotationsListEntry {
	e := RotationsListEntry{KeyId: k.ID, KeyMaterialId: m.ID, KeyMaterialState: k.MaterialState(m),
		RotationDate: wire.At(m.Rotated)}
	if !m.Rotated.IsZero() {
		e.RotationType = m.RotationType
	}
	if k.Origin == key.OriginExternal {
		e.KeyMaterialDescription, e.ExpirationModel = m.Description, m.ExpirationModel
		e.ValidTo = wire.At(m.Expires)
		e.ImportState = "IMPORTED"
		if !m.IsPresent() {
			e.ImportState = "PENDING_IMPORT"
		}
	}
	return e
}
