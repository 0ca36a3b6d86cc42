package oidc

import (
	"slices"

	"claviger/internal/domain"
	"claviger/internal/op"
)

type RemoveClientIDFromOpenIDConnectProviderInput struct {
	OpenIDConnectProviderArn string `shape:"arnType,required"`
	ClientID                 string `shape:"clientIDType,required"`
	op.ByShape
}

func (s *Providers) findRemove(c *op.Call, in RemoveClientIDFromOpenIDConnectProviderInput) (
	provider, error) {
	return s.named(c, "RemoveClientIDFromOpenIDConnectProvider", in.OpenIDConnectProviderArn, nil)
}

// remove takes one that isn't there for removed.
func (s *Providers) remove(c *op.Call, in RemoveClientIDFromOpenIDConnectProviderInput,
	t provider) (op.Commit[op.None], error) {
	at := slices.Index(t.Row.ClientIDs, in.ClientID)
	if at < 0 {
		return op.Unchanged(op.None{}), nil
	}
	to := *t.Row
	to.ClientIDs = slices.Delete(slices.Clone(to.ClientIDs), at, at+1)
	return domain.Done(s.Directory.Providers.Update(c, t.Row, &to))
}
