package secrets_test

import (
	"strings"
	"testing"
)

const broken = "1 validation error detected: "

// What AWS refuses, in its words, whatever the state of the secret: the operation, the request, the
// code and the text. An empty text is one that nobody has published.
var refusals = []struct {
	operation string
	in        M
	code      string
	text      string
}{
	{"ListSecrets", M{"Filters": []M{{"Values": []string{"foo"}}}}, "InvalidParameterException",
		"Invalid filter key"},
	{"ListSecrets", M{"Filters": []M{{"Key": "description"}}}, "InvalidParameterException",
		"Invalid filter values for key: description"},
	{"ListSecrets", M{"Filters": []M{filter("colour", "x")}}, "ValidationException", ""},
	{"ListSecrets", M{"Filters": []M{filter("name")}}, "ValidationException", broken +
		"Value '[]' at 'filters.1.member.values' failed to satisfy constraint: Member must have " +
		"length greater than or equal to 1"},
	{"ListSecrets", M{"MaxResults": 101}, "ValidationException", broken + "Value '101' at " +
		"'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100"},
	{"ListSecrets", M{"MaxResults": 0}, "ValidationException", broken + "Value '0' at 'maxResults' " +
		"failed to satisfy constraint: Member must have value greater than or equal to 1"},
	{"ListSecrets", M{"SortOrder": "up"}, "ValidationException", broken + "Value 'up' at " +
		"'sortOrder' failed to satisfy constraint: Member must satisfy enum value set: [asc, desc]"},
	{"ListSecretVersionIds", M{"MaxResults": 101}, "ValidationException", broken + "Value '101' at " +
		"'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100"},
	{"BatchGetSecretValue", M{"Filters": []M{filter("name", "x")}, "MaxResults": 21},
		"ValidationException", broken + "Value '21' at 'maxResults' failed to satisfy constraint: " +
			"Member must have value less than or equal to 20"},
	{"BatchGetSecretValue", M{"Filters": []M{{"Values": []string{"foo"}}}},
		"InvalidParameterException", "Invalid filter key"},
	{"BatchGetSecretValue", M{"Filters": []M{filter("name", "x")}, "SecretIdList": []string{"x"}},
		"InvalidParameterException", "Either 'SecretIdList' or 'Filters' must be provided, but not " +
			"both."},
	{"BatchGetSecretValue", M{}, "InvalidParameterException",
		"Either 'SecretIdList' or 'Filters' must be provided."},
	{"BatchGetSecretValue", M{"SecretIdList": []string{"x"}, "MaxResults": 1},
		"InvalidParameterException", "'Filters' not specified. 'Filters' must also be specified " +
			"when 'MaxResults' is provided."},

	{"GetRandomPassword", M{"PasswordLength": 3}, "InvalidParameterException",
		"Password length is too short based on the required types."},
	{"GetRandomPassword", M{"PasswordLength": 3, "IncludeSpace": true}, "InvalidParameterException",
		"Password length is too short based on the required types."},

	{"DeleteSecret", M{"RecoveryWindowInDays": 6}, "InvalidParameterException",
		"The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."},
	{"DeleteSecret", M{"RecoveryWindowInDays": 31}, "InvalidParameterException",
		"The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."},
	{"DeleteSecret", M{"RecoveryWindowInDays": 0}, "InvalidParameterException",
		"The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."},
	{"DeleteSecret", M{"RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": true},
		"InvalidParameterException", "You can't use ForceDeleteWithoutRecovery in conjunction with " +
			"RecoveryWindowInDays."},

	{"PutSecretValue", M{"ClientRequestToken": v(9)}, "InvalidRequestException",
		"You must provide either SecretString or SecretBinary."},
	{"PutSecretValue", M{"ClientRequestToken": v(9), "SecretString": "", "SecretBinary": "dg=="},
		"ValidationException", broken + "Value at 'secretString' failed to satisfy constraint: " +
			"Member must have length greater than or equal to 1"},
	{"PutSecretValue", M{"ClientRequestToken": v(9), "SecretString": "w", "SecretBinary": "dg=="},
		"InvalidParameterException", "You can't specify both a binary secret value and a string " +
			"secret value in the same secret."},
	{"PutSecretValue", M{"ClientRequestToken": v(9), "SecretString": strings.Repeat("w", 65537)},
		"ValidationException", broken + "Value at 'secretString' failed to satisfy constraint: " +
			"Member must have length less than or equal to 65536"},
	{"PutSecretValue", M{"ClientRequestToken": v(9)[1:][:31], "SecretString": "w"},
		"ValidationException", broken + "Value '" + v(9)[1:][:31] + "' at 'clientRequestToken' " +
			"failed to satisfy constraint: Member must have length greater than or equal to 32"},
	{"PutSecretValue", M{"ClientRequestToken": strings.Repeat("t", 65), "SecretString": "w"},
		"ValidationException", broken + "Value '" + strings.Repeat("t", 65) + "' at " +
			"'clientRequestToken' failed to satisfy constraint: Member must have length less than or " +
			"equal to 64"},
	{"PutSecretValue", M{"SecretString": "w"}, "InvalidRequestException",
		"You must provide a ClientRequestToken value. We recommend a UUID-type value."},
	{"UpdateSecret", M{"SecretString": "w"}, "InvalidRequestException",
		"You must provide a ClientRequestToken value. We recommend a UUID-type value."},

	{"UpdateSecretVersionStage", M{"VersionStage": "AWSCURRENT"}, "InvalidParameterException", ""},
	{"UpdateSecretVersionStage", M{"VersionStage": "AWSCURRENT", "RemoveFromVersionId": v(1)},
		"InvalidParameterException", "You can only move staging label AWSCURRENT to a different " +
			"secret version. It can't be completely removed."},
	{"UpdateSecretVersionStage", M{"VersionStage": "AWSCURRENT", "RemoveFromVersionId": v(8),
		"MoveToVersionId": v(1)}, "InvalidParameterException", "When you move staging label " +
		"AWSCURRENT, if you specify RemoveFromVersionId, it must be set to the version that " +
		"currently has the staging label AWSCURRENT."},
	{"UpdateSecretVersionStage", M{"VersionStage": "blue", "RemoveFromVersionId": v(1)},
		"InvalidParameterException", ""},
	{"UpdateSecretVersionStage", M{"VersionStage": "AWSCURRENT", "MoveToVersionId": v(9)},
		"ResourceNotFoundException",
		"Secrets Manager can't find the specified secret value for VersionId: " + v(9)},
	{"TagResource", M{"Tags": []M{{"Key": "aws:x"}}}, "InvalidParameterException", ""},
	{"TagResource", M{"Tags": []M{{"Key": strings.Repeat("k", 129)}}}, "ValidationException", ""},
}

