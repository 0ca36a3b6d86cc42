package oidc

import (
	"claviger/iam/entity"
	"claviger/iam/model"
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
	p, err := s.Page(c, "ListOpenIDConnectProviderTags", t.Row.ID, in.MaxItems, in.Marker)
	if err != nil {
		return out, err
	}
	out.Tags, out.Marker = model.Cut(p, t.Row.Tags, func(t entity.Tag) string { return t.Key })
	out.IsTruncated = out.Marker != ""
	return out, nil
}
