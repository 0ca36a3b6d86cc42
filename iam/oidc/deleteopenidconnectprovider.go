package oidc

import "claviger/internal/op"

type DeleteOpenIDConnectProviderInput struct {
	OpenIDConnectProviderArn string `shape:"arnType,required"`
	op.ByShape
}

func (s *Providers) findDelete(c *op.Call, in DeleteOpenIDConnectProviderInput) (provider, error) {
	return s.named(c, "DeleteOpenIDConnectProvider", in.OpenIDConnectProviderArn, nil)
}

// delete leaves roles that name the provider as they are, as AWS does.
func (s *Providers) delete(_ *op.Call, _ DeleteOpenIDConnectProviderInput, t provider) (
	op.Commit[op.None], error) {
	return op.Apply(s.Directory.Providers.Delete(t.Row), op.None{}), nil
}
