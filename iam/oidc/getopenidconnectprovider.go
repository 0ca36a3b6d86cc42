package oidc

import (
	"claviger/iam/entity"
	"claviger/internal/op"
	"claviger/internal/wire"
)

type GetOpenIDConnectProviderInput struct {
	OpenIDConnectProviderArn string `shape:"arnType,required"`
	op.ByShape
}

type GetOpenIDConnectProviderOutput struct {
	Url            string // without its scheme
	CreateDate     wire.Time
	ClientIDList   []string
	ThumbprintList []string
	Tags           []entity.Tag
}

func (s *Providers) findGet(c *op.Call, in GetOpenIDConnectProviderInput) (provider, error) {
	return s.named(c, "GetOpenIDConnectProvider", in.OpenIDConnectProviderArn, nil)
}

func (s *Providers) get(_ *op.Call, _ GetOpenIDConnectProviderInput, t provider) (
	GetOpenIDConnectProviderOutput, error) {
	p := t.Row
	return GetOpenIDConnectProviderOutput{Url: p.Name, CreateDate: wire.Time{Time: p.Created},
		ClientIDList: p.ClientIDs, ThumbprintList: p.Thumbprints,
		Tags: append([]entity.Tag{}, p.Tags...)}, nil
}
