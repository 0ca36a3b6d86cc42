package keystore

import (
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
)

type UpdateKeyDescriptionInput struct {
	KeyId       string `shape:"KeyIdType,required"`
	Description string `shape:"DescriptionType,required"`
	op.ByShape
}

// KeyID implements [target.Keyed].
func (in UpdateKeyDescriptionInput) KeyID() string { return in.KeyId }

// updateKeyDescription takes an empty description, too: that is how one is removed.
func (s *Keys) updateKeyDescription(_ *op.Call, in UpdateKeyDescriptionInput,
	k *key.Key) (multiregion.Change, op.None, error) {
	return multiregion.Change{Key: k.Changed(func(k *key.Key) { k.Description = in.Description })},
		op.None{}, nil
}
