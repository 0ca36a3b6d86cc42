package secrets_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"claviger/internal/fault"
	"claviger/internal/wire"
	"claviger/secrets/model"

	"github.com/go-json-experiment/json"
)

// step is a request that somebody made of AWS, and what AWS answered.
type step struct {
	operation string
	in        M
	want      M      // the whole answer, with anything for what differs each time
	code      string // of the error
	text      string
}

// anything stands for an ARN, a time, or whatever else differs each time: the member must be there.
const anything = "anything"

// versions of the recordings, in the order in which they were made.
func v(n int) string { return fmt.Sprintf("00000000-0000-0000-0000-%012d", n) }

// replay takes secret "x" through what was recorded.
func replay(t *testing.T, steps []step) {
	s := start(t)
	for i, r := range steps {
		if _, ok := r.in["Name"]; !ok && r.operation != "ListSecrets" {
			if r.in["SecretId"] == nil {
				r.in["SecretId"] = "x"
			}
		}
		answer, err := s.Ask(context.Background(), r.operation, r.in)
		at := fmt.Sprintf("step %d, %s", i, r.operation)
		if err != nil {
			if f := fault.Of(err); model.SecretsManager.Code(f) != r.code || f.Message != r.text {
				t.Errorf("%s: %v, want %s: %s", at, err, r.code, r.text)
			}
			continue
		}
		if r.code != "" {
			t.Errorf("%s succeeded, want %s", at, r.code)
		}
		document, err := wire.Encode(answer)
		if err != nil {
			t.Fatal(err)
		}
		var got M
		if err := json.Unmarshal(document, &got); err != nil {
			t.Fatal(err)
		}
		alike(t, at, got, r.want)
	}
}

// alike compares an answer with a recorded one, member by member.
func alike(t *testing.T, at string, got, want any) {
	t.Helper()
	if want == anything {
		return
	}
	switch want := want.(type) {
	case M:
		got, ok := got.(M)
		if !ok {
			t.Errorf("%s: %v", at, got)
			return
		}
		for name, member := range got {
			if _, known := want[name]; !known {
				t.Errorf("%s has %s: %v, and AWS's answer doesn't", at, name, member)
			}
		}
		for name, member := range want {
			if _, there := got[name]; !there {
				t.Errorf("%s lacks %s", at, name)
				continue
			}
			alike(t, at+"."+name, got[name], member)
		}
	case []M:
		all, ok := got.([]any)
		if !ok || len(all) != len(want) {
			t.Errorf("%s: %v, want %v", at, got, want)
			return
		}
		slices.SortFunc(all, func(a, b any) int { // AWS promises no order
			return strings.Compare(fmt.Sprint(a.(M)["VersionId"]), fmt.Sprint(b.(M)["VersionId"]))
		})
		for i := range want {
			alike(t, fmt.Sprintf("%s[%d]", at, i), all[i], want[i])
		}
	case []string:
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", at, got, want)
		}
	default:
		if got != want {
			t.Errorf("%s: %v, want %v", at, got, want)
		}
	}
}

// The parts of which recordings are made.

var named = M{"ARN": anything, "Name": "x"}

// with returns named and more members.
func with(members M) M {
	out := maps.Clone(named)
	maps.Copy(out, members)
	return out
}

// described is the answer of DescribeSecret and more members.
func described(members M) M {
	out := with(members)
	out["CreatedDate"], out["LastChangedDate"] = anything, anything
	return out
}

func create(n int, value string) step {
	return step{"CreateSecret", M{"Name": "x", "SecretString": value, "ClientRequestToken": v(n)},
		with(M{"VersionId": v(n)}), "", ""}
}

// put gives the secret version n, and says which labels AWS showed.
func put(n int, asked, shown []string) step {
	in := M{"SecretString": fmt.Sprint("S", n), "ClientRequestToken": v(n)}
	if asked != nil {
		in["VersionStages"] = asked
	}
	return step{"PutSecretValue", in, with(M{"VersionId": v(n), "VersionStages": shown}), "", ""}
}

// move moves a label to version n; from is 0 if nobody said where it was.
func move(label string, from, to int) step {
	in := M{"VersionStage": label}
	if from != 0 {
		in["RemoveFromVersionId"] = v(from)
	}
	if to != 0 {
		in["MoveToVersionId"] = v(to)
	}
	return step{"UpdateSecretVersionStage", in, named, "", ""}
}

