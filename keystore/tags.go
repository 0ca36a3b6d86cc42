package keystore

import (
	"slices"
	"sort"
	"strings"

	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/multiregion"
)

// maxTags is AWS's quota of tags on a key.
const maxTags = 50

// checkTags holds a list of tags to the rules of TagException.
func checkTags(tags []key.Tag) error {
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case strings.HasPrefix(strings.ToLower(t.TagKey), "aws:"):
			return tagError("Tag keys that begin with aws: are reserved.")
		case seen[t.TagKey]:
			return tagError("Duplicate tag keys")
		}
		seen[t.TagKey] = true
	}
	if len(tags) > maxTags {
		return tagError("Too many tags")
	}
	return nil
}

func tagError(message string) error { return fault.New(fault.Invalid, "TagException", message) }

// merge returns old with the tags of added put in or over, in order of key.
func merge(old, added []key.Tag) []key.Tag {
	out := slices.Clone(old)
	for _, t := range added {
		i := sort.Search(len(out), func(i int) bool { return out[i].TagKey >= t.TagKey })
		if i < len(out) && out[i].TagKey == t.TagKey {
			out[i] = t
			continue
		}
		out = slices.Insert(out, i, t)
	}
	return out
}

// TagResourceInput is TagResourceRequest of AWS.
type TagResourceInput struct {
	KeyId string    `shape:"KeyIdType,required"`
	Tags  []key.Tag `shape:"TagList,required"`
}

// Validate implements [op.Input].
func (in TagResourceInput) Validate() error { return checkTags(in.Tags) }
func (in TagResourceInput) keyID() string   { return in.KeyId }

func (s *Keys) tagResource(_ *op.Call, in TagResourceInput, k *key.Key) (multiregion.Change, op.None, error) {
	tags := merge(k.Tags, in.Tags)
	if len(tags) > maxTags {
		return multiregion.Change{}, op.None{}, tagError("Too many tags")
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
	tags := slices.DeleteFunc(slices.Clone(k.Tags), func(t key.Tag) bool { return slices.Contains(in.TagKeys, t.TagKey) })
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
	from := sort.Search(len(k.Tags), func(i int) bool { return k.Tags[i].TagKey > p.after })
	if p.after == "" {
		from = 0
	}
	left := k.Tags[from:]
	out.Tags = append([]key.Tag{}, left[:min(len(left), p.size)]...)
	if len(left) > p.size {
		out.Truncated, out.NextMarker = true, p.next(left[p.size-1].TagKey)
	}
	return out, nil
}
