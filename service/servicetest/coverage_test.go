package servicetest_test

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// What is known of KMS beside what the types say. docs/compatibility-kms.md is made of it; see
// compatibility_test.go.
var coverageOfKMS = coverage{
	service: "kms", title: "KMS", target: "TrentService", client: reflect.TypeFor[*kms.Client](),
	least: 56,
	page:  "docs/compatibility-kms.md", source: "coverage_test.go",
	refused: refusedOfKMS, limited: limitedOfKMS, proofs: proofsOfKMS, proofsOfAll: proofsOfAllOfKMS,
	proven: []string{"service/servicetest", "keystore/..."},
}

var refusedOfKMS = map[string]refusal{
	"CreateKey.XksKeyId":            {`{"XksKeyId":"k"}`, "UnsupportedOperationException"},
	"Decrypt.Recipient":             {`{"KeyId":"KEY","CiphertextBlob":"BLOB","Recipient":{"AttestationDocument":"eA=="}}`, "UnsupportedOperationException"},
	"DeriveSharedSecret.Recipient":  {`{"KeyId":"AGREER","PublicKey":"PEER","KeyAgreementAlgorithm":"ECDH","Recipient":{"AttestationDocument":"eA=="}}`, "UnsupportedOperationException"},
	"GenerateDataKey.Recipient":     {`{"KeyId":"KEY","KeySpec":"AES_256","Recipient":{"AttestationDocument":"eA=="}}`, "UnsupportedOperationException"},
	"GenerateDataKeyPair.Recipient": {`{"KeyId":"KEY","KeyPairSpec":"ECC_NIST_P256","Recipient":{"AttestationDocument":"eA=="}}`, "UnsupportedOperationException"},
	"GenerateRandom.Recipient": {`{"NumberOfBytes":1,"Recipient":{"AttestationDocument":"eA=="}}`,
		"UnsupportedOperationException"},

	"CreateCustomKeyStore.XksProxyUriEndpoint":                {`{"CustomKeyStoreName":"NEW","CloudHsmClusterId":"CLUSTER","KeyStorePassword":"4711-user-pin","TrustAnchorCertificate":"x","XksProxyUriEndpoint":"https://xks.example.com"}`, "UnsupportedOperationException"},
	"UpdateCustomKeyStore.XksProxyUriEndpoint":                {`{"CustomKeyStoreId":"STORE","NewCustomKeyStoreName":"NEW","XksProxyUriEndpoint":"https://xks.example.com"}`, "UnsupportedOperationException"},
	"CreateCustomKeyStore.XksProxyUriPath":                    {`{"CustomKeyStoreName":"NEW","CloudHsmClusterId":"CLUSTER","KeyStorePassword":"4711-user-pin","TrustAnchorCertificate":"x","XksProxyUriPath":"/kms/xks/v1"}`, "UnsupportedOperationException"},
	"UpdateCustomKeyStore.XksProxyUriPath":                    {`{"CustomKeyStoreId":"STORE","NewCustomKeyStoreName":"NEW","XksProxyUriPath":"/kms/xks/v1"}`, "UnsupportedOperationException"},
	"CreateCustomKeyStore.XksProxyVpcEndpointServiceName":     {`{"CustomKeyStoreName":"NEW","CloudHsmClusterId":"CLUSTER","KeyStorePassword":"4711-user-pin","TrustAnchorCertificate":"x","XksProxyVpcEndpointServiceName":"com.amazonaws.vpce.us-east-1.vpce-svc-example"}`, "UnsupportedOperationException"},
	"UpdateCustomKeyStore.XksProxyVpcEndpointServiceName":     {`{"CustomKeyStoreId":"STORE","NewCustomKeyStoreName":"NEW","XksProxyVpcEndpointServiceName":"com.amazonaws.vpce.us-east-1.vpce-svc-example"}`, "UnsupportedOperationException"},
	"CreateCustomKeyStore.XksProxyVpcEndpointServiceOwner":    {`{"CustomKeyStoreName":"NEW","CloudHsmClusterId":"CLUSTER","KeyStorePassword":"4711-user-pin","TrustAnchorCertificate":"x","XksProxyVpcEndpointServiceOwner":"111122223333"}`, "UnsupportedOperationException"},
	"UpdateCustomKeyStore.XksProxyVpcEndpointServiceOwner":    {`{"CustomKeyStoreId":"STORE","NewCustomKeyStoreName":"NEW","XksProxyVpcEndpointServiceOwner":"111122223333"}`, "UnsupportedOperationException"},
	"CreateCustomKeyStore.XksProxyConnectivity":               {`{"CustomKeyStoreName":"NEW","CloudHsmClusterId":"CLUSTER","KeyStorePassword":"4711-user-pin","TrustAnchorCertificate":"x","XksProxyConnectivity":"PUBLIC_ENDPOINT"}`, "UnsupportedOperationException"},
	"UpdateCustomKeyStore.XksProxyConnectivity":               {`{"CustomKeyStoreId":"STORE","NewCustomKeyStoreName":"NEW","XksProxyConnectivity":"PUBLIC_ENDPOINT"}`, "UnsupportedOperationException"},
	"CreateCustomKeyStore.XksProxyAuthenticationCredential":   {`{"CustomKeyStoreName":"NEW","CloudHsmClusterId":"CLUSTER","KeyStorePassword":"4711-user-pin","TrustAnchorCertificate":"x","XksProxyAuthenticationCredential":{"AccessKeyId":"ABCDEFGHIJ2345672345","RawSecretAccessKey":"sssssssssssssssssssssssssssssssssssssssssss"}}`, "UnsupportedOperationException"},
	"UpdateCustomKeyStore.XksProxyAuthenticationCredential":   {`{"CustomKeyStoreId":"STORE","NewCustomKeyStoreName":"NEW","XksProxyAuthenticationCredential":{"AccessKeyId":"ABCDEFGHIJ2345672345","RawSecretAccessKey":"sssssssssssssssssssssssssssssssssssssssssss"}}`, "UnsupportedOperationException"},
	"XksProxyAuthenticationCredentialType.AccessKeyId":        {`UpdateCustomKeyStore {"CustomKeyStoreId":"STORE","NewCustomKeyStoreName":"NEW","XksProxyAuthenticationCredential":{"AccessKeyId":"ABCDEFGHIJ2345672345","RawSecretAccessKey":"sssssssssssssssssssssssssssssssssssssssssss"}}`, "UnsupportedOperationException"},
	"XksProxyAuthenticationCredentialType.RawSecretAccessKey": {`UpdateCustomKeyStore {"CustomKeyStoreId":"STORE","NewCustomKeyStoreName":"NEW","XksProxyAuthenticationCredential":{"AccessKeyId":"ABCDEFGHIJ2345672345","RawSecretAccessKey":"sssssssssssssssssssssssssssssssssssssssssss"}}`, "UnsupportedOperationException"},

	"RecipientInfo.AttestationDocument":    {`GenerateRandom {"NumberOfBytes":1,"Recipient":{"AttestationDocument":"eA=="}}`, "UnsupportedOperationException"},
	"RecipientInfo.KeyEncryptionAlgorithm": {`GenerateRandom {"NumberOfBytes":1,"Recipient":{"KeyEncryptionAlgorithm":"RSAES_OAEP_SHA_256"}}`, "UnsupportedOperationException"},
}