// get reads version n as the current one, with its labels.
func get(n int, value string, labels ...string) step {
	return step{"GetSecretValue", M{}, with(M{"CreatedDate": anything, "SecretString": value,
		"VersionId": v(n), "VersionStages": labels}), "", ""}
}

// listed is a version of ListSecretVersionIds. One without labels shows none.
func listed(n int, read bool, labels ...string) M {
	out := M{
		"CreatedDate": anything,
		"KmsKeyIds":   []string{"DefaultEncryptionKey"},
		"VersionId":   v(n),
	}
	if labels != nil {
		out["VersionStages"] = labels
	}
	if read {
		out["LastAccessedDate"] = anything
	}
	return out
}

func list(deprecated bool, versions ...M) step {
	return step{"ListSecretVersionIds", M{"IncludeDeprecated": deprecated},
		with(M{"Versions": versions}), "", ""}
}

const (
	notFound = "Secrets Manager can't find the specified secret."
	noToken  = "You must provide a ClientRequestToken value. We recommend a UUID-type value."
)

// recordings are what LocalStack's snapshot tests recorded from AWS between 2022 and 2024 (each
// named for its test there, test_...), and what Terraform's acceptance tests rely on.
var recordings = map[string][]step{
	"create_secret_version_from_empty_secret": {
		{"CreateSecret", M{"Name": "x", "ClientRequestToken": v(1), "Description": ""}, named, "", ""},
		{"DescribeSecret", M{}, described(nil), "", ""},
		put(2, nil, []string{"AWSCURRENT"}),
	},
	"secret_version_not_found": {
		{"CreateSecret", M{"Name": "x", "ClientRequestToken": v(1)}, named, "", ""},
		{"GetSecretValue", M{}, nil, "ResourceNotFoundException",
			"Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"},
		{"GetSecretValue", M{"VersionId": v(9)}, nil, "ResourceNotFoundException",
			"Secrets Manager can't find the specified secret value for VersionId: " + v(9)},
		{"GetSecretValue", M{"VersionStage": "AWSPENDING"}, nil, "ResourceNotFoundException",
			"Secrets Manager can't find the specified secret value for staging label: AWSPENDING"},
	},
	"secret_tags": {
		{"CreateSecret", M{"Name": "x", "ClientRequestToken": v(1)}, named, "", ""},
		{"DescribeSecret", M{}, described(nil), "", ""},
		{"TagResource", M{"Tags": []M{{"Key": "tag1", "Value": "value1"}}}, M{}, "", ""},
		{"TagResource", M{"Tags": []M{{"Key": "tag2", "Value": "value2"}}}, M{}, "", ""},
		{"DescribeSecret", M{}, described(M{"Tags": []M{
			{"Key": "tag1", "Value": "value1"}, {"Key": "tag2", "Value": "value2"}}}), "", ""},
		{"UntagResource", M{"TagKeys": []string{"tag1"}}, M{}, "", ""},
		{"UntagResource", M{"TagKeys": []string{"tag2"}}, M{}, "", ""},
		{"DescribeSecret", M{}, described(M{"Tags": []M{}}), "", ""},
		{"ListSecrets", M{}, M{"SecretList": []M{described(M{"Tags": []M{}})}}, "", ""},
	},
	"get_secret_value_errors": {
		create(1, "test"),
		{"GetSecretValue", M{"VersionStage": "AWSPREVIOUS"}, nil, "ResourceNotFoundException",
			"Secrets Manager can't find the specified secret value for staging label: AWSPREVIOUS"},
		{"GetSecretValue", M{"VersionId": v(1), "VersionStage": "AWSPREVIOUS"}, nil,
			"InvalidRequestException",
			"You provided a VersionStage that is not associated to the provided VersionId."},
	},
	"secret_not_found": {
		{"GetSecretValue", M{}, nil, "ResourceNotFoundException", notFound},
		{"ListSecretVersionIds", M{}, nil, "ResourceNotFoundException", notFound},
	},
	"update_secret_description": {
		create(1, "MySecretString"),
		{"UpdateSecret", M{"Description": "a"}, named, "", ""},
		{"UpdateSecret", M{"Description": "b", "SecretString": "c", "ClientRequestToken": v(2)},
			with(M{"VersionId": v(2)}), "", ""},
		{"UpdateSecret", M{"SecretString": "d", "ClientRequestToken": v(3)},
			with(M{"VersionId": v(3)}), "", ""},
		{"UpdateSecret", M{}, named, "", ""},
		{"DescribeSecret", M{}, described(M{"Description": "b", "VersionIdsToStages": M{
			v(2): []string{"AWSPREVIOUS"}, v(3): []string{"AWSCURRENT"}}}), "", ""},
	},
	"last_accessed_date": {
		create(1, "S1"),
		{"DescribeSecret", M{}, described(M{"VersionIdsToStages": anything}), "", ""},
		get(1, "S1", "AWSCURRENT"),
		{"DescribeSecret", M{}, described(M{"VersionIdsToStages": anything,
			"LastAccessedDate": anything}), "", ""},
	},
	"deprecated_secret_version_stage": {
		create(1, "S1"),
		put(2, nil, []string{"AWSCURRENT"}),
		put(3, nil, []string{"AWSCURRENT"}),
		list(false, listed(2, false, "AWSPREVIOUS"), listed(3, false, "AWSCURRENT")),
		list(true, listed(1, false), listed(2, false, "AWSPREVIOUS"),
			listed(3, false, "AWSCURRENT")),
	},
	"secret_restore": {
		create(1, "S1"),
		{"DeleteSecret", M{}, with(M{"DeletionDate": anything}), "", ""},
		{"TagResource", M{"Tags": []M{{"Key": "a", "Value": "b"}}}, nil,
			"InvalidRequestException", scheduled},
		{"UntagResource", M{"TagKeys": []string{"a"}}, nil, "InvalidRequestException", scheduled},
		{"DescribeSecret", M{}, described(M{"VersionIdsToStages": anything,
			"DeletedDate": anything}), "", ""},
		{"RestoreSecret", M{}, named, "", ""},
		{"DescribeSecret", M{}, described(M{"VersionIdsToStages": anything}), "", ""},
	},
	"exp_raised_on_creation_of_secret_scheduled_for_deletion": {
		create(1, "S1"),
		{"DeleteSecret", M{}, with(M{"DeletionDate": anything}), "", ""},
		{"CreateSecret", M{"Name": "x", "ClientRequestToken": v(2), "SecretString": "S2"}, nil,
			"InvalidRequestException", "You can't create this secret because a secret with this " +
				"name is already scheduled for deletion."},
		{"DeleteSecret", M{"ForceDeleteWithoutRecovery": true},
			with(M{"DeletionDate": anything}), "", ""},
		create(1, "S1"), // the token is free again with the name
	},
	"a secret without a policy": { // Terraform reads it after each create, an operator deletes it
		create(1, "S1"),
		{"GetResourcePolicy", M{}, named, "", ""},
		{"DeleteResourcePolicy", M{}, named, "", ""},
		{"GetResourcePolicy", M{"SecretId": "absent"}, nil, "ResourceNotFoundException", notFound},
		{"DeleteResourcePolicy", M{"SecretId": "absent"}, nil, "ResourceNotFoundException", notFound},
	},
	"no_client_request_token": { // said before anybody looks for the secret
		{"CreateSecret", M{"Name": "x", "SecretString": "s", "Description": "d"}, nil,
			"InvalidRequestException", noToken},
		{"UpdateSecret", M{"SecretString": "s", "Description": "d"}, nil,
			"InvalidRequestException", noToken},
		{"PutSecretValue", M{"SecretString": "s"}, nil, "InvalidRequestException", noToken},
	},
	"delete_non_existent_secret_returns_as_if_secret_exists": {
		{"DeleteSecret", M{"ForceDeleteWithoutRecovery": true},
			with(M{"DeletionDate": anything}), "", ""},
	},
	"secret_exists": {
		create(1, "S1"),
		{"CreateSecret", M{"Name": "x", "SecretString": "S1", "ClientRequestToken": v(2)}, nil,
			"ResourceExistsException",
			"The operation failed because the secret x already exists."},
	},
	"get_secret_value": {
		{"CreateSecret", M{"Name": "x", "SecretBinary": "Zm9vdGVzdA==", "ClientRequestToken": v(1)},
			with(M{"VersionId": v(1)}), "", ""},
		{"GetSecretValue", M{}, with(M{"CreatedDate": anything, "SecretBinary": "Zm9vdGVzdA==",
			"VersionId": v(1), "VersionStages": []string{"AWSCURRENT"}}), "", ""},
	},
}

func TestRecordedAnswers_AllOperations_AreGivenAgain(t *testing.T) {
	for name, steps := range recordings {
		t.Run(name, func(t *testing.T) { replay(t, steps) })
	}
}
