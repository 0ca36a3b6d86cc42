package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
	"claviger/policy"
)

type UntagResourceInput struct {
	KeyId   string   `shape:"KeyIdType,required"`
	TagKeys []string `shape:"TagKeyList,required"`
	op.ByShape
}

// KeyID implements [target.Keyed].
func (in UntagResourceInput) KeyID() string { return in.KeyId }

// Conditions puts in the names of the tags.
func (in UntagResourceInput) Conditions(v policy.Values) { domain.SetTagKeys(v, in.TagKeys) }

// untagResource ignores keys that no tag has, as AWS does.
func (s *Keys) untagResource(_ *op.Call, in UntagResourceInput,
	k *key.Key) (multiregion.Change, op.None, error) {
	tags := domain.RemoveTags(k.Tags, in.TagKeys)
	return multiregion.Change{Key: k.Changed(func(k *key.Key) { k.Tags = tags })}, op.None{}, nil
}
