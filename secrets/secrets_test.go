package secrets_test

import (
	"database/sql"
	"encoding/base64"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"claviger/secrets"
	"claviger/secrets/secret"
	"claviger/store"
	"claviger/store/storetest"
)

func TestSecretBinary_LargestValue_ComesBackAsBytes(t *testing.T) {
	s := start(t)
	value := make([]byte, 65536)
	for i := range value {
		value[i] = byte(i * 7)
	}
	s.Do("CreateSecret", M{"Name": "b", "ClientRequestToken": token(),
		"SecretBinary": base64.StdEncoding.EncodeToString(value)})
	got := s.get("b")
	if !slices.Equal(got.SecretBinary, value) || got.SecretString != nil {
		t.Errorf("%d bytes, string %v", len(got.SecretBinary), got.SecretString)
	}
	if !got.CreatedDate.Equal(s.Clock.Now()) {
		t.Errorf("made at %v, want %v", got.CreatedDate, s.Clock.Now())
	}
}

// A refusal must not repeat what it refuses: it is a secret all the same.
func TestSecretString_OverTheQuota_IsRefusedWithoutItsText(t *testing.T) {
	s := start(t)
	large := strings.Repeat("v", 65536)
	s.create("s", large)
	if s.text(M{"SecretId": "s"}) != large {
		t.Error("the largest string came back changed")
	}
	for _, tooLarge := range []string{large + "v", strings.Repeat("ä", 40000)} {
		_, err := ask[secrets.PutSecretValueOutput](s, "PutSecretValue",
			M{"SecretId": "s", "ClientRequestToken": token(), "SecretString": tooLarge})
		if err == nil || strings.Contains(err.Error(), "vvvv") ||
			strings.Contains(err.Error(), "ää") {
			t.Errorf("%d bytes: %.200v", len(tooLarge), err)
		}
	}
}

// stages holds the labels of secret x to what they should be.
func (s *service) stages(want map[string][]string) {
	s.T.Helper()
	got := s.describe("x").VersionIdsToStages
	if !maps.EqualFunc(got, want, slices.Equal[[]string]) {
		s.T.Errorf("%v, want %v", got, want)
	}
}

func TestUpdateSecretVersionStage_LabelMoved_ReadsFollow(t *testing.T) {
	s := start(t)
	a := s.create("x", "a").VersionId
	b := s.put("x", "b")
	c := s.put("x", "c", "AWSPENDING", "blue")
	s.stages(map[string][]string{a: {"AWSPREVIOUS"}, b: {"AWSCURRENT"}, c: {"AWSPENDING", "blue"}})
	for want, in := range map[string]M{
		"b": {"SecretId": "x"},
		"a": {"SecretId": "x", "VersionStage": "AWSPREVIOUS"},
		"c": {"SecretId": "x", "VersionId": c, "VersionStage": "blue"},
	} {
		if got := s.text(in); got != want {
			t.Errorf("%v: %s", in, got)
		}
	}
	s.Do("UpdateSecretVersionStage", M{"SecretId": "x", "VersionStage": "AWSCURRENT",
		"RemoveFromVersionId": b, "MoveToVersionId": c})
	s.Do("UpdateSecretVersionStage", M{"SecretId": "x", "VersionStage": "AWSPENDING",
		"RemoveFromVersionId": c})
	s.stages(map[string][]string{b: {"AWSPREVIOUS"}, c: {"AWSCURRENT", "blue"}})
	if got := s.text(M{"SecretId": "x", "VersionId": a}); got != "a" {
		t.Errorf("a version without labels: %s", got)
	}
	s.Restart()
	s.stages(map[string][]string{b: {"AWSPREVIOUS"}, c: {"AWSCURRENT", "blue"}})
}

func TestGetSecretValue_VersionNotThere_IsRefused(t *testing.T) {
	s := start(t)
	a := s.create("x", "a").VersionId
	s.put("x", "b")
	s.Refused("GetSecretValue", M{"SecretId": "x", "VersionId": a, "VersionStage": "AWSCURRENT"},
		"InvalidRequestException",
		"You provided a VersionStage that is not associated to the provided VersionId.")
	s.Refused("GetSecretValue", M{"SecretId": "x", "VersionStage": "green"},
		"ResourceNotFoundException",
		"Secrets Manager can't find the specified secret value for staging label: green")
	absent := token()
	for _, in := range []M{
		{"SecretId": "x", "VersionId": absent},
		{"SecretId": "x", "VersionId": absent, "VersionStage": "AWSCURRENT"},
	} {
		s.Refused("GetSecretValue", in, "ResourceNotFoundException",
			"Secrets Manager can't find the specified secret value for VersionId: "+absent)
	}
}

