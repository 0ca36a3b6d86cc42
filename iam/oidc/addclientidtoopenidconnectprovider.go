package oidc

import (
	"slices"

	"claviger/internal/domain"
	"claviger/internal/op"
)

type AddClientIDToOpenIDConnectProviderInput struct {
	OpenIDConnectProviderArn string `shape:"arnType,required"`
	ClientID                 string `shape:"clientIDType,required"`
	op.ByShape
}

func (s *Providers) findAdd(c *op.Call, in AddClientIDToOpenIDConnectProviderInput) (
	provider, error) {
	return s.named(c, "AddClientIDToOpenIDConnectProvider", in.OpenIDConnectProviderArn, nil)
}

// add takes one that is there for added.
func (s *Providers) add(c *op.Call, in AddClientIDToOpenIDConnectProviderInput, t provider) (
	op.Commit[op.None], error) {
	if slices.Contains(t.Row.ClientIDs, in.ClientID) {
		return op.Unchanged(op.None{}), nil
	}
	to := *t.Row
	to.ClientIDs = append(slices.Clone(to.ClientIDs), in.ClientID)
	if err := checkClientIDs(to.ClientIDs); err != nil {
		return nil, err
	}
	return domain.Done(s.Directory.Providers.Update(c, t.Row, &to))
}
