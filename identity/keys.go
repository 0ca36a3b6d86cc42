package identity

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"time"

	"claviger/audit"
	"claviger/policy"
	"claviger/store"

	"github.com/google/uuid"
)

// The statuses of an access key, in IAM's words.
const active = "Active"

// accessKey is one access key at rest. It is never changed.
type accessKey struct {
	caller  policy.Caller
	rev     int64
	status  string
	sealed  []byte
	created time.Time
}

// aad binds a sealed secret to its access key.
func (k *accessKey) aad() []byte { return []byte("claviger access key 1 " + k.caller.AccessKeyID) }

// RootUser is the caller that owns an account.
func RootUser(account string) policy.Caller {
	return policy.Caller{Type: policy.Root, Account: account,
		ARN: "arn:aws:iam::" + account + ":root", PrincipalID: account}
}

// CreateAccessKey makes an access key for a principal and returns its id and its secret, which
// can't be read again. by is the command that asks for it, such as "claviger init": the record,
// made durable along with the key, names it.
func (d *Directory) CreateAccessKey(ctx context.Context, principal policy.Caller, by string,
	now time.Time) (id, secret string, err error) {
	id, secret = newAccessKey()
	k := &accessKey{caller: principal, rev: 1, status: active, created: now}
	k.caller.AccessKeyID = id
	if k.sealed, err = d.token.Seal(ctx, d.sealing, []byte(secret), k.aad()); err != nil {
		return "", "", err
	}
	mac, err := d.guard.Sign(ctx, "access_keys", k.columns()...)
	if err != nil {
		return "", "", err
	}
	err = d.db.Commit(func(tx *store.Tx) error {
		_, err := tx.Exec(qInsertAccessKey, append(k.columns(), mac)...)
		return err
	}, func(err error) []byte { return k.creation(by, err) })
	return id, secret, err
}

// creation is the record of an access key's making, or of the failure, as CloudTrail has those of
// IAM: in us-east-1, where that service has its home. The key's id is in it, and nothing of its
// secret.
func (k *accessKey) creation(by string, err error) []byte {
	c := &k.caller
	r := audit.Record{
		Time: k.created, Source: "iam.amazonaws.com", Name: "CreateAccessKey",
		Region: globalRegion, SourceIP: by, UserAgent: by,
		RequestID: uuid.NewString(), EventID: uuid.NewString(), Account: c.Account,
		Identity:   audit.Identity{Type: policy.Service, InvokedBy: by},
		Resources:  []audit.Resource{{ARN: c.ARN, AccountID: c.Account}},
		Additional: []byte(`{"accessKeyId":"` + c.AccessKeyID + `"}`),
	}
	if err != nil {
		r.ErrorCode = "ServiceFailure"
	}
	return r.Append(nil)
}

// newAccessKey draws an id of AWS's form (AKIA and 16 characters of base32) and a secret of 240
// bits in 40 characters.
func newAccessKey() (id, secret string) {
	var b [10 + 30]byte
	rand.Read(b[:])
	id = "AKIA" + base32.StdEncoding.EncodeToString(b[:10])
	return id, base64.StdEncoding.EncodeToString(b[10:])
}

var (
	qAccessKey = store.Wide(`SELECT account, rev, type, arn, principal_id, status, sealed, created, mac
		FROM access_keys WHERE id = $1`,
		"the access key is what says which account is calling")
	qInsertAccessKey = store.Wide(`INSERT INTO access_keys
		(id, account, rev, type, arn, principal_id, status, sealed, created, mac)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, "access keys hold in every Region")
)

// columns is what the MAC of the row is over: all of it.
func (k *accessKey) columns() []any {
	c := &k.caller
	return []any{c.AccessKeyID, c.Account, k.rev, c.Type, c.ARN, c.PrincipalID, k.status, k.sealed,
		k.created.UnixMicro()}
}

func (d *Directory) load(ctx context.Context, id string) (*accessKey, error) {
	k := &accessKey{caller: policy.Caller{AccessKeyID: id}}
	var created int64
	var mac []byte
	c := &k.caller
	err := d.db.Row(qAccessKey, []any{id}, &c.Account, &k.rev, &c.Type, &c.ARN, &c.PrincipalID,
		&k.status, &k.sealed, &created, &mac)
	if err != nil {
		return nil, err
	}
	k.created = time.UnixMicro(created)
	return k, d.guard.Verify(ctx, mac, "access_keys", k.columns()...)
}
