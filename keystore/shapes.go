package keystore

import "claviger/internal/shape"

// shapes are the constraints of KMS's model, API version 2014-11-01, by AWS shape name.
var shapes = shape.Table{
	"AliasNameType":           {Min: 1, Max: 256, Pattern: `^[a-zA-Z0-9:/_-]+$`},
	"BooleanType":             {},
	"CiphertextType":          {Min: 1, Max: 6144},
	"CustomKeyStoreIdType":    {Min: 1, Max: 64},
	"CustomerMasterKeySpec":   {Enum: []string{"RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", "SYMMETRIC_DEFAULT", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512", "SM2"}},
	"DataKeySpec":             {Enum: []string{"AES_256", "AES_128"}},
	"DescriptionType":         {Max: 8192},
	"DryRunModifierList":      {Member: "DryRunModifierType"},
	"DryRunModifierType":      {Enum: []string{"IGNORE_CIPHERTEXT"}},
	"EncryptionAlgorithmSpec": {Enum: []string{"SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"}},
	"EncryptionContextKey":    {},
	"EncryptionContextType":   {Key: "EncryptionContextKey", Value: "EncryptionContextValue"},
	"EncryptionContextValue":  {},
	"AttestationDocumentType": {Min: 1, Max: 262144},
	"GrantTokenList":          {Max: 10, Member: "GrantTokenType"},
	"GrantTokenType":          {Min: 1, Max: 8192},
	"KeyEncryptionMechanism":  {Enum: []string{"RSAES_OAEP_SHA_256"}},
	"KeyIdType":               {Min: 1, Max: 2048},
	"KeySpec":                 {Enum: []string{"RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", "SYMMETRIC_DEFAULT", "HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512", "SM2", "ML_DSA_44", "ML_DSA_65", "ML_DSA_87", "ECC_NIST_EDWARDS25519", "ML_KEM_1024", "ML_KEM_512", "ML_KEM_768"}},
	"KeyUsageType":            {Enum: []string{"SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE"}},
	"LimitType":               {Min: 1, Max: 1000},
	"MarkerType":              {Min: 1, Max: 1024, Pattern: `[\u0020-\u00FF]*`, RE2: `[\x{20}-\x{FF}]*`},
	"NullableBooleanType":     {},
	"NumberOfBytesType":       {Min: 1, Max: 1024},
	"OriginType":              {Enum: []string{"AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"}},
	"PendingWindowInDaysType": {Min: 1, Max: 365},
	"PlaintextType":           {Min: 1, Max: 4096, Sensitive: true},
	"PolicyType":              {Min: 1, Max: 131072, Pattern: `[\u0009\u000A\u000D\u0020-\u00FF]+`, RE2: `[\x{09}\x{0A}\x{0D}\x{20}-\x{FF}]+`},
	"RecipientInfo":           {},
	"Tag":                     {},
	"TagKeyList":              {Member: "TagKeyType"},
	"TagKeyType":              {Min: 1, Max: 128},
	"TagList":                 {Member: "Tag"},
	"TagValueType":            {Max: 256},
	"XksKeyIdType":            {Min: 1, Max: 128, Pattern: `^[a-zA-Z0-9-_.]+$`},

	// Shapes of members that only the service itself sends.
	"Service": {}, "SecretBinary": {Sensitive: true}, "Context": {Key: "EncryptionContextKey", Value: "EncryptionContextValue"}, "Epoch": {},
}