const overLimit = "more than 100 counts as 100; that AWS does so is likely, not known"

var limitedOfKMS = map[string]string{
	"*.GrantTokens": "adds nothing, since a grant holds at once; refused where it isn't valid",

	"ListKeyPolicies.NextMarker": "never there: a key has one policy",
	"GetKeyRotationStatus.OnDemandRotationStartDate": "never there: a rotation on demand is done " +
		"when it is answered",

	"ListAliases.Limit":         overLimit,
	"ListGrants.Limit":          overLimit,
	"ListRetirableGrants.Limit": overLimit,
	"ListResourceTags.Limit":    "more than 50 counts as 50; that AWS does so is likely, not known",

	"KeyMetadata.SigningAlgorithms":  "only those by which the device signs",
	"GetPublicKey.SigningAlgorithms": "only those by which the device signs",
	"GrantConstraints.EncryptionContextEquals": "empty beside a subset it is absent, as with AWS; " +
		"empty and alone it admits the empty context only, which is not known of AWS",
	"GrantListEntry.GranteeServicePrincipal": "there if the grant has a `SourceArn`; a service " +
		"without one stands in `GranteePrincipal`",
	"GrantListEntry.RetiringServicePrincipal": "there if the grant has a `SourceArn`; a service " +
		"without one stands in `RetiringPrincipal`",

	"CreateKey.Origin": "`EXTERNAL_KEY_STORE` is refused with `UnsupportedOperationException`",
}

