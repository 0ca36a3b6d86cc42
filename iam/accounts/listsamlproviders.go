package accounts

import "claviger/internal/op"

// ListSAMLProvidersInput is empty, as AWS's.
type ListSAMLProvidersInput struct{ op.ByShape }

type ListSAMLProvidersOutput struct {
	SAMLProviderList []Nothing // none
}

func listSAML(*op.Call, ListSAMLProvidersInput) (ListSAMLProvidersOutput, error) {
	return ListSAMLProvidersOutput{SAMLProviderList: []Nothing{}}, nil
}
