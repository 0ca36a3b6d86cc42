package entity

import (
	"time"

	"claviger/internal/domain"
	"claviger/store"
)

// RoleUse is when and in which Region a session of a role asked for something last: the zero value
// if none did.
type RoleUse struct {
	At     time.Time
	Region string
}

// The last use is bookkeeping: nothing is allowed because of it, so it is not signed.
var (
	qRoleUse = store.AccountSQL(
		`SELECT at, region FROM iam_role_uses WHERE account = $1 AND id = $2`)
	qPutRoleUse = store.AccountSQL(`INSERT INTO iam_role_uses (account, id, at, region)
		VALUES ($1, $2, $3, $4)
		ON CONFLICT (account, id) DO UPDATE SET at = excluded.at, region = excluded.region
			WHERE at < excluded.at`)
	qDeleteRoleUse = store.AccountSQL(`DELETE FROM iam_role_uses WHERE account = $1 AND id = $2`)
)

// RoleUsed implements [identity.Principals]. It rides in another's transaction.
func (d *Directory) RoleUsed(account, id, region string, at time.Time) {
	d.db.Note("iam role use "+id, func(tx *store.Tx) error {
		_, err := tx.Exec(qPutRoleUse, account, id, store.Micros(at), region)
		return err
	})
}

// RoleUse returns the last use of a role that was written down.
func (d *Directory) RoleUse(r *Role) (u RoleUse, err error) {
	var at int64
	err = d.db.Row(qRoleUse, []any{r.Account, r.ID}, &at, &u.Region)
	if domain.IsNoRow(err) {
		return RoleUse{}, nil
	}
	u.At = store.FromMicros(at)
	return u, err
}

// DeleteRole is the change that deletes a role for good, with all that is written down of it.
func (d *Directory) DeleteRole(r *Role) domain.Change {
	return domain.InOrder(d.Roles.Delete(r), func(tx *store.Tx) error {
		_, err := tx.Exec(qDeleteRoleUse, r.Account, r.ID)
		return err
	})
}
