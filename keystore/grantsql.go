package keystore

import (
	"context"
	"errors"

	"claviger/keystore/key"
	"claviger/store"

	"github.com/go-json-experiment/json"
)

// grantColumns are read for every grant, in the order of scanGrant.
const grantColumns = `SELECT key_id, id, name, grantee, retiring, issuing_account, operations, constraints, created, mac FROM kms_grants `

var (
	qGrant  = store.SQL(grantColumns + `WHERE account = $1 AND region = $2 AND key_id = $3 AND id = $4`)
	qGrants = store.SQL(grantColumns + `WHERE account = $1 AND region = $2 AND key_id = $3 AND id > $4 ORDER BY id LIMIT $5`)

	qGrantsOfGrantee = store.SQL(grantColumns + `WHERE account = $1 AND region = $2 AND key_id = $3 AND grantee = $4 AND id > $5 ORDER BY id LIMIT $6`)
	qRetirableGrants = store.SQL(grantColumns + `WHERE account = $1 AND region = $2 AND retiring = $3 AND (key_id, id) > ($4, $5)
		ORDER BY key_id, id LIMIT $6`)

	qTwin = store.SQL(`SELECT id FROM kms_grants WHERE account = $1 AND region = $2 AND key_id = $3 AND grantee = $4 AND name = $5
		AND name <> '' AND retiring = $6 AND issuing_account = $7 AND operations = $8 AND constraints = $9 ORDER BY id LIMIT 1`)
	qCountGrants = store.SQL(`SELECT count(*) FROM kms_grants WHERE account = $1 AND region = $2 AND key_id = $3`)
	qGrantees    = store.SQL(`SELECT DISTINCT grantee FROM kms_grants WHERE account = $1 AND region = $2 AND key_id = $3`)

	qInsertGrant = store.SQL(`INSERT INTO kms_grants (account, region, key_id, id, name, grantee, retiring, issuing_account, operations, constraints, created, mac)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`)
	qDeleteGrant = store.SQL(`DELETE FROM kms_grants WHERE account = $1 AND region = $2 AND key_id = $3 AND id = $4`)
	qKeyRev      = store.SQL(`SELECT rev FROM kms_keys WHERE account = $1 AND region = $2 AND id = $3`)
)

// text is the form of the constraints in their column: equal constraints have equal texts.
func (g GrantConstraints) text() string {
	b, err := json.Marshal(g, json.Deterministic(true))
	if err != nil {
		panic(err) // strings always have a JSON form
	}
	return string(b)
}

// columns is what the MAC of a grant's row is over: all of it.
func (g *grant) columns() []any {
	return []any{g.Account, g.Region, g.Ref.ID, g.id, g.name, g.grantee, g.retiring, g.issuer, jsonText(g.operations), g.constraints.text(),
		store.Micros(g.created)}
}

// scanGrant reads a row and returns the check of its MAC, to be made when no rows are open. The MAC is over the texts as
// they rest.
func (s *Keys) scanGrant(ctx context.Context, g *grant, scan func(...any) error) (check func() error, err error) {
	var operations, constraints string
	var created int64
	var mac []byte
	if err := scan(&g.Ref.ID, &g.id, &g.name, &g.grantee, &g.retiring, &g.issuer, &operations, &constraints, &created, &mac); err != nil {
		return nil, err
	}
	g.created = store.FromMicros(created)
	err = errors.Join(json.Unmarshal([]byte(operations), &g.operations), json.Unmarshal([]byte(constraints), &g.constraints))
	return func() error {
		return s.guard.Verify(ctx, mac, "kms_grants", g.Account, g.Region, g.Ref.ID, g.id, g.name, g.grantee, g.retiring, g.issuer,
			operations, constraints, created)
	}, err
}

// selectGrants returns the verified grants that a query of grantColumns finds. Its first arguments are the account and the Region.
func (s *Keys) selectGrants(ctx context.Context, q *store.Query, args ...any) (out []*grant, err error) {
	var checks []func() error
	err = s.db.Rows(q, args, func(scan func(...any) error) error {
		g := &grant{Ref: key.Ref{Account: args[0].(string), Region: args[1].(string)}}
		check, err := s.scanGrant(ctx, g, scan)
		out, checks = append(out, g), append(checks, check)
		return err
	})
	return out, all(err, checks)
}

// loadGrant returns one verified grant; nil if there is none.
func (s *Keys) loadGrant(ctx context.Context, k key.Ref, id string) (*grant, error) {
	found, err := s.selectGrants(ctx, qGrant, k.Account, k.Region, k.ID, id)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// selectTwin returns the id of a grant that is like g in all that a request says; empty if there is none.
func selectTwin(r store.Reader, g *grant) (id string, err error) {
	err = r.Row(qTwin, []any{g.Account, g.Region, g.Ref.ID, g.grantee, g.name, g.retiring, g.issuer, jsonText(g.operations), g.constraints.text()}, &id)
	if isNoRow(err) {
		return "", nil
	}
	return id, err
}

func (s *Keys) insertGrant(ctx context.Context, g *grant) (func(*store.Tx) error, error) {
	mac, err := s.guard.Sign(ctx, "kms_grants", g.columns()...)
	return func(tx *store.Tx) error {
		tx.After(func() { s.grants.Drop(granteeRef{g.Ref, g.grantee}) })
		_, err := tx.Exec(qInsertGrant, append(g.columns(), mac)...)
		return err
	}, err
}

func (s *Keys) removeGrant(tx *store.Tx, g *grant) error {
	tx.After(func() { s.grants.Drop(granteeRef{g.Ref, g.grantee}) })
	return tx.Change(qDeleteGrant, g.Account, g.Region, g.Ref.ID, g.id)
}

// forgetGrants drops the grants of a key that is going from the cache, once it is gone.
func (s *Keys) forgetGrants(tx *store.Tx, k *key.Key) error {
	var gone []granteeRef
	err := tx.Rows(qGrantees, []any{k.Account, k.Region, k.ID}, func(scan func(...any) error) error {
		ref := granteeRef{Ref: k.Ref()}
		err := scan(&ref.grantee)
		gone = append(gone, ref)
		return err
	})
	tx.After(func() {
		for _, ref := range gone {
			s.grants.Drop(ref)
		}
	})
	return err
}
