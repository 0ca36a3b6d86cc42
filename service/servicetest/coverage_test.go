package servicetest_test

// What is known of KMS beside what the types say. docs/compatibility-kms.md is made of it; see
// compatibility_test.go.

// noOperation has AWS's operations that are refused by name, as UnknownOperationException, each
// with its reason.
var noOperation = map[string]string{}

// refusedMembers has the members that are refused whatever is in them: a request that is fine but
// for the member, and the error's name. The words in capitals are those of walk.
var refusedMembers = map[string]struct{ request, code string }{
	"CreateKey.XksKeyId":            {`{"XksKeyId":"k"}`, "UnsupportedOperationException"},
	"Decrypt.Recipient":             {`{"KeyId":"KEY","CiphertextBlob":"BLOB","Recipient":{"AttestationDocument":"eA=="}}`, "UnsupportedOperationException"},
	"DeriveSharedSecret.Recipient":  {`{"KeyId":"AGREER","PublicKey":"PEER","KeyAgreementAlgorithm":"ECDH","Recipient":{"AttestationDocument":"eA=="}}`, "UnsupportedOperationException"},
	"GenerateDataKey.Recipient":     {`{"KeyId":"KEY","KeySpec":"AES_256","Recipient":{"AttestationDocument":"eA=="}}`, "UnsupportedOperationException"},
	"GenerateDataKeyPair.Recipient": {`{"KeyId":"KEY","KeyPairSpec":"ECC_NIST_P256","Recipient":{"AttestationDocument":"eA=="}}`, "UnsupportedOperationException"},
	"GenerateRandom.Recipient": {`{"NumberOfBytes":1,"Recipient":{"AttestationDocument":"eA=="}}`,
		"UnsupportedOperationException"},

	"CreateCustomKeyStore.XksProxyUriEndpoint":                {`{"CustomKeyStoreName":"NEW","CloudHsmClusterId":"CLUSTER","KeyStorePassword":"4711-user-pin","TrustAnchorCertificate":"x","XksProxyUriEndpoint":"https://xks.example.com"}`, "UnsupportedOperationException"},
	"UpdateCustomKeyStore.XksProxyUriEndpoint":                {`{"CustomKeyStoreId":"VAULT","NewCustomKeyStoreName":"NEW","XksProxyUriEndpoint":"https://xks.example.com"}`, "UnsupportedOperationException"},
	"CreateCustomKeyStore.XksProxyUriPath":                    {`{"CustomKeyStoreName":"NEW","CloudHsmClusterId":"CLUSTER","KeyStorePassword":"4711-user-pin","TrustAnchorCertificate":"x","XksProxyUriPath":"/kms/xks/v1"}`, "UnsupportedOperationException"},
	"UpdateCustomKeyStore.XksProxyUriPath":                    {`{"CustomKeyStoreId":"VAULT","NewCustomKeyStoreName":"NEW","XksProxyUriPath":"/kms/xks/v1"}`, "UnsupportedOperationException"},
	"CreateCustomKeyStore.XksProxyVpcEndpointServiceName":     {`{"CustomKeyStoreName":"NEW","CloudHsmClusterId":"CLUSTER","KeyStorePassword":"4711-user-pin","TrustAnchorCertificate":"x","XksProxyVpcEndpointServiceName":"com.amazonaws.vpce.us-east-1.vpce-svc-example"}`, "UnsupportedOperationException"},
	"UpdateCustomKeyStore.XksProxyVpcEndpointServiceName":     {`{"CustomKeyStoreId":"VAULT","NewCustomKeyStoreName":"NEW","XksProxyVpcEndpointServiceName":"com.amazonaws.vpce.us-east-1.vpce-svc-example"}`, "UnsupportedOperationException"},
	"CreateCustomKeyStore.XksProxyVpcEndpointServiceOwner":    {`{"CustomKeyStoreName":"NEW","CloudHsmClusterId":"CLUSTER","KeyStorePassword":"4711-user-pin","TrustAnchorCertificate":"x","XksProxyVpcEndpointServiceOwner":"111122223333"}`, "UnsupportedOperationException"},
	"UpdateCustomKeyStore.XksProxyVpcEndpointServiceOwner":    {`{"CustomKeyStoreId":"VAULT","NewCustomKeyStoreName":"NEW","XksProxyVpcEndpointServiceOwner":"111122223333"}`, "UnsupportedOperationException"},
	"CreateCustomKeyStore.XksProxyConnectivity":               {`{"CustomKeyStoreName":"NEW","CloudHsmClusterId":"CLUSTER","KeyStorePassword":"4711-user-pin","TrustAnchorCertificate":"x","XksProxyConnectivity":"PUBLIC_ENDPOINT"}`, "UnsupportedOperationException"},
	"UpdateCustomKeyStore.XksProxyConnectivity":               {`{"CustomKeyStoreId":"VAULT","NewCustomKeyStoreName":"NEW","XksProxyConnectivity":"PUBLIC_ENDPOINT"}`, "UnsupportedOperationException"},
	"CreateCustomKeyStore.XksProxyAuthenticationCredential":   {`{"CustomKeyStoreName":"NEW","CloudHsmClusterId":"CLUSTER","KeyStorePassword":"4711-user-pin","TrustAnchorCertificate":"x","XksProxyAuthenticationCredential":{"AccessKeyId":"ABCDEFGHIJ2345672345","RawSecretAccessKey":"sssssssssssssssssssssssssssssssssssssssssss"}}`, "UnsupportedOperationException"},
	"UpdateCustomKeyStore.XksProxyAuthenticationCredential":   {`{"CustomKeyStoreId":"VAULT","NewCustomKeyStoreName":"NEW","XksProxyAuthenticationCredential":{"AccessKeyId":"ABCDEFGHIJ2345672345","RawSecretAccessKey":"sssssssssssssssssssssssssssssssssssssssssss"}}`, "UnsupportedOperationException"},
	"XksProxyAuthenticationCredentialType.AccessKeyId":        {`UpdateCustomKeyStore {"CustomKeyStoreId":"VAULT","NewCustomKeyStoreName":"NEW","XksProxyAuthenticationCredential":{"AccessKeyId":"ABCDEFGHIJ2345672345","RawSecretAccessKey":"sssssssssssssssssssssssssssssssssssssssssss"}}`, "UnsupportedOperationException"},
	"XksProxyAuthenticationCredentialType.RawSecretAccessKey": {`UpdateCustomKeyStore {"CustomKeyStoreId":"VAULT","NewCustomKeyStoreName":"NEW","XksProxyAuthenticationCredential":{"AccessKeyId":"ABCDEFGHIJ2345672345","RawSecretAccessKey":"sssssssssssssssssssssssssssssssssssssssssss"}}`, "UnsupportedOperationException"},

	"RecipientInfo.AttestationDocument":    {`GenerateRandom {"NumberOfBytes":1,"Recipient":{"AttestationDocument":"eA=="}}`, "UnsupportedOperationException"},
	"RecipientInfo.KeyEncryptionAlgorithm": {`GenerateRandom {"NumberOfBytes":1,"Recipient":{"KeyEncryptionAlgorithm":"RSAES_OAEP_SHA_256"}}`, "UnsupportedOperationException"},
}

