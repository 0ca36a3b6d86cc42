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

// active is the status of an access key that may be used, in IAM's words. The other is Inactive.
const active = "Active"

// accessKey is one access key at rest. It is never changed.
type accessKey struct {
	caller  policy.Caller
	rev     int64
	status  string
	sealed  []byte // the secret, by the token
	created time.Time
}

// accessKeys signs every column: each of them decides who is calling, or whether.
var accessKeys = rowmac.Declare("access_keys", func(k *accessKey) []rowmac.Column {
	c := &k.caller
	return []rowmac.Column{
		rowmac.Text("id", &c.AccessKeyID),
		rowmac.Text("account", &c.Account),
		rowmac.Integer("rev", &k.rev),
		rowmac.Text("type", &c.Type),
		rowmac.Text("arn", &c.ARN),
		rowmac.Text("principal_id", &c.PrincipalID),
		rowmac.Text("status", &k.status),
		rowmac.Bytes("sealed", &k.sealed),
		rowmac.Time("created", &k.created),
	}
})

var (
	qAccessKey = store.Wide(`SELECT `+accessKeys.Columns()+` FROM access_keys WHERE id = $1`,
		"the access key is what says which account is calling")
	qInsertAccessKey = store.Wide(accessKeys.Insert(), "access keys hold in every Region")
)

// load reads and verifies an access key, or returns [store.NoRow].
func (d *Directory) load(ctx context.Context, id string) (*accessKey, error) {
	return accessKeys.Load(ctx, d.signer, d.db, qAccessKey, []any{id})
}

// aad binds a sealed secret to its access key: under another key's id it does not open.
func (k *accessKey) aad() []byte { return []byte("claviger access key 1 " + k.caller.AccessKeyID) }

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
	k := &accessKey{caller: principal, rev: 1, status: active, created: now}
	k.caller.AccessKeyID = id
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
