package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
)

// maxTags is AWS's quota of tags on a key.
const maxTags = 50

// tagRules are KMS's answers to tags that break a rule.
var tagRules = domain.TagRules{
	Most:      maxTags,
	Reserved:  tagError("Tag keys that begin with aws: are reserved."),
	Duplicate: func(string) error { return tagError("Duplicate tag keys") },
	TooMany:   tagError("Too many tags"),
}

func tagError(message string) error { return fault.New(fault.Invalid, "TagException", message) }

// TagResourceInput is TagResourceRequest of AWS.
type TagResourceInput struct {
	KeyId string    `shape:"KeyIdType,required"`
	Tags  []key.Tag `shape:"TagList,required"`
}

// Validate implements [op.Input].
func (in TagResourceInput) Validate() error { return domain.CheckTags(tagRules, in.Tags) }
func (in TagResourceInput) keyID() string   { return in.KeyId }

func (s *Keys) tagResource(_ *op.Call, in TagResourceInput, k *key.Key) (multiregion.Change, op.None, error) {
	tags, err := domain.AddTags(tagRules, k.Tags, in.Tags)
	if err != nil {
		return multiregion.Change{}, op.None{}, err
	}
	return multiregion.Change{Key: k.Changed(func(k *key.Key) { k.Tags = tags })}, op.None{}, nil
}

// UntagResourceInput is UntagResourceRequest of AWS.
type UntagResourceInput struct {
	KeyId   string   `shape:"KeyIdType,required"`
	TagKeys []string `shape:"TagKeyList,required"`
	op.ByShape
}

func (in UntagResourceInput) keyID() string { return in.KeyId }

func (s *Keys) untagResource(_ *op.Call, in UntagResourceInput, k *key.Key) (multiregion.Change, op.None, error) {
	tags := domain.RemoveTags(k.Tags, in.TagKeys)
	return multiregion.Change{Key: k.Changed(func(k *key.Key) { k.Tags = tags })}, op.None{}, nil
}

// ListResourceTagsInput is ListResourceTagsRequest of AWS.
type ListResourceTagsInput struct {
	KeyId  string  `shape:"KeyIdType,required"`
	Limit  *int32  `shape:"LimitType"`
	Marker *string `shape:"MarkerType"`
	op.ByShape
}

func (in ListResourceTagsInput) keyID() string { return in.KeyId }

// ListResourceTagsOutput is ListResourceTagsResponse of AWS.
type ListResourceTagsOutput struct {
	Tags       []key.Tag
	NextMarker string `json:",omitzero"`
	Truncated  bool
}

func (s *Keys) listResourceTags(c *op.Call, in ListResourceTagsInput, k *key.Key) (out ListResourceTagsOutput, err error) {
	p, err := s.page(c, "ListResourceTags", k.ID, in.Limit, in.Marker, maxTags, maxTags)
	if err != nil {
		return out, err
	}
	tags, next := domain.Cut(p, domain.TagsAfter(k.Tags, p.After), func(t key.Tag) string { return t.TagKey })
	out.Tags, out.NextMarker, out.Truncated = append([]key.Tag{}, tags...), next, next != ""
	return out, nil
}
