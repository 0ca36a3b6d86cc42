package apitest_test

// What is known of KMS beside what the types say. docs/compatibility-kms.md is made of it; see compatibility_test.go.

// noOperation has AWS's operations that are refused by name, as UnknownOperationException, each with its reason.
var noOperation = map[string]string{}

// awaited has the operations that are not here yet. A row of one that is fails the test.
var awaited = map[string]bool{
	"GetParametersForImport": true, "ImportKeyMaterial": true, "DeleteImportedKeyMaterial": true,
	"CreateCustomKeyStore": true, "ConnectCustomKeyStore": true, "DescribeCustomKeyStores": true, "DisconnectCustomKeyStore": true,
	"UpdateCustomKeyStore": true, "DeleteCustomKeyStore": true,
}

// unfilled has the members that no answer has yet.
var unfilled = map[string]bool{
	"KeyMetadata.ValidTo": true, "KeyMetadata.ExpirationModel": true,
	"KeyMetadata.CustomKeyStoreId": true, "KeyMetadata.CloudHsmClusterId": true,
}

// refusedMembers has the members that are refused whatever is in them: a request that is fine but for the member, and the
// error's name. The words in capitals are those of walk.
var refusedMembers = map[string]struct{ request, code string }{
	"CreateKey.CustomKeyStoreId":      {`{"CustomKeyStoreId":"cks-0123456789abcdef0"}`, "CustomKeyStoreNotFoundException"},
	"CreateKey.XksKeyId":              {`{"XksKeyId":"k"}`, "UnsupportedOperationException"},
	"Decrypt.Recipient":               {`{"KeyId":"KEY","CiphertextBlob":"BLOB","Recipient":{"AttestationDocument":"eA=="}}`, "UnsupportedOperationException"},
	"DeriveSharedSecret.Recipient":    {`{"KeyId":"AGREER","PublicKey":"PEER","KeyAgreementAlgorithm":"ECDH","Recipient":{"AttestationDocument":"eA=="}}`, "UnsupportedOperationException"},
	"GenerateDataKey.Recipient":       {`{"KeyId":"KEY","KeySpec":"AES_256","Recipient":{"AttestationDocument":"eA=="}}`, "UnsupportedOperationException"},
	"GenerateDataKeyPair.Recipient":   {`{"KeyId":"KEY","KeyPairSpec":"ECC_NIST_P256","Recipient":{"AttestationDocument":"eA=="}}`, "UnsupportedOperationException"},
	"GenerateRandom.Recipient":        {`{"NumberOfBytes":1,"Recipient":{"AttestationDocument":"eA=="}}`, "UnsupportedOperationException"},
	"GenerateRandom.CustomKeyStoreId": {`{"NumberOfBytes":1,"CustomKeyStoreId":"cks-0123456789abcdef0"}`, "CustomKeyStoreNotFoundException"},

	"RecipientInfo.AttestationDocument":    {`GenerateRandom {"NumberOfBytes":1,"Recipient":{"AttestationDocument":"eA=="}}`, "UnsupportedOperationException"},
	"RecipientInfo.KeyEncryptionAlgorithm": {`GenerateRandom {"NumberOfBytes":1,"Recipient":{"KeyEncryptionAlgorithm":"RSAES_OAEP_SHA_256"}}`, "UnsupportedOperationException"},
}

// limited has the members that don't do all that they do with AWS, and what they do here. "*" stands for every operation.
var limited = map[string]string{
	"*.GrantTokens": "adds nothing, since a grant holds at once; refused where it isn't valid",

	"CreateKey.Policy":                               "checked and kept, and decides nothing yet",
	"PutKeyPolicy.Policy":                            "checked and kept, and decides nothing yet",
	"ReplicateKey.Policy":                            "checked and kept, and decides nothing yet",
	"ListKeyPolicies.NextMarker":                     "never there: a key has one policy",
	"GetKeyRotationStatus.OnDemandRotationStartDate": "never there: a rotation on demand is done when it is answered",

	"CreateKey.Origin": "other than `AWS_KMS` is refused with `UnsupportedOperationException`",
}

