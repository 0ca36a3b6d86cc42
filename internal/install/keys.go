package install

import (
	"context"
	"fmt"
	"sync"

	"claviger/internal/custody"
	"claviger/internal/fault"
	"claviger/internal/rowmac"
	"claviger/store"
)

// ownKey is one of the service's own keys.
type ownKey struct {
	mu   sync.Mutex
	made bool
	custody.Material
}

// ownKeysOf are all there may be by name, as far as they were made.
func ownKeysOf(known map[string]custody.Material) map[string]*ownKey {
	keys := map[string]*ownKey{}
	for name := range ownKinds {
		m, made := known[name]
		keys[name] = &ownKey{made: made, Material: m}
	}
	return keys
}

// Key returns one of the service's own key pairs, such as [CheckpointKey], and makes it where there
// is none yet: most sites need few of them, and an RSA pair takes a device seconds. It asks the
// device, so that nobody calls it within a transaction.
func (in *Installation) Key(ctx context.Context, name string) (custody.Material, error) {
	k, known := in.keys[name]
	if !known {
		return custody.Material{}, fault.Of(fmt.Errorf("install: no service key is called %q", name))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.made {
		return k.Material, nil
	}
	m, row, err := newKey(ctx, in.token, Signer(in.ID, in.token), name)
	if err != nil {
		return m, fmt.Errorf("the service's own key %q can't be made: %w", name, err)
	}
	err = in.db.Commit(func(tx *store.Tx) error {
		_, err := tx.Exec(qInsertServiceKey, row...)
		return err
	}, func(error) []byte { return nil })
	if err != nil {
		return custody.Material{}, err
	}
	k.Material, k.made = m, true
	return m, nil
}

// Made returns one of the service's own key pairs if it is there, and makes none.
func (in *Installation) Made(name string) (m custody.Material, made bool) {
	k, known := in.keys[name]
	if !known {
		return m, false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.Material, k.made
}

// newKey makes a key on the token, and the row that it rests in.
func newKey(ctx context.Context, token Token, signer *rowmac.Signer, name string) (
	m custody.Material, row []any, err error) {
	if m, err = token.Generate(ctx, name, ownKinds[name]); err != nil {
		return m, nil, err
	}
	row, err = serviceKeys.Sign(ctx, signer, &m)
	return m, row, err
}
