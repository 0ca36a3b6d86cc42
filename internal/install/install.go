// Package install is what one installation knows of itself: its identifier, the root its keys are
// wrapped by, and the service's own keys.
package install

import (
	"context"
	"errors"
	"fmt"
	"time"

	"claviger/internal/custody"
	"claviger/internal/rowmac"
	"claviger/internal/signedtoken"
	"claviger/store"

	"github.com/google/uuid"
)

// Token is what an installation asks of the device.
type Token interface {
	Root() string
	Generate(ctx context.Context, id string, k custody.Kind) (custody.Material, error)
	MAC(ctx context.Context, ref custody.Ref, data []byte) ([]byte, error)
	Authenticate(ctx context.Context, purpose string, data []byte) ([]byte, error)
}

// The service's own keys.
const (
	rowKey      = "row-mac"  // signs rows
	identityKey = "identity" // seals the secrets of access keys

	CheckpointKey   = "checkpoint"   // P-256, signs what the trail is up to now
	DigestKey       = "digest"       // RSA of 2,048 bits, signs CloudTrail's digest files
	NotificationKey = "notification" // RSA of 2,048 bits, signs messages of SNS
)

var ownKinds = map[string]custody.Kind{
	rowKey: custody.RowMAC, identityKey: custody.IdentitySeal, CheckpointKey: custody.Checkpoint,
	DigestKey: custody.Digest, NotificationKey: custody.Notification,
}

// Installation is an opened installation. It is safe for concurrent use.
type Installation struct {
	ID       string // a UUID, part of everything that is signed
	Created  time.Time
	Rows     *rowmac.Signer
	Identity custody.Ref        // the key that seals access keys' secrets
	Tokens   *signedtoken.Maker // of tokens that every node of this installation knows
	RowSets  store.RowSets      // of every table that was declared to rowmac

	db    *store.DB
	token Token
	keys  map[string]*ownKey
}

// Start-up failures, told apart by errors.Is.
var (
	ErrAbsent  = errors.New("the database holds no installation: run `claviger init` first")
	ErrForeign = errors.New(
		"the database belongs to another token: its keys are wrapped by a root that " +
			"this token does not hold")
)

// Create makes a new installation in an empty database: only init and dev do. An installation that
// is there already stays as it is.
func Create(ctx context.Context, db *store.DB, token Token, now time.Time) (
	made bool, err error) {
	if _, err := loadSelf(ctx, db, token); !errors.Is(err, ErrAbsent) {
		return false, err
	}
	row := self{id: uuid.NewString(), root: token.Root(), created: now}
	signer := Signer(row.id, token)
	values, err := selves.Sign(ctx, signer, &row)
	if err != nil {
		return false, err
	}
	sets, err := rowSets(ctx, row.id, token)
	if err != nil {
		return false, err
	}
	var keys [][]any
	for _, name := range []string{rowKey, identityKey} {
		_, key, err := newKey(ctx, token, signer, name)
		if err != nil {
			return false, err
		}
		keys = append(keys, key)
	}
	err = db.Commit(func(tx *store.Tx) error {
		if _, err := tx.Exec(qInsertInstallation, append(values, 1)...); err != nil {
			return err
		}
		for _, key := range keys {
			if _, err := tx.Exec(qInsertServiceKey, key...); err != nil {
				return err
			}
		}
		return tx.SealRowSets(sets)
	}, func(error) []byte { return nil })
	return err == nil, err
}

// Load opens the installation and proves that token holds the root its keys are wrapped by, and
// that the service made the rows that name them. Before that is known nothing is unwrapped.
func Load(ctx context.Context, db *store.DB, token Token) (*Installation, error) {
	row, err := loadSelf(ctx, db, token)
	if err != nil {
		return nil, err
	}
	keys, err := loadServiceKeys(ctx, db, row.id, token)
	if err != nil {
		return nil, err
	}
	signing := keys[rowKey].Rest()
	sign := func(ctx context.Context, data []byte) ([]byte, error) {
		return token.MAC(ctx, signing, data)
	}
	if _, err := sign(ctx, []byte("claviger start")); err != nil {
		return nil, fmt.Errorf("the service's own key can't be used on this token: %w", err)
	}
	tokens, err := token.Authenticate(ctx, "claviger signed tokens", []byte(row.id))
	if err != nil {
		return nil, err
	}
	sets, err := rowSets(ctx, row.id, token)
	if err != nil {
		return nil, err
	}
	return &Installation{ID: row.id, Created: row.created, Rows: rowmac.New(row.id, sign),
		Identity: keys[identityKey].Rest(), Tokens: signedtoken.New(tokens), RowSets: sets,
		db: db, token: token, keys: ownKeysOf(keys)}, nil
}

// rowSets are all signed tables. Their key is made by the authenticator and not by the row key: it
// is used in this process, with every commit.
func rowSets(ctx context.Context, id string, token Token) (store.RowSets, error) {
	secret, err := token.Authenticate(ctx, "claviger row sets", []byte(id))
	sets := store.RowSets{Secret: secret}
	for _, table := range rowmac.Tables() {
		sets.Tables = append(sets.Tables, table.Name())
	}
	return sets, err
}
