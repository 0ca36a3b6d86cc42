package oidc

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type TagOpenIDConnectProviderInput struct {
	OpenIDConnectProviderArn string       `shape:"arnType,required"`
	Tags                     []entity.Tag `shape:"tagListType,required"`
}

// Validate implements [op.Input].
func (in TagOpenIDConnectProviderInput) Validate() error { return tags.Check(in.Tags) }

func (s *Providers) findTag(c *op.Call, in TagOpenIDConnectProviderInput) (provider, error) {
	return s.named(c, "TagOpenIDConnectProvider", in.OpenIDConnectProviderArn,
		model.TagValues(in.Tags))
}

func (s *Providers) tag(c *op.Call, in TagOpenIDConnectProviderInput, t provider) (
	op.Commit[op.None], error) {
	all, err := tags.Add(t.Row.Tags, in.Tags)
	if err != nil {
		return nil, err
	}
	to := *t.Row
	to.Tags = all
	return domain.Done(s.Directory.Providers.Update(c, t.Row, &to))
}
