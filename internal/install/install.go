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
}

// The service's own keys.
const (
	rowKey      = "row-mac"  // HMAC_SHA_256: signs rows
	identityKey = "identity" // AES_256: seals the secrets of access keys
)

// Installation is an opened installation. It is safe for concurrent use.
type Installation struct {
	ID       string // a UUID, part of everything that is signed
	Rows     *rowmac.Signer
	Identity custody.Ref        // the key that seals access keys' secrets
	Tokens   *signedtoken.Maker // of tokens that every node of this installation knows
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
	var id string
	if err := db.Row(qInstallation, nil, &id, new(string)); !errors.Is(err, store.NoRow) {
		return false, err
	}
	rows, err := token.Generate(ctx, rowKey, custody.HMAC256)
	if err != nil {
		return false, err
	}
	identity, err := token.Generate(ctx, identityKey, custody.AES256)
	if err != nil {
		return false, err
	}
	err = db.Commit(func(tx *store.Tx) error {
		_, err := tx.Exec(qInsertInstallation, uuid.NewString(), token.Root(), now.UnixMicro())
		if err != nil {
			return err
		}
		for _, m := range []custody.Material{rows, identity} {
			if _, err := tx.Exec(qInsertServiceKey, m.ID, string(m.Kind), m.Root, m.Mechanism, m.Wrapped,
				m.Check); err != nil {
				return err
			}
		}
		return nil
	}, func(error) []byte { return nil })
	return err == nil, err
}

// Load opens the installation and proves that token holds the root its keys are wrapped by.
func Load(ctx context.Context, db *store.DB, token Token) (*Installation, error) {
	var id, root string
	if err := db.Row(qInstallation, nil, &id, &root); errors.Is(err, store.NoRow) {
		return nil, ErrAbsent
	} else if err != nil {
		return nil, err
	}
	if root != token.Root() {
		return nil, ErrForeign
	}
	keys := map[string]custody.Material{}
	err := db.Rows(qServiceKeys, nil, func(scan func(...any) error) error {
		var m custody.Material
		err := scan(&m.ID, &m.Kind, &m.Root, &m.Mechanism, &m.Wrapped, &m.Check)
		keys[m.ID] = m
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, name := range []string{rowKey, identityKey} {
		if _, ok := keys[name]; !ok {
			return nil, fmt.Errorf("the database has lost the service key %q: restore it from a backup",
				name)
		}
	}
	rows := keys[rowKey].Rest()
	tokens, err := token.MAC(ctx, rows, []byte("claviger page tokens"))
	if err != nil {
		return nil, fmt.Errorf("the service's own key can't be used on this token: %w", err)
	}
	return &Installation{ID: id, Rows: rowmac.New(id, token, rows),
		Identity: keys[identityKey].Rest(), Tokens: signedtoken.New(tokens)}, nil
}
