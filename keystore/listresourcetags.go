package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/key"
)

type ListResourceTagsInput struct {
	KeyId  string  `shape:"KeyIdType,required"`
	Limit  *int32  `shape:"LimitType"`
	Marker *string `shape:"MarkerType"`
	op.ByShape
}

// KeyID implements [target.Keyed].
func (in ListResourceTagsInput) KeyID() string { return in.KeyId }

type ListResourceTagsOutput struct {
	Tags       []key.Tag
	NextMarker string `json:",omitzero"`
	Truncated  bool
}

// listResourceTags pages through the tags in memory: they are part of the key's row.
func (s *Keys) listResourceTags(c *op.Call, in ListResourceTagsInput,
	k *key.Key) (out ListResourceTagsOutput, err error) {
	p, err := s.pager.Page(c, "ListResourceTags", k.ID, in.Limit, in.Marker, maxTags, maxTags)
	if err != nil {
		return out, err
	}
	tags, next := domain.Cut(p, domain.TagsAfter(k.Tags, p.After),
		func(t key.Tag) string { return t.TagKey })
	out.Tags, out.NextMarker, out.Truncated = append([]key.Tag{}, tags...), next, next != ""
	return out, nil
}
