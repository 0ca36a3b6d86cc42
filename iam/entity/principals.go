package entity

import (
	"context"
	"strings"

	"claviger/internal/domain"
)

// UniqueID implements [domain.Principals]: of users and roles of every account of the installation.
// An ARN has its path, and its name in the case in which the entity has it.
func (d *Directory) UniqueID(ctx context.Context, arn string) (string, error) {
	account, kind, _, name, ok := ParseARN(arn)
	switch {
	case ok && kind == "user":
		return idOf(ctx, d.Users, account, kind, name, arn)
	case ok && kind == "role":
		return idOf(ctx, d.Roles, account, kind, name, arn)
	}
	return "", domain.ErrNobody
}

func idOf[E any, P entities[E]](ctx context.Context, rows *Rows[E, P], account, kind, name,
	arn string) (string, error) {
	e, err := rows.ByName(ctx, account, name)
	if err != nil {
		return "", err
	}
	if e == nil || P(e).head().arn(kind) != arn {
		return "", domain.ErrNobody
	}
	return P(e).head().ID, nil
}

// ARN implements [domain.Principals].
func (d *Directory) ARN(ctx context.Context, id string) (string, error) {
	switch {
	case strings.HasPrefix(id, ofUser):
		return arnOf(ctx, d.Users, "user", id)
	case strings.HasPrefix(id, ofRole):
		return arnOf(ctx, d.Roles, "role", id)
	}
	return id, nil
}

func arnOf[E any, P entities[E]](ctx context.Context, rows *Rows[E, P], kind, id string) (
	string, error) {
	account, err := rows.owner(id)
	if err != nil || account == "" {
		return id, err
	}
	e, err := rows.ByID(ctx, account, id)
	if err != nil || e == nil {
		return id, err
	}
	return P(e).head().arn(kind), nil
}

// owner returns the account of a unique id, or nothing. An entity keeps both as long as it is
// there, and no other gets its id.
func (r *Rows[E, P]) owner(id string) (account string, err error) {
	return r.owners.Get(id, func() (account string, err error) {
		err = r.directory.db.Row(r.qOwner, []any{id}, &account)
		return account, err
	})
}
