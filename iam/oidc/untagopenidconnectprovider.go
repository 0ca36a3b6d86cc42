package oidc

import (
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type UntagOpenIDConnectProviderInput struct {
	OpenIDConnectProviderArn string   `shape:"arnType,required"`
	TagKeys                  []string `shape:"tagKeyListType,required"`
	op.ByShape
}

func (s *Providers) findUntag(c *op.Call, in UntagOpenIDConnectProviderInput) (provider, error) {
	return s.named(c, "UntagOpenIDConnectProvider", in.OpenIDConnectProviderArn,
		model.KeyValues(in.TagKeys))
}

func (s *Providers) untag(c *op.Call, in UntagOpenIDConnectProviderInput, t provider) (
	op.Commit[op.None], error) {
	to := *t.Row
	to.Tags = tags.Remove(to.Tags, in.TagKeys)
	return domain.Done(s.Directory.Providers.Update(c, t.Row, &to))
}
