// Package secrets is AWS Secrets Manager: secrets, their versions and staging labels.
//
// # How a secret lives
//
// Its row says what it is: name, tags, and which version each staging label stands on. A version's value is sealed
// by KMS on the token before the commit and opened there for every read; nothing here ever holds a key. Each read
// is recorded twice: as GetSecretValue, and as the kms:Decrypt that it needs by the same caller.
//
// # One fence
//
// Every change of a secret, of its labels and of its versions is one change of the secret's row against the
// revision that was read. So the plan may seal, sign and compare at leisure: if somebody else was first, the
// road starts again at find. The row's MAC covers the labels, so that an edited, swapped or removed one is noticed.
//
// # Where to read
//
// operations.go is the table of contents. find.go turns a SecretId into a secret, name.go says what it may look
// like; labels.go is the state machine of staging labels; kms.go seals and opens; cache.go keeps reads off the disk.
package secrets

import (
	"context"
	"time"

	"claviger/internal/envelope"
	"claviger/internal/install"
	"claviger/internal/op"
	"claviger/internal/rowmac"
	"claviger/internal/signedtoken"
	"claviger/store"
)

// Keys seals values and opens them again as the call's caller, by a KMS key that the caller may use. The context
// is bound to the value and recorded. An empty keyID means the key that KMS manages for the service.
type Keys interface {
	Seal(c *op.Call, service, keyID string, context map[string]string, value []byte) (envelope.Envelope, error)
	Unseal(c *op.Call, service string, e envelope.Envelope, context map[string]string) ([]byte, error)
}

// Random draws n random bytes from the token.
type Random interface {
	Random(ctx context.Context, n int) ([]byte, error)
}

// Scheduler puts work off until it is due, in the transaction that decides on it, or takes it back.
type Scheduler interface {
	Schedule(tx *store.Tx, kind, account, region, subject string, due time.Time) error
	Cancel(tx *store.Tx, kind, account, region, subject string) error
}

// DeleteSecretJob is the kind of the job that ends a secret when its recovery window is over; see [Secrets.Finish].
const DeleteSecretJob = "secretsmanager:DeleteSecret"

// Secrets performs the operations of Secrets Manager. [New] makes it.
type Secrets struct {
	db     *store.DB
	keys   Keys
	random Random
	jobs   Scheduler
	guard  *rowmac.Signer
	pages  *signedtoken.Maker
	lines  *store.Cache[secretRef, *line]

	get   op.Query[GetSecretValueInput, GetSecretValueOutput]
	purge op.Command[purgeInput, op.None]
}

// New returns the secrets of one installation.
func New(db *store.DB, keys Keys, random Random, jobs Scheduler, in *install.Installation) *Secrets {
	s := &Secrets{db: db, keys: keys, random: random, jobs: jobs, guard: in.Rows, pages: in.Tokens,
		lines: store.NewCache[secretRef, *line](cachedSecrets)}
	s.get = readSecret(s, get("GetSecretValue", "/v1/secrets/value/{SecretId...}", "Returns the value of one version of a secret."), s.getSecretValue)
	s.purge = op.Write(own("DeleteSecret"), s.findPurge, s.purgeSecret)
	return s
}
