package keystore

import (
	"errors"
	"strings"
	"time"

	"claviger/internal/custody"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"
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
	switch expires := or(in.ExpirationModel, materialExpires) == materialExpires; {
	case expires && in.ValidTo == nil:
		return invalid("A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES")
	case !expires && in.ValidTo != nil:
		return invalid("A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE")
	case or(in.ImportType, "") == importNew && in.KeyMaterialId != nil:
		return invalid("A KeyMaterialId must not be set if the ImportType is NEW_KEY_MATERIAL")
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
	t, err := s.find(c, "ImportKeyMaterial", in.KeyId, false)
	if err != nil {
		return nil, err
	}
	t.fits = func(k *Key) error { return k.admits(in, c.Time) }
	found := &importing{target: *t}
	if t.key == nil || t.key.Origin != originExternal {
		return found, nil
	}
	found.pair, found.refused = s.pairOf(c, t.key.ref(), in.ImportToken)
	return found, nil
}

// admits holds a request to the key and the time, before anything is unwrapped.
func (k *Key) admits(in ImportKeyMaterialInput, now time.Time) error {
	if in.ValidTo != nil && (!in.ValidTo.After(now) || in.ValidTo.Sub(now) > longestImport) {
		return invalid("The validTo date must be in the future, and no more than 365 days from now")
	}
	if k.symmetric() {
		return k.admitsAnother(in)
	}
	if in.ImportType != nil || in.KeyMaterialId != nil || in.KeyMaterialDescription != nil {
		return invalid("ImportType, KeyMaterialId and KeyMaterialDescription can be used only with symmetric encryption keys.")
	}
	return nil
}

// admitsAnother holds the import type to what a symmetric key has.
func (k *Key) admitsAnother(in ImportKeyMaterialInput) error {
	known := len(k.materials) > 0
	isNew := k.importType(in) == importNew
	switch waiting := k.waiting(); {
	case isNew && k.replica():
		return invalid("New key material is imported into the primary key of a multi-Region key first: " + keyARN(k.Account, k.Primary, k.ID))
	case isNew && waiting != "":
		return fault.Newf(fault.State, "KMSInvalidStateException",
			"New key material (id: %s) cannot be imported into KMS key %s, because another key material (id: %s) is pending rotation.", newMaterialID(), k.ARN(), waiting)
	case !isNew && !known:
		return custody.ErrUnfit
	case in.KeyMaterialId != nil:
		if _, is := k.materials[*in.KeyMaterialId]; !is {
			return custody.ErrUnfit
		}
	}
	return nil
}

// importType is the one of a request, or what AWS takes it for.
func (k *Key) importType(in ImportKeyMaterialInput) string {
	if len(k.materials) == 0 {
		return or(in.ImportType, importNew)
	}
	return or(in.ImportType, importExisting)
}

// waiting returns the id of the material that waits to become current, or nothing.
func (k *Key) waiting() string {
	for id, m := range k.materials {
		if m.pending() {
			return id
		}
	}
	return ""
}

// importKeyMaterial has the token unwrap what came, and puts it to its place.
func (s *Keys) importKeyMaterial(c *op.Call, in ImportKeyMaterialInput, t *importing) (op.Commit[ImportKeyMaterialOutput], error) {
	k := t.key
	c.Note(unwrapPath(t.pair))
	m, err := s.unwrap(c, in, t)
	if err != nil {
		return nil, err
	}
	imported, err := k.imported(in, m, c.Time)
	if err != nil {
		return nil, err
	}
	if err := imported.readPublic(m); err != nil {
		return nil, err
	}
	out := ImportKeyMaterialOutput{KeyId: k.ARN()}
	if k.symmetric() {
		out.KeyMaterialId = m.ID
	}
	amend, err := s.amend(c, k, change{key: imported, also: s.expiring(k.ref(), imported.materials[m.ID])})
	return func(tx *store.Tx) (ImportKeyMaterialOutput, error) { return out, amend(tx) }, err
}

// unwrap makes one attempt, which is taken back unless the pair failed.
func (s *Keys) unwrap(c *op.Call, in ImportKeyMaterialInput, t *importing) (m custody.Material, err error) {
	if err = s.countAttempt(t.pair); err != nil {
		return m, err
	}
	m, err = s.token.Import(c, custody.Import{Pair: t.pair.m, Algorithm: custody.Algorithm(t.pair.algorithm),
		Wrapped: in.EncryptedKeyMaterial, Kind: t.key.use().kind, ID: newMaterialID(), Known: t.key.known()})
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

// known returns the key's materials as the token may recognise them.
func (k *Key) known() (all []custody.Material) {
	for _, m := range k.materials {
		all = append(all, m.Material)
	}
	return all
}

// imported returns the key with material that the token has unwrapped: the first one is current at once, a later one waits for a
// rotation, and one that is known takes its place again.
func (k *Key) imported(in ImportKeyMaterialInput, m custody.Material, now time.Time) (*Key, error) {
	own, known := k.materials[m.ID]
	switch {
	case known != (k.importType(in) == importExisting), in.KeyMaterialId != nil && *in.KeyMaterialId != m.ID:
		return nil, custody.ErrUnfit
	case !known:
		own.created = now.Truncate(time.Microsecond)
		if len(k.materials) > 0 {
			own.rotation = rotationPending
		}
	}
	own.Material = m
	own.expiration, own.expires = or(in.ExpirationModel, materialExpires), time.Time{}
	if in.ValidTo != nil {
		own.expires = in.ValidTo.Time
	}
	own.description = or(in.KeyMaterialDescription, own.description)
	return k.changed(func(k *Key) {
		k.with(own)
		if own.pending() {
			return
		}
		if !known {
			k.MaterialID = m.ID
		}
		switch complete := k.complete(); {
		case !complete:
			k.State = PendingImport
		case k.State == PendingImport: // one that was disabled stays so: it lacked nothing
			k.State = Enabled
		}
	}), nil
}

// complete reports whether all materials that the key has ever used are at hand: without one, some of its ciphertexts are closed.
func (k *Key) complete() bool {
	if k.MaterialID == "" {
		return false
	}
	for _, m := range k.materials {
		if !m.pending() && !m.there() {
			return false
		}
	}
	return true
}

// expiring returns what has material deleted when its time comes, or takes that back if it has none.
func (s *Keys) expiring(k keyRef, m material) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		if m.expires.IsZero() {
			return s.jobs.Cancel(tx, ExpireMaterialJob, k.account, k.region, subjectOf(k.id, m.ID))
		}
		return s.jobs.Schedule(tx, ExpireMaterialJob, k.account, k.region, subjectOf(k.id, m.ID), m.expires)
	}
}

// importable returns nil if the material of keys of a spec can be made elsewhere. Of Ed25519, ML-DSA and ML-KEM a token has no way to
// tell the public half that belongs to what it unwrapped.
func importable(spec string) error {
	if spec == keyOfCurve25519 || strings.HasPrefix(spec, "ML_") {
		return unsupported("Keys of the spec " + spec + " can't have imported key material.")
	}
	return nil
}
