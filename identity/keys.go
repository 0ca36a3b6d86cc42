package identity

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"time"

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
	Caller  policy.Caller // whom it speaks for; AccessKeyID is its own id
	Status  string        // Active or Inactive
	Created time.Time

	rev    int64
	sealed []byte // the secret, by the token
}

// accessKeys signs every column: each of them decides who is calling, or whether.
var accessKeys = rowmac.Declare("access_keys", func(k *AccessKey) []rowmac.Column {
	c := &k.Caller
	return []rowmac.Column{
		rowmac.Text("id", &c.AccessKeyID),
		rowmac.Text("account", &c.Account),
		rowmac.Integer("rev", &k.rev),
		rowmac.Text("type", &c.Type),
		rowmac.Text("arn", &c.ARN),
		rowmac.Text("principal_id", &c.PrincipalID),
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
	qAccounts = store.Wide(`SELECT DISTINCT account FROM access_keys ORDER BY account`,
		"whoever runs the service asks for all accounts")
	qInsertAccessKey = store.Wide(accessKeys.Insert(), everyRegion)
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

// Accounts returns the accounts that have access keys.
func (d *Directory) Accounts(context.Context) (accounts []string, err error) {
	err = d.db.Rows(qAccounts, nil, func(scan func(...any) error) error {
		var account string
		err := scan(&account)
		accounts = append(accounts, account)
		return err
	})
	return accounts, err
}

// AccessKeys reads and verifies the access keys of an account, the oldest first.
func (d *Directory) AccessKeys(ctx context.Context, account string) ([]*AccessKey, error) {
	return accessKeys.Select(ctx, d.signer, d.db, qAccessKeys, account)
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
		tx.After(func() { d.known.Drop(k.Caller.AccessKeyID) })
		return tx.Change(qUpdateAccessKey, rowmac.Over(values, keyColumns, k.rev)...)
	}, nil
}

// Delete is the change that deletes an access key for good. It is stale as that of
// [Directory.SetStatus] is.
func (d *Directory) Delete(k *AccessKey) domain.Change {
	return func(tx *store.Tx) error {
		tx.After(func() { d.known.Drop(k.Caller.AccessKeyID) })
		return tx.Change(qDeleteAccessKey, k.Caller.AccessKeyID, k.Caller.Account, k.rev)
	}
}

// aad binds a sealed secret to its access key: under another key's id it does not open.
func (k *AccessKey) aad() []byte { return []byte("claviger access key 1 " + k.Caller.AccessKeyID) }

// RootUser is the caller that owns an account.
func RootUser(account string) policy.Caller {
	return policy.Caller{Type: policy.Root, Account: account,
		ARN: "arn:aws:iam::" + account + ":root", PrincipalID: account}
}

// NewAccessKey prepares an access key for a principal and returns its id and its secret, which
// can't be read again. The key is there once change is committed.
func (d *Directory) NewAccessKey(ctx context.Context, principal policy.Caller, now time.Time) (
	id, secret string, change domain.Change, err error) {
	id, secret = newAccessKey()
	k := &AccessKey{Caller: principal, rev: 1, Status: Active, Created: now}
	k.Caller.AccessKeyID = id
	if k.sealed, err = d.token.Seal(ctx, d.sealing, []byte(secret), k.aad()); err != nil {
		return "", "", nil, err
	}
	values, err := accessKeys.Sign(ctx, d.signer, k)
	if err != nil {
		return "", "", nil, err
	}
	return id, secret, func(tx *store.Tx) error {
		_, err := tx.Exec(qInsertAccessKey, values...)
		return err
	}, nil
}

// newAccessKey draws an id of AWS's form (AKIA and 16 characters of base32) and a secret of 240
// bits in 40 characters.
func newAccessKey() (id, secret string) {
	var b [10 + 30]byte
	rand.Read(b[:])
	id = "AKIA" + base32.StdEncoding.EncodeToString(b[:10])
	return id, base64.StdEncoding.EncodeToString(b[10:])
}
