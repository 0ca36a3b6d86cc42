package servicetest_test

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// What is known of Secrets Manager beside what the types say. docs/compatibility-secretsmanager.md
// is made of it; see compatibility_test.go.
var coverageOfSecretsManager = coverage{
	service: "secretsmanager", title: "Secrets Manager", target: "secretsmanager",
	client: reflect.TypeFor[*secretsmanager.Client](), least: 23,
	page: "docs/compatibility-secretsmanager.md", source: "coveragesecrets_test.go",
	limited: limitedOfSecretsManager, proofs: proofsOfSecretsManager,
	proofsOfAll: map[string]string{
		"ARN":      "TestAnswers_OfChanges_NameTheSecret",
		"Name":     "TestAnswers_OfChanges_NameTheSecret",
		"SecretId": "TestSecretID_EachForm_NamesTheSecretOrNothing",
	},
	proven: []string{"service/servicetest", "secrets/..."},
}

const noRole = "is kept and shown, and nothing is done as that role"

var limitedOfSecretsManager = map[string]string{
	"*.ExternalSecretRotationRoleArn": noRole,

	"CreateSecret.Type": "one that a rotator of the configuration has",
	"UpdateSecret.Type": "one that a rotator of the configuration has",

	"CreateManagedSecret.ReplicationStatus": "never there: it is made without copies",

	"RotateSecret.RotationLambdaARN": "names a rotator that the configuration declares",
	"ValidateResourcePolicy.SecretId": "without it a lockout from any secret is looked for; what " +
		"AWS does then is not known",
}

