package keystore

import (
	"maps"
	"testing"
	"time"

	"claviger/hsm/hsmtest"
	"claviger/internal/custody"
	"claviger/keystore/cryptoops"
	"claviger/keystore/key"
	"claviger/store"
)

// What the tests of imported material have in common.

// external makes a key of a spec and usage that waits for its material.
func (s *service) external(spec, usage string) string {
	s.t.Helper()
	m := must[CreateKeyOutput](s, "CreateKey",
		M{"Origin": key.OriginExternal, "KeySpec": spec, "KeyUsage": usage}).KeyMetadata
	if m.KeyState != key.PendingImport || m.Enabled || m.Origin != key.OriginExternal ||
		m.CurrentKeyMaterialId != "" || m.ExpirationModel != "" {
		s.t.Errorf("a key without material: %+v", m)
	}
	return m.KeyId
}

// externalAES is external for a symmetric encryption key.
func (s *service) externalAES() string {
	s.t.Helper()
	return s.external(key.SymmetricDefault, key.EncryptDecrypt)
}

// outsideAES draws material for a symmetric encryption key.
func outsideAES(t testing.TB) []byte {
	t.Helper()
	material, _ := hsmtest.Outside(t, key.SymmetricDefault)
	return material
}

// parameters asks for a pair for a key.
func (s *service) parameters(id, algorithm, spec string) GetParametersForImportOutput {
	s.t.Helper()
	return must[GetParametersForImportOutput](s, "GetParametersForImport",
		M{"KeyId": id, "WrappingAlgorithm": algorithm, "WrappingKeySpec": spec})
}

// everyKindWrapping is an algorithm that wraps material of every kind.
const everyKindWrapping = "RSA_AES_KEY_WRAP_SHA_256"

// document is a request that can be had with more members.
type document map[string]any

// wrap makes the request that imports material under a pair, to last for ever.
func wrap(t testing.TB, id string, p GetParametersForImportOutput, algorithm string,
	material []byte) document {
	t.Helper()
	wrapped := hsmtest.Envelop(t, p.PublicKey, custody.Algorithm(algorithm), material)
	return document{"KeyId": id, "ImportToken": p.ImportToken, "EncryptedKeyMaterial": wrapped,
		"ExpirationModel": key.MaterialDoesNotExpire}
}

// wrapAnew is wrap under a new pair.
func (s *service) wrapAnew(id string, material []byte) document {
	s.t.Helper()
	return wrap(s.t, id, s.parameters(id, everyKindWrapping, "RSA_2048"), everyKindWrapping, material)
}

func (d document) and(more M) document {
	out := maps.Clone(d)
	maps.Copy(out, more)
	return out
}

// importMaterial imports material under a pair of its own.
func (s *service) importMaterial(id string, material []byte, more M) ImportKeyMaterialOutput {
	s.t.Helper()
	in := s.wrapAnew(id, material).and(more)
	return must[ImportKeyMaterialOutput](s, "ImportKeyMaterial", in)
}

// until has material expire after a while.
func (s *service) until(d time.Duration) M {
	return M{"ExpirationModel": key.MaterialExpires, "ValidTo": s.seconds(d)}
}

// seconds is the time after a while as requests write it.
func (s *service) seconds(d time.Duration) float64 {
	return float64(s.time().Add(d).UnixMilli()) / 1000
}

func (s *service) metadata(id string) key.KeyMetadata {
	s.t.Helper()
	return must[DescribeKeyOutput](s, "DescribeKey", M{"KeyId": id}).KeyMetadata
}

func (s *service) materialOf(id, material string) key.Material {
	s.t.Helper()
	ref := key.Ref{Account: ourAccount, Region: ourRegion, ID: id}
	k, err := s.keys.rows.Load(s.t.Context(), ref)
	if err != nil {
		s.t.Fatal(err)
	}
	return k.Materials[material]
}

// isIn checks the state of a key.
func (s *service) isIn(id string, state key.State) {
	s.t.Helper()
	if m := s.metadata(id); m.KeyState != state || m.Enabled != (state == key.Enabled) {
		s.t.Errorf("the key is in state %s (enabled: %v), not %s", m.KeyState, m.Enabled, state)
	}
}

// decrypts checks that a ciphertext of "x" is open.
func (s *service) decrypts(blob []byte) {
	s.t.Helper()
	got := must[cryptoops.DecryptOutput](s, "Decrypt", M{"CiphertextBlob": blob})
	if string(got.Plaintext) != "x" {
		s.t.Errorf("%+v", got)
	}
}

// refuses performs an operation that must fail.
func (s *service) refuses(what, name string, in M, want string) {
	s.t.Helper()
	if _, code := ask[any](s, name, in); code != want {
		s.t.Errorf("%s: %q, want %q", what, code, want)
	}
}

// qFailures adds up what import pairs have failed.
var qFailures = store.Wide(`SELECT sum(failures) FROM kms_import_pairs`, "a test adds them all up")

// count reads a number.
func (s *service) count(q *store.Query) (n int) {
	s.t.Helper()
	if err := s.DB.Row(q, nil, &n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// alter changes the database as an attacker would, past the service.
func (s *service) alter(q *store.Query, args ...any) {
	s.t.Helper()
	err := s.DB.Commit(func(tx *store.Tx) error {
		_, err := tx.Exec(q, args...)
		return err
	}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
}
