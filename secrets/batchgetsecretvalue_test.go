package secrets_test

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"claviger/secrets"
)

type batch = secrets.BatchGetSecretValueOutput

func TestBatchGetSecretValue_SomeRefused_OthersAreAnswered(t *testing.T) {
	s := start(t)
	key := s.key()
	s.create("a", "1")
	s.create("b", "2")
	s.createUnder("closed", "3", key)
	s.Do("kms:DisableKey", M{"KeyId": key})
	out := must[batch](s, "BatchGetSecretValue",
		M{"SecretIdList": []string{"b", "absent", "a", "closed"}})
	if len(out.SecretValues) != 2 || *out.SecretValues[0].SecretString != "2" ||
		*out.SecretValues[1].SecretString != "1" {
		t.Errorf("%+v", out.SecretValues)
	}
	want := []secrets.APIError{
		{SecretId: "absent", ErrorCode: "ResourceNotFoundException",
			Message: "Secrets Manager can't find the specified secret."},
		{SecretId: "closed", ErrorCode: "DecryptionFailure", Message: cantDecrypt},
	}
	if !slices.Equal(out.Errors, want) {
		t.Errorf("%+v", out.Errors)
	}
}

// TestBatchGetSecretValue_Entry_IsTheValue: a batch shows of a secret what GetSecretValue does.
func TestBatchGetSecretValue_Entry_IsTheValue(t *testing.T) {
	s := start(t)
	s.create("text", "1")
	s.Do("CreateSecret", M{"Name": "bytes", "SecretBinary": "/w==", "ClientRequestToken": token()})
	out := must[batch](s, "BatchGetSecretValue", M{"SecretIdList": []string{"text", "bytes"}})
	shown := M{}
	for _, e := range out.SecretValues {
		got, want := documentOf(t, e), documentOf(t, s.get(e.Name))
		if !reflect.DeepEqual(got, want) {
			t.Errorf("in a batch %v, and alone %v", got, want)
		}
		maps.Copy(shown, got)
	}
	want := []string{"ARN", "CreatedDate", "Name", "SecretBinary", "SecretString", "VersionId",
		"VersionStages"}
	if got := slices.Sorted(maps.Keys(shown)); !slices.Equal(got, want) {
		t.Errorf("a batch shows %v", got)
	}
}

func TestBatchGetSecretValue_Filters_ComePageByPage(t *testing.T) {
	s := start(t)
	s.create("a", "1")
	s.create("b", "2")
	s.create("closed", "3")
	var got []string
	in := M{"Filters": []M{{"Key": "name", "Values": []string{"a", "b"}}}, "MaxResults": 1}
	for more := true; more; {
		out := must[batch](s, "BatchGetSecretValue", in)
		for _, v := range out.SecretValues {
			got = append(got, *v.SecretString)
		}
		in["NextToken"], more = out.NextToken, out.NextToken != ""
	}
	if !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("%v", got)
	}
	ids := []string{"a"}
	for _, in := range []M{{}, {"SecretIdList": ids, "Filters": in["Filters"]},
		{"SecretIdList": ids, "MaxResults": 2}} {
		s.Refused("BatchGetSecretValue", in, "InvalidParameterException", "")
	}
}

func TestBatchGetSecretValue_ActionDenied_IsDenied(t *testing.T) {
	s := start(t)
	s.create("a", "1")
	s.Forbid("secretsmanager:GetSecretValue")
	out := must[batch](s, "BatchGetSecretValue", M{"SecretIdList": []string{"a"}})
	if len(out.Errors) != 1 || out.Errors[0].ErrorCode != "AccessDeniedException" {
		t.Errorf("%+v", out)
	}
	s.Forbid("secretsmanager:ListSecrets")
	filters := []M{{"Key": "name", "Values": []string{"a", "b"}}}
	s.Refused("BatchGetSecretValue", M{"Filters": filters}, "AccessDeniedException", "")
}
