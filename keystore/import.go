package keystore

import (
	"errors"
	"strings"
	"time"

	"claviger/internal/custody"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/multiregion"
	"claviger/keystore/publickey"
	"claviger/store"
)

// The import types.
const (
	importNew      = "NEW_KEY_MATERIAL"
	importExisting = "EXISTING_KEY_MATERIAL"
)

// longestImport is how far ahead ValidTo may be.
const longestImport = 365 * 24 * time.Hour

// ImportKeyMaterialInput is ImportKeyMaterialRequest of AWS.
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
func (in ImportKeyMaterialInput) Validate() error {
	switch expires := domain.Or(in.ExpirationModel, key.MaterialExpires) == key.MaterialExpires; {
	case expires && in.ValidTo == nil:
		return kmsfault.Invalid("A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES")
	case !expires && in.ValidTo != nil:
		return kmsfault.Invalid("A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE")
	case domain.Or(in.ImportType, "") == importNew && in.KeyMaterialId != nil:
		return kmsfault.Invalid("A KeyMaterialId must not be set if the ImportType is NEW_KEY_MATERIAL")
	}
	return nil
}

// ImportKeyMaterialOutput is ImportKeyMaterialResponse of AWS. KeyMaterialId is there for symmetric keys.
type ImportKeyMaterialOutput struct {
	KeyId         string
	KeyMaterialId string `json:",omitzero"`
}

// importing is a key that material is imported into, and the pair that it came under.
type importing struct {
	target
	pair    *importPair
	refused error // the import token's
}

// Ready implements [op.Target]: what is wrong with the key comes before what is wrong with the token.
func (t *importing) Ready() error {
	if err := t.target.Ready(); err != nil {
		return err
	}
	return t.refused
}

func (s *Keys) findImport(c *op.Call, in ImportKeyMaterialInput) (*importing, error) {
	t, err := s.finder.find(c, "ImportKeyMaterial", in.KeyId, false)
	if err != nil {
		return nil, err
	}
	t.fits = func(k *key.Key) error { return admits(k, in, c.Time) }
	found := &importing{target: *t}
	if t.key == nil || t.key.Origin != key.OriginExternal {
		return found, nil
	}
	found.pair, found.refused = s.pairOf(c, t.key.Ref(), in.ImportToken)
	return found, nil
}

// admits holds a request to the key and the time, before anything is unwrapped.
func admits(k *key.Key, in ImportKeyMaterialInput, now time.Time) error {
	if in.ValidTo != nil && (!in.ValidTo.After(now) || in.ValidTo.Sub(now) > longestImport) {
		return kmsfault.Invalid("The validTo date must be in the future, and no more than 365 days from now")
	}
	if k.IsSymmetric() {
		return admitsAnother(k, in)
	}
	if in.ImportType != nil || in.KeyMaterialId != nil || in.KeyMaterialDescription != nil {
		return kmsfault.Invalid("ImportType, KeyMaterialId and KeyMaterialDescription can be used only with symmetric encryption keys.")
	}
	return nil
}

// admitsAnother holds the import type to what a symmetric key has.
func admitsAnother(k *key.Key, in ImportKeyMaterialInput) error {
	known := len(k.Materials) > 0
	isNew := importType(k, in) == importNew
	switch waiting := k.PendingMaterial(); {
	case isNew && k.IsReplica():
		return kmsfault.Invalid("New key material is imported into the primary key of a multi-Region key first: " + key.ARN(k.Account, k.PrimaryRegion, k.ID))
	case isNew && waiting != "":
		return fault.Newf(fault.State, "KMSInvalidStateException",
			"New key material (id: %s) cannot be imported into KMS key %s, because another key material (id: %s) is pending rotation.", key.NewMaterialID(), k.ARN(), waiting)
	case !isNew && !known:
		return custody.ErrUnfit
	case in.KeyMaterialId != nil:
		if _, is := k.Materials[*in.KeyMaterialId]; !is {
			return custody.ErrUnfit
		}
	}
	return nil
}

// importType is the one of a request, or what AWS takes it for.
func importType(k *key.Key, in ImportKeyMaterialInput) string {
	if len(k.Materials) == 0 {
		return domain.Or(in.ImportType, importNew)
	}
	return domain.Or(in.ImportType, importExisting)
}