func TestUpdateSecretVersionStage_PlaceUnknown_IsRefused(t *testing.T) {
	s := start(t)
	a := s.create("x", "a").VersionId
	b := s.put("x", "b")
	s.Refused("UpdateSecretVersionStage",
		M{"SecretId": "x", "VersionStage": "AWSCURRENT", "MoveToVersionId": a},
		"InvalidParameterException", "The parameter RemoveFromVersionId can't be empty. Staging "+
			"label AWSCURRENT is currently attached to version "+b+", so you must explicitly "+
			"reference that version in RemoveFromVersionId.")
	s.Refused("UpdateSecretVersionStage",
		M{"SecretId": "x", "VersionStage": "new", "MoveToVersionId": token()},
		"ResourceNotFoundException", "")
	s.stages(map[string][]string{a: {"AWSPREVIOUS"}, b: {"AWSCURRENT"}})
}

func TestCreateSecret_NoValue_FirstPutIsCurrent(t *testing.T) {
	s := start(t)
	made := must[secrets.CreateSecretOutput](s, "CreateSecret",
		M{"Name": "later", "ClientRequestToken": token()})
	if made.VersionId != "" {
		t.Errorf("%+v", made)
	}
	s.Refused("GetSecretValue", M{"SecretId": "later"}, "ResourceNotFoundException",
		"Secrets Manager can't find the specified secret value for staging label: AWSCURRENT")
	out := must[secrets.PutSecretValueOutput](s, "PutSecretValue",
		M{"SecretId": "later", "SecretString": "now", "ClientRequestToken": token(),
			"VersionStages": []string{"AWSPENDING"}})
	if !slices.Equal(out.VersionStages, []string{"AWSCURRENT", "AWSPENDING"}) {
		t.Errorf("%+v", out)
	}
	if s.text(M{"SecretId": "later"}) != "now" {
		t.Error("the first value is not current")
	}
}

func TestCreateSecret_SameToken_AnswersAsTheFirstTime(t *testing.T) {
	s := start(t)
	id := token()
	create := M{"Name": "r", "ClientRequestToken": id, "SecretString": "v"}
	made := must[secrets.CreateSecretOutput](s, "CreateSecret", create)
	again := must[secrets.CreateSecretOutput](s, "CreateSecret", create)
	if !reflect.DeepEqual(again, made) {
		t.Errorf("%+v, want %+v", again, made)
	}
	const exists = "The operation failed because the secret r already exists."
	for _, x := range []struct {
		in      M
		message string
	}{
		{M{"ClientRequestToken": token(), "SecretString": "v"}, exists},
		{M{"ClientRequestToken": token()}, exists},
		{M{"ClientRequestToken": id, "SecretString": "w"}, ""},
		{M{"ClientRequestToken": id, "SecretBinary": "dg=="}, ""},
	} {
		x.in["Name"] = "r"
		s.Refused("CreateSecret", x.in, "ResourceExistsException", x.message)
	}
}

// An SDK sends the token again when the answer got lost, and has to be told that the secret is
// made.
func TestCreateSecret_SameTokenNoValue_AnswersAsTheFirstTime(t *testing.T) {
	s := start(t)
	create := M{"Name": "r", "ClientRequestToken": token()}
	made := must[secrets.CreateSecretOutput](s, "CreateSecret", create)
	s.Restart()
	again := must[secrets.CreateSecretOutput](s, "CreateSecret", create)
	if !reflect.DeepEqual(again, made) {
		t.Errorf("%+v, want %+v", again, made)
	}
	s.put("r", "v")
	again = must[secrets.CreateSecretOutput](s, "CreateSecret", create)
	if !reflect.DeepEqual(again, made) {
		t.Errorf("%+v, want %+v", again, made)
	}
	const exists = "The operation failed because the secret r already exists."
	s.Refused("CreateSecret", M{"Name": "r", "ClientRequestToken": create["ClientRequestToken"],
		"SecretString": "v"}, "ResourceExistsException", exists)
	s.Refused("CreateSecret", M{"Name": "r", "ClientRequestToken": token()},
		"ResourceExistsException", exists)
	s.Do("DeleteSecret", M{"SecretId": "r", "ForceDeleteWithoutRecovery": true})
	if anew := must[secrets.CreateSecretOutput](s, "CreateSecret", create); anew.ARN == made.ARN {
		t.Error("the deleted secret is answered")
	}
}

