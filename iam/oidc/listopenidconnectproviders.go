package oidc

import "claviger/internal/op"

// ListOpenIDConnectProvidersInput is empty, as AWS's.
type ListOpenIDConnectProvidersInput struct{ op.ByShape }

// ListOpenIDConnectProvidersOutput is not in pages, as AWS's.
type ListOpenIDConnectProvidersOutput struct {
	OpenIDConnectProviderList []ListedProvider
}

// ListedProvider is a provider as it is listed.
type ListedProvider struct{ Arn string }

func (s *Providers) list(c *op.Call, _ ListOpenIDConnectProvidersInput) (
	out ListOpenIDConnectProvidersOutput, err error) {
	rows, err := s.Directory.Providers.List(c, c.Caller.Account, "/", "", mostProviders)
	out.OpenIDConnectProviderList = []ListedProvider{}
	for _, p := range rows {
		out.OpenIDConnectProviderList = append(out.OpenIDConnectProviderList,
			ListedProvider{p.ARN()})
	}
	return out, err
}