var proofsOfSecretsManager = map[string][]string{
	"CreateSecret": {"TestGetSecretValue_StoredSecret_ComesBackWhole",
		"TestCreateSecret_WrongInput_IsRefusedByName", "TestClientRequestToken_Repeated_IsDoneOnce",
		"TestGetSecretValue_AnyValue_ComesBackTheSame",
		"TestReplica_EveryChangeOfItsPrimary_Follows",
		"TestReplica_NameTaken_FailsUntilItMayBeWrittenOver",
		"TestCreateSecret_TypeOfARotator_IsRotatedByIt"},
	"DescribeSecret": {"TestGetSecretValue_StoredSecret_ComesBackWhole",
		"TestRotateSecret_SDK_RotatesAndShowsIt", "TestUpdateSecret_EachMember_ChangesThatOnly",
		"TestDeleteSecret_WindowOver_FreesTheName",
		"TestReplicateSecretToRegions_TwoRegions_HaveAllThatIsCopied",
		"TestLastAccessedDate_ValueRead_IsTheDay",
		"TestCreateManagedSecret_OneCall_MakesAndRotates",
		"TestCreateSecret_TypeOfARotator_IsRotatedByIt"},
	"ListSecrets": {"TestListSecrets_EachFilter_FindsThoseOnly",
		"TestListSecrets_Entry_IsTheDescription", "TestDeleteSecret_WindowOver_FreesTheName",
		"TestListSecrets_EveryOrder_IsKeptOverPages", "TestNextToken_AnotherListing_IsRefused",
		"TestRecordedListings_Words_FindTheSame"},
	"UpdateSecret": {"TestUpdateSecret_EachMember_ChangesThatOnly",
		"TestUpdateSecret_TokenOfFormerVersion_IsRefused",
		"TestUpdateSecret_AnotherKey_SealsLabelledVersionsAnew",
		"TestCreateSecret_TypeOfARotator_IsRotatedByIt"},
	"DeleteSecret": {"TestDeleteSecret_WindowOver_FreesTheName",
		"TestForceDeleteWithoutRecovery_AnyState_IsRepeatable",
		"TestReplica_PromotedAndRemoved_LeavesItsPrimary"},
	"RestoreSecret": {"TestDeleteSecret_WindowOver_FreesTheName",
		"TestRestoreSecret_WithinTheWindow_StaysForGood",
		"TestRecordedAnswers_AllOperations_AreGivenAgain"},

	"GetSecretValue": {"TestGetSecretValue_StoredSecret_ComesBackWhole",
		"TestGetSecretValue_AnyValue_ComesBackTheSame",
		"TestStagingLabel_Moved_StandsOnOneVersion",
		"TestSecretID_EachForm_NamesTheSecretOrNothing"},
	"BatchGetSecretValue": {"TestBatchGetSecretValue_ListOrFilter_AnswersEach",
		"TestBatchGetSecretValue_SomeRefused_OthersAreAnswered",
		"TestBatchGetSecretValue_Filters_ComePageByPage"},
	"PutSecretValue": {"TestStagingLabel_Moved_StandsOnOneVersion",
		"TestClientRequestToken_Repeated_IsDoneOnce",
		"TestRecordedAnswers_AllOperations_AreGivenAgain",
		"TestRotateSecret_Function_GetsTheFourSteps"},
	"ListSecretVersionIds": {"TestListSecretVersionIds_OldVersions_AreListed",
		"TestListSecretVersionIds_Pages_AreTheNewestFirst"},
	"UpdateSecretVersionStage": {"TestStagingLabel_Moved_StandsOnOneVersion",
		"TestRecordedAnswers_AllOperations_AreGivenAgain",
		"TestRotateSecret_Function_GetsTheFourSteps"},
	"GetRandomPassword": {"TestGetRandomPassword_EachRequirement_IsMet",
		"TestGetRandomPassword_Options_AreKept"},

	"RotateSecret": {"TestRotateSecret_SDK_RotatesAndShowsIt",
		"TestRotateSecret_BuiltIn_ChangesTargetAndLabels", "TestAnswers_OfChanges_NameTheSecret",
		"TestRotateSecret_NotImmediately_TestsAndLeavesNothing",
		"TestCreateSecret_TypeOfARotator_IsRotatedByIt",
		"TestRotateSecret_FailingTarget_KeepsTheWorkingPassword",
		"TestRotation_DeathAtEveryMoment_EndsInStep", "TestRotation_WrongRequests_AreRefused"},
	"CancelRotateSecret": {"TestRotateSecret_SDK_RotatesAndShowsIt",
		"TestAnswers_OfChanges_NameTheSecret",
		"TestCancelRotateSecret_WhileFailing_EndsIt",
		"TestCancelRotateSecret_WhileSetting_EndsFirst"},
	"CreateManagedSecret": {"TestCreateManagedSecret_EveryMember_IsInTheSecret",
		"TestCreateManagedSecret_OneCall_MakesAndRotates",
		"TestRotation_WrongRequests_AreRefused"},

	"ReplicateSecretToRegions": {"TestReplicas_FromMadeToDeleted_FollowFailAndRecover",
		"TestReplicateSecretToRegions_TwoRegions_HaveAllThatIsCopied",
		"TestReplica_NameTaken_FailsUntilItMayBeWrittenOver",
		"TestReplicateSecretToRegions_WrongRegions_AreRefused"},
	"RemoveRegionsFromReplication": {"TestReplicas_FromMadeToDeleted_FollowFailAndRecover",
		"TestReplica_PromotedAndRemoved_LeavesItsPrimary"},
	"StopReplicationToReplica": {"TestReplicas_FromMadeToDeleted_FollowFailAndRecover",
		"TestReplica_PromotedAndRemoved_LeavesItsPrimary"},

	"TagResource": {"TestTagResource_TagsOfASecret_AreDescribed",
		"TestTagResource_WouldTakeTheRight_IsDenied"},
	"UntagResource": {"TestTagResource_TagsOfASecret_AreDescribed"},

	"GetResourcePolicy": {"TestResourcePolicy_LikeTerraform_IsReadAsItWasPut",
		"TestPutResourcePolicy_AnySpacing_IsReadAsWritten"},
	"PutResourcePolicy": {"TestResourcePolicy_LikeTerraform_IsReadAsItWasPut",
		"TestResourcePolicy_OtherAccount_NeedsPolicyIdentityAndKey",
		"TestPutResourcePolicy_CantBeAttached_ChangesNothing"},
	"DeleteResourcePolicy": {"TestResourcePolicy_LikeTerraform_IsReadAsItWasPut",
		"TestPutResourcePolicy_AnySpacing_IsReadAsWritten"},
	"ValidateResourcePolicy": {"TestResourcePolicy_LikeTerraform_IsReadAsItWasPut",
		"TestValidateResourcePolicy_EachCheck_IsAnswered"},

	"APIErrorType": {"TestBatchGetSecretValue_ListOrFilter_AnswersEach"},
	"ExternalSecretRotationMetadataItem": {"TestListSecrets_Entry_IsTheDescription",
		"TestCreateSecret_TypeOfARotator_IsRotatedByIt"},
	"Filter": {"TestListSecrets_EachFilter_FindsThoseOnly",
		"TestBatchGetSecretValue_ListOrFilter_AnswersEach"},
	"ReplicaRegionType": {"TestReplicas_FromMadeToDeleted_FollowFailAndRecover",
		"TestReplicateSecretToRegions_KeyOfAnotherRegion_IsAStatus"},
	"ReplicationStatusType": {"TestReplicateSecretToRegions_TwoRegions_HaveAllThatIsCopied",
		"TestReplica_KeyClosed_FailsAndRecovers", "TestReplica_Reads_CountThereAlone"},
	"RotationRulesType": {"TestRotateSecret_SDK_RotatesAndShowsIt"},
	"SecretListEntry":   {"TestListSecrets_Entry_IsTheDescription"},
	"SecretValueEntry": {"TestBatchGetSecretValue_Entry_IsTheValue",
		"TestBatchGetSecretValue_ListOrFilter_AnswersEach"},
	"SecretVersionsListEntry": {"TestListSecretVersionIds_OldVersions_AreListed",
		"TestRecordedAnswers_AllOperations_AreGivenAgain",
		"TestLastAccessedDate_ValueRead_IsTheDay"},
	"Tag":                   {"TestTagResource_TagsOfASecret_AreDescribed"},
	"ValidationErrorsEntry": {"TestValidateResourcePolicy_EachCheck_IsAnswered"},
}