var proofsOfKMS = map[string][]string{
	"CreateKey": {"TestCreateKey_DefaultsAndLimits_IsMadeOrRefused",
		"TestCreateKey_EverySpecAndUsage_IsMadeOrRefused", "TestTagResource_TagsOfAKey_AreListed",
		"TestPutKeyPolicy_LockoutCheckBypassed_LocksOut",
		"TestMultiRegionKey_MadeToDeleted_IsSeenInEachRegion",
		"TestCustomKeyStore_WrongInput_IsRefusedByName"},
	"DescribeKey": {"TestKeyID_EachForm_IsTakenOrRefused",
		"TestCreateKey_DefaultsAndLimits_IsMadeOrRefused",
		"TestKeyState_SDKCalls_AreAnsweredInAWSsWords"},
	"ListKeys": {"TestList_EachPageSize_GivesAllOnce"},
	"EnableKey": {"TestDisableKey_TwiceAndEnabledAgain_IsDescribed",
		"TestKeyState_SDKCalls_AreAnsweredInAWSsWords"},
	"DisableKey": {"TestDisableKey_TwiceAndEnabledAgain_IsDescribed",
		"TestKeyState_SDKCalls_AreAnsweredInAWSsWords"},
	"ScheduleKeyDeletion": {"TestScheduleKeyDeletion_WindowOver_LeavesNothing",
		"TestDeleteKey_WindowOver_KeyIsGone"},
	"CancelKeyDeletion": {"TestScheduleKeyDeletion_WindowOver_LeavesNothing",
		"TestScheduleKeyDeletion_ScheduledAnew_KeepsNewTime"},
	"UpdateKeyDescription": {"TestCreateKey_DefaultsAndLimits_IsMadeOrRefused",
		"TestKeyID_EachForm_IsTakenOrRefused"},

	"ReplicateKey": {"TestMultiRegionKey_MadeToDeleted_IsSeenInEachRegion",
		"TestReplicateKey_Answered_ReplicaIsThere", "TestReplicateKey_WrongKeyOrRegion_IsRefused"},
	"UpdatePrimaryRegion": {"TestMultiRegionKey_MadeToDeleted_IsSeenInEachRegion",
		"TestUpdatePrimaryRegion_EachRegion_IsPromotedOrRefused"},

	"EnableKeyRotation": {"TestEnableKeyRotation_PeriodOver_GivesNewMaterial",
		"TestEnableKeyRotation_PeriodOver_RotatesEachTime", "TestRotation_AsymmetricOrHMACKey_IsRefused"},
	"DisableKeyRotation": {"TestEnableKeyRotation_PeriodOver_GivesNewMaterial",
		"TestEnableKeyRotation_PeriodOver_RotatesEachTime"},
	"GetKeyRotationStatus": {"TestEnableKeyRotation_PeriodOver_GivesNewMaterial",
		"TestRotation_DisabledOrPendingDeletion_WaitsUntilEnabled",
		"TestRotateKeyOnDemand_LimitAndErrors_AreAWSs"},
	"RotateKeyOnDemand": {"TestRotateKeyOnDemand_LimitAndErrors_AreAWSs",
		"TestRotateKeyOnDemand_NearAnAutomaticRotation_IsAConflict",
		"TestRotateKeyOnDemand_ImportedKey_RotatesToThePendingMaterial",
		"TestRotateKeyOnDemand_UnderLoad_EverythingOpens"},
	"ListKeyRotations": {"TestEnableKeyRotation_PeriodOver_GivesNewMaterial",
		"TestRotateKeyOnDemand_LimitAndErrors_AreAWSs", "TestListKeyRotations_InPages_ListsEachOnce",
		"TestRotateKeyOnDemand_ImportedKey_RotatesToThePendingMaterial"},
	"GetKeyLastUsage": {"TestGetKeyLastUsage_UsedKey_NamesTheTrailsEvent",
		"TestGetKeyLastUsage_EachOperation_IsThatOfItsRecord",
		"TestGetKeyLastUsage_ReEncrypt_IsOfBothKeys", "TestGetKeyLastUsage_FailedRequests_AreNoUsage"},

	"GetParametersForImport": {"TestImportedMaterial_BySDK_ExpiresAndComesBack",
		"TestGetParametersForImport_WrappingThatIsNotServed_IsRefused",
		"TestGetParametersForImport_MaterialTooLongForThePair_IsRefused",
		"TestImportPair_AfterADay_IsGone"},
	"ImportKeyMaterial": {"TestImportedMaterial_BySDK_ExpiresAndComesBack",
		"TestImportKeyMaterial_EverySpecAndUsage_IsTheOwnersKey",
		"TestImportKeyMaterial_BadRequest_ChangesNothing",
		"TestImportKeyMaterial_WrappedByOpenSSL_IsTaken", "TestImportAttempts_TenFailures_EndThePair"},
	"DeleteImportedKeyMaterial": {"TestImportedMaterial_BySDK_ExpiresAndComesBack",
		"TestDeleteImportedKeyMaterial_SymmetricKey_ComesBackByTheSameBytes",
		"TestDeleteImportedKeyMaterial_ImportsAtTheSameTime_AreInSomeOrder"},

	"CreateAlias": {"TestAlias_CreatedMovedDeleted_NamesItsKey",
		"TestCreateAlias_FiftyFirst_IsRefused"},
	"UpdateAlias": {"TestAlias_CreatedMovedDeleted_NamesItsKey",
		"TestUpdateAlias_KeyOfAnotherKind_IsRefused"},
	"DeleteAlias": {"TestAlias_CreatedMovedDeleted_NamesItsKey"},
	"ListAliases": {"TestList_EachPageSize_GivesAllOnce",
		"TestAlias_CreatedMovedDeleted_NamesItsKey"},

	"GetKeyPolicy": {"TestPutKeyPolicy_AnySpacing_IsReadAsWritten",
		"TestGetKeyPolicy_NoPolicyGiven_IsAWSsDefault",
		"TestKeyPolicy_OtherPolicyName_IsRefused", "TestKeyPolicy_ReplacedByTerraform_IsReadBack"},
	"PutKeyPolicy": {"TestPutKeyPolicy_AnySpacing_IsReadAsWritten",
		"TestKeyPolicy_RootUser_IsShutOutByIt", "TestKeyPolicy_DenyUnderCondition_HoldsUnderIt",
		"TestKeyPolicy_ViaService_TellsSecretsFromDirectUse",
		"TestKeyPolicy_OtherAccount_UsesTheKeyByARN",
		"TestPutKeyPolicy_InvalidPolicy_IsRefused",
		"TestPutKeyPolicy_LockoutCheckBypassed_LocksOut"},
	"ListKeyPolicies": {"TestKeyPolicy_OtherPolicyName_IsRefused",
		"TestKeyPolicy_ReplacedByTerraform_IsReadBack"},

	"CreateGrant": {"TestGrant_MadeToRetired_AllowsUntilItEnds",
		"TestCreateGrant_SameNameAtOnce_MakesOneGrant",
		"TestCreateGrant_MembersThatDoNotFit_AreRefused",
		"TestGrantConstraints_EncryptionContext_IsHeldToThem",
		"TestCreateGrant_OperationThatTheKeyDoesNotServe_IsRefused",
		"TestCreateGrant_ByAGrantee_AllowsNoMoreThanItsGrant",
		"TestListGrants_EachFilterAndLimit_ListsEachGrantOnce"},
	"ListGrants": {"TestListGrants_EachFilterAndLimit_ListsEachGrantOnce",
		"TestGrant_MadeToRetired_AllowsUntilItEnds"},
	"ListRetirableGrants": {"TestListGrants_EachFilterAndLimit_ListsEachGrantOnce",
		"TestGrant_MadeToRetired_AllowsUntilItEnds"},
	"RetireGrant": {"TestRetireGrant_EachCaller_IsAllowedAsTheGrantSays",
		"TestRetireGrant_WhatNamesNoGrant_IsRefused", "TestGrant_MadeToRetired_AllowsUntilItEnds"},
	"RevokeGrant": {"TestRevokeGrant_KeyInUse_IsDeniedAtOnce",
		"TestRevokeGrant_WhatNamesNoGrant_IsRefused", "TestGrant_MadeToRetired_AllowsUntilItEnds"},

	"TagResource":   {"TestTagResource_TagsOfAKey_AreListed"},
	"UntagResource": {"TestTagResource_TagsOfAKey_AreListed"},
	"ListResourceTags": {"TestTagResource_TagsOfAKey_AreListed",
		"TestList_EachPageSize_GivesAllOnce", "TestListResourceTags_EachLimit_ListsEachTagOnce"},

	"Encrypt": {"TestDecrypt_EncryptedPlaintext_ComesBack",
		"TestEncryptionContext_OtherPairs_OpenNothing",
		"TestRSAEncryption_EachAlgorithm_DecryptsOrIsRefusedAlike"},
	"Decrypt": {"TestDecrypt_EncryptedPlaintext_ComesBack",
		"TestEncryptionContext_OtherPairs_OpenNothing",
		"TestRSAEncryption_EachAlgorithm_DecryptsOrIsRefusedAlike",
		"TestDecrypt_AlteredCiphertext_IsRefusedAlike"},
	"ReEncrypt": {"TestReEncrypt_ToAnotherKey_CarriesThePlaintext",
		"TestRSAEncryption_EachAlgorithm_DecryptsOrIsRefusedAlike"},

	"GenerateDataKey":                     {"TestGenerateDataKey_EachSize_ComesBackByDecrypt"},
	"GenerateDataKeyWithoutPlaintext":     {"TestGenerateDataKey_EachSize_ComesBackByDecrypt"},
	"GenerateDataKeyPair":                 {"TestGenerateDataKeyPair_EverySpec_ComesBackByDecrypt"},
	"GenerateDataKeyPairWithoutPlaintext": {"TestGenerateDataKeyPair_EverySpec_ComesBackByDecrypt"},
	"GenerateRandom": {"TestGenerateDataKey_EachSize_ComesBackByDecrypt",
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
		"TestConnectCustomKeyStore_WrongPassword_IsTriedOnce",
		"TestConnectedStore_Restart_IsOpenedAgain",
		"TestConnectedStore_TokenPulledAndPutBack_ReturnsByItself"},
	"DisconnectCustomKeyStore": {"TestCustomKeyStore_AllOperations_TakeItThroughItsLife",
		"TestDisconnectCustomKeyStore_UnderLoad_ClosesItsKeysAtOnce",
		"TestDisconnectedStore_SecretsUnderItsKeys_AreClosed",
		"TestDisconnectedStore_UsesOfItsKeys_AreRefusedByState"},
	"CustomKeyStoresListEntry": {"TestCustomKeyStore_AllOperations_TakeItThroughItsLife"},

	"GetPublicKey": {"TestEncapsulate_PublicKeyAlone_AgreesWithDecapsulate",
		"TestKeyID_AsymmetricAndHMACKeys_TakesAllForms", "TestSign_MessageOrDigest_VerifiesElsewhere",
		"TestDeriveSharedSecret_BothSides_Agree", "TestCreateKey_EverySpecAndUsage_IsMadeOrRefused"},
	"Sign":               {"TestSign_MessageOrDigest_VerifiesElsewhere", "TestSign_MLDSA_Verifies"},
	"Verify":             {"TestSign_MessageOrDigest_VerifiesElsewhere", "TestSign_MLDSA_Verifies"},
	"GenerateMac":        {"TestGenerateMac_EverySpec_VerifiesAsItStands"},
	"VerifyMac":          {"TestGenerateMac_EverySpec_VerifiesAsItStands"},
	"DeriveSharedSecret": {"TestDeriveSharedSecret_BothSides_Agree"},
	"Encapsulate":        {"TestEncapsulate_PublicKeyAlone_AgreesWithDecapsulate"},
	"Decapsulate":        {"TestEncapsulate_PublicKeyAlone_AgreesWithDecapsulate"},

	"KeyMetadata": {"TestImportedMaterial_BySDK_ExpiresAndComesBack",
		"TestCreateKey_DefaultsAndLimits_IsMadeOrRefused",
		"TestCustomKeyStore_AllOperations_TakeItThroughItsLife",
		"TestKeyState_SDKCalls_AreAnsweredInAWSsWords",
		"TestScheduleKeyDeletion_WindowOver_LeavesNothing",
		"TestCreateKey_EverySpecAndUsage_IsMadeOrRefused",
		"TestMultiRegionKey_MadeToDeleted_IsSeenInEachRegion",
		"TestEncapsulate_PublicKeyAlone_AgreesWithDecapsulate"},
	"KeyListEntry": {"TestList_EachPageSize_GivesAllOnce"},
	"AliasListEntry": {"TestList_EachPageSize_GivesAllOnce",
		"TestAlias_CreatedMovedDeleted_NamesItsKey"},
	"Tag": {"TestTagResource_TagsOfAKey_AreListed"},

	"RotationsListEntry": {"TestEnableKeyRotation_PeriodOver_GivesNewMaterial",
		"TestRotateKeyOnDemand_ImportedKey_RotatesToThePendingMaterial"},
	"KeyLastUsageData": {"TestGetKeyLastUsage_UsedKey_NamesTheTrailsEvent",
		"TestGetKeyLastUsage_EachOperation_IsThatOfItsRecord"},

	"GrantListEntry": {"TestListGrants_EachFilterAndLimit_ListsEachGrantOnce",
		"TestListGrants_GrantToAService_IsToldWhole", "TestGrant_MadeToRetired_AllowsUntilItEnds"},
	"GrantConstraints": {"TestGrantConstraints_EncryptionContext_IsHeldToThem",
		"TestListGrants_GrantToAService_IsToldWhole"},

	"MultiRegionConfiguration": {"TestMultiRegionKey_MadeToDeleted_IsSeenInEachRegion"},
	"MultiRegionKey": {"TestCreateKey_MultiRegion_IsAPrimary",
		"TestMultiRegionKey_MadeToDeleted_IsSeenInEachRegion"},
}

var proofsOfAllOfKMS = map[string]string{
	"DryRun":          "TestDryRun_EveryOperation_DoesNothingAndSaysSo",
	"DryRunModifiers": "TestDryRun_PermittedOrNot_SaysSo",
	"KeyId":           "TestKeyID_EachForm_IsTakenOrRefused",
}
