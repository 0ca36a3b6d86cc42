package parameters_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"claviger/internal/op"
	"claviger/internal/op/optest"
	"claviger/keystore"
	"claviger/parameters"
	"claviger/parameters/ssmfault"
	"claviger/policy"
	"claviger/secrets"

	"github.com/google/uuid"
)

// references is what names of secrets are below.
const references = "/aws/reference/secretsmanager/"

// secret makes a secret, and returns its ARN and the id of its first version.
func (s *service) secret(name, value string) (arn, id string) {
	s.T.Helper()
	out := must[secrets.CreateSecretOutput](s, "secretsmanager:CreateSecret", M{"Name": name,
		"SecretString": value, "ClientRequestToken": uuid.NewString()})
	return out.ARN, out.VersionId
}

// notFound is what is recorded of AWS.
func notFound(reference string) string {
	return "An error occurred (ParameterNotFound) when referencing Secrets Manager: Secret " +
		reference[1:] + " not found."
}

func TestReference_Secret_IsAnsweredAsRecorded(t *testing.T) {
	s := start(t)
	name := "ref/nested_+=.@!-name"
	arn, id := s.secret(name, `{"a":"<&=>'ü"}`)
	got := s.get(references + name)
	at := got.LastModifiedDate.Time
	source := `{"ARN":"` + arn + `","name":"` + name + `","versionId":"` + id +
		`","secretString":"{\"a\":\"<&=>'ü\"}","versionStages":["AWSCURRENT"],"createdDate":"` +
		at.UTC().Format("Jan 2, 2006, 3:04:05 PM") + `"}`
	want := parameters.Parameter{Name: references + name, Type: "SecureString",
		Value: `{"a":"<&=>'ü"}`, ARN: arn, SourceResult: source, LastModifiedDate: got.LastModifiedDate}
	if got != want {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if at.IsZero() || !at.Equal(optest.Began) {
		t.Errorf("of %v, want the time of the version", at)
	}
}

func TestReference_Selector_IsALabelOrTheIDOfAVersion(t *testing.T) {
	s := start(t)
	_, first := s.secret("ref", "1")
	s.Do("secretsmanager:PutSecretValue", M{"SecretId": "ref", "SecretString": "2",
		"ClientRequestToken": uuid.NewString()})
	for selector, want := range map[string]string{"": "2", ":AWSCURRENT": "2", ":AWSPREVIOUS": "1",
		":" + first: "1"} {
		got := s.get(references + "ref" + selector)
		if got.Value != want || got.Selector != selector || got.Name != references+"ref" ||
			got.Version != 0 || got.DataType != "" {
			t.Errorf("%s: %+v", selector, got)
		}
	}
	for _, absent := range []string{"ref:NOSUCH", "ref:" + uuid.NewString()} {
		s.Refused("GetParameter", M{"Name": references + absent, "WithDecryption": true},
			"ParameterNotFound", notFound(references+absent))
	}
}

// TestReference_RefusedSecret_IsToldInRecordedWords: GetParameters names the same among the invalid
// ones, but what the caller may not read, which fails all of them.
func TestReference_RefusedSecret_IsToldInRecordedWords(t *testing.T) {
	s := start(t)
	s.secret("gone", "v")
	s.secret("ref", "v")
	s.put("/plain", "p")
	s.Do("secretsmanager:DeleteSecret", M{"SecretId": "gone"})
	for _, c := range []struct {
		name    string
		decrypt bool
		code    string
		message string
	}{
		{"absent", true, "ParameterNotFound", notFound(references + "absentnull")},
		{"ref", false, "ValidationException", ssmfault.NotDecrypted.Message},
		{"absent", false, "ValidationException", ssmfault.NotDecrypted.Message},
		{"gone", true, "ValidationException", "Invalid Request to Secrets Manager"},
		{"ref:", false, "ValidationException", ssmfault.BadReference.Message},
		{"ref:a:b", true, "ValidationException", ssmfault.BadReference.Message},
		{"arn:aws:secretsmanager:" + region + ":" + account + ":secret:ref", true,
			"ValidationException", ssmfault.BadReference.Message},
	} {
		name := references + c.name
		s.Refused("GetParameter", M{"Name": name, "WithDecryption": c.decrypt}, c.code, c.message)
		out := must[parameters.GetParametersOutput](s, "GetParameters",
			M{"Names": []string{name, "/plain"}, "WithDecryption": c.decrypt})
		if len(out.Parameters) != 1 || out.Parameters[0].Value != "p" ||
			!slices.Equal(out.InvalidParameters, []string{name}) {
			t.Errorf("GetParameters %s: %+v", name, out)
		}
	}
	s.Refused("GetParameter", M{"Name": references + "a b", "WithDecryption": true},
		"ValidationException", ssmfault.BadName.Message)
	s.Refused("GetParameter", M{"Name": references, "WithDecryption": true},
		"ValidationException", ssmfault.BadName.Message)
}

func TestReference_Several_AreReadBesideParameters(t *testing.T) {
	s := start(t)
	_, first := s.secret("b", "1")
	s.secret("a", "2")
	s.put("/plain", "p")
	out := must[parameters.GetParametersOutput](s, "GetParameters", M{"WithDecryption": true,
		"Names": []string{"/plain", references + "b:" + first, references + "a"}})
	var got []string
	for _, p := range out.Parameters {
		got = append(got, p.Name+p.Selector+"="+p.Value)
	}
	want := []string{references + "a=2", references + "b:" + first + "=1", "/plain=p"}
	if !slices.Equal(got, want) || len(out.InvalidParameters) != 0 {
		t.Errorf("%v, want %v; invalid %v", got, want, out.InvalidParameters)
	}
}

// TestReference_BinarySecret_HasNoValue: as recorded.
func TestReference_BinarySecret_HasNoValue(t *testing.T) {
	s := start(t)
	s.Do("secretsmanager:CreateSecret", M{"Name": "bin", "SecretBinary": []byte("abc"),
		"ClientRequestToken": uuid.NewString()})
	got := s.get(references + "bin")
	var source map[string]any
	if err := json.Unmarshal([]byte(got.SourceResult), &source); err != nil {
		t.Fatal(err)
	}
	if got.Value != "" || got.Type != "SecureString" || source["secretBinary"] != "YWJj" {
		t.Errorf("%+v", got)
	}
	if body, _ := json.Marshal(source); strings.Contains(string(body), "secretString") {
		t.Errorf("%s", body)
	}
}

// TestReference_Caller_NeedsBothPermissions: ssm:GetParameter on the name, and GetSecretValue on
// the secret, which is asked for before anything is said of it.
func TestReference_Caller_NeedsBothPermissions(t *testing.T) {
	s := start(t)
	s.secret("ref", "v")
	in := M{"Name": references + "ref", "WithDecryption": true}
	s.put("/plain", "p")

	s.Forbid("secretsmanager:GetSecretValue")
	s.Refused("GetParameter", in, "ValidationException", ssmfault.NoHelp.Message)
	s.Refused("GetParameter", M{"Name": references + "absent", "WithDecryption": true},
		"ValidationException", ssmfault.NoHelp.Message)
	s.Refused("GetParameter", M{"Name": references + "ref"}, "ValidationException",
		ssmfault.NotDecrypted.Message)
	s.Refused("GetParameters", M{"Names": []string{references + "ref", "/plain"},
		"WithDecryption": true}, "ValidationException", ssmfault.NoHelp.Message)

	s.Forbid("kms:Decrypt")
	s.Refused("GetParameter", in, "ValidationException", ssmfault.NoHelp.Message)

	s.Decide(func(q policy.Request) policy.Decision {
		for _, d := range q.Demands {
			if d.Action == "ssm:GetParameter" && d.Resource.ARN != prefix+references+"ref" {
				t.Errorf("asked about %s", d.Resource.ARN)
			}
		}
		return policy.Decide(q)
	})
	s.get(references + "ref")
	s.Forbid("ssm:GetParameter")
	s.Refused("GetParameter", in, "AccessDeniedException", "")
}

// TestReference_DisabledKey_IsToldAsDenied: that the secret is there and can't be opened isn't
// said.
func TestReference_DisabledKey_IsToldAsDenied(t *testing.T) {
	s := start(t)
	key := must[keystore.CreateKeyOutput](s, "kms:CreateKey", M{}).KeyMetadata.KeyId
	s.Do("secretsmanager:CreateSecret", M{"Name": "ref", "SecretString": "v", "KmsKeyId": key,
		"ClientRequestToken": uuid.NewString()})
	s.Do("kms:DisableKey", M{"KeyId": key})
	s.Refused("GetParameter", M{"Name": references + "ref", "WithDecryption": true},
		"ValidationException", ssmfault.NoHelp.Message)
}

// TestReference_Reading_IsRecordedOfBothServicesInOneCommit: and the secret's key's use with them.
func TestReference_Reading_IsRecordedOfBothServicesInOneCommit(t *testing.T) {
	s := start(t)
	arn, _ := s.secret("ref", "the value")
	before := len(s.Records())
	s.get(references + "ref")
	var got []string
	for _, line := range s.Records()[before:] {
		var r struct {
			EventName, RequestID string
			UserIdentity         struct{ InvokedBy string }
			AdditionalEventData  struct{ ResourceARNs []string }
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(line, "the value") {
			t.Errorf("the value is in %s", line)
		}
		got = append(got, r.EventName+" "+r.UserIdentity.InvokedBy)
		if r.EventName == "GetSecretValue" &&
			!slices.Equal(r.AdditionalEventData.ResourceARNs, []string{arn}) {
			t.Errorf("%s", line)
		}
	}
	want := []string{"Decrypt secretsmanager.amazonaws.com", "GetSecretValue ssm.amazonaws.com",
		"GetParameter "}
	if !slices.Equal(got, want) {
		t.Errorf("recorded %q, want %q", got, want)
	}
}

func TestReference_Replica_IsReadInItsRegion(t *testing.T) {
	s := start(t)
	arn, _ := s.secret("ref", "v")
	s.Do("secretsmanager:ReplicateSecretToRegions", M{"SecretId": "ref",
		"AddReplicaRegions": []M{{"Region": regions[1]}}})
	s.Jobs.RunDue(t.Context())
	there := optest.In(context.Background(), regions[1])
	answer, err := s.Ask(there, "GetParameter",
		M{"Name": references + "ref", "WithDecryption": true})
	if err != nil {
		t.Fatal(err)
	}
	got := answer.(parameters.GetParameterOutput).Parameter
	if got.Value != "v" || got.ARN != strings.Replace(arn, region, regions[1], 1) {
		t.Errorf("%+v", got)
	}
}

// TestReference_OtherOperations_KnowNone: there is nothing of a secret to change, label, tag or
// list here.
func TestReference_OtherOperations_KnowNone(t *testing.T) {
	s := start(t)
	s.secret("ref", "v")
	name := references + "ref"
	s.Refused("PutParameter", M{"Name": name, "Value": "v", "Type": "String"},
		"AccessDeniedException", "No access to reserved parameter name: "+name+".")
	s.Refused("GetParameterHistory", M{"Name": name}, "ParameterNotFound", "")
	s.Refused("DeleteParameter", M{"Name": name}, "ParameterNotFound", "")
	s.Refused("LabelParameterVersion", M{"Name": name, "Labels": []string{"l"}},
		"ParameterNotFound", "")
	s.Refused("UnlabelParameterVersion", M{"Name": name, "Labels": []string{"l"},
		"ParameterVersion": 1}, "ParameterNotFound", "")
	tagged := M{"ResourceType": "Parameter", "ResourceId": name}
	s.Refused("ListTagsForResource", tagged, "InvalidResourceId", "")
	tagged["TagKeys"] = []string{"k"}
	s.Refused("RemoveTagsFromResource", tagged, "InvalidResourceId", "")
	delete(tagged, "TagKeys")
	tagged["Tags"] = []M{{"Key": "k", "Value": "v"}}
	s.Refused("AddTagsToResource", tagged, "InvalidResourceId", "")
	out := must[parameters.DeleteParametersOutput](s, "DeleteParameters", M{"Names": []string{name}})
	if len(out.DeletedParameters) != 0 || !slices.Equal(out.InvalidParameters, []string{name}) {
		t.Errorf("%+v", out)
	}
	for _, path := range []string{references, name, "/aws/reference", "/"} {
		if got := s.byPath(path, true); len(got) != 0 {
			t.Errorf("below %s: %v", path, got)
		}
	}
	s.get(name)
}

// TestReference_Answer_HasNoETag: when it changes is not known here, so that nobody waits.
func TestReference_Answer_HasNoETag(t *testing.T) {
	s := start(t)
	s.secret("ref", "v")
	s.put("/plain", "v")
	for name, want := range map[string]bool{references + "ref": false, "/plain": true} {
		if got := s.etag("GetParameter", M{"Name": name, "WithDecryption": true}); want != (got != "") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// etag performs an operation and returns the ETag of its answer.
func (s *service) etag(name string, in M) string {
	s.T.Helper()
	o := s.Operation("ssm:" + name)
	q := optest.Request(s.T, o, in)
	q.Condition = &op.Condition{Has: func(string) bool { return false }}
	ctx := optest.As(context.Background(), optest.Root(s.Owner))
	if _, err := s.Runner.Serve(ctx, o.Info().Service, q); err != nil {
		s.T.Fatal(err)
	}
	return q.Condition.ETag
}

// byPath returns the names below a path, from all pages.
func (s *service) byPath(path string, recursive bool) (names []string) {
	s.T.Helper()
	in := M{"Path": path, "Recursive": recursive, "MaxResults": 2}
	for {
		out := must[parameters.GetParametersByPathOutput](s, "GetParametersByPath", in)
		for _, p := range out.Parameters {
			names = append(names, p.Name)
		}
		if out.NextToken == "" {
			return names
		}
		in["NextToken"] = out.NextToken
	}
}