// limited has the members that don't do all that they do with AWS, and what they do here. "*"
// stands for every operation.
var limited = map[string]string{
	"*.GrantTokens": "adds nothing, since a grant holds at once; refused where it isn't valid",

	"CreateKey.Policy":           "checked and kept, and decides nothing yet",
	"PutKeyPolicy.Policy":        "checked and kept, and decides nothing yet",
	"ReplicateKey.Policy":        "checked and kept, and decides nothing yet",
	"ListKeyPolicies.NextMarker": "never there: a key has one policy",
	"GetKeyRotationStatus.OnDemandRotationStartDate": "never there: a rotation on demand is done " +
		"when it is answered",

	"CreateKey.Origin": "`EXTERNAL_KEY_STORE` is refused with `UnsupportedOperationException`",
}

// proven are the packages whose tests may be named below: those that perform operations.
var proven = []string{"service/servicetest", "keystore/..."}

// proofs says which tests show what an operation, or a structure in its answer, does. For each
// member that works, one of them has to speak of it. That each is a test is shown by
// TestProofs_NamedTest_Exists, so that whoever renames a test hears of it.
var proofs = map[string][]string{
	"CreateKey": {"TestCreateKey", "TestEverySpecWithEveryUsage", "TestKeyTags",
		"TestTheLockoutCheckCanBeRenounced", "TestTheLifeOfAMultiRegionKey", "TestCustomKeyStore_WrongInput_IsRefusedByName"},
	"DescribeKey":         {"TestKeyIdentifiers", "TestCreateKey", "TestKeyStates"},
	"ListKeys":            {"TestListings"},
	"EnableKey":           {"TestEnableAndDisable", "TestKeyStates"},
	"DisableKey":          {"TestEnableAndDisable", "TestKeyStates"},
	"ScheduleKeyDeletion": {"TestDeletionWindow", "TestDeleteKey_WindowOver_KeyIsGone"},
	"CancelKeyDeletion": {"TestDeletionWindow",
		"TestScheduleKeyDeletion_ScheduledAnew_KeepsNewTime"},
	"UpdateKeyDescription": {"TestCreateKey", "TestKeyIdentifiers"},

	"ReplicateKey": {"TestTheLifeOfAMultiRegionKey",
		"TestReplicateKeyAnswersAndTheReplicaIsThere", "TestWhatReplicateKeyRefuses"},
	"UpdatePrimaryRegion": {"TestTheLifeOfAMultiRegionKey", "TestUpdatePrimaryRegion"},

	"EnableKeyRotation": {"TestAutomaticRotation", "TestAKeyRotatesByTheClock",
		"TestWhatCantBeRotated"},
	"DisableKeyRotation": {"TestAutomaticRotation", "TestAKeyRotatesByTheClock"},
	"GetKeyRotationStatus": {"TestAutomaticRotation", "TestOnlyAKeyInUseIsRotated",
		"TestRotationOnDemand"},
	"RotateKeyOnDemand": {"TestRotationOnDemand", "TestNoRotationOnDemandNearAnAutomaticOne",
		"TestAnImportedKeyRotatesToWhatWasImported", "TestRotationUnderLoad"},
	"ListKeyRotations": {"TestAutomaticRotation", "TestRotationOnDemand",
		"TestRotationsComeInPages", "TestAnImportedKeyRotatesToWhatWasImported"},
	"GetKeyLastUsage": {"TestKeyLastUsage", "TestTheLastUsageIsThatOfTheTrail",
		"TestReEncryptUsesBothKeys", "TestWhatIsNoUsage"},

	"GetParametersForImport": {"TestImportedMaterial_BySDK_ExpiresAndComesBack",
		"TestGetParametersForImport_WrappingThatIsNotServed_IsRefused",
		"TestGetParametersForImport_MaterialTooLongForThePair_IsRefused",
		"TestImportPair_AfterADay_IsGone"},
	"ImportKeyMaterial": {"TestImportedMaterial_BySDK_ExpiresAndComesBack",
		"TestImportKeyMaterial_EverySpecAndUsage_IsTheOwnersKey",
		"TestImportKeyMaterial_BadRequest_ChangesNothing",
		"TestImportKeyMaterial_WrappedByOpenSSL_IsTaken",
		"TestImportAttempts_TenFailures_EndThePair"},
	"DeleteImportedKeyMaterial": {"TestImportedMaterial_BySDK_ExpiresAndComesBack",
		"TestDeleteImportedKeyMaterial_SymmetricKey_ComesBackByTheSameBytes",
		"TestDeleteImportedKeyMaterial_ImportsAtTheSameTime_AreInSomeOrder"},

	"CreateAlias": {"TestAliases", "TestAKeyHasFiftyAliases"},
	"UpdateAlias": {"TestAliases", "TestAliasesStayWithTheirKind"},
	"DeleteAlias": {"TestAliases"},
	"ListAliases": {"TestListings", "TestAliases"},

	"GetKeyPolicy": {"TestAPolicyIsReadAsItWasWritten", "TestTheDefaultPolicyIsAWSs",
		"TestAKeyHasOnePolicyByOneName", "TestAKeyPolicyOfItsOwn"},
	"PutKeyPolicy": {"TestAPolicyIsReadAsItWasWritten", "TestPoliciesThatAreRefused",
		"TestTheLockoutCheckCanBeRenounced"},
	"ListKeyPolicies": {"TestAKeyHasOnePolicyByOneName", "TestAKeyPolicyOfItsOwn"},

	"CreateGrant": {"TestAGrantFromBeginningToEnd", "TestOneNameOneGrant",
		"TestCreateGrant_MembersThatDoNotFit_AreRefused",
		"TestGrantConstraints_EncryptionContext_IsHeldToThem", "TestCreateGrant_OperationThatTheKeyDoesNotServe_IsRefused",
		"TestCreateGrant_ByAGrantee_AllowsNoMoreThanItsGrant", "TestListGrants_EachFilterAndLimit_ListsEachGrantOnce"},
	"ListGrants": {"TestListGrants_EachFilterAndLimit_ListsEachGrantOnce",
		"TestAGrantFromBeginningToEnd"},
	"ListRetirableGrants": {"TestListGrants_EachFilterAndLimit_ListsEachGrantOnce",
		"TestAGrantFromBeginningToEnd"},
	"RetireGrant": {"TestRetireGrant_EachCaller_IsAllowedAsTheGrantSays",
		"TestRetireGrant_WhatNamesNoGrant_IsRefused", "TestAGrantFromBeginningToEnd"},
	"RevokeGrant": {"TestRevokeGrant_KeyInUse_IsDeniedAtOnce",
		"TestRevokeGrant_WhatNamesNoGrant_IsRefused", "TestAGrantFromBeginningToEnd"},

	"TagResource":      {"TestKeyTags"},
	"UntagResource":    {"TestKeyTags"},
	"ListResourceTags": {"TestKeyTags", "TestListings", "TestPagesOfTagsAreAllOfThem"},

	"Encrypt": {"TestEncryptAndDecrypt", "TestEncryptionContext", "TestAsymmetricEncryption"},
	"Decrypt": {"TestEncryptAndDecrypt", "TestEncryptionContext", "TestAsymmetricEncryption",
		"TestEveryAlteredCiphertextIsRefusedAlike"},
	"ReEncrypt": {"TestReEncrypt", "TestAsymmetricEncryption"},

	"GenerateDataKey":                     {"TestDataKeysAndRandom"},
	"GenerateDataKeyWithoutPlaintext":     {"TestDataKeysAndRandom"},
	"GenerateDataKeyPair":                 {"TestDataKeyPairs"},
	"GenerateDataKeyPairWithoutPlaintext": {"TestDataKeyPairs"},
	"GenerateRandom": {"TestDataKeysAndRandom",
		"TestCustomKeyStore_AllOperations_TakeItThroughItsLife"},

	"CreateCustomKeyStore": {"TestDescribeCustomKeyStores_TenAtMost_AreListedInPages",
		"TestCustomKeyStore_WrongInput_IsRefusedByName"},
	"DescribeCustomKeyStores": {"TestDescribeCustomKeyStores_TenAtMost_AreListedInPages",
		"TestCustomKeyStore_AllOperations_TakeItThroughItsLife"},
	"UpdateCustomKeyStore": {"TestCustomKeyStore_AllOperations_TakeItThroughItsLife",
		"TestCustomKeyStore_WrongInput_IsRefusedByName"},
	"DeleteCustomKeyStore": {"TestDeleteCustomKeyStore_KeysDeletedBefore_LeavesNothingOnItsToken",
		"TestCustomKeyStore_AllOperations_TakeItThroughItsLife"},
	"ConnectCustomKeyStore": {"TestCustomKeyStore_AllOperations_TakeItThroughItsLife",
		"TestConnectCustomKeyStore_WrongPassword_IsTriedOnce", "TestConnectedStore_Restart_IsOpenedAgain", "TestConnectedStore_TokenPulledAndPutBack_ReturnsByItself"},
	"DisconnectCustomKeyStore": {"TestCustomKeyStore_AllOperations_TakeItThroughItsLife",
		"TestDisconnectCustomKeyStore_UnderLoad_ClosesItsKeysAtOnce", "TestDisconnectedStore_SecretsUnderItsKeys_AreClosed", "TestDisconnectedStore_UsesOfItsKeys_AreRefusedByState"},
	"CustomKeyStoresListEntry": {"TestCustomKeyStore_AllOperations_TakeItThroughItsLife"},

	"GetPublicKey": {"TestEncapsulation", "TestSpecialKeysByAlias", "TestSignatures",
		"TestSharedSecrets", "TestEverySpecWithEveryUsage"},
	"Sign":               {"TestSignatures", "TestSignaturesByMLDSA"},
	"Verify":             {"TestSignatures", "TestSignaturesByMLDSA"},
	"GenerateMac":        {"TestMacs"},
	"VerifyMac":          {"TestMacs"},
	"DeriveSharedSecret": {"TestSharedSecrets"},
	"Encapsulate":        {"TestEncapsulation"},
	"Decapsulate":        {"TestEncapsulation"},

	"KeyMetadata": {"TestImportedMaterial_BySDK_ExpiresAndComesBack", "TestCreateKey",
		"TestCustomKeyStore_AllOperations_TakeItThroughItsLife", "TestKeyStates", "TestDeletionWindow", "TestEverySpecWithEveryUsage", "TestTheLifeOfAMultiRegionKey", "TestEncapsulation"},
	"KeyListEntry":   {"TestListings"},
	"AliasListEntry": {"TestListings", "TestAliases"},
	"Tag":            {"TestKeyTags"},

	"RotationsListEntry": {"TestAutomaticRotation", "TestAnImportedKeyRotatesToWhatWasImported"},
	"KeyLastUsageData":   {"TestKeyLastUsage", "TestTheLastUsageIsThatOfTheTrail"},

	"GrantListEntry": {"TestListGrants_EachFilterAndLimit_ListsEachGrantOnce",
		"TestListGrants_GrantToAService_IsToldWhole", "TestAGrantFromBeginningToEnd"},
	"GrantConstraints": {"TestGrantConstraints_EncryptionContext_IsHeldToThem",
		"TestListGrants_GrantToAService_IsToldWhole"},

	"MultiRegionConfiguration": {"TestTheLifeOfAMultiRegionKey"},
	"MultiRegionKey": {"TestWhatCreateKeySaysOfAMultiRegionKey",
		"TestTheLifeOfAMultiRegionKey"},
}

// proofsOfAll are the tests that show what a member does in whatever operation has it.
var proofsOfAll = map[string]string{
	"DryRun":          "TestEveryDryRun",
	"DryRunModifiers": "TestDryRun",
	"KeyId":           "TestKeyIdentifiers",
}

// The tests that show something of every operation and every member.
const (
	proofOfOperations  = "TestEveryOperationOfAWSIsThere"
	proofOfMembers     = "TestMembers"
	proofOfRefusals    = "TestMembersThatAreRefused"
	proofOfConstraints = "TestMalformed"
	proofOfTheRoad     = "TestRegistryWalk"
)
