package grant

import (
	"context"
	"strings"

	"claviger/internal/domain"
	"claviger/internal/rowmac"
	"claviger/keystore/key"
	"claviger/keystore/keyrows"
	"claviger/store"
)

// signed are the rows of grants: every column is signed.
var signed = rowmac.Declare("kms_grants", func(g *Grant) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("account", &g.Key.Account), rowmac.Text("region", &g.Key.Region),
		rowmac.Text("key_id", &g.Key.ID), rowmac.Text("id", &g.ID), rowmac.Text("name", &g.Name),
		rowmac.Text("grantee", &g.Grantee), rowmac.Text("retiring_principal", &g.RetiringPrincipal),
		rowmac.Text("issuing_account", &g.IssuingAccount), rowmac.JSON("operations", &g.Operations),
		rowmac.JSON("constraints", &g.Constraints), rowmac.Time("created", &g.Created),
	}
})

var (
	qGrant = store.SQL(`SELECT ` + signed.Columns() + ` FROM kms_grants
		WHERE account = $1 AND region = $2 AND key_id = $3 AND id = $4`)
	qOfKey = store.SQL(`SELECT ` + signed.Columns() + ` FROM kms_grants
		WHERE account = $1 AND region = $2 AND key_id = $3 AND id > $4 ORDER BY id LIMIT $5`)
	qOfGrantee = store.SQL(`SELECT ` + signed.Columns() + ` FROM kms_grants
		INDEXED BY kms_grants_by_grantee
		WHERE account = $1 AND region = $2 AND key_id = $3 AND grantee = $4 AND id > $5 ORDER BY id LIMIT $6`)
	qRetirable = store.SQL(`SELECT ` + signed.Columns() + ` FROM kms_grants
		INDEXED BY kms_grants_by_retiring_principal
		WHERE account = $1 AND region = $2 AND retiring_principal = $3 AND (key_id, id) > ($4, $5)
		ORDER BY key_id, id LIMIT $6`)
	qSame = store.SQL(`SELECT id FROM kms_grants INDEXED BY kms_grants_by_name
		WHERE account = $1 AND region = $2 AND key_id = $3 AND name = $4 AND name <> '' AND grantee = $5
		AND retiring_principal = $6 AND issuing_account = $7 AND operations = $8 AND constraints = $9
		ORDER BY id LIMIT 1`)
	qCount    = store.SQL(`SELECT count(*) FROM kms_grants WHERE account = $1 AND region = $2 AND key_id = $3`)
	qGrantees = store.SQL(`SELECT DISTINCT grantee FROM kms_grants
		WHERE account = $1 AND region = $2 AND key_id = $3`)

	qInsert    = store.SQL(signed.Insert())
	qDelete    = store.SQL(`DELETE FROM kms_grants WHERE account = $1 AND region = $2 AND key_id = $3 AND id = $4`)
	qDeleteAll = store.SQL(`DELETE FROM kms_grants WHERE account = $1 AND region = $2 AND key_id = $3`)
)

// Get returns one verified grant of a key; nil if there is none.
func (s *Grants) Get(ctx context.Context, k key.Ref, id string) (*Grant, error) {
	g, err := signed.Load(ctx, s.signer, s.db, qGrant, []any{k.Account, k.Region, k.ID, id})
	if domain.IsNoRow(err) {
		return nil, nil
	}
	return g, err
}

// OfKey returns up to n verified grants of a key whose ids follow after, in order.
func (s *Grants) OfKey(ctx context.Context, k key.Ref, after string, n int) ([]*Grant, error) {
	return signed.Select(ctx, s.signer, s.db, qOfKey, k.Account, k.Region, k.ID, after, n)
}

// OfGrantee is [Grants.OfKey] for the grants to one principal.
func (s *Grants) OfGrantee(ctx context.Context, k key.Ref, grantee, after string,
	n int) ([]*Grant, error) {
	return signed.Select(ctx, s.signer, s.db, qOfGrantee, k.Account, k.Region, k.ID, grantee, after, n)
}

// Retirable returns up to n verified grants of an account and Region that name a principal as the
// one to retire them. They follow the grant whose [Grant.ListPosition] is after, in that order.
func (s *Grants) Retirable(ctx context.Context, account, region, principal, after string,
	n int) ([]*Grant, error) {
	keyID, id, _ := strings.Cut(after, "/")
	return signed.Select(ctx, s.signer, s.db, qRetirable, account, region, principal, keyID, id, n)
}

// ListPosition is what grants of all keys are listed by, and what a marker keeps.
func (g *Grant) ListPosition() string { return g.Key.ID + "/" + g.ID }

// Delete removes a grant, or is stale if it is gone.
func (s *Grants) Delete(tx *store.Tx, g *Grant) error {
	s.byGrantee.Drop(tx, granteeRef{g.Key, g.Grantee})
	return tx.Change(qDelete, g.Key.Account, g.Key.Region, g.Key.ID, g.ID)
}

// DeleteAll removes the grants of a key that is going. What was cached of them goes too: a replica
// may be made again with the same id.
func (s *Grants) DeleteAll(tx *store.Tx, k key.Ref) error {
	grantees, err := keyrows.Texts(tx, qGrantees, k.Account, k.Region, k.ID)
	if err != nil {
		return err
	}
	for _, grantee := range grantees {
		s.byGrantee.Drop(tx, granteeRef{k, grantee})
	}
	_, err = tx.Exec(qDeleteAll, k.Account, k.Region, k.ID)
	return err
}