func TestPutSecretValue_SameToken_AddsNothing(t *testing.T) {
	s := start(t)
	made := s.create("r", "v")
	put := M{"SecretId": "r", "ClientRequestToken": token(), "SecretString": "w"}
	first := must[secrets.PutSecretValueOutput](s, "PutSecretValue", put)
	s.put("r", "x")
	again := must[secrets.PutSecretValueOutput](s, "PutSecretValue", put)
	if again.VersionId != first.VersionId ||
		!slices.Equal(again.VersionStages, []string{"AWSPREVIOUS"}) {
		t.Errorf("%+v after %+v", again, first)
	}
	if s.text(M{"SecretId": "r"}) != "x" {
		t.Error("a repeated request took the label back")
	}
	put["SecretString"] = "other"
	used := "You can't use ClientRequestToken " + first.VersionId + " because that value is " +
		"already in use for a version of secret " + made.ARN + "."
	s.Refused("PutSecretValue", put, "ResourceExistsException", used)
	s.Refused("UpdateSecret", put, "ResourceExistsException", used)
}

func TestUpdateSecret_SameToken_IsRepeatable(t *testing.T) {
	s := start(t)
	s.create("r", "v")
	update := M{"SecretId": "r", "ClientRequestToken": token(), "SecretString": "y",
		"Description": "d"}
	for range 2 {
		out := must[secrets.UpdateSecretOutput](s, "UpdateSecret", update)
		if out.VersionId != update["ClientRequestToken"] {
			t.Errorf("%+v", out)
		}
	}
	if s.text(M{"SecretId": "r"}) != "y" || s.describe("r").Description != "d" {
		t.Error("the update is not there")
	}
	out := must[secrets.UpdateSecretOutput](s, "UpdateSecret", M{"SecretId": "r", "Description": ""})
	if out.VersionId != "" || s.describe("r").Description != "" {
		t.Errorf("%+v", out)
	}
}

func TestCreateSecret_InvalidInput_IsRefused(t *testing.T) {
	s := start(t)
	for _, name := range []string{"a b", "ä", "a:b", "a*"} {
		s.Refused("CreateSecret",
			M{"Name": name, "ClientRequestToken": token(), "SecretString": "v"},
			"ValidationException", "Invalid name. Must be a valid name containing alphanumeric "+
				"characters, or any of the following: -/_+=.@!")
	}
	for member, value := range map[string]any{
		"AddReplicaRegions": []M{{"Region": "eu-west-1"}}, // which isn't served
		"Type":              "Partner",
	} {
		s.Refused("CreateSecret", M{"Name": "y", "ClientRequestToken": token(), "SecretString": "v",
			member: value}, "InvalidParameterException", "")
	}
	for _, tags := range [][]M{{{"Key": "AWS:x"}}, {{"Key": "a"}, {"Key": "a"}}, {{"Value": "a"}}} {
		s.Refused("CreateSecret", M{"Name": "y", "ClientRequestToken": token(), "Tags": tags},
			"InvalidParameterException", "")
	}
}

func TestNewVersion_InvalidInput_IsRefused(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	s.Refused("CreateSecret", M{"Name": "y", "SecretString": "v"}, "InvalidRequestException", noToken)
	s.Refused("PutSecretValue", M{"SecretId": "x", "SecretString": "v"},
		"InvalidRequestException", noToken)
	s.Refused("UpdateSecret", M{"SecretId": "x", "SecretString": "v"},
		"InvalidRequestException", noToken)
	s.Refused("PutSecretValue", M{"SecretId": "x", "ClientRequestToken": token()},
		"InvalidRequestException", "")
	s.Refused("PutSecretValue",
		M{"SecretId": "x", "ClientRequestToken": "short", "SecretString": "v"},
		"ValidationException", "")
	s.Refused("PutSecretValue", M{"SecretId": "x", "ClientRequestToken": token(),
		"SecretString": "v", "SecretBinary": "dg=="}, "InvalidParameterException", "")
	s.Refused("PutSecretValue", M{"SecretId": "x", "ClientRequestToken": token(),
		"SecretString": "v", "RotationToken": token()}, "InvalidParameterException", "")
	s.Refused("UpdateSecret", M{"SecretId": "x", "Type": "Partner"}, "InvalidParameterException", "")
}

