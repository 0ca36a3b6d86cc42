package oidc

import (
	"claviger/internal/domain"
	"claviger/internal/op"
)

type UpdateOpenIDConnectProviderThumbprintInput struct {
	OpenIDConnectProviderArn string   `shape:"arnType,required"`
	ThumbprintList           []string `shape:"thumbprintListType,required"`
}

// Validate implements [op.Input].
func (in UpdateOpenIDConnectProviderThumbprintInput) Validate() error {
	return checkThumbprints(in.ThumbprintList)
}

func (s *Providers) findThumbprints(c *op.Call, in UpdateOpenIDConnectProviderThumbprintInput) (
	provider, error) {
	return s.named(c, "UpdateOpenIDConnectProviderThumbprint", in.OpenIDConnectProviderArn, nil)
}

func (s *Providers) updateThumbprints(c *op.Call, in UpdateOpenIDConnectProviderThumbprintInput,
	t provider) (op.Commit[op.None], error) {
	to := *t.Row
	to.Thumbprints = once(lower(in.ThumbprintList))
	return domain.Done(s.Directory.Providers.Update(c, t.Row, &to))
}
