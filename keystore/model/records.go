package model

import "claviger/internal/op"

// records is how CloudTrail writes down what is done with KMS ("Logging AWS KMS API calls with AWS
// CloudTrail" of its developer guide, with an example of each operation). Since December 2022 what
// changes a key answers its ARN there, whatever the API answers.
var records = op.Records{
	Dates: "Jan 2, 2006, 3:04:05 PM",
	Type:  "AWS::KMS::Key",
	By:    "AWS Internal",
	Operations: map[string]op.Recorded{
		"CreateKey": {Touched: op.Listed, Answer: "KeyMetadata", Default: `Description="" ` +
			`BypassPolicyLockoutSafetyCheck=false KeyUsage="ENCRYPT_DECRYPT" ` +
			`KeySpec=$CustomerMasterKeySpec|"SYMMETRIC_DEFAULT" ` +
			`CustomerMasterKeySpec=$KeySpec|"SYMMETRIC_DEFAULT"`},
		"DescribeKey":          recordedRead,
		"GetKeyLastUsage":      recordedRead,
		"ListKeys":             recordedRead,
		"EnableKey":            recordedChange,
		"DisableKey":           recordedChange,
		"CancelKeyDeletion":    recordedChange,
		"UpdateKeyDescription": recordedChange,
		"ScheduleKeyDeletion": {Touched: op.Listed,
			Answer: "KeyId KeyState DeletionDate PendingWindowInDays"},
		"GetKeyPolicy":         recordedRead,
		"PutKeyPolicy":         recordedChange,
		"ListKeyPolicies":      recordedRead,
		"ReplicateKey":         {Touched: op.Listed, Answer: "ReplicaKeyMetadata ReplicaPolicy"},
		"UpdatePrimaryRegion":  recordedChange,
		"EnableKeyRotation":    recordedChange,
		"DisableKeyRotation":   recordedChange,
		"GetKeyRotationStatus": recordedRead,
		"RotateKeyOnDemand":    recordedChange,
		"ListKeyRotations":     recordedRead,

		"CreateGrant":         {Touched: op.Listed, Answer: "GrantId", ARNAs: "keyId"},
		"ListGrants":          recordedRead,
		"ListRetirableGrants": recordedRead,
		"RetireGrant":         recordedChange,
		"RevokeGrant":         recordedChange,

		// That a key pair for an import is made here is no change of a resource.
		"GetParametersForImport":    {Touched: op.Listed, Reads: true},
		"ImportKeyMaterial":         {Touched: op.Listed, Answer: "KeyId KeyMaterialId"},
		"DeleteImportedKeyMaterial": {Touched: op.Listed, Answer: "KeyId KeyMaterialId"},

		"CreateAlias":      recordedChange,
		"UpdateAlias":      recordedChange,
		"DeleteAlias":      recordedChange,
		"ListAliases":      recordedRead,
		"TagResource":      recordedChange,
		"UntagResource":    recordedChange,
		"ListResourceTags": recordedRead,

		"Encrypt": {Touched: op.Listed, Default: `EncryptionAlgorithm="SYMMETRIC_DEFAULT"`},
		"Decrypt": {Touched: op.Listed, Default: `EncryptionAlgorithm="SYMMETRIC_DEFAULT"`,
			Left: "Service Epoch Recipient"},
		"ReEncrypt": {Touched: op.Listed, Default: `SourceEncryptionAlgorithm="SYMMETRIC_DEFAULT" ` +
			`DestinationEncryptionAlgorithm="SYMMETRIC_DEFAULT"`},
		"GenerateDataKey":                     {Touched: op.Listed, Left: "Service Recipient"},
		"GenerateDataKeyWithoutPlaintext":     {Touched: op.Listed, Left: "Service"},
		"GenerateDataKeyPair":                 {Touched: op.Listed, Left: "Recipient"},
		"GenerateDataKeyPairWithoutPlaintext": recordedRead,
		"GetPublicKey":                        recordedRead,
		"Sign":                                recordedRead,
		"Verify":                              recordedRead,
		"GenerateMac":                         recordedRead,
		"VerifyMac":                           recordedRead,
		"DeriveSharedSecret":                  {Touched: op.Listed, Left: "Recipient"},
		"Encapsulate":                         recordedRead,
		"Decapsulate":                         recordedRead,
		"GenerateRandom":                      {Touched: op.Listed, NoParameters: true},

		"CreateCustomKeyStore": {Answer: "CustomKeyStoreId", Left: "TrustAnchorCertificate",
			Named: "CloudHsmClusterId=clusterId"},
		"DescribeCustomKeyStores":  {},
		"UpdateCustomKeyStore":     {Named: "CloudHsmClusterId=clusterId"},
		"DeleteCustomKeyStore":     {},
		"ConnectCustomKeyStore":    {},
		"DisconnectCustomKeyStore": {},

		// What KMS does by itself.
		"RotateKey":                {Touched: op.Listed, NoParameters: true, Event: true},
		"DeleteKey":                {Touched: op.Listed, NoParameters: true, Event: true},
		"DeleteExpiredKeyMaterial": {Touched: op.Listed, NoParameters: true, Event: true},

		// What AWS has no name for.
		"CountImportAttempt":    recordedRead,
		"TakeBackImportAttempt": recordedRead,
		"ReserveKeyMaterial":    {},
		"DestroyKeyMaterial":    {Touched: op.Listed},
		"DeleteImportPair":      recordedRead,
		"ResetClusterRefusals":  {},
	},
}

var (
	recordedRead   = op.Recorded{Touched: op.Listed}
	recordedChange = op.Recorded{Touched: op.Listed, ARNAs: "keyId"}
)
