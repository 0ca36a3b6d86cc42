package keyrows

import (
	"context"
	"reflect"

	"claviger/internal/domain"
	"claviger/internal/rowmac"
	"claviger/keystore/key"
	"claviger/store"
)

// materialRow is a row of kms_materials.
type materialRow struct {
	key.Ref
	key.Material
}

var signedMaterials = rowmac.Declare("kms_materials", func(m *materialRow) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("account", &m.Account), rowmac.Text("region", &m.Region),
		rowmac.Text("key_id", &m.Ref.ID), rowmac.Text("id", &m.Material.ID),
		rowmac.Word("kind", &m.Kind), rowmac.Text("root", &m.Root),
		rowmac.Text("mechanism", &m.Mechanism),
		rowmac.Bytes("wrapped", &m.Wrapped), rowmac.Bytes("public", &m.Public),
		rowmac.Bytes("verifier", &m.Check), rowmac.Text("rotation_type", &m.RotationType),
		rowmac.Time("rotated", &m.Rotated), rowmac.Text("expiration_model", &m.ExpirationModel),
		rowmac.Time("expires", &m.Expires), rowmac.Text("description", &m.Description),
		rowmac.Time("created", &m.Created),
	}
})

var (
	qMaterials = store.SQL(`SELECT ` + signedMaterials.Columns() + ` FROM kms_materials
		WHERE account = $1 AND region = $2 AND key_id = $3`)
	qCountMaterials = store.SQL(`SELECT count(*) FROM kms_materials
		WHERE account = $1 AND region = $2 AND key_id = $3`)
	qPutMaterial     = store.SQL(signedMaterials.Upsert(4))
	qDeleteMaterials = store.SQL(
		`DELETE FROM kms_materials WHERE account = $1 AND region = $2 AND key_id = $3`)
	qDeleteMaterial = store.SQL(
		`DELETE FROM kms_materials WHERE account = $1 AND region = $2 AND key_id = $3 AND id = $4`)
)

// loadMaterials returns the verified materials of a key by id.
func (r *Rows) loadMaterials(ctx context.Context, k key.Ref) (map[string]key.Material, error) {
	rows, err := signedMaterials.Select(ctx, r.signer, r.db, qMaterials, k.Account, k.Region, k.ID)
	if err != nil {
		return nil, err
	}
	materials := make(map[string]key.Material, len(rows))
	for _, row := range rows {
		materials[row.Material.ID] = row.Material
	}
	return materials, nil
}

// putMaterial prepares what stores a material, new or changed. The key's revision fences it:
// whoever stores a material changes its key's row in the same transaction.
func (r *Rows) putMaterial(ctx context.Context, k key.Ref, m key.Material) (domain.Change, error) {
	values, err := signedMaterials.Sign(ctx, r.signer, &materialRow{k, m})
	return func(tx *store.Tx) error {
		_, err := tx.Exec(qPutMaterial, values...)
		return err
	}, err
}

// DeleteMaterial removes one of a key's materials, or is stale.
func (r *Rows) DeleteMaterial(tx *store.Tx, k key.Ref, id string) error {
	return tx.Change(qDeleteMaterial, k.Account, k.Region, k.ID, id)
}

// equalValues compares what two rows hold.
func equalValues(a, b []any) bool { return reflect.DeepEqual(a, b) }
