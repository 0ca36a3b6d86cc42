package servicetest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"claviger/service/servicetest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
)

// Texts that stand in several answers of Parameter Store.
const (
	badParameterName = `Parameter name: can't be prefixed with "ssm" (case-insensitive). If formed ` +
		"as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed " +
		"as a mix of letters, numbers and the following 3 symbols .-_"
	reservedPrefix = `Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive).`
	badPath        = `The parameter doesn't meet the parameter name requirements. The parameter ` +
		`name must begin with a forward slash "/". It can't be prefixed with \"aws\" or \"ssm\" ` +
		`(case-insensitive). It must use only letters, numbers, or the following symbols: . (period), ` +
		`- (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, ` +
		`must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.`
	unqualified = "Parameter name must be a fully qualified name"
)

// describing makes a request of DescribeParameters with one filter.
func describing(filter string) string { return `{"ParameterFilters":[` + filter + `]}` }

// recordedParameters are requests about the parameters test-1 and /test/2, of one version each, of
// which the second has the label test-label, and the sealed /test/sealed.
var recordedParameters = []recorded{
	{localStack, "GetParameter", `{"Name":"test-1"}`, "", "",
		"Parameter(ARN DataType LastModifiedDate Name Type Value Version)"},
	{localStack, "GetParameter", `{"Name":"` + parameterARN("/test/2") + `"}`, "", "",
		"Parameter(ARN DataType LastModifiedDate Name Type Value Version)"},
	{localStack, "GetParameter", `{"Name":"/test//2"}`, invalid, badParameterName, ""},
	{localStack, "GetParameter", `{"Name":"test/2"}`, invalid, badParameterName, ""},
	{localStack, "GetParameters", `{"Names":["/test-1","absent"]}`, "", "",
		"InvalidParameters Parameters[ARN DataType LastModifiedDate Name Type Value Version]"},
	{localStack, "GetParametersByPath",
		`{"Path":"/test","ParameterFilters":[{"Key":"Label","Values":["test-label"]}]}`, "", "",
		"Parameters[ARN DataType LastModifiedDate Name Type Value Version]"},

	{moto, "GetParameter", `{"Name":"/test/2:1"}`, "", "",
		"Parameter(ARN DataType LastModifiedDate Name Selector Type Value Version)"},
	{moto, "GetParameter", `{"Name":"/test/2:2"}`, "ParameterVersionNotFound",
		"Systems Manager could not find version 2 of /test/2. Verify the version and try again.", ""},
	{moto, "GetParameter", `{"Name":"/test/2:2:3"}`, "ParameterNotFound",
		"Parameter /test/2:2:3 not found.", ""},
	{moto, "PutParameter", `{"Name":"test-1","Value":"v","Type":"String"}`, "ParameterAlreadyExists",
		"The parameter already exists. To overwrite this value, set the overwrite option in the " +
			"request to true.", ""},
	{moto, "PutParameter", `{"Name":"new","Value":"v"}`, invalid,
		"A parameter type is required when you create a parameter.", ""},
	{moto, "PutParameter", `{"Name":"new","Value":"v","Type":"str"}`, invalid, oneError +
		"Value 'str' at 'type' failed to satisfy constraint: Member must satisfy enum value set: " +
		"[SecureString, StringList, String]", ""},
	{moto, "PutParameter", `{"Name":"new","Value":"v","Type":"String","DataType":"not_text"}`, invalid,
		"The following data type is not supported: not_text (Data type names are all lowercase.)", ""},
	{moto, "PutParameter", `{"Name":"SSM_TEST","Value":"v","Type":"String"}`, invalid, reservedPrefix,
		""},
	{moto, "PutParameter", `{"Name":"aws_test","Value":"v","Type":"String"}`, invalid, reservedPrefix,
		""},
	{moto, "PutParameter", `{"Name":"/SSM/PATH/TO/VAR","Value":"v","Type":"String"}`, invalid,
		badParameterName, ""},
	{moto, "PutParameter", `{"Name":"/AWS/PATH/TO/VAR","Value":"v","Type":"String"}`,
		"AccessDeniedException", "No access to reserved parameter name: /AWS/PATH/TO/VAR.", ""},
	{moto, "GetParameters", `{"Names":["a","b","c","d","e","f","g","h","i","j","k"]}`, invalid,
		oneError + "Value '[a, b, c, d, e, f, g, h, i, j, k]' at 'names' failed to satisfy constraint: " +
			"Member must have length less than or equal to 10*", ""},
	{moto, "DescribeParameters", `{"Filters":[{"Key":"Name","Values":["a"]}],` +
		`"ParameterFilters":[{"Key":"Name","Values":["a"]}]}`, invalid,
		"You can use either Filters or ParameterFilters in a single request.", ""},
	{moto, "DescribeParameters", describing(`{"Key":"Label"}`), "InvalidFilterKey",
		"The following filter key is not valid: Label. Valid filter keys include: [Path, Name, Type, " +
			"KeyId, Tier*", ""},
	{moto, "DescribeParameters", describing(`{"Key":"Name"}`), "InvalidFilterValue",
		"The following filter values are missing : null for filter key Name*", ""},
	{moto, "DescribeParameters", describing(`{"Key":"Name","Values":["a"]},` +
		`{"Key":"Name","Values":["b"]}`), "InvalidFilterKey", "The following filter is duplicated in " +
		"the request: Name. A request can contain only one occurrence of a specific filter.", ""},
	{moto, "DescribeParameters", describing(`{"Key":"Path","Values":["/aws","/ssm"]}`), invalid,
		`Filters for common parameters can't be prefixed with "aws" or "ssm" (case-insensitive).*`, ""},
	{moto, "DescribeParameters", describing(`{"Key":"Path","Option":"Equals","Values":["/a"]}`),
		"InvalidFilterOption", "The following filter option is not valid: Equals. Valid options " +
			"include: [Recursive, OneLevel]*", ""},
	{moto, "DescribeParameters", describing(`{"Key":"Tier","Values":["test"]}`), "InvalidFilterOption",
		"The following filter value is not valid: test. Valid values include: [Standard, Advanced, " +
			"Intelligent-Tiering]*", ""},
	{moto, "DescribeParameters", describing(`{"Key":"Type","Values":["test"]}`), "InvalidFilterOption",
		"The following filter value is not valid: test. Valid values include: [String, StringList, " +
			"SecureString]*", ""},
	{moto, "DescribeParameters", describing(`{"Key":"Name","Option":"option","Values":["a"]}`),
		"InvalidFilterOption", "The following filter option is not valid: option. Valid options " +
			"include: [BeginsWith, Equals*", ""},
	{moto, "DescribeParameters", describing(`{"Key":"Path","Values":["/###"]}`), invalid, badPath, ""},
	{moto, "DescribeParameters", describing(`{"Key":"Path","Values":["//"]}`), invalid, badPath, ""},
	{moto, "DescribeParameters", describing(`{"Key":"Path","Values":["test"]}`), invalid, badPath, ""},
	{moto, "GetParametersByPath", `{"Path":"/x","ParameterFilters":[{"Key":"Name","Values":["a"]}]}`,
		"InvalidFilterKey", "The following filter key is not valid: Name. Valid filter keys " +
			"include: [Type, KeyId*", ""},
	{moto, "ListTagsForResource", `{"ResourceType":"Parameter","ResourceId":"absent"}`,
		"InvalidResourceId", "*", ""},
	{moto, "LabelParameterVersion", `{"Name":"/test/2","Labels":["abc/123"]}`, "", "",
		"InvalidLabels ParameterVersion"},
	{moto, "LabelParameterVersion", `{"Name":"/test/2","Labels":["x"],"ParameterVersion":5}`,
		"ParameterVersionNotFound", "Systems Manager could not find version 5 of /test/2. Verify the " +
			"version and try again.", ""},
	{moto, "LabelParameterVersion", `{"Name":"/test/2","Labels":["{101}"]}`, invalid, oneError +
		"Value '[{101}]' at 'labels' failed to satisfy constraint: Member must satisfy constraint: " +
		"[Member must have length less than or equal to 100, Member must have length greater than or " +
		"equal to 1]", ""},
	{moto, "GetParameterHistory", `{"Name":"test-1"}`, "", "", "Parameters[DataType Labels[] " +
		"LastModifiedDate LastModifiedUser Name Policies[] Tier Type Value Version]"},

	{terraform, "PutParameter", `{"Name":"/test/2","Value":"v","Type":"String","Overwrite":true,` +
		`"AllowedPattern":"","Tags":[{"Key":"a","Value":"b"}]}`, invalid, "Invalid request: tags and " +
		"overwrite can't be used together. To create a parameter with tags, please remove overwrite " +
		"flag. To update tags for an existing parameter, please use AddTagsToResource or " +
		"RemoveTagsFromResource.", ""},
	{terraform, "DescribeParameters", describing(
		`{"Key":"Name","Option":"Equals","Values":["/test/sealed"]}`), "", "",
		"Parameters[ARN DataType KeyId LastModifiedDate LastModifiedUser Name Policies[] Tier Type " +
			"Version]"},

	{reported, "PutParameter", `{"Name":"db/endpoint/parameter","Value":"v","Type":"String"}`, invalid,
		unqualified, ""},
	{reported, "PutParameter", `{"Name":"C:/Program Files/Git/x","Value":"v","Type":"String"}`,
		invalid, unqualified, ""},
	{reported, "PutParameter", `{"Name":"Dev MySQL DB","Value":"v","Type":"String"}`, invalid,
		badParameterName, ""},
	{reported, "GetParameter", `{"Name":"{test}-test"}`, invalid, badParameterName, ""},
	{reported, "GetParameter", `{"Name":"/testing/"}`, invalid, badParameterName, ""},
	{reported, "GetParametersByPath", `{"Path":"some-parameter"}`, invalid, badPath, ""},
	{reported, "GetParametersByPath", `{"Path":"/absent"}`, "", "", "Parameters[]"},
	{reported, "PutParameter", `{"Name":"new","Value":"v","Type":"SecureString","KeyId":"` + noARN +
		`"}`, "InvalidKeyId", "Key '" + noARN + "' does not exist (Service: AWSKMS; Status Code: 400; " +
		"Error Code: NotFoundException; Request ID: *", ""},
	{reported, "PutParameter", `{"Name":"new","Value":"v","Type":"SecureString","KeyId":"{off}"}`,
		"InvalidKeyId", "{off} is pending deletion. (Service: AWSKMS; Status Code: 400; Error Code: " +
			"KMSInvalidStateException; Request ID: *", ""},

	{reference, "PutParameter", `{"Name":"test-1","Value":"w","Overwrite":true}`, "", "",
		"Tier Version"},
	{reference, "UnlabelParameterVersion",
		`{"Name":"/test/2","ParameterVersion":1,"Labels":["absent"]}`, "", "",
		"InvalidLabels RemovedLabels[]"},
	{reference, "DeleteParameters", `{"Names":["test-1","absent"]}`, "", "",
		"DeletedParameters InvalidParameters"},
	{reference, "DeleteParameter", `{"Name":"/test/2"}`, "", "", ""},
	{reference, "GetServiceSetting", `{"SettingId":"` + throughput + `"}`, "", "",
		"ServiceSetting(ARN LastModifiedDate LastModifiedUser SettingId SettingValue Status)"},
}

