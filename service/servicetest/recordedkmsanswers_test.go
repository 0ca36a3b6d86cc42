package servicetest_test

// Texts that stand in several answers.
const (
	noID       = "1234abcd-12ab-34cd-56ef-1234567890ab"
	noARN      = "arn:aws:kms:us-east-1:111122223333:key/" + noID
	invalid    = "ValidationException"
	wrongUsage = "InvalidKeyUsageException"
	oneError   = "1 validation error detected: "
	noAlias    = "Key Aliases are not supported for this operation."
	incorrect  = "The key ID in the request does not identify a CMK that can perform this operation."
	macs       = "Member must satisfy enum value set: " +
		"[HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512]"
	prefixed = `Alias must start with the prefix "alias/". Please see ` +
		`https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html`
	bothSpecs = "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. " +
		"CustomerMasterKeySpec is deprecated."
)

var recordedFailures = []recorded{
	{localStack, "GenerateRandom", `{}`, invalid, "NumberOfBytes is required.", ""},
	{localStack, "GenerateRandom", `{"NumberOfBytes":0}`, invalid, oneError + "Value '0' at " +
		"'numberOfBytes' failed to satisfy constraint: Member must have value greater than or equal to 1",
		""},
	{localStack, "GenerateRandom", `{"NumberOfBytes":1025}`, invalid, oneError + "Value '1025' at " +
		"'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024",
		""},

	{localStack, "DescribeKey", `{"KeyId":"` + noID + `"}`, "NotFoundException",
		"Key '" + noARN + "' does not exist", ""},
	{localStack, "DescribeKey", `{"KeyId":"` + noARN + `"}`, "NotFoundException",
		"Key '" + noARN + "' does not exist", ""},
	{localStack, "DescribeKey", `{"KeyId":"fake-key-id"}`, "NotFoundException",
		"Invalid keyId 'fake-key-id'", ""},
	{localStack, "DescribeKey", `{"KeyId":"134f2428cec14b25a1ae9048164dba47"}`, "NotFoundException",
		"Invalid keyId '134f2428cec14b25a1ae9048164dba47'", ""},
	{localStack, "DescribeKey", `{"KeyId":"mrk-fake-key-id"}`, "NotFoundException",
		"Invalid keyId 'mrk-fake-key-id'", ""},
	{localStack, "DescribeKey", `{"KeyId":"arn:aws:kms:us-west-2:111122223333:key/` + noID + `"}`,
		"NotFoundException", "Invalid arn us-west-2", ""},
	{reported, "DescribeKey", `{"KeyId":"alias/nothing"}`, "NotFoundException",
		"Alias arn:aws:kms:us-east-1:111122223333:alias/nothing is not found.", ""},

	{reported, "GetKeyPolicy", `{"KeyId":"alias/taken"}`, "InvalidArnException", noAlias, ""},
	{reported, "DisableKey", `{"KeyId":"arn:aws:kms:us-east-1:111122223333:alias/taken"}`,
		"InvalidArnException", noAlias, ""},
	{reported, "CreateGrant", `{"KeyId":"alias/nothing","GranteePrincipal":` + someUser +
		`,"Operations":["Decrypt"]}`, "InvalidArnException", noAlias, ""},

	{localStack, "CreateAlias", `{"AliasName":"a","TargetKeyId":"{sym}"}`, invalid, prefixed, ""},
	{moto, "CreateAlias", `{"AliasName":"alias/a:b","TargetKeyId":"{sym}"}`, invalid,
		"alias/a:b contains invalid characters for an alias", ""},
	{moto, "CreateAlias", `{"AliasName":"alias/a b","TargetKeyId":"{sym}"}`, invalid, oneError +
		"Value 'alias/a b' at 'aliasName' failed to satisfy constraint: Member must satisfy regular " +
		"expression pattern: ^[a-zA-Z0-9:/_-]+$", ""},
	{moto, "CreateAlias", `{"AliasName":"alias/aws/s3","TargetKeyId":"{sym}"}`,
		"NotAuthorizedException", "*", ""},
	{moto, "CreateAlias", `{"AliasName":"alias/taken","TargetKeyId":"{sym}"}`,
		"AlreadyExistsException", "An alias with the name " +
			"arn:aws:kms:us-east-1:111122223333:alias/taken already exists", ""},
	{moto, "CreateAlias", `{"AliasName":"alias/b","TargetKeyId":"alias/taken"}`, invalid,
		"Aliases must refer to keys. Not aliases", ""},

	{localKMS, "CreateKey", `{"KeySpec":"RSA_2048","CustomerMasterKeySpec":"RSA_2048",` +
		`"KeyUsage":"ENCRYPT_DECRYPT"}`, invalid, bothSpecs, ""},
	{localStack, "CreateKey", `{"KeySpec":"HMAC_256"}`, invalid, "You must specify a KeyUsage value " +
		"for all KMS keys except for symmetric encryption keys.", ""},
	{localStack, "CreateKey", `{"KeySpec":"RSA_2048","KeyUsage":"KEY_AGREEMENT"}`, invalid,
		"KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048", ""},
	// AWS has added values since.
	{localStack, "CreateKey", `{"KeySpec":"HMAC_random"}`, invalid, oneError + "Value 'HMAC_random' " +
		"at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: [RSA_2048, " +
		"ECC_NIST_P384, ECC_NIST_P256, ECC_NIST_P521, HMAC_384, RSA_3072, ECC_SECG_P256K1, RSA_4096, " +
		"SYMMETRIC_DEFAULT, HMAC_256, HMAC_224, HMAC_512*", ""},
	{localStack, "CreateKey", `{"KeySpec":"HMAC_256","KeyUsage":"RANDOM"}`, invalid, oneError +
		"Value 'RANDOM' at 'keyUsage' failed to satisfy constraint: Member must satisfy enum value " +
		"set: [ENCRYPT_DECRYPT, SIGN_VERIFY, GENERATE_VERIFY_MAC*", ""},

	{localStack, "CreateKey", `{"Tags":[{"TagKey":"aws:key1","TagValue":"v"}]}`, "TagException",
		"Tags beginning with aws: are reserved", ""},
	{localStack, "TagResource", `{"KeyId":"{sym}","Tags":[{"TagKey":"AWS:key1","TagValue":"v"}]}`,
		"TagException", "Tags beginning with aws: are reserved", ""},
	{localStack, "TagResource", `{"KeyId":"{sym}","Tags":[{"TagKey":"a","TagValue":"1"},` +
		`{"TagKey":"a","TagValue":"2"}]}`, "TagException", "Duplicate tag keys", ""},
	{localStack, "CreateKey", `{"Tags":[{"TagKey":"{129}","TagValue":"v"}]}`, invalid, oneError +
		"Value '{129}' at 'tags.1.member.tagKey' failed to satisfy constraint: Member must have length " +
		"less than or equal to 128", ""},
	{reported, "CreateKey", `{"Tags":[{"TagKey":"Owner","TagValue":"My & My Team"}]}`, "TagException",
		"Invalid tag", ""},
	{reported, "TagResource", `{"KeyId":"{sym}","Tags":[{"TagKey":"a,b","TagValue":""}]}`,
		"TagException", "Invalid tag", ""},

	{localStack, "Encrypt", `{"KeyId":"{sym}","Plaintext":"{4128}"}`, invalid, oneError +
		"Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal " +
		"to 4096", ""},
	{reported, "Encrypt", `{"KeyId":"{sym}","Plaintext":""}`, invalid, oneError + "Value at " +
		"'plaintext' failed to satisfy constraint: Member must have length greater than or " +
		"equal to 1", ""},
	{localStack, "Encrypt", `{"KeyId":"{rsa}","Plaintext":"{300}",` +
		`"EncryptionAlgorithm":"RSAES_OAEP_SHA_256"}`, invalid,
		"Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes.",
		""},
	{reported, "Encrypt", `{"KeyId":"{rsa}","Plaintext":"eA=="}`, wrongUsage,
		"Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.", ""},
	{localStack, "Encrypt", `{"KeyId":"{sign}","Plaintext":"eA=="}`, wrongUsage,
		"{sign.arn} key usage is SIGN_VERIFY which is not valid for Encrypt.", ""},
	{localStack, "Encrypt", `{"KeyId":"{external}","Plaintext":"eA=="}`, "KMSInvalidStateException",
		"{external.arn} is pending import.", ""},
	{localStack, "Decrypt", `{"CiphertextBlob":"{sym.blob}"}`, "InvalidCiphertextException", "-", ""},
	{localStack, "Decrypt", `{"CiphertextBlob":"{sym.blob}","KeyId":"{hmac}"}`,
		"IncorrectKeyException", incorrect, ""},
	{localStack, "ReEncrypt", `{"CiphertextBlob":"{sym.blob}","SourceKeyId":"{hmac}",` +
		`"DestinationKeyId":"{hmac}"}`, "IncorrectKeyException", incorrect, ""},
	{localStack, "ReEncrypt", `{"CiphertextBlob":"{sym.blob}","SourceEncryptionContext":` +
		`{"context-key":"value"},"DestinationKeyId":"{sign}"}`, wrongUsage,
		"{sign.arn} key usage is SIGN_VERIFY which is not valid for ReEncryptTo.", ""},
	{moto, "GenerateDataKey", `{"KeyId":"{sym}"}`, invalid,
		"Please specify either number of bytes or key spec.", ""},
	{moto, "GenerateDataKey", `{"KeyId":"{sym}","KeySpec":"AES_256","NumberOfBytes":16}`, invalid,
		"Please specify either number of bytes or key spec.", ""},
	{moto, "GenerateDataKey", `{"KeyId":"{sym}","KeySpec":"AES_257"}`, invalid, oneError +
		"Value 'AES_257' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value " +
		"set: [AES_256, AES_128]", ""},

	{localStack, "GenerateMac", `{"KeyId":"{hmac224}","Message":"eA==","MacAlgorithm":"HMAC_SHA_256"}`,
		wrongUsage, "Algorithm HMAC_SHA_256 is incompatible with key spec HMAC_224.", ""},
	{localStack, "GenerateMac", `{"KeyId":"{hmac}","Message":"eA==","MacAlgorithm":"INVALID"}`,
		invalid, oneError + "Value 'INVALID' at 'macAlgorithm' failed to satisfy constraint: " + macs, ""},
	{localStack, "GenerateMac", `{"KeyId":"{sym}","Message":"eA==","MacAlgorithm":"HMAC_SHA_224"}`,
		wrongUsage, "{sym.arn} key usage is ENCRYPT_DECRYPT which is not valid for GenerateMac.", ""},
	{localStack, "VerifyMac", `{"KeyId":"{hmac}","Message":"eA==","MacAlgorithm":"HMAC_SHA_256",` +
		`"Mac":"eA=="}`, "KMSInvalidMacException", "-", ""},
	{localStack, "Sign", `{"KeyId":"{hmac}","Message":"eA==","SigningAlgorithm":"RSASSA_PSS_SHA_256"}`,
		wrongUsage, "{hmac.arn} key usage is GENERATE_VERIFY_MAC which is not valid for Sign.", ""},
	{localStack, "Sign", `{"KeyId":"{sign}","Message":"eA==","SigningAlgorithm":"ECDSA_SHA_256",` +
		`"MessageType":"DIGEST"}`, invalid, "Digest is invalid length for algorithm ECDSA_SHA_256.", ""},
	{localStack, "Verify", `{"KeyId":"{sign}","Message":"eQ==","SigningAlgorithm":"ECDSA_SHA_256",` +
		`"Signature":"{sign.blob}"}`, "KMSInvalidSignatureException", "-", ""},
	{localStack, "DeriveSharedSecret", `{"KeyId":"{sign}","KeyAgreementAlgorithm":"ECDH",` +
		`"PublicKey":"eA=="}`, wrongUsage,
		"{sign.arn} key usage is SIGN_VERIFY which is not valid for DeriveSharedSecret.", ""},
	{localStack, "DeriveSharedSecret", `{"KeyId":"{agree}","KeyAgreementAlgorithm":"INVALID",` +
		`"PublicKey":"eA=="}`, invalid, oneError + "Value 'INVALID' at 'keyAgreementAlgorithm' failed " +
		"to satisfy constraint: Member must satisfy enum value set: [ECDH]", ""},
	{localStack, "DeriveSharedSecret", `{"KeyId":"{agree}","KeyAgreementAlgorithm":"ECDH",` +
		`"PublicKey":"eA=="}`, invalid, "-", ""},

	{localStack, "GetParametersForImport", `{"KeyId":"{sym}","WrappingAlgorithm":` +
		`"RSAES_OAEP_SHA_256","WrappingKeySpec":"RSA_2048"}`, "UnsupportedOperationException",
		"{sym.arn} origin is AWS_KMS which is not valid for this operation.", ""},
	{localStack, "RotateKeyOnDemand", `{"KeyId":"{rsa}"}`, "UnsupportedOperationException", "-", ""},
	{localStack, "RotateKeyOnDemand", `{"KeyId":"{off}"}`, "DisabledException",
		"{off.arn} is disabled.", ""},
	{localStack, "ReplicateKey", `{"KeyId":"{sym}","ReplicaRegion":"eu-central-1"}`,
		"UnsupportedOperationException", "{sym.arn} is not a multi-region primary key.", ""},
}
