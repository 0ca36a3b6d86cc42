package secrets_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"claviger/internal/wire"
	"claviger/secrets"
)

// names lists all pages and returns the names, and how many pages it took.
func (s *service) names(in M) (names []string, pages int) {
	s.T.Helper()
	for {
		out := must[secrets.ListSecretsOutput](s, "ListSecrets", in)
		pages++
		for _, e := range out.SecretList {
			names = append(names, e.Name)
		}
		if out.NextToken == "" {
			delete(in, "NextToken")
			return names, pages
		}
		in["NextToken"] = out.NextToken
	}
}

func TestListSecrets_EveryOrder_IsKeptOverPages(t *testing.T) {
	s := start(t)
	for _, name := range []string{"b", "d", "a", "c"} {
		s.create(name, "v")
		s.Clock.Pass(time.Second)
	}
	for _, name := range []string{"d", "c"} { // changed: b a d c
		s.put(name, "w")
		s.Clock.Pass(time.Second)
	}
	s.get("a") // accessed: b c d a
	eventually(t, "the access is in the rows, by which a listing is sorted", func() bool {
		out := must[secrets.ListSecretsOutput](s, "ListSecrets", M{"SortBy": "name"})
		return out.SecretList[0].LastAccessedDate != nil
	})
	for by, want := range map[string][]string{
		"":                   {"b", "d", "a", "c"},
		"created-date":       {"b", "d", "a", "c"},
		"name":               {"a", "b", "c", "d"},
		"last-changed-date":  {"b", "a", "d", "c"},
		"last-accessed-date": {"b", "c", "d", "a"},
	} {
		for _, order := range []string{"asc", "desc"} {
			for size := 1; size < 5; size++ {
				in := M{"MaxResults": size, "SortOrder": order}
				if by != "" {
					in["SortBy"] = by
				}
				got, pages := s.names(in)
				if order == "desc" {
					slices.Reverse(got)
				}
				if !slices.Equal(got, want) || pages != (4+size-1)/size {
					t.Errorf("%s %s by %d: %v in %d pages", by, order, size, got, pages)
				}
			}
		}
	}
}

// TestListSecrets_Entry_IsTheDescription: a listing shows of a secret what DescribeSecret does, but
// its copies. Each member is there for one secret at least.
func TestListSecrets_Entry_IsTheDescription(t *testing.T) {
	s, _ := startRotating(t, nil)
	s.rotators[0].Type = "JenkinsApiToken"
	s.Restart()
	s.Do("CreateSecret", M{"Name": "ext", "ClientRequestToken": v(5), "Type": "JenkinsApiToken",
		"SecretString": `{"username":"u","password":"first"}`, "Description": "d",
		"KmsKeyId": s.key(), "Tags": []M{{"Key": "k", "Value": "v"}}})
	s.Do("RotateSecret", M{"SecretId": "ext", "ClientRequestToken": v(6),
		"ExternalSecretRotationRoleArn":  "arn:aws:iam::" + account + ":role/rotation",
		"ExternalSecretRotationMetadata": []M{{"Key": "k", "Value": "v"}},
		"RotationRules":                  M{"AutomaticallyAfterDays": 30}})
	s.Do("CreateManagedSecret", M{"Name": "managed", "ClientRequestToken": v(7), "Port": 5432,
		"RotationLambdaARN": lambda("safe"), "Engine": "postgres", "Host": "db", "Username": "u",
		"Password": "first"})
	s.Do("ReplicateSecretToRegions", M{"SecretId": "db", "AddReplicaRegions": []M{{"Region": europe}}})
	s.sync()
	s.create("gone", "v")
	s.Do("DeleteSecret", M{"SecretId": "gone"})
	s.get("ext")
	var list []secrets.SecretListEntry
	eventually(t, "the access is in the rows", func() bool {
		list = must[secrets.ListSecretsOutput](s, "ListSecrets",
			M{"IncludePlannedDeletion": true, "Filters": []M{filter("name", "ext", "managed", "db",
				"gone")}}).SecretList
		return slices.ContainsFunc(list, func(e secrets.SecretListEntry) bool {
			return e.LastAccessedDate != nil
		})
	})
	shown := M{}
	for _, e := range list {
		got, want := documentOf(t, e), documentOf(t, s.describe(e.Name))
		want["SecretVersionsToStages"] = want["VersionIdsToStages"]
		delete(want, "VersionIdsToStages")
		delete(want, "ReplicationStatus")
		if !reflect.DeepEqual(got, want) {
			t.Errorf("listed as %v, and described as %v", got, want)
		}
		maps.Copy(shown, got)
	}
	want := []string{"ARN", "CreatedDate", "DeletedDate", "Description",
		"ExternalSecretRotationMetadata", "ExternalSecretRotationRoleArn", "KmsKeyId",
		"LastAccessedDate", "LastChangedDate", "LastRotatedDate", "Name", "NextRotationDate",
		"OwningService", "PrimaryRegion", "RotationEnabled", "RotationLambdaARN", "RotationRules",
		"SecretVersionsToStages", "Tags", "Type"}
	if got := slices.Sorted(maps.Keys(shown)); !slices.Equal(got, want) || len(list) != 4 {
		t.Errorf("%d secrets show %v", len(list), got)
	}
}