func TestRefusals_EachRule_IsWordedAsByAWS(t *testing.T) {
	s := start(t)
	s.Do("CreateSecret", M{"Name": "x", "ClientRequestToken": v(1), "SecretString": "v"})
	for _, r := range refusals {
		switch r.operation {
		case "ListSecrets", "BatchGetSecretValue", "GetRandomPassword":
		default:
			r.in["SecretId"] = "x"
		}
		s.Refused(r.operation, r.in, r.code, r.text)
	}
	if s.text(M{"SecretId": "x"}) != "v" || len(s.describe("x").VersionIdsToStages) != 1 {
		t.Error("a refused request left something")
	}
}

const badName = "Invalid name. Must be a valid name containing alphanumeric characters, or any " +
	"of the following: -/_+=.@!"

// Recorded by LocalStack for these operations (test_invalid_secret_name).
func TestSecretName_OtherCharacters_IsRefusedByEveryOperation(t *testing.T) {
	s := start(t)
	for _, name := range []string{"Inv Name", " Inv Name", " Inv*Name? ", " Inv *?!]Name\\-"} {
		s.Refused("CreateSecret", M{"Name": name, "SecretString": "v", "ClientRequestToken": v(1)},
			"ValidationException", badName)
		for operation, in := range map[string]M{
			"DeleteSecret":         {"ForceDeleteWithoutRecovery": true},
			"DescribeSecret":       {},
			"GetSecretValue":       {},
			"ListSecretVersionIds": {"IncludeDeprecated": true},
			"PutSecretValue":       {"SecretString": "v", "ClientRequestToken": v(1)},
			"TagResource":          {"Tags": []M{{"Key": "a", "Value": "b"}}},
			"UntagResource":        {"TagKeys": []string{"a"}},
			"UpdateSecret":         {"Description": "d"},
			"GetResourcePolicy":    {},
			"DeleteResourcePolicy": {},
			"RestoreSecret":        {},
		} {
			in["SecretId"] = name
			s.Refused(operation, in, "ValidationException", badName)
		}
	}
	for _, name := range []string{"Valid/_+=.@-Name", "Valid/_+=.@-Name-a1b2",
		"Valid/_+=.@-Name-a1b2c3-", "/leading", "a", strings.Repeat("n", 512)} {
		s.create(name, "v")
		if got := s.get(name); got.Name != name {
			t.Errorf("%q: %+v", name, got)
		}
	}
	s.Refused("CreateSecret", M{"Name": strings.Repeat("n", 513), "ClientRequestToken": v(1)},
		"ValidationException", "")
}

// Tags are free text for Secrets Manager, but for their length and aws: in front of a key. The
// characters that AWS's reference lists are those that other services allow too.
func TestTagResource_AnyCharacters_IsTaken(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	tags := []M{{"Key": "a & b", "Value": `{"json":["<>#"]}`}, {"Key": "ключ", "Value": "aws:x"},
		{"Key": strings.Repeat("k", 128), "Value": strings.Repeat("v", 256)}}
	s.Do("TagResource", M{"SecretId": "x", "Tags": tags})
	if got := s.describe("x").Tags; len(got) != len(tags) {
		t.Errorf("%v", got)
	}
}

// Labels are free text for AWS, but for their length.
func TestStagingLabel_AnyText_IsTaken(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	for _, label := range []string{"with a blank", "ä", "a:b/c", strings.Repeat("l", 256)} {
		s.put("x", "w", label)
		if got := s.text(M{"SecretId": "x", "VersionStage": label}); got != "w" {
			t.Errorf("%q: %q", label, got)
		}
	}
	s.Refused("PutSecretValue", M{"SecretId": "x", "SecretString": "w", "ClientRequestToken": v(9),
		"VersionStages": []string{}}, "ValidationException", "")
}
