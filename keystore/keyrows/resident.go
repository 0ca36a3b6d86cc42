package keyrows

import (
	"claviger/internal/domain"
	"claviger/keystore/key"
	"claviger/store"
)

var (
	qKeyOfResident = store.SQL(`SELECT key_id FROM kms_materials
		WHERE account = $1 AND region = $2 AND wrapped = $3 LIMIT 1`)
	qCountResidents = store.Wide(`SELECT count(*) FROM kms_materials m
		JOIN kms_keys k ON k.account = m.account AND k.region = m.region AND k.id = m.key_id
		WHERE m.mechanism = 'CKA_TOKEN' AND k.custom_key_store_id = ''`,
		"the service's own token has room for so many keys of all accounts and Regions")
	qKeyInStore = store.SQL(`SELECT id FROM kms_keys INDEXED BY kms_keys_by_store
		WHERE account = $1 AND region = $2 AND custom_key_store_id = $3
		AND custom_key_store_id <> '' LIMIT 1`)
)

// KeyOfResident returns the id of the KMS key whose material a resident key is, or nothing. name is
// the resident key's CKA_ID.
func (r *Rows) KeyOfResident(account, region string, name []byte) (keyID string, err error) {
	err = r.db.Row(qKeyOfResident, []any{account, region, name}, &keyID)
	if domain.IsNoRow(err) {
		return "", nil
	}
	return keyID, err
}

// CountResidents returns how many materials of KMS keys are resident on the service's own token.
func (r *Rows) CountResidents(tx *store.Tx) (n int, err error) {
	err = tx.Row(qCountResidents, nil, &n)
	return n, err
}

// AnyInStore reports whether a custom key store has a key.
func (r *Rows) AnyInStore(tx *store.Tx, ref key.StoreRef) (bool, error) {
	err := tx.Row(qKeyInStore, []any{ref.Account, ref.Region, ref.ID}, new(string))
	if domain.IsNoRow(err) {
		return false, nil
	}
	return err == nil, err
}
