package servicetest_test

import (
	"reflect"

	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// What is known of Parameter Store beside what the types say. docs/compatibility-parameterstore.md
// is made of it; see compatibility_test.go. The SDK's client is that of the whole of Systems
// Manager.
var coverageOfParameterStore = coverage{
	service: "ssm", title: "Parameter Store", target: "AmazonSSM",
	client: reflect.TypeFor[*ssm.Client](), least: len(parameterOperations),
	part: parameterOperations,
	page: "docs/compatibility-parameterstore.md", source: "coverageparameters_test.go",
	limited: limitedOfParameterStore, proofs: proofsOfParameterStore,
	proven: []string{"service/servicetest", "parameters/..."},
}

// parameterOperations are the operations of Systems Manager that are on parameters, and those on
// the settings of an account.
var parameterOperations = []string{"AddTagsToResource", "DeleteParameter", "DeleteParameters",
	"DeleteResourcePolicy", "DescribeParameters", "GetParameter", "GetParameterHistory",
	"GetParameters", "GetParametersByPath", "GetResourcePolicies", "GetServiceSetting",
	"LabelParameterVersion", "ListTagsForResource", "PutParameter", "PutResourcePolicy",
	"RemoveTagsFromResource", "ResetServiceSetting", "UnlabelParameterVersion",
	"UpdateServiceSetting"}

const onlyParameters = "`Parameter` alone; all others are refused with `InvalidResourceType`"

var limitedOfParameterStore = map[string]string{
	"*.ResourceType": onlyParameters,

	"GetServiceSetting.SettingId":    "the two settings of Parameter Store",
	"UpdateServiceSetting.SettingId": "the two settings of Parameter Store",
	"ResetServiceSetting.SettingId":  "the two settings of Parameter Store",
	"PutParameter.AllowedPattern": "without what can't be matched in linear time, which is refused " +
		"by name",
	"PutParameter.DataType":             "a machine image is not looked up",
	"DeleteResourcePolicy.DeletionMode": "is taken, and says nothing of parameters",
	"GetResourcePolicies.NextToken":     "never there, and refused: a parameter has one policy",
}

var proofsOfParameterStore = map[string][]string{
	"PutParameter": {"TestPutParameter_EveryMember_IsSaidAgain"},
	"GetParameter": {"TestPutParameter_EveryMember_IsSaidAgain",
		"TestSecureString_WithoutDecryption_IsItsCiphertext",
		"TestLabels_PutMovedAndTaken_NameOneVersion"},
	"GetParameters": {"TestLabels_PutMovedAndTaken_NameOneVersion",
		"TestSecureString_WithoutDecryption_IsItsCiphertext"},
	"GetParametersByPath": {"TestParametersByPath_PagesAndFilters_FindThoseOnly",
		"TestSecureString_WithoutDecryption_IsItsCiphertext"},
	"GetParameterHistory": {"TestPutParameter_EveryMember_IsSaidAgain",
		"TestParameterHistory_Pages_AreTheOldestFirst"},
	"DescribeParameters": {"TestDescribeParameters_EachFilter_FindsThoseOnly",
		"TestPutParameter_EveryMember_IsSaidAgain",
		"TestDescribeParameters_Shared_ListsWhatPoliciesLetIn"},
	"DeleteParameter":         {"TestDeleteParameters_ByOneOrMany_AreGone"},
	"DeleteParameters":        {"TestDeleteParameters_ByOneOrMany_AreGone"},
	"LabelParameterVersion":   {"TestLabels_PutMovedAndTaken_NameOneVersion"},
	"UnlabelParameterVersion": {"TestLabels_PutMovedAndTaken_NameOneVersion"},
	"AddTagsToResource":       {"TestParameterTags_AddedListedAndTaken_AreOfTheNameAlone"},
	"RemoveTagsFromResource":  {"TestParameterTags_AddedListedAndTaken_AreOfTheNameAlone"},
	"ListTagsForResource":     {"TestParameterTags_AddedListedAndTaken_AreOfTheNameAlone"},
	"PutResourcePolicy":       {"TestParameter_SharedByPolicy_IsReadByARN"},
	"GetResourcePolicies":     {"TestParameter_SharedByPolicy_IsReadByARN"},
	"DeleteResourcePolicy":    {"TestParameter_SharedByPolicy_IsReadByARN"},
	"GetServiceSetting":       {"TestServiceSetting_SetAndReset_DecidesTheTier"},
	"UpdateServiceSetting":    {"TestServiceSetting_SetAndReset_DecidesTheTier"},
	"ResetServiceSetting":     {"TestServiceSetting_SetAndReset_DecidesTheTier"},

	"GetResourcePoliciesResponseEntry": {"TestParameter_SharedByPolicy_IsReadByARN"},

	"Parameter": {"TestPutParameter_EveryMember_IsSaidAgain",
		"TestSecretReference_NameOfASecret_IsReadByEachProtocol"},
	"ParameterHistory":      {"TestPutParameter_EveryMember_IsSaidAgain"},
	"ParameterInlinePolicy": {"TestPutParameter_EveryMember_IsSaidAgain"},
	"ParameterMetadata":     {"TestPutParameter_EveryMember_IsSaidAgain"},
	"ParameterStringFilter": {"TestDescribeParameters_EachFilter_FindsThoseOnly"},
	"ParametersFilter":      {"TestDescribeParameters_EachFilter_FindsThoseOnly"},
	"ServiceSetting":        {"TestServiceSetting_SetAndReset_DecidesTheTier"},
	"Tag":                   {"TestParameterTags_AddedListedAndTaken_AreOfTheNameAlone"},
}