// proofs says which tests show what an operation, or a structure in its answer, does. For each member that works, one of them has to
// speak of it.
var proofs = map[string][]string{
	"CreateKey":            {"TestCreateKey", "TestEverySpecWithEveryUsage", "TestKeyTags", "TestTheLockoutCheckCanBeRenounced", "TestTheLifeOfAMultiRegionKey"},
	"DescribeKey":          {"TestKeyIdentifiers", "TestCreateKey", "TestKeyStates"},
	"ListKeys":             {"TestListings"},
	"EnableKey":            {"TestEnableAndDisable", "TestKeyStates"},
	"DisableKey":           {"TestEnableAndDisable", "TestKeyStates"},
	"ScheduleKeyDeletion":  {"TestDeletionWindow", "TestADestroyedKeyIsGone"},
	"CancelKeyDeletion":    {"TestDeletionWindow", "TestADeletionThatIsScheduledAnewKeepsItsNewTime"},
	"UpdateKeyDescription": {"TestCreateKey", "TestKeyIdentifiers"},

	"ReplicateKey":        {"TestTheLifeOfAMultiRegionKey", "TestReplicateKeyAnswersAndTheReplicaIsThere", "TestWhatReplicateKeyRefuses"},
	"UpdatePrimaryRegion": {"TestTheLifeOfAMultiRegionKey", "TestUpdatePrimaryRegion"},

	"EnableKeyRotation":    {"TestAutomaticRotation", "TestAKeyRotatesByTheClock", "TestWhatCantBeRotated"},
	"DisableKeyRotation":   {"TestAutomaticRotation", "TestAKeyRotatesByTheClock"},
	"GetKeyRotationStatus": {"TestAutomaticRotation", "TestOnlyAKeyInUseIsRotated", "TestRotationOnDemand"},
	"RotateKeyOnDemand":    {"TestRotationOnDemand", "TestNoRotationOnDemandNearAnAutomaticOne", "TestAnImportedKeyRotatesToWhatWasImported", "TestRotationUnderLoad"},
	"ListKeyRotations":     {"TestAutomaticRotation", "TestRotationOnDemand", "TestRotationsComeInPages", "TestAnImportedKeyRotatesToWhatWasImported"},
	"GetKeyLastUsage":      {"TestKeyLastUsage", "TestTheLastUsageIsThatOfTheTrail", "TestReEncryptUsesBothKeys", "TestWhatIsNoUsage"},

	"CreateAlias": {"TestAliases", "TestAKeyHasFiftyAliases"},
	"UpdateAlias": {"TestAliases", "TestAliasesStayWithTheirKind"},
	"DeleteAlias": {"TestAliases"},
	"ListAliases": {"TestListings", "TestAliases"},

	"GetKeyPolicy":    {"TestAPolicyIsReadAsItWasWritten", "TestTheDefaultPolicyIsAWSs", "TestAKeyHasOnePolicyByOneName", "TestAKeyPolicyOfItsOwn"},
	"PutKeyPolicy":    {"TestAPolicyIsReadAsItWasWritten", "TestPoliciesThatAreRefused", "TestTheLockoutCheckCanBeRenounced"},
	"ListKeyPolicies": {"TestAKeyHasOnePolicyByOneName", "TestAKeyPolicyOfItsOwn"},

	"CreateGrant": {"TestAGrantFromBeginningToEnd", "TestOneNameOneGrant", "TestGrantsThatAreRefused", "TestConstraintsAreHeldToTheContext",
		"TestOperationsThatAKeyDoesntServeCantBeGranted", "TestWhoGetsARightMayPassOnNoMore", "TestListingsOfGrants"},
	"ListGrants":          {"TestListingsOfGrants", "TestAGrantFromBeginningToEnd"},
	"ListRetirableGrants": {"TestListingsOfGrants", "TestAGrantFromBeginningToEnd"},
	"RetireGrant":         {"TestWhoMayRetireAGrant", "TestGrantsThatCantBeEnded", "TestAGrantFromBeginningToEnd"},
	"RevokeGrant":         {"TestNoUseAfterARevocation", "TestGrantsThatCantBeEnded", "TestAGrantFromBeginningToEnd"},

	"TagResource":      {"TestKeyTags"},
	"UntagResource":    {"TestKeyTags"},
	"ListResourceTags": {"TestKeyTags", "TestListings", "TestPagesOfTagsAreAllOfThem"},

	"Encrypt":   {"TestEncryptAndDecrypt", "TestEncryptionContext", "TestAsymmetricEncryption"},
	"Decrypt":   {"TestEncryptAndDecrypt", "TestEncryptionContext", "TestAsymmetricEncryption", "TestEveryAlteredCiphertextIsRefusedAlike"},
	"ReEncrypt": {"TestReEncrypt", "TestAsymmetricEncryption"},

	"GenerateDataKey":                     {"TestDataKeysAndRandom"},
	"GenerateDataKeyWithoutPlaintext":     {"TestDataKeysAndRandom"},
	"GenerateDataKeyPair":                 {"TestDataKeyPairs"},
	"GenerateDataKeyPairWithoutPlaintext": {"TestDataKeyPairs"},
	"GenerateRandom":                      {"TestDataKeysAndRandom"},

	"GetPublicKey":       {"TestEncapsulation", "TestSpecialKeysByAlias", "TestSignatures", "TestSharedSecrets", "TestEverySpecWithEveryUsage"},
	"Sign":               {"TestSignatures", "TestSignaturesByMLDSA"},
	"Verify":             {"TestSignatures", "TestSignaturesByMLDSA"},
	"GenerateMac":        {"TestMacs"},
	"VerifyMac":          {"TestMacs"},
	"DeriveSharedSecret": {"TestSharedSecrets"},
	"Encapsulate":        {"TestEncapsulation"},
	"Decapsulate":        {"TestEncapsulation"},

	"KeyMetadata":    {"TestCreateKey", "TestKeyStates", "TestDeletionWindow", "TestEverySpecWithEveryUsage", "TestTheLifeOfAMultiRegionKey", "TestEncapsulation"},
	"KeyListEntry":   {"TestListings"},
	"AliasListEntry": {"TestListings", "TestAliases"},
	"Tag":            {"TestKeyTags"},

	"RotationsListEntry": {"TestAutomaticRotation", "TestAnImportedKeyRotatesToWhatWasImported"},
	"KeyLastUsageData":   {"TestKeyLastUsage", "TestTheLastUsageIsThatOfTheTrail"},

	"GrantListEntry":   {"TestListingsOfGrants", "TestAGrantFromBeginningToEnd"},
	"GrantConstraints": {"TestConstraintsAreHeldToTheContext", "TestListingsOfGrants"},

	"MultiRegionConfiguration": {"TestTheLifeOfAMultiRegionKey"},
	"MultiRegionKey":           {"TestWhatCreateKeySaysOfAMultiRegionKey", "TestTheLifeOfAMultiRegionKey"},
}

// proofsOfAll are the tests that show what a member does in whatever operation has it.
var proofsOfAll = map[string]string{"DryRun": "TestEveryDryRun", "DryRunModifiers": "TestDryRun", "KeyId": "TestKeyIdentifiers"}
