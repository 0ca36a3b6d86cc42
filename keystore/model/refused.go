package model

import "claviger/internal/op"

// refused are members and values that KMS has and that are refused here whatever else a request
// says, each with the error.
var refused = op.Refused{
	"XksKeyId":  unsupported,
	"Recipient": unsupported,

	"XksProxyAuthenticationCredential": unsupported,
	"XksProxyConnectivity":             unsupported,
	"XksProxyUriEndpoint":              unsupported,
	"XksProxyUriPath":                  unsupported,
	"XksProxyVpcEndpointServiceName":   unsupported,
	"XksProxyVpcEndpointServiceOwner":  unsupported,

	"CustomKeyStoreType=EXTERNAL_KEY_STORE": unsupported,
	"CustomerMasterKeySpec=SM2":             unsupported,
	"KeyPairSpec=SM2":                       unsupported,
	"KeySpec=SM2":                           unsupported,
	"Origin=EXTERNAL_KEY_STORE":             unsupported,
	"WrappingAlgorithm=RSAES_PKCS1_V1_5":    unsupported,
	"WrappingAlgorithm=SM2PKE":              unsupported,
	"WrappingKeySpec=SM2":                   unsupported,
}

const unsupported = "UnsupportedOperationException"
