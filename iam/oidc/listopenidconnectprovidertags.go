package oidc

import (
	"claviger/iam/entity"
	"claviger/internal/op"
)

type ListOpenIDConnectProviderTagsInput struct {
	OpenIDConnectProviderArn string  `shape:"arnType,required"`
	Marker                   *string `shape:"markerType"`
	MaxItems                 *int32  `shape:"maxItemsType"`
	op.ByShape
}

// ListOpenIDConnectProviderTagsOutput is a page, in order of key.
type ListOpenIDConnectProviderTagsOutput struct {
	Tags        []entity.Tag
	IsTruncated bool
	Marker      string `json:",omitzero"`
}

func (s *Providers) findTags(c *op.Call, in ListOpenIDConnectProviderTagsInput) (provider, error) {
	return s.named(c, "ListOpenIDConnectProviderTags", in.OpenIDConnectProviderArn, nil)
}

func (s *Providers) listTags(c *op.Call, in ListOpenIDConnectProviderTagsInput, t provider) (
	out ListOpenIDConnectProviderTagsOutput, err error) {
	out.Tags, out.Marker, err = s.TagPage(c, "ListOpenIDConnectProviderTags", t.Row.ID, t.Row.Tags,
		in.MaxItems, in.Marker)
	out.IsTruncated = out.Marker != ""
	return out, err
}