// documentOf is an answer, or a part of one, as a client reads it.
func documentOf(t *testing.T, answer any) (out M) {
	t.Helper()
	text, err := wire.Encode(answer)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNextToken_AnotherListing_IsRefused(t *testing.T) {
	s := start(t)
	for i := range 3 {
		s.create(strconv.Itoa(i), "v")
	}
	out := must[secrets.ListSecretsOutput](s, "ListSecrets", M{"MaxResults": 1})
	for _, in := range []M{
		{"SortBy": "name"}, {"SortOrder": "desc"}, {"IncludePlannedDeletion": true},
		{"Filters": []M{{"Key": "name", "Values": []string{"1"}}}},
	} {
		in["NextToken"] = out.NextToken
		s.Refused("ListSecrets", in, "InvalidNextTokenException", "")
	}
	s.Refused("ListSecrets", M{"NextToken": "x"}, "InvalidNextTokenException", "")
	s.Refused("ListSecretVersionIds", M{"SecretId": "1", "NextToken": out.NextToken},
		"InvalidNextTokenException", "")
}

func TestListSecrets_Filters_LeaveOutTheRest(t *testing.T) {
	s := start(t)
	s.Do("CreateSecret", M{"Name": "prod/a", "ClientRequestToken": token(), "Description": "Main",
		"Tags": []M{{"Key": "team", "Value": "blue"}}})
	s.create("prod/b", "v")
	s.create("test/c", "v")
	s.Do("DeleteSecret", M{"SecretId": "prod/b"})
	filter := func(key string, values ...string) M { return M{"Key": key, "Values": values} }
	for _, test := range []struct {
		in   M
		want []string
	}{
		{M{}, []string{"prod/a", "test/c"}},
		{M{"IncludePlannedDeletion": true}, []string{"prod/a", "prod/b", "test/c"}},
		{M{"Filters": []M{filter("name", "prod/")}}, []string{"prod/a"}},
		{M{"Filters": []M{filter("name", "prod/")}, "IncludePlannedDeletion": true},
			[]string{"prod/a", "prod/b"}},
		{M{"Filters": []M{filter("name", "!prod/")}}, []string{"test/c"}},
		{M{"Filters": []M{filter("tag-key", "team"), filter("tag-value", "red")}}, nil},
		{M{"Filters": []M{filter("all", "BLUE main")}}, nil}, // each in an attribute of its own
		{M{"Filters": []M{filter("all", "BLUE", "nobody")}}, []string{"prod/a"}},
		{M{"Filters": []M{filter("all", "main"), filter("all", "blue")}}, []string{"prod/a"}},
	} {
		if got, _ := s.names(test.in); !slices.Equal(got, test.want) {
			t.Errorf("%v: %v", test.in, got)
		}
	}
	s.Refused("ListSecrets", M{"Filters": []M{filter("colour", "x")}}, "ValidationException", "")
}

// A filter that finds nothing among thousands answers soon, with an empty
// page and a token for more.
func TestListSecrets_NarrowFilter_GivesShortPages(t *testing.T) {
	s := start(t)
	for i := range 2100 {
		s.Do("CreateSecret", M{"Name": fmt.Sprintf("s%04d", i), "ClientRequestToken": token()})
	}
	last := M{"Filters": []M{{"Key": "name", "Values": []string{"s2099"}}}, "SortBy": "name"}
	first := must[secrets.ListSecretsOutput](s, "ListSecrets", last)
	if len(first.SecretList) != 0 || first.NextToken == "" {
		t.Errorf("the first page holds %d and token %q", len(first.SecretList), first.NextToken)
	}
	if got, pages := s.names(last); !slices.Equal(got, []string{"s2099"}) || pages != 2 {
		t.Errorf("%v in %d pages", got, pages)
	}
	if all, pages := s.names(M{}); len(all) != 2100 || pages != 21 {
		t.Errorf("%d in %d pages", len(all), pages)
	}
}

// Many words to look for in much text are more work than one page takes on, and every secret is
// looked at all the same.
func TestListSecrets_LaboriousFilter_GivesShortPages(t *testing.T) {
	s := start(t)
	var tags, filters []M
	for i := range 50 {
		tags = append(tags, M{"Key": strings.Repeat("é ", 60) + strconv.Itoa(i),
			"Value": strings.Repeat("ü ", 128)})
	}
	for i := range 10 {
		var values []string
		for j := range 9 {
			values = append(values, strings.Repeat("nobody ", 70)+strconv.Itoa(10*i+j))
		}
		filters = append(filters, M{"Key": "all", "Values": append(values, "wanted")})
	}
	var made []string
	for i := range 300 {
		made = append(made, fmt.Sprintf("wanted/%03d", i))
		s.Do("CreateSecret", M{"Name": made[i], "ClientRequestToken": token(), "Tags": tags})
	}
	if got, pages := s.names(M{"Filters": filters}); !slices.Equal(got, made) || pages < 3 {
		t.Errorf("%d in %d pages", len(got), pages)
	}
	filters[0]["Values"] = []string{"wanted nobody"}
	if got, pages := s.names(M{"Filters": filters}); got != nil || pages < 2 {
		t.Errorf("%v in %d pages", got, pages)
	}
}

// Nobody waits for a page of a request whose time has ended.
func TestListSecrets_RequestOver_PageEnds(t *testing.T) {
	s := start(t)
	for i := range 5 {
		s.create(strconv.Itoa(i), "v")
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	nobody := M{"Filters": []M{{"Key": "all", "Values": []string{"nobody"}}}}
	out, err := s.Ask(over, "ListSecrets", nobody)
	if err != nil || out.(secrets.ListSecretsOutput).NextToken == "" {
		t.Errorf("it went on: %+v, %v", out, err)
	}
}

func TestListSecretVersionIds_Pages_AreTheNewestFirst(t *testing.T) {
	s := start(t)
	var made []string
	made = append(made, s.create("x", "v").VersionId)
	for range 4 {
		s.Clock.Pass(time.Second)
		made = append(made, s.put("x", "v"))
	}
	slices.Reverse(made)
	for all, want := range map[bool][]string{true: made, false: made[:2]} {
		for size := 1; size < 6; size++ {
			var got []string
			in := M{"SecretId": "x", "MaxResults": size, "IncludeDeprecated": all}
			for more := true; more; {
				out := must[secrets.ListSecretVersionIdsOutput](s, "ListSecretVersionIds", in)
				for _, v := range out.Versions {
					got = append(got, v.VersionId)
				}
				in["NextToken"], more = out.NextToken, out.NextToken != ""
			}
			if !slices.Equal(got, want) {
				t.Errorf("all %v, %d a page: %v, want %v", all, size, got, want)
			}
		}
	}
}