// TestRecordedAnswers_ParameterStore_AreOurs: codes, texts and members are AWS's, as far as its
// answers are known.
func TestRecordedAnswers_ParameterStore_AreOurs(t *testing.T) {
	s := servicetest.Start(t)
	p := ofParameters{t, s.ParameterStore()}
	p.put("test-1", "v", "String")
	p.put("/test/2", "v", "String")
	p.put("/test/sealed", "v", "SecureString")
	p.label("/test/2", 1, "test-label")
	off := createKey(t, s.KMS())
	must(s.KMS().ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: off.KeyId}))(t)
	names := strings.NewReplacer("{off}", aws.ToString(off.Arn), "{101}", strings.Repeat("a", 101))
	for _, r := range recordedParameters {
		a := s.Do(t, "AmazonSSM."+r.operation, names.Replace(r.body))
		var doc map[string]json.RawMessage
		accepted(t, json.Unmarshal(a.Body, &doc))
		text, begins := strings.CutSuffix(names.Replace(r.text), "*")
		got := fmt.Sprint(a.Status, " ", a.Code(), " ", membersOf(doc))
		switch {
		case r.code == "" && (a.Status != 200 || membersOf(doc) != r.members):
			t.Errorf("%s %s: answered %s\nwant %s (%s)", r.operation, r.body, got, r.members, r.source)
		case r.code == "":
		case a.Status != 400 || a.Code() != r.code ||
			a.Message() != text && !(begins && strings.HasPrefix(a.Message(), text)):
			t.Errorf("%s %s: answered %d %s\nwant %s %s (%s)", r.operation, r.body, a.Status, a.Body,
				r.code, text, r.source)
		}
	}
}
