package imports_test

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"claviger/internal/custody"
	"claviger/keystore/imports"
	"claviger/keystore/key"
)

var now = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

// text is an optional member.
func text(s string) *string { return &s }

// withMaterials is a symmetric key in a state, whose first material is the current one.
func withMaterials(state key.State, materials ...key.Material) *key.Key {
	k := &key.Key{Account: "111122223333", Region: "us-east-1", ID: "k", Rev: 1, State: state,
		Spec: key.SymmetricDefault, Usage: key.EncryptDecrypt, Origin: key.OriginExternal,
		Materials: map[string]key.Material{}}
	k.Put(materials...)
	if len(materials) > 0 {
		k.MaterialID = materials[0].ID
	}
	return k
}

func material(id string) key.Material {
	return key.Material{Material: custody.Material{ID: id, Wrapped: []byte("w")}}
}

var forEver = imports.Request{ExpirationModel: text(key.MaterialDoesNotExpire)}

// The state that an import leaves follows from what the key had and what it lacks still.
func TestApply_Material_LeavesTheStateThatFits(t *testing.T) {
	asNew := forEver
	asNew.Type = text(imports.NewMaterial)
	one, two := material("one"), material("two")
	goneOne, goneTwo := one.WithoutBytes(), two.WithoutBytes()
	const enabled, off, pending = key.Enabled, key.Disabled, key.PendingImport
	for name, x := range map[string]struct {
		k       *key.Key
		r       imports.Request
		id      string
		state   key.State
		current string
	}{
		"the first":    {withMaterials(pending), forEver, "one", enabled, "one"},
		"the only one": {withMaterials(pending, goneOne), forEver, "one", enabled, "one"},
		"one of two": {withMaterials(pending, goneOne, goneTwo), forEver,
			"two", pending, "one"},
		"one that was there": {withMaterials(off, one), forEver, "one", off, "one"},
		"a new one":          {withMaterials(enabled, one), asNew, "two", enabled, "one"},
		"a new one too soon": {withMaterials(pending, goneOne), asNew, "two", pending, "one"},
	} {
		got, err := x.r.Apply(x.k, custody.Material{ID: x.id, Wrapped: []byte("new")}, now)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m := got.Materials[x.id]
		if got.State != x.state || got.MaterialID != x.current || got.Rev != x.k.Rev+1 ||
			string(m.Wrapped) != "new" || m.IsPending() != (x.id == "two" && x.r.Type != nil) {
			t.Errorf("%s: %s with %q, current %q: %+v", name, got.State,
				slices.Sorted(maps.Keys(got.Materials)), got.MaterialID, m)
		}
	}
}

// Whether the key knows the material has to be what the request says, or what it says by default.
func TestApply_NotWhatTheRequestSays_IsUnfit(t *testing.T) {
	typed := func(typ string, id *string) imports.Request {
		return imports.Request{Type: &typ, MaterialID: id}
	}
	one := withMaterials(key.Enabled, material("one"))
	for name, x := range map[string]struct {
		k  *key.Key
		r  imports.Request
		id string
	}{
		"known as new":           {one, typed(imports.NewMaterial, nil), "one"},
		"unknown as existing":    {one, typed(imports.ExistingMaterial, nil), "two"},
		"unknown by default":     {one, forEver, "two"},
		"another than was named": {one, typed(imports.ExistingMaterial, text("two")), "one"},
	} {
		_, err := x.r.Apply(x.k, custody.Material{ID: x.id}, now)
		if !errors.Is(err, custody.ErrUnfit) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What a key was told of a material before stays unless the request says otherwise; its expiry is
// always the request's.
func TestApply_KnownMaterial_KeepsItsDescription(t *testing.T) {
	old := material("one")
	old.Description = "old"
	old.ExpirationModel, old.Expires = key.MaterialExpires, now.Add(time.Hour)
	k := withMaterials(key.Enabled, old)
	got, err := forEver.Apply(k, custody.Material{ID: "one"}, now)
	if m := got.Materials["one"]; err != nil || m.Description != "old" || !m.Expires.IsZero() ||
		m.ExpirationModel != key.MaterialDoesNotExpire {
		t.Errorf("%+v, %v", m, err)
	}
	until := now.Add(2 * time.Hour)
	r := imports.Request{Description: text("new"), ValidTo: &until}
	got, err = r.Apply(k, custody.Material{ID: "one"}, now)
	if m := got.Materials["one"]; err != nil || m.Description != "new" || !m.Expires.Equal(until) ||
		m.ExpirationModel != key.MaterialExpires {
		t.Errorf("%+v, %v", m, err)
	}
	if k.Materials["one"].Description != "old" {
		t.Error("the key that was read is changed")
	}
}

func TestParseSubject_SubjectOfAPair_IsReadBack(t *testing.T) {
	keyID, partID := imports.ParseSubject(imports.Subject("key", "pair"))
	if keyID != "key" || partID != "pair" {
		t.Errorf("%q, %q", keyID, partID)
	}
}
