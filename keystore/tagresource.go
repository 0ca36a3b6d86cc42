package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
	"claviger/policy"
)

// maxTags is AWS's quota of tags on a key.
const maxTags = 50

// tagRules are KMS's answers to tags that break a rule.
var tagRules = domain.TagRules{
	Most:      maxTags,
	Reserved:  tagError("Tags beginning with aws: are reserved"),
	Invalid:   tagError("Invalid tag"),
	Duplicate: func(string) error { return tagError("Duplicate tag keys") },
	TooMany:   tagError("Too many tags"),
}

func tagError(message string) error { return fault.New(fault.Invalid, "TagException", message) }

type TagResourceInput struct {
	KeyId string    `shape:"KeyIdType,required"`
	Tags  []key.Tag `shape:"TagList,required"`
}

// Validate implements [op.Input].
func (in TagResourceInput) Validate() error { return domain.CheckTags(tagRules, in.Tags) }

// KeyID implements [target.Keyed].
func (in TagResourceInput) KeyID() string { return in.KeyId }

// Conditions puts in the tags.
func (in TagResourceInput) Conditions(v policy.Values) { domain.SetTags(v, in.Tags) }

// tagResource checks the quota over all tags, since some of those given may replace others.
func (s *Keys) tagResource(_ *op.Call, in TagResourceInput,
	k *key.Key) (multiregion.Change, op.None, error) {
	tags, err := domain.AddTags(tagRules, k.Tags, in.Tags)
	if err != nil {
		return multiregion.Change{}, op.None{}, err
	}
	return multiregion.Change{Key: k.Changed(func(k *key.Key) { k.Tags = tags })}, op.None{}, nil
}
