package customstore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/kmsfault"
)

type UpdateCustomKeyStoreInput struct {
	CustomKeyStoreId                 string         `shape:"CustomKeyStoreIdType,required"`
	NewCustomKeyStoreName            *string        `shape:"CustomKeyStoreNameType"`
	KeyStorePassword                 *string        `shape:"KeyStorePasswordType"`
	CloudHsmClusterId                *string        `shape:"CloudHsmClusterIdType"`
	XksProxyUriEndpoint              *string        `shape:"XksProxyUriEndpointType"`
	XksProxyUriPath                  *string        `shape:"XksProxyUriPathType"`
	XksProxyVpcEndpointServiceName   *string        `shape:"XksProxyVpcEndpointServiceNameType"`
	XksProxyVpcEndpointServiceOwner  *string        `shape:"AccountIdType"`
	XksProxyAuthenticationCredential *XksCredential `shape:"XksProxyAuthenticationCredentialType"`
	XksProxyConnectivity             *string        `shape:"XksProxyConnectivityType"`
}

func (in UpdateCustomKeyStoreInput) storeID() string { return in.CustomKeyStoreId }

// Validate wants something to change, and nothing of an external key store.
func (in UpdateCustomKeyStoreInput) Validate() error {
	asNew := CreateCustomKeyStoreInput{
		XksProxyUriEndpoint:              in.XksProxyUriEndpoint,
		XksProxyUriPath:                  in.XksProxyUriPath,
		XksProxyVpcEndpointServiceName:   in.XksProxyVpcEndpointServiceName,
		XksProxyVpcEndpointServiceOwner:  in.XksProxyVpcEndpointServiceOwner,
		XksProxyAuthenticationCredential: in.XksProxyAuthenticationCredential,
		XksProxyConnectivity:             in.XksProxyConnectivity,
	}
	switch {
	case asNew.isExternal():
		return ErrExternal
	case in.NewCustomKeyStoreName == nil && !in.reconnects():
		return kmsfault.Invalid("At least one property of the custom key store to change is " +
			"required.")
	}
	return nil
}

// reconnects reports whether the store is connected to in another way after the update.
func (in UpdateCustomKeyStoreInput) reconnects() bool {
	return in.KeyStorePassword != nil || in.CloudHsmClusterId != nil
}

// updateCustomKeyStore changes a store's name, the password it logs in with, or its cluster. Only
// the name may change while it is connected.
func (s *Operations) updateCustomKeyStore(c *op.Call, in UpdateCustomKeyStoreInput,
	st *Store) (domain.Change, error) {
	if in.reconnects() && st.State == Connected {
		return nil, st.invalidState()
	}
	if in.CloudHsmClusterId != nil {
		if err := s.stores.checkRelated(c, st, *in.CloudHsmClusterId); err != nil {
			return nil, err
		}
	}
	next := st.Changed(func(st *Store) {
		st.Name = domain.Or(in.NewCustomKeyStoreName, st.Name)
		st.ClusterID = domain.Or(in.CloudHsmClusterId, st.ClusterID)
	})
	if in.KeyStorePassword != nil {
		if err := s.stores.setPassword(c, next, *in.KeyStorePassword); err != nil {
			return nil, err
		}
	}
	return s.stores.Update(c, next)
}
