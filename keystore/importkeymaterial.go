package keystore

import (
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/keystore/imports"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
	"claviger/keystore/target"
	"claviger/policy"
)

type ImportKeyMaterialInput struct {
	KeyId                  string     `shape:"KeyIdType,required"`
	ImportToken            []byte     `shape:"CiphertextType,required"`
	EncryptedKeyMaterial   []byte     `shape:"CiphertextType,required"`
	ValidTo                *wire.Time `shape:"DateType"`
	ExpirationModel        *string    `shape:"ExpirationModelType"`
	ImportType             *string    `shape:"ImportType"`
	KeyMaterialDescription *string    `shape:"KeyMaterialDescriptionType"`
	KeyMaterialId          *string    `shape:"BackingKeyIdType"`
}

// Validate checks what members say together.
func (in ImportKeyMaterialInput) Validate() error { return in.request().Validate() }

// request is what the input says of the material.
func (in ImportKeyMaterialInput) request() imports.Request {
	r := imports.Request{Type: in.ImportType, MaterialID: in.KeyMaterialId,
		Description: in.KeyMaterialDescription, ExpirationModel: in.ExpirationModel}
	if in.ValidTo != nil {
		r.ValidTo = &in.ValidTo.Time
	}
	return r
}

// ImportKeyMaterialOutput: KeyMaterialId is there for symmetric keys.
type ImportKeyMaterialOutput struct {
	KeyId         string
	KeyMaterialId string `json:",omitzero"`
}

// importing is a key that material is imported into, and the pair that it came under.
type importing struct {
	target.Target
	pair    *imports.Pair
	refused error // the import token's
}

// Ready implements [op.Target]: what is wrong with the key comes before what is wrong with the
// token.
func (t *importing) Ready() error {
	if err := t.Target.Ready(); err != nil {
		return err
	}
	return t.refused
}

// findImport reads the import token only for a key that takes imports: to any other key the answer
// is about the key.
func (s *Keys) findImport(c *op.Call, in ImportKeyMaterialInput) (*importing, error) {
	t, err := s.finder.Find(c, "ImportKeyMaterial", in.KeyId, false)
	if err != nil {
		return nil, err
	}
	t.Says = func(v policy.Values) {
		domain.SetText(v, "kms:ExpirationModel", in.ExpirationModel)
		domain.Set(v, "kms:ValidTo", in.ValidTo, func(at wire.Time) string {
			return at.UTC().Format(time.RFC3339)
		})
	}
	t.Fits = func(k *key.Key) error { return in.request().Check(k, c.Time) }
	found := &importing{Target: *t}
	if t.Key == nil || t.Key.Origin != key.OriginExternal {
		return found, nil
	}
	// The refusal waits for Ready: a caller who isn't authorized is told nothing of the import
	// token.
	found.pair, found.refused = s.importPairs.Find(c, t.Key.Ref(), in.ImportToken)
	return found, nil
}

// importKeyMaterial has the token unwrap the material, and gives it to the key. How it is unwrapped
// is noted first, so that the record of an import that fails says it, too.
func (s *Keys) importKeyMaterial(c *op.Call, in ImportKeyMaterialInput,
	t *importing) (op.Commit[ImportKeyMaterialOutput], error) {
	c.Note(`{"unwrapPath":"` + t.pair.UnwrapPath() + `"}`) // see the threat model
	m, err := s.importPairs.Unwrap(c, t.pair, t.Key, in.EncryptedKeyMaterial)
	if err != nil {
		return nil, err
	}
	imported, err := in.request().Apply(t.Key, m, c.Time)
	if err != nil {
		return nil, err
	}
	amend, err := s.related.Amend(c, t.Key, multiregion.Change{Key: imported,
		Also: s.scheduleExpiry(t.Key.Ref(), imported.Materials[m.ID])})
	if err != nil {
		return nil, err
	}
	out := ImportKeyMaterialOutput{KeyId: t.Key.ARN()}
	if t.Key.IsSymmetric() {
		out.KeyMaterialId = m.ID
	}
	return op.Apply(amend, out), nil
}