func TestTagResource_Overwritten_CountsOnce(t *testing.T) {
	s := start(t)
	s.create("x", "v")
	s.Do("TagResource", M{"SecretId": "x",
		"Tags": []M{{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "1"}}})
	s.Do("TagResource", M{"SecretId": "x", "Tags": []M{{"Key": "b", "Value": "2"}, {"Key": "B"}}})
	s.Do("UntagResource", M{"SecretId": "x", "TagKeys": []string{"a", "never"}})
	got := s.describe("x").Tags
	if !slices.Equal(got, []secret.Tag{{Key: "B"}, {Key: "b", Value: "2"}}) {
		t.Errorf("%v", got)
	}
	var many []M
	for i := range 49 {
		many = append(many, M{"Key": strings.Repeat("k", i+1)})
	}
	s.Refused("TagResource", M{"SecretId": "x", "Tags": many}, "InvalidParameterException", "")
	s.Do("TagResource", M{"SecretId": "x", "Tags": many[1:]})
}

func TestLastAccessedDate_ValueRead_IsTheDay(t *testing.T) {
	s := start(t)
	id := s.create("x", "v").VersionId
	if d := s.describe("x"); d.LastAccessedDate != nil {
		t.Errorf("%v before any access", d.LastAccessedDate)
	}
	for range 2 {
		s.get("x")
		day := s.Clock.Now().Truncate(24 * time.Hour)
		eventually(t, "the access is noted", func() bool {
			d := s.describe("x").LastAccessedDate
			return d != nil && d.Equal(day)
		})
		list := must[secrets.ListSecretVersionIdsOutput](s, "ListSecretVersionIds", M{"SecretId": "x"})
		v := list.Versions
		if len(v) != 1 || v[0].VersionId != id || v[0].LastAccessedDate == nil ||
			!v[0].LastAccessedDate.Equal(day) {
			t.Errorf("%+v", v)
		}
		s.Clock.Pass(30 * time.Hour)
	}
	s.put("x", "w") // a change lets the day be
	if d := s.describe("x"); d.LastAccessedDate == nil {
		t.Error("a change has forgotten the last access")
	}
}

// own are the queries of this package.
func own() []*store.Query {
	return slices.DeleteFunc(store.Queries(), func(q *store.Query) bool {
		return !strings.HasPrefix(q.Where(), "secrets/")
	})
}

func TestQueries_All_KeepToTheirNamespace(t *testing.T) {
	for _, err := range storetest.CheckQueries(own()) {
		t.Error(err)
	}
}

// What answers many rows takes them in the order of an index, so that a page costs a page however
// many there are.
func TestQueries_ManyRows_ReadByIndex(t *testing.T) {
	s := start(t)
	db, err := sql.Open("sqlite3", s.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, q := range own() {
		args := make([]any, strings.Count(q.String(), "$"))
		rows, err := db.Query("EXPLAIN QUERY PLAN "+q.String(), args...)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var step string
			if err := rows.Scan(new(int), new(int), new(int), &step); err != nil {
				t.Fatal(err)
			}
			scans := strings.HasPrefix(step, "SCAN") && !strings.HasPrefix(step, "SCAN (subquery")
			if scans || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s: %s", q, step)
			}
		}
		rows.Close()
	}
}

// A value is in no file and no record, neither are the bytes that JSON or base64 would make of it.
func TestValue_StoredAndRead_IsInNoFile(t *testing.T) {
	s := start(t)
	const canary = "canary-4711-do-not-keep-me"
	encoded := base64.StdEncoding.EncodeToString([]byte(canary))
	s.create("x", canary)
	s.Do("CreateSecret", M{"Name": "y", "ClientRequestToken": token(), "SecretBinary": encoded})
	s.get("x")
	s.get("y")
	s.Refused("PutSecretValue", M{"SecretId": "x", "ClientRequestToken": token(),
		"SecretString": canary, "SecretBinary": "dg=="}, "InvalidParameterException", "")
	s.Do("GetRandomPassword", M{})
	for _, file := range []string{s.Path, s.Path + "-wal"} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{canary, encoded[:30]} {
			if strings.Contains(string(b), form) {
				t.Errorf("%s holds the value", file)
			}
		}
	}
}
