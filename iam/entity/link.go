package entity

import (
	"slices"

	"claviger/internal/domain"
	"claviger/store"
)

// link is one thing that an entity's row says of another: found from the other side by [Links].
type link struct{ target, kind string }

// The kinds of links, by what the row that says so is.
const (
	UserAttached  = "User" // the managed policy is attached to a user
	GroupAttached = "Group"
	RoleAttached  = "Role"
	UserBoundary  = "UserBoundary" // it is a user's permissions boundary
	RoleBoundary  = "RoleBoundary"
	Member        = "Member" // a user is a member of the group
)

var (
	qInsertLink = store.AccountSQL(
		`INSERT INTO iam_links (account, target, kind, id) VALUES ($1, $2, $3, $4)`)
	qDeleteLink = store.AccountSQL(
		`DELETE FROM iam_links WHERE account = $1 AND target = $2 AND kind = $3 AND id = $4`)
	qLinked = store.AccountSQL(`SELECT id FROM iam_links
		WHERE account = $1 AND target = $2 AND kind = $3 ORDER BY id`)
	qUses = store.AccountSQL(`SELECT target, kind, count(*) FROM iam_links
		WHERE account = $1 GROUP BY target, kind`)
	qCountLinks = store.AccountSQL(`SELECT count(*) FROM iam_links
		WHERE account = $1 AND target = $2 AND kind = $3`)
)

// relink makes the links of an entity what its row says.
func relink(tx *store.Tx, h *Head, before, after []link) error {
	for _, l := range before {
		if slices.Contains(after, l) {
			continue
		}
		if _, err := tx.Exec(qDeleteLink, h.Account, l.target, l.kind, h.ID); err != nil {
			return err
		}
	}
	for _, l := range after {
		if slices.Contains(before, l) {
			continue
		}
		if _, err := tx.Exec(qInsertLink, h.Account, l.target, l.kind, h.ID); err != nil {
			return err
		}
	}
	return nil
}

// Linked returns the ids of the entities of an account whose rows name a target, in order. target
// is the ARN of a managed policy or the id of a group.
func (d *Directory) Linked(account, target, kind string) (ids []string, err error) {
	err = d.db.Rows(qLinked, []any{account, target, kind}, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// Attached are the kinds of links by which a managed policy gives rights, and Bounding those by
// which it bounds them.
var (
	Attached = []string{UserAttached, GroupAttached, RoleAttached}
	Bounding = []string{UserBoundary, RoleBoundary}
)

// Uses are how many entities name a managed policy.
type Uses struct{ Attached, Bounding int }

// Uses returns how an account uses its managed policies and AWS's, by ARN. One that isn't there is
// not in use.
func (d *Directory) Uses(account string) (map[string]Uses, error) {
	all := map[string]Uses{}
	err := d.db.Rows(qUses, []any{account}, func(scan func(...any) error) error {
		var target, kind string
		var n int
		err := scan(&target, &kind, &n)
		u := all[target]
		switch {
		case slices.Contains(Attached, kind):
			u.Attached += n
		case slices.Contains(Bounding, kind):
			u.Bounding += n
		}
		all[target] = u
		return err
	})
	return all, err
}

// UsesOf returns how an account uses one managed policy.
func (d *Directory) UsesOf(account, arn string) (u Uses, err error) {
	u.Attached, err = d.CountLinks(account, arn, Attached...)
	if err == nil {
		u.Bounding, err = d.CountLinks(account, arn, Bounding...)
	}
	return u, err
}

// CountLinks returns how many entities of an account name a target.
func (d *Directory) CountLinks(account, target string, kinds ...string) (n int, err error) {
	return countLinks(d.db, account, target, kinds)
}

func countLinks(from store.Reader, account, target string, kinds []string) (n int, err error) {
	for _, kind := range kinds {
		var some int
		if err := from.Row(qCountLinks, []any{account, target, kind}, &some); err != nil {
			return 0, err
		}
		n += some
	}
	return n, nil
}

// Unlinked is the change that goes before the deletion of a target: it is stale if an entity names
// the target by then.
func Unlinked(account, target string, kinds ...string) domain.Change {
	return func(tx *store.Tx) error {
		n, err := countLinks(tx, account, target, kinds)
		if err == nil && n > 0 {
			return store.Stale
		}
		return err
	}
}
