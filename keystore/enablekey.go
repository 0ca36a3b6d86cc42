package keystore

import (
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
	"claviger/store"
)

// KeyInput is the input of operations that take a key and nothing else.
type KeyInput struct {
	KeyId string `shape:"KeyIdType,required"`
	op.ByShape
}

func (in KeyInput) keyID() string { return in.KeyId }

// KeyOutput is the output of operations that name the key they changed.
type KeyOutput struct{ KeyId string }

func (s *Keys) enableKey(_ *op.Call, _ KeyInput, k *key.Key) (multiregion.Change, op.None, error) {
	return multiregion.Change{Key: k.Changed(func(k *key.Key) { k.State = key.Enabled })}, op.None{}, nil
}

func (s *Keys) disableKey(_ *op.Call, _ KeyInput, k *key.Key) (multiregion.Change, op.None, error) {
	return multiregion.Change{Key: k.Changed(func(k *key.Key) { k.State = key.Disabled }), Also: s.forgetting(k)}, op.None{}, nil
}

// forgetting returns what drops the token's handles of a key and of the data keys under it, once the change
// that closes the key is committed. It looks for them inside the transaction, or it would miss a data key made meanwhile.
func (s *Keys) forgetting(k *key.Key) func(*store.Tx) error {
	return func(tx *store.Tx) error {
		ids, err := dataKeyIDs(tx, k)
		if err != nil {
			return err
		}
		for id := range k.Materials {
			ids = append(ids, id)
		}
		tx.After(func() {
			for _, id := range ids {
				s.token.Forget(id)
			}
		})
		return nil
	}
}
