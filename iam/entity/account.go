package entity

import (
	"context"
	"errors"
	"time"

	"claviger/internal/domain"
	"claviger/internal/rowmac"
	"claviger/store"
)

// Account is an account of the installation.
type Account struct {
	Number  string // 12 digits
	Alias   string // or nothing; another account may have the same one
	Created time.Time
	Rev     int64
}

var accounts = rowmac.Declare("iam_accounts", func(a *Account) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("account", &a.Number),
		rowmac.Integer("rev", &a.Rev),
		rowmac.Text("alias", &a.Alias),
		rowmac.Time("created", &a.Created),
	}
})

const everyAccount = "whoever runs the service asks for all accounts"

var (
	qAccount = store.AccountSQL(`SELECT ` + accounts.Columns() +
		` FROM iam_accounts WHERE account = $1`)
	qAccounts = store.Wide(`SELECT `+accounts.Columns()+
		` FROM iam_accounts ORDER BY account`, everyAccount)
	qInsertAccount = store.AccountSQL(accounts.Insert())
	qUpdateAccount = store.AccountSQL(accounts.Update(1))
)

// Account returns an account, nil if the installation has none of the number.
func (d *Directory) Account(ctx context.Context, number string) (*Account, error) {
	return d.accounts.Get(number, func() (*Account, error) {
		return accounts.Load(ctx, d.signer, d.db, qAccount, []any{number})
	})
}

// Accounts returns all accounts in order of number.
func (d *Directory) Accounts(ctx context.Context) ([]*Account, error) {
	return accounts.Select(ctx, d.signer, d.db, qAccounts)
}

// First returns the installation's first account, nil if there is none yet. What belongs to the
// installation as a whole, such as making more accounts, is for its administrators.
func (d *Directory) First(ctx context.Context) (first *Account, err error) {
	all, err := d.Accounts(ctx)
	for _, a := range all {
		if first == nil || a.Created.Before(first.Created) {
			first = a
		}
	}
	return first, err
}

// NewAccount prepares the making of an account. If there is one of the number meanwhile, it is
// stale.
func (d *Directory) NewAccount(ctx context.Context, a *Account) (domain.Change, error) {
	a.Rev = 1
	values, err := accounts.Sign(ctx, d.signer, a)
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx) error {
		d.forget(tx, a.Number)
		_, err := tx.Exec(qInsertAccount, values...)
		if errors.Is(err, store.Exists) {
			return store.Stale
		}
		return err
	}, nil
}

// SetAlias prepares the change of an account's alias; an empty one takes it away. The change is
// stale if somebody else changed the account.
func (d *Directory) SetAlias(ctx context.Context, a *Account, alias string) (
	domain.Change, error) {
	changed := *a
	changed.Alias, changed.Rev = alias, a.Rev+1
	values, err := accounts.Sign(ctx, d.signer, &changed)
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx) error {
		d.forget(tx, a.Number)
		return tx.Change(qUpdateAccount, rowmac.Over(values, 1, a.Rev)...)
	}, nil
}

func (d *Directory) forget(tx *store.Tx, account string) {
	d.accounts.Drop(tx, account)
	tx.After(d.changed)
}
