package keystore

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"claviger/internal/custody"
	"claviger/internal/fault"
	"claviger/keystore/cryptoops"
	"claviger/keystore/imports"
	"claviger/keystore/key"
)

// rotated makes a key with an older material, and returns a ciphertext under each of its two.
func (s *service) rotated() (id, oldMaterial string, old, current []byte) {
	s.t.Helper()
	id = s.key()
	old = s.encrypt(id, "old")
	oldMaterial = s.material(old, "old")
	s.pass(time.Hour)
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	return id, oldMaterial, old, s.encrypt(id, "current")
}

// lost checks that an operation is answered as the service's own failure, and that the operator
// learns which material of which key is gone.
func (s *service) lost(name string, in M, id, material string) {
	s.t.Helper()
	err := fail(s, name, in)
	if err == nil || err.Kind != fault.Internal || !strings.Contains(err.Error(), material) ||
		!strings.Contains(err.Error(), key.ARN(ourAccount, ourRegion, id)) {
		s.t.Errorf("%s: %v", name, err)
	}
	if err != nil && err.Message != "" {
		s.t.Errorf("%s tells its caller %q", name, err.Message)
	}
}

// TestDecrypt_OlderMaterialMissing_IsTheServicesFailure: the ciphertext is as good as ever. What
// nobody lost is served, and what nobody made is refused as before.
func TestDecrypt_OlderMaterialMissing_IsTheServicesFailure(t *testing.T) {
	s := start(t)
	id, material, old, current := s.rotated()
	other := s.key()
	s.Edit(`DELETE FROM kms_materials WHERE key_id = ?1 AND id = ?2`, id, material)
	for range 2 { // a change of the key doesn't make it forget
		s.lost("Decrypt", M{"CiphertextBlob": old}, id, material)
		s.lost("Decrypt", M{"CiphertextBlob": old, "KeyId": id, "DryRun": true}, id, material)
		s.lost("ReEncrypt", M{"CiphertextBlob": old, "DestinationKeyId": other}, id, material)
		s.material(current, "current")
		must[any](s, "UpdateKeyDescription", M{"KeyId": id, "Description": "changed"})
	}
	made := append([]byte{}, current...)
	made[17] ^= 0x80
	if _, code := ask[any](s, "Decrypt", M{"CiphertextBlob": made, "KeyId": id}); code !=
		"InvalidCiphertextException" {
		t.Errorf("a material that nobody ever had: %q", code)
	}
	s.ReopenAccepted()
	s.lost("Decrypt", M{"CiphertextBlob": old}, id, material)
}

// TestKey_DeletedMaterialPutBack_IsNotBelieved: material that was never current is deleted with its
// row, and somebody with a backup puts the row back, with its MAC.
func TestKey_DeletedMaterialPutBack_IsNotBelieved(t *testing.T) {
	s := start(t)
	id := s.externalAES()
	s.importMaterial(id, outsideAES(t), nil)
	pending := s.importMaterial(id, outsideAES(t), M{"ImportType": imports.NewMaterial}).KeyMaterialId
	columns := `account, region, key_id, id, kind, root, mechanism, wrapped, public, verifier,
		rotation_type, rotated, expiration_model, expires, description, created, mac`
	kept := filepath.Join(t.TempDir(), "backup.db")
	db, err := sql.Open("sqlite3", s.Path)
	noError(t, err)
	defer db.Close()
	_, err = db.Exec(`VACUUM INTO ?`, kept)
	noError(t, err)
	must[any](s, "DeleteImportedKeyMaterial", M{"KeyId": id, "KeyMaterialId": pending})
	s.Edit(`ATTACH '`+kept+`' AS kept; INSERT INTO kms_materials (`+columns+`)
		SELECT `+columns+` FROM kept.kms_materials WHERE id = ?`, pending)
	k := s.loadIn(ourRegion, id)
	if _, there := k.Materials[pending]; there || k.PendingMaterial() != "" {
		t.Error("the deleted material is back")
	}
}

// TestKey_MaterialOfAServiceKind_IsRefused: no spec of KMS has the kind of the service's own keys,
// so that no row, signed though it be, makes one of them a caller's.
func TestKey_MaterialOfAServiceKind_IsRefused(t *testing.T) {
	s := start(t)
	id := s.keyOf("HMAC_256", key.GenerateVerifyMac)
	k := s.loadIn(ourRegion, id)
	change, err := s.keys.rows.Update(t.Context(), k, k.Changed(func(k *key.Key) {
		m := k.Materials[k.MaterialID]
		m.Kind = custody.RowMAC
		k.Put(m)
	}))
	noError(t, err)
	noError(t, s.DB.Commit(change, func(error) []byte { return nil }))
	s.Restart()
	refused := fail(s, "GenerateMac", M{"KeyId": id, "Message": "eA==",
		"MacAlgorithm": "HMAC_SHA_256"})
	if refused == nil || refused.Kind != fault.Internal {
		t.Errorf("it was used: %v", refused)
	}
}

// TestRelatedKeys_OneLostItsMaterial_TheOtherKeepsIt through the changes that they share.
func TestRelatedKeys_OneLostItsMaterial_TheOtherKeepsIt(t *testing.T) {
	s := start(t)
	id := must[CreateKeyOutput](s, "CreateKey", M{"MultiRegion": true}).KeyMetadata.KeyId
	must[any](s, "ReplicateKey", M{"KeyId": id, "ReplicaRegion": abroad})
	old := s.encrypt(id, "old")
	material := s.material(old, "old")
	s.pass(time.Hour)
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	s.Edit(`DELETE FROM kms_materials WHERE key_id = ?1 AND id = ?2 AND region = ?3`, id, material,
		ourRegion)
	s.lost("Decrypt", M{"CiphertextBlob": old}, id, material)
	must[any](s, "RotateKeyOnDemand", M{"KeyId": id})
	s.ReopenAccepted()
	out := mustIn[cryptoops.DecryptOutput](s, abroad, "Decrypt", M{"CiphertextBlob": old})
	if string(out.Plaintext) != "old" {
		t.Errorf("abroad it is %q", out.Plaintext)
	}
	s.lost("Decrypt", M{"CiphertextBlob": old}, id, material)
	mustIn[any](s, abroad, "UpdateKeyDescription", M{"KeyId": id, "Description": "x"})
}

// TestKey_ItsStoreMissing_IsTheServicesFailure: no custom key store is deleted before its keys are.
func TestKey_ItsStoreMissing_IsTheServicesFailure(t *testing.T) {
	s := start(t)
	store := s.connectedStore()
	id := must[CreateKeyOutput](s, "CreateKey",
		M{"CustomKeyStoreId": store, "Origin": key.OriginCloudHSM}).KeyMetadata.KeyId
	s.Edit(`DELETE FROM kms_custom_key_stores WHERE id = ?`, store)
	s.lost("Encrypt", M{"KeyId": id, "Plaintext": "eA=="}, id, store)
}