// importKeyMaterial has the token unwrap what came, and puts it to its place.
func (s *Keys) importKeyMaterial(c *op.Call, in ImportKeyMaterialInput, t *importing) (op.Commit[ImportKeyMaterialOutput], error) {
	k := t.key
	c.Note(unwrapPath(t.pair))
	m, err := s.unwrap(c, in, t)
	if err != nil {
		return nil, err
	}
	imported, err := imported(k, in, m, c.Time)
	if err != nil {
		return nil, err
	}
	if err := imported.ReadPublic(m); err != nil {
		return nil, err
	}
	out := ImportKeyMaterialOutput{KeyId: k.ARN()}
	if k.IsSymmetric() {
		out.KeyMaterialId = m.ID
	}
	amend, err := s.related.Amend(c, k, multiregion.Change{Key: imported, Also: s.expiring(k.Ref(), imported.Materials[m.ID])})
	return op.Apply(amend, out), err
}

// unwrap makes one attempt, which is taken back unless the pair failed.
func (s *Keys) unwrap(c *op.Call, in ImportKeyMaterialInput, t *importing) (m custody.Material, err error) {
	if err = s.countAttempt(t.pair); err != nil {
		return m, err
	}
	m, err = s.token.Import(c, custody.Import{Pair: t.pair.m, Algorithm: custody.Algorithm(t.pair.algorithm),
		Wrapped: in.EncryptedKeyMaterial, Kind: t.key.Purpose().Kind, ID: key.NewMaterialID(), Known: t.key.KnownMaterials()})
	if errors.Is(err, custody.ErrForged) {
		return m, err
	}
	if back := s.takeBackAttempt(t.pair); err == nil {
		err = back
	}
	return m, err
}

// unwrapPath says in the record how far the imported key stays on the token; see the threat model.
func unwrapPath(p *importPair) string {
	switch {
	case strings.HasSuffix(string(p.m.Kind), " UNWRAP"):
		return `{"unwrapPath":"token"}`
	case strings.HasPrefix(p.algorithm, "RSA_AES_"):
		return `{"unwrapPath":"wrapping key in the service's memory"}`
	}
	return `{"unwrapPath":"key material in the service's memory"}`
}

// imported returns the key with material that the token has unwrapped: the first one is current at once, a later one waits for a
// rotation, and one that is known takes its place again.
func imported(k *key.Key, in ImportKeyMaterialInput, m custody.Material, now time.Time) (*key.Key, error) {
	own, known := k.Materials[m.ID]
	switch {
	case known != (importType(k, in) == importExisting), in.KeyMaterialId != nil && *in.KeyMaterialId != m.ID:
		return nil, custody.ErrUnfit
	case !known:
		own.Created = now.Truncate(time.Microsecond)
		if len(k.Materials) > 0 {
			own.RotationType = key.RotationPending
		}
	}
	own.Material = m
	own.ExpirationModel, own.Expires = domain.Or(in.ExpirationModel, key.MaterialExpires), time.Time{}
	if in.ValidTo != nil {
		own.Expires = in.ValidTo.Time
	}
	own.Description = domain.Or(in.KeyMaterialDescription, own.Description)
	return k.Changed(func(k *key.Key) {
		k.Put(own)
		if own.IsPending() {
			return
		}
		if !known {
			k.MaterialID = m.ID
		}
		switch complete := k.IsComplete(); {
		case !complete:
			k.State = key.PendingImport
		case k.State == key.PendingImport: // one that was disabled stays so: it lacked nothing
			k.State = key.Enabled
		}
	}), nil
}

// expiring returns what has material deleted when its time comes, or takes that back if it has none.
func (s *Keys) expiring(k key.Ref, m key.Material) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		if m.Expires.IsZero() {
			return s.jobs.Cancel(tx, ExpireMaterialJob, k.Account, k.Region, subjectOf(k.ID, m.ID))
		}
		return s.jobs.Schedule(tx, ExpireMaterialJob, k.Account, k.Region, subjectOf(k.ID, m.ID), m.Expires)
	}
}

// importable returns nil if the material of keys of a spec can be made elsewhere. Of Ed25519, ML-DSA and ML-KEM a token has no way to
// tell the public half that belongs to what it unwrapped.
func importable(spec string) error {
	if spec == publickey.SpecEd25519 || strings.HasPrefix(spec, "ML_") {
		return kmsfault.Unsupported("Keys of the spec " + spec + " can't have imported key material.")
	}
	return nil
}
