package secrets_test

import (
	"database/sql"
	"encoding/base64"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/internal/op"
	"claviger/secrets"
	"claviger/store"
	"claviger/store/storetest"
)

func TestASecretIsKeptAndRead(t *testing.T) {
	s := start(t)
	first := token()
	made := must[secrets.CreateSecretOutput](s, "CreateSecret", M{"Name": "prod/db", "ClientRequestToken": first, "SecretString": "pässword",
		"Description": "main", "Tags": []M{{"Key": "team", "Value": "blue"}, {"Key": "env"}}})
	if !regexp.MustCompile("^"+prefix+"prod/db-[A-Za-z0-9]{6}$").MatchString(made.ARN) || made.Name != "prod/db" || made.VersionId != first {
		t.Fatalf("%+v", made)
	}
	for _, id := range []string{"prod/db", made.ARN, prefix + "prod/db"} {
		got := s.get(id)
		if got.ARN != made.ARN || got.Name != "prod/db" || got.VersionId != first || *got.SecretString != "pässword" || got.SecretBinary != nil ||
			!slices.Equal(got.VersionStages, []string{"AWSCURRENT"}) || !got.CreatedDate.Equal(s.now) {
			t.Errorf("%s: %+v", id, got)
		}
	}
	for _, id := range []string{strings.TrimPrefix(made.ARN, prefix), prefix + "prod/db-XXXXXX", "prod/d", prefix + "prod"} {
		refused[secrets.GetSecretValueOutput](s, "GetSecretValue", M{"SecretId": id}, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	}
	d := s.describe("prod/db")
	if d.Description != "main" || d.KmsKeyId != "" || d.DeletedDate != nil || !slices.Equal(d.Tags, []secrets.Tag{{Key: "env"}, {Key: "team", Value: "blue"}}) ||
		!slices.Equal(d.VersionIdsToStages[first], []string{"AWSCURRENT"}) || len(d.VersionIdsToStages) != 1 {
		t.Errorf("%+v", d)
	}
}

func TestBinaryValuesStayBinary(t *testing.T) {
	s := start(t)
	value := make([]byte, 65536)
	for i := range value {
		value[i] = byte(i * 7)
	}
	must[secrets.CreateSecretOutput](s, "CreateSecret", M{"Name": "b", "ClientRequestToken": token(), "SecretBinary": base64.StdEncoding.EncodeToString(value)})
	if got := s.get("b"); !slices.Equal(got.SecretBinary, value) || got.SecretString != nil {
		t.Errorf("%d bytes, string %v", len(got.SecretBinary), got.SecretString)
	}
	large := strings.Repeat("v", 65536)
	s.create("s", large)
	if s.text(M{"SecretId": "s"}) != large {
		t.Error("a large string came back changed")
	}
	for _, tooLarge := range []string{large + "v", strings.Repeat("ä", 40000)} {
		if _, err := ask[secrets.PutSecretValueOutput](s, "PutSecretValue", M{"SecretId": "s", "ClientRequestToken": token(), "SecretString": tooLarge}); err == nil ||
			strings.Contains(err.Error(), "vvvv") || strings.Contains(err.Error(), "ää") {
			t.Errorf("%d bytes: %.200v", len(tooLarge), err)
		}
	}
}

func TestVersionsAndLabels(t *testing.T) {
	s := start(t)
	a := s.create("x", "a").VersionId
	b := s.put("x", "b")
	c := s.put("x", "c", "AWSPENDING", "blue")
	stages := func(want map[string][]string) {
		t.Helper()
		if got := s.describe("x").VersionIdsToStages; !maps.EqualFunc(got, want, slices.Equal[[]string]) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	stages(map[string][]string{a: {"AWSPREVIOUS"}, b: {"AWSCURRENT"}, c: {"AWSPENDING", "blue"}})
	for in, want := range map[string]M{
		"b": {"SecretId": "x"}, "a": {"SecretId": "x", "VersionStage": "AWSPREVIOUS"}, "c": {"SecretId": "x", "VersionId": c, "VersionStage": "blue"},
	} {
		if got := s.text(want); got != in {
			t.Errorf("%v: %s", want, got)
		}
	}
	must[secrets.SecretOutput](s, "UpdateSecretVersionStage", M{"SecretId": "x", "VersionStage": "AWSCURRENT", "RemoveFromVersionId": b, "MoveToVersionId": c})
	must[secrets.SecretOutput](s, "UpdateSecretVersionStage", M{"SecretId": "x", "VersionStage": "AWSPENDING", "RemoveFromVersionId": c})
	stages(map[string][]string{b: {"AWSPREVIOUS"}, c: {"AWSCURRENT", "blue"}})
	if got := s.text(M{"SecretId": "x", "VersionId": a}); got != "a" {
		t.Errorf("a version without labels: %s", got)
	}
	type get = secrets.GetSecretValueOutput
	refused[get](s, "GetSecretValue", M{"SecretId": "x", "VersionId": a, "VersionStage": "AWSCURRENT"}, "InvalidRequestException",
		"You provided a VersionStage that is not associated to the provided VersionId.")
	refused[get](s, "GetSecretValue", M{"SecretId": "x", "VersionStage": "green"}, "ResourceNotFoundException",
		"Secrets Manager can't find the specified secret value for staging label: green")
	absent := token()
	refused[get](s, "GetSecretValue", M{"SecretId": "x", "VersionId": absent}, "ResourceNotFoundException",
		"Secrets Manager can't find the specified secret value for VersionId: "+absent)
	refused[secrets.SecretOutput](s, "UpdateSecretVersionStage", M{"SecretId": "x", "VersionStage": "AWSCURRENT", "MoveToVersionId": a}, "InvalidParameterException",
		"The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version "+c+", so you must explicitly reference that version in RemoveFromVersionId.")
	refused[secrets.SecretOutput](s, "UpdateSecretVersionStage", M{"SecretId": "x", "VersionStage": "new", "MoveToVersionId": absent}, "ResourceNotFoundException", "")
	s.assemble(t)
	stages(map[string][]string{b: {"AWSPREVIOUS"}, c: {"AWSCURRENT", "blue"}})
}

func TestASecretWithoutAValue(t *testing.T) {
	s := start(t)
	made := must[secrets.CreateSecretOutput](s, "CreateSecret", M{"Name": "later", "ClientRequestToken": token()})
	if made.VersionId != "" {
		t.Errorf("%+v", made)
	}
	refused[secrets.GetSecretValueOutput](s, "GetSecretValue", M{"SecretId": "later"}, "ResourceNotFoundException",
		"Secrets Manager can't find the specified secret value for staging label: AWSCURRENT")
	out := must[secrets.PutSecretValueOutput](s, "PutSecretValue", M{"SecretId": "later", "SecretString": "now", "ClientRequestToken": token(), "VersionStages": []string{"AWSPENDING"}})
	if !slices.Equal(out.VersionStages, []string{"AWSCURRENT", "AWSPENDING"}) || s.text(M{"SecretId": "later"}) != "now" {
		t.Errorf("%+v", out)
	}
}

func TestRepeatedRequests(t *testing.T) {
	s := start(t)
	id := token()
	create := M{"Name": "r", "ClientRequestToken": id, "SecretString": "v"}
	made := must[secrets.CreateSecretOutput](s, "CreateSecret", create)
	if again := must[secrets.CreateSecretOutput](s, "CreateSecret", create); again != made {
		t.Errorf("%+v, want %+v", again, made)
	}
	exists := "The operation failed because the secret r already exists."
	refused[secrets.CreateSecretOutput](s, "CreateSecret", M{"Name": "r", "ClientRequestToken": token(), "SecretString": "v"}, "ResourceExistsException", exists)
	refused[secrets.CreateSecretOutput](s, "CreateSecret", M{"Name": "r", "ClientRequestToken": id, "SecretString": "w"}, "ResourceExistsException", "")
	refused[secrets.CreateSecretOutput](s, "CreateSecret", M{"Name": "r", "ClientRequestToken": id, "SecretBinary": "dg=="}, "ResourceExistsException", "")
	refused[secrets.CreateSecretOutput](s, "CreateSecret", M{"Name": "r", "ClientRequestToken": token()}, "ResourceExistsException", exists)

	put := M{"SecretId": "r", "ClientRequestToken": token(), "SecretString": "w"}
	first := must[secrets.PutSecretValueOutput](s, "PutSecretValue", put)
	s.put("r", "x")
	again := must[secrets.PutSecretValueOutput](s, "PutSecretValue", put)
	if again.VersionId != first.VersionId || !slices.Equal(again.VersionStages, []string{"AWSPREVIOUS"}) || s.text(M{"SecretId": "r"}) != "x" {
		t.Errorf("%+v after %+v", again, first)
	}
	put["SecretString"] = "other"
	used := "You can't use ClientRequestToken " + first.VersionId + " because that value is already in use for a version of secret " + made.ARN + "."
	refused[secrets.PutSecretValueOutput](s, "PutSecretValue", put, "ResourceExistsException", used)
	refused[secrets.UpdateSecretOutput](s, "UpdateSecret", put, "ResourceExistsException", used)

	update := M{"SecretId": "r", "ClientRequestToken": token(), "SecretString": "y", "Description": "d"}
	for range 2 {
		if out := must[secrets.UpdateSecretOutput](s, "UpdateSecret", update); out.VersionId != update["ClientRequestToken"] {
			t.Errorf("%+v", out)
		}
	}
	if s.text(M{"SecretId": "r"}) != "y" || s.describe("r").Description != "d" {
		t.Error("the update is not there")
	}
	if out := must[secrets.UpdateSecretOutput](s, "UpdateSecret", M{"SecretId": "r", "Description": ""}); out.VersionId != "" || s.describe("r").Description != "" {
		t.Errorf("%+v", out)
	}
}

func TestWhatIsRefused(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	const noToken = "You must provide a ClientRequestToken value. We recommend a UUID-type value."
	type create = secrets.CreateSecretOutput
	type put = secrets.PutSecretValueOutput
	type update = secrets.UpdateSecretOutput
	for _, name := range []string{"a b", "ä", "a:b", "a*"} {
		refused[create](s, "CreateSecret", M{"Name": name, "ClientRequestToken": token(), "SecretString": "v"}, "ValidationException",
			"Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
	}
	refused[create](s, "CreateSecret", M{"Name": "y", "SecretString": "v"}, "InvalidRequestException", noToken)
	refused[put](s, "PutSecretValue", M{"SecretId": "x", "SecretString": "v"}, "InvalidRequestException", noToken)
	refused[update](s, "UpdateSecret", M{"SecretId": "x", "SecretString": "v"}, "InvalidRequestException", noToken)
	refused[put](s, "PutSecretValue", M{"SecretId": "x", "ClientRequestToken": token()}, "InvalidRequestException", "")
	refused[put](s, "PutSecretValue", M{"SecretId": "x", "ClientRequestToken": "short", "SecretString": "v"}, "ValidationException", "")
	refused[put](s, "PutSecretValue", M{"SecretId": "x", "ClientRequestToken": token(), "SecretString": "v", "SecretBinary": "dg=="}, "InvalidParameterException", "")
	refused[put](s, "PutSecretValue", M{"SecretId": "x", "ClientRequestToken": token(), "SecretString": "v", "RotationToken": token()}, "InvalidParameterException", "")
	for member, value := range map[string]any{"AddReplicaRegions": []M{{"Region": "eu-west-1"}}, "ForceOverwriteReplicaSecret": true, "Type": "Partner"} {
		refused[create](s, "CreateSecret", M{"Name": "y", "ClientRequestToken": token(), "SecretString": "v", member: value}, "InvalidParameterException", "")
	}
	refused[update](s, "UpdateSecret", M{"SecretId": "x", "Type": "Partner"}, "InvalidParameterException", "")
	refused[update](s, "UpdateSecret", M{"SecretId": "no", "Description": "d"}, "ResourceNotFoundException", "")
	for _, tags := range [][]M{{{"Key": "AWS:x"}}, {{"Key": "a"}, {"Key": "a"}}, {{"Value": "a"}}} {
		refused[create](s, "CreateSecret", M{"Name": "y", "ClientRequestToken": token(), "Tags": tags}, "InvalidParameterException", "")
	}
	refused[secrets.GetSecretValueOutput](s, "GetSecretValue", M{}, "ValidationException", "")
	refused[secrets.GetSecretValueOutput](s, "GetSecretValue", M{"SecretId": "arn:aws:secretsmanager:eu-west-1:" + account + ":secret:x"}, "ResourceNotFoundException", "")
	refused[secrets.GetSecretValueOutput](s, "GetSecretValue", M{"SecretId": "arn:aws:secretsmanager:" + region + ":444455556666:secret:x"}, "AccessDeniedException", "")
}

func TestTags(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	must[op.None](s, "TagResource", M{"SecretId": "x", "Tags": []M{{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "1"}}})
	must[op.None](s, "TagResource", M{"SecretId": "x", "Tags": []M{{"Key": "b", "Value": "2"}, {"Key": "B"}}})
	must[op.None](s, "UntagResource", M{"SecretId": "x", "TagKeys": []string{"a", "never"}})
	if got := s.describe("x").Tags; !slices.Equal(got, []secrets.Tag{{Key: "B"}, {Key: "b", Value: "2"}}) {
		t.Errorf("%v", got)
	}
	var many []M
	for i := range 49 {
		many = append(many, M{"Key": strings.Repeat("k", i+1)})
	}
	refused[op.None](s, "TagResource", M{"SecretId": "x", "Tags": many}, "InvalidParameterException", "")
	must[op.None](s, "TagResource", M{"SecretId": "x", "Tags": many[1:]})
}

func TestTheDayOfTheLastAccess(t *testing.T) {
	s := start(t)
	id := s.create("x", "v").VersionId
	if d := s.describe("x"); d.LastAccessedDate != nil {
		t.Errorf("%v before any access", d.LastAccessedDate)
	}
	for range 2 {
		s.get("x")
		day := s.now.Truncate(24 * time.Hour)
		eventually(t, "the access is noted", func() bool {
			d := s.describe("x").LastAccessedDate
			return d != nil && d.Equal(day)
		})
		list := must[secrets.ListSecretVersionIdsOutput](s, "ListSecretVersionIds", M{"SecretId": "x"})
		if v := list.Versions; len(v) != 1 || v[0].VersionId != id || v[0].LastAccessedDate == nil || !v[0].LastAccessedDate.Equal(day) {
			t.Errorf("%+v", v)
		}
		s.pass(30 * time.Hour)
	}
	s.put("x", "w") // a change lets the day be
	if d := s.describe("x"); d.LastAccessedDate == nil {
		t.Error("a change has forgotten the last access")
	}
}

func TestQueriesKeepToTheirNamespace(t *testing.T) {
	own := slices.DeleteFunc(store.Queries(), func(q *store.Query) bool { return !strings.HasPrefix(q.Where(), "secrets/") })
	for _, err := range storetest.CheckQueries(own) {
		t.Error(err)
	}
}

// What answers many rows takes them in the order of an index, so that a page costs a page however many there are.
func TestPagesCostAPage(t *testing.T) {
	s := start(t)
	db, err := sql.Open("sqlite3", s.path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range store.Queries() {
		if !strings.HasPrefix(q.Where(), "secrets/") {
			continue
		}
		rows, err := db.Query("EXPLAIN QUERY PLAN "+q.String(), make([]any, strings.Count(q.String(), "$"))...)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var step string
			if err := rows.Scan(new(int), new(int), new(int), &step); err != nil || strings.Contains(step, "TEMP B-TREE") || strings.HasPrefix(step, "SCAN") && !strings.HasPrefix(step, "SCAN (subquery") {
				t.Errorf("%s: %s, %v", q, step, err)
			}
		}
		rows.Close()
	}
}

// A value is in no file and no record, neither are the bytes that JSON or base64 would make of it.
func TestNoValueReachesTheDisk(t *testing.T) {
	s := start(t)
	const canary = "canary-4711-do-not-keep-me"
	s.create("x", canary)
	must[secrets.CreateSecretOutput](s, "CreateSecret", M{"Name": "y", "ClientRequestToken": token(), "SecretBinary": base64.StdEncoding.EncodeToString([]byte(canary))})
	s.get("x")
	s.get("y")
	refused[secrets.PutSecretValueOutput](s, "PutSecretValue", M{"SecretId": "x", "ClientRequestToken": token(), "SecretString": canary, "SecretBinary": "dg=="}, "InvalidParameterException", "")
	must[secrets.GetRandomPasswordOutput](s, "GetRandomPassword", M{})
	for _, file := range []string{s.path, s.path + "-wal"} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{canary, base64.StdEncoding.EncodeToString([]byte(canary))[:30]} {
			if strings.Contains(string(b), form) {
				t.Errorf("%s holds the value", file)
			}
		}
	}
}
