package identity

import (
	"context"
	"errors"
	"time"

	"claviger/identity/accesskey"
	"claviger/internal/custody"
	"claviger/internal/domain"
	"claviger/internal/rowmac"
	"claviger/policy"
	"claviger/store"
)

// The status of an access key, in IAM's words: an inactive one opens nothing, and may be made
// active again.
const (
	Active   = "Active"
	Inactive = "Inactive"
)

// AccessKey is one access key at rest. Its secret can't be read out.
type AccessKey struct {
	ID          string
	Account     string
	PrincipalID string // whom it speaks for: a user's unique id, or the account for its root user
	Status      string // Active or Inactive
	Created     time.Time

	rev    int64
	sealed []byte // the secret, by the token
}

// accessKeys signs every column that decides who is calling, or whether. When a key was used last
// is bookkeeping.
var accessKeys = rowmac.Declare("access_keys", func(k *AccessKey) []rowmac.Column {
	return []rowmac.Column{
		rowmac.Text("id", &k.ID),
		rowmac.Text("account", &k.Account),
		rowmac.Integer("rev", &k.rev),
		rowmac.Text("principal_id", &k.PrincipalID),
		rowmac.Text("status", &k.Status),
		rowmac.Bytes("sealed", &k.sealed),
		rowmac.Time("created", &k.Created),
	}
})

// keyColumns is how many columns say which access key a row is.
const keyColumns = 2

const (
	whose       = "the access key is what says which account is calling"
	everyRegion = "access keys hold in every Region"
)

var (
	qAccessKey  = store.Wide(`SELECT `+accessKeys.Columns()+` FROM access_keys WHERE id = $1`, whose)
	qAccessKeys = store.Wide(`SELECT `+accessKeys.Columns()+
		` FROM access_keys WHERE account = $1 ORDER BY created, id`, everyRegion)
	qAccessKeysOf = store.Wide(`SELECT `+accessKeys.Columns()+` FROM access_keys
		WHERE account = $1 AND principal_id = $2 ORDER BY id`, everyRegion)
	qCountAccessKeys = store.Wide(`SELECT count(*) FROM access_keys
		WHERE account = $1 AND principal_id = $2`, everyRegion)
	qInsertAccessKey = store.Wide(accessKeys.Insert("used"), everyRegion)
	qUpdateAccessKey = store.Wide(accessKeys.Update(keyColumns), everyRegion)
	qDeleteAccessKey = store.Wide(
		`DELETE FROM access_keys WHERE id = $1 AND account = $2 AND rev = $3`, everyRegion)
)

// AccessKey reads and verifies an access key; nil if there is none.
func (d *Directory) AccessKey(ctx context.Context, id string) (*AccessKey, error) {
	k, err := accessKeys.Load(ctx, d.signer, d.db, qAccessKey, []any{id})
	if domain.IsNoRow(err) {
		return nil, nil
	}
	return k, err
}

// AccessKeysOf reads and verifies the access keys of one principal in order of id, or without one
// those of the account, the oldest first.
func (d *Directory) AccessKeysOf(ctx context.Context, account, principal string) (
	[]*AccessKey, error) {
	if principal == "" {
		return accessKeys.Select(ctx, d.signer, d.db, qAccessKeys, account)
	}
	return accessKeys.Select(ctx, d.signer, d.db, qAccessKeysOf, account, principal)
}

// FewerAccessKeys is the change that goes before another which relies on how many access keys a
// principal has: it is stale if there are as many by then.
func FewerAccessKeys(account, principal string, than int) domain.Change {
	return func(tx *store.Tx) error {
		var n int
		err := tx.Row(qCountAccessKeys, []any{account, principal}, &n)
		if err == nil && n >= than {
			return store.Stale
		}
		return err
	}
}

// SetStatus prepares the change of an access key's status. It is stale if somebody else has changed
// or deleted the key.
func (d *Directory) SetStatus(ctx context.Context, k *AccessKey, status string) (
	domain.Change, error) {
	changed := *k
	changed.Status, changed.rev = status, k.rev+1
	values, err := accessKeys.Sign(ctx, d.signer, &changed)
	if err != nil {
		return nil, err
	}
	return func(tx *store.Tx) error {
		tx.After(func() { d.known.Drop(k.ID) })
		return tx.Change(qUpdateAccessKey, rowmac.Over(values, keyColumns, k.rev)...)
	}, nil
}

// Delete is the change that deletes an access key for good. It is stale as that of
// [Directory.SetStatus] is.
func (d *Directory) Delete(k *AccessKey) domain.Change {
	return func(tx *store.Tx) error {
		tx.After(func() { d.known.Drop(k.ID) })
		return tx.Change(qDeleteAccessKey, k.ID, k.Account, k.rev)
	}
}

// aad binds a sealed secret to its access key: under another key's id it does not open.
func (k *AccessKey) aad() []byte { return []byte("claviger access key 1 " + k.ID) }

// RootUser is the caller that owns an account.
func RootUser(account string) policy.Caller {
	return policy.Caller{Type: policy.Root, Account: account,
		ARN: "arn:aws:iam::" + account + ":root", PrincipalID: account}
}

// NewAccessKey prepares an access key for a principal, whose unique id or account's number is
// given, and returns its secret, which can't be read again. The key is there once change is
// committed.
func (d *Directory) NewAccessKey(ctx context.Context, account, principal string, now time.Time) (
	k *AccessKey, secret string, change domain.Change, err error) {
	id, secret := newAccessKey(account)
	k = &AccessKey{ID: id, Account: account, PrincipalID: principal, rev: 1, Status: Active,
		Created: now}
	if k.sealed, err = custody.SealKept(ctx, d.token, d.sealing, []byte(secret), k.aad()); err != nil {
		return nil, "", nil, err
	}
	values, err := accessKeys.Sign(ctx, d.signer, k)
	if err != nil {
		return nil, "", nil, err
	}
	return k, secret, func(tx *store.Tx) error {
		_, err := tx.Exec(qInsertAccessKey, values...)
		if errors.Is(err, store.Exists) {
			return store.Stale // another was drawn like it
		}
		return err
	}, nil
}

// newAccessKey draws an id and a secret.
func newAccessKey(account string) (id, secret string) {
	s := accesskey.NewSecret()
	defer clear(s[:])
	return accesskey.NewID(accesskey.LongTerm, account), string(s.Text())
}
