package customstore

import (
	"time"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
)

type CreateCustomKeyStoreInput struct {
	CustomKeyStoreName               string         `shape:"CustomKeyStoreNameType,required"`
	CloudHsmClusterId                *string        `shape:"CloudHsmClusterIdType"`
	TrustAnchorCertificate           *string        `shape:"TrustAnchorCertificateType"`
	KeyStorePassword                 *string        `shape:"KeyStorePasswordType"`
	CustomKeyStoreType               *string        `shape:"CustomKeyStoreType"`
	XksProxyUriEndpoint              *string        `shape:"XksProxyUriEndpointType"`
	XksProxyUriPath                  *string        `shape:"XksProxyUriPathType"`
	XksProxyVpcEndpointServiceName   *string        `shape:"XksProxyVpcEndpointServiceNameType"`
	XksProxyVpcEndpointServiceOwner  *string        `shape:"AccountIdType"`
	XksProxyAuthenticationCredential *XksCredential `shape:"XksProxyAuthenticationCredentialType"`
	XksProxyConnectivity             *string        `shape:"XksProxyConnectivityType"`
}

// XksCredential is AWS's XksProxyAuthenticationCredentialType. There are no external key stores
// here.
type XksCredential struct {
	AccessKeyId        string `shape:"XksProxyAuthenticationAccessKeyIdType,required"`
	RawSecretAccessKey string `shape:"XksProxyAuthenticationRawSecretAccessKeyType,required"`
}

// Validate wants what a CloudHSM key store is made of, and refuses the other type.
func (in CreateCustomKeyStoreInput) Validate() error {
	switch {
	case domain.Or(in.CustomKeyStoreType, typeCloudHSM) != typeCloudHSM,
		in.isExternal():
		return ErrExternal
	case in.CloudHsmClusterId == nil, in.TrustAnchorCertificate == nil, in.KeyStorePassword == nil:
		return kmsfault.Invalid("CloudHsmClusterId, TrustAnchorCertificate and KeyStorePassword " +
			"are required for a custom key store of type AWS_CLOUDHSM.")
	}
	return nil
}

// isExternal reports whether a member of external key stores is there.
func (in CreateCustomKeyStoreInput) isExternal() bool {
	return in.XksProxyUriEndpoint != nil || in.XksProxyUriPath != nil ||
		in.XksProxyVpcEndpointServiceName != nil || in.XksProxyVpcEndpointServiceOwner != nil ||
		in.XksProxyAuthenticationCredential != nil || in.XksProxyConnectivity != nil
}

type CreateCustomKeyStoreOutput struct{ CustomKeyStoreId string }

// createCustomKeyStore does not log in to the cluster: whether the password is right shows when the
// store is connected.
func (s *Operations) createCustomKeyStore(c *op.Call,
	in CreateCustomKeyStoreInput) (op.Commit[CreateCustomKeyStoreOutput], error) {
	account, region := c.Namespace()
	cl, err := s.stores.Cluster(c, account, *in.CloudHsmClusterId)
	if err != nil {
		return nil, err
	}
	if err := cl.checkAnchor(*in.TrustAnchorCertificate); err != nil {
		return nil, err
	}
	st := &Store{
		StoreRef:    key.StoreRef{Account: account, Region: region, ID: NewID()},
		Rev:         1,
		Name:        in.CustomKeyStoreName,
		Type:        typeCloudHSM,
		ClusterID:   *in.CloudHsmClusterId,
		TrustAnchor: *in.TrustAnchorCertificate,
		State:       Disconnected,
		Created:     c.Time.Truncate(time.Microsecond),
	}
	if err := s.stores.setPassword(c, st, *in.KeyStorePassword); err != nil {
		return nil, err
	}
	insert, err := s.stores.Insert(c, st, cl)
	return op.Apply(insert, CreateCustomKeyStoreOutput{st.ID}), err
}
