package parameters_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"claviger/internal/op/optest"
	"claviger/internal/outbox"
	"claviger/internal/signedtoken"
	"claviger/parameters"
	"claviger/policy"
	"claviger/store/storetest"
)

// TestGetParametersByPath_IndexEdited_ShowsNothingOfElsewhere: what was read before by who may is
// kept, and so its row isn't asked for its signature again.
func TestGetParametersByPath_IndexEdited_ShowsNothingOfElsewhere(t *testing.T) {
	s := start(t)
	s.put("/open/a", "v")
	s.put("/secret/b", "hidden")
	s.get("/secret/b")
	storetest.Edit(t, s.Path, `UPDATE parameters SET parent = '/open' WHERE name = '/secret/b'`)
	s.asUser(t, []string{allow("GetParametersByPath", "/open", "")}, func(policy.Caller) {
		out := must[parameters.GetParametersByPathOutput](s, "GetParametersByPath", M{"Path": "/open"})
		if len(out.Parameters) != 1 || out.Parameters[0].Name != "/open/a" {
			t.Errorf("%+v", out)
		}
	})
}

// TestGetParametersByPath_FilteredOut_IsNotTheTokensBusiness: a page that shows nothing costs no
// call, though nothing is kept.
func TestGetParametersByPath_FilteredOut_IsNotTheTokensBusiness(t *testing.T) {
	s := start(t)
	for i := range 20 {
		s.put(fmt.Sprintf("/app/%d", i), "v")
	}
	s.Do("LabelParameterVersion", M{"Name": "/app/7", "Labels": []string{"l"}})
	s.put("/app/7", "w")
	for _, recursive := range []bool{false, true} {
		for filter, want := range map[string]int{"Type SecureString": 0, "Label none": 0, "Label l": 1} {
			s.Restart()
			key, value, _ := strings.Cut(filter, " ")
			before := s.TokenCalls.Load()
			out := must[parameters.GetParametersByPathOutput](s, "GetParametersByPath", M{"Path": "/app",
				"Recursive": recursive, "ParameterFilters": []M{{"Key": key, "Values": []string{value}}}})
			calls := s.TokenCalls.Load() - before
			if len(out.Parameters) != want || calls > int64(3*want) {
				t.Errorf("%s: %d calls of the token for %+v", filter, calls, out)
			}
		}
	}
}

// TestGetParameterHistory_VersionThatMadeRoom_StaysAway, though its row was put back as it was.
func TestGetParameterHistory_VersionThatMadeRoom_StaysAway(t *testing.T) {
	s := start(t)
	s.put("/a", "hidden")
	storetest.Edit(t, s.Path, `ATTACH DATABASE '`+s.Path+`.kept' AS aside;
		CREATE TABLE aside.kept AS SELECT * FROM parameter_versions WHERE 0;
		INSERT INTO aside.kept SELECT * FROM parameter_versions`)
	for i := range 100 {
		s.put("/a", fmt.Sprint(i+2))
	}
	storetest.Edit(t, s.Path, `ATTACH DATABASE '`+s.Path+`.kept' AS aside;
		INSERT INTO parameter_versions SELECT * FROM aside.kept`)
	if all := s.history("/a"); all[0].Value != "2" {
		t.Errorf("%d versions, the first is %+v", len(all), all[0])
	}
	s.Refused("GetParameter", M{"Name": "/a:1"}, "ParameterVersionNotFound", "")
}

// TestDescribeParameters_PageOfWhatOthersShare_NamesNobody: a page may end with a parameter that
// the caller may not know of.
func TestDescribeParameters_PageOfWhatOthersShare_NamesNobody(t *testing.T) {
	s := start(t)
	for _, name := range []string{"/p/1", "/p/2"} {
		s.share(s.putAdvanced(name, "v"), readers(otherAccount))
	}
	defer s.By(optest.Root(otherAccount))()
	out := must[parameters.DescribeParametersOutput](s, "DescribeParameters",
		M{"Shared": true, "MaxResults": 1})
	token, err := signedtoken.Encoding.DecodeString(out.NextToken)
	if err != nil || len(token) == 0 || strings.Contains(string(token), "/p/") {
		t.Errorf("%q, %v", token, err)
	}
}

// TestPutParameter_ValueTooLarge_IsMatchedByNoPattern: a match takes time for each byte.
func TestPutParameter_ValueTooLarge_IsMatchedByNoPattern(t *testing.T) {
	s := start(t)
	for tier, most := range map[string]int{"Standard": 4096, "Advanced": 8192} {
		s.Refused("PutParameter", M{"Name": "/a", "Type": "StringList", "Tier": tier,
			"AllowedPattern": "b", "Value": strings.Repeat("a", most+1)}, "ValidationException", "")
	}
}

// TestValues_OfEveryOperation_AreInNoRecordEventOrError, whatever their type, and those that are
// sealed nowhere in the database.
func TestValues_OfEveryOperation_AreInNoRecordEventOrError(t *testing.T) {
	s := start(t)
	for kind, canary := range map[string]string{"String": "canary-plain",
		"SecureString": "canary-sealed"} {
		put := func(more M) M {
			in := M{"Name": "/app/" + kind, "Value": canary, "Type": kind, "Overwrite": true}
			maps.Copy(in, more)
			return in
		}
		for _, in := range []M{put(nil), put(M{"Tier": "Advanced"}), put(M{"Overwrite": false}),
			put(M{"Value": "{{" + canary + "}}"}), put(M{"AllowedPattern": "x+"}),
			put(M{"Value": strings.Repeat(canary, 1000)}), put(M{"DataType": "aws:ec2:image"}),
			put(M{"KeyId": "alias/none"}), put(M{"Name": "aws/x"}), put(M{"Type": "Blob"})} {
			if _, err := s.Ask(t.Context(), "PutParameter", in); err != nil &&
				strings.Contains(err.Error(), canary) {
				t.Errorf("%v", err)
			}
		}
		for _, name := range []string{"GetParameter", "GetParameterHistory", "LabelParameterVersion",
			"DeleteParameter"} {
			in := M{"Name": "/app/" + kind}
			switch name {
			case "LabelParameterVersion":
				in["Labels"] = []string{"l"}
			case "GetParameter", "GetParameterHistory":
				in["WithDecryption"] = true
			}
			s.Do("GetParameters", M{"Names": []string{"/app/" + kind}, "WithDecryption": true})
			s.Do("GetParametersByPath", M{"Path": "/app", "WithDecryption": true})
			s.Do(name, in)
		}
	}
	entries, err := outbox.After(s.DB, 0, 1000)
	if err != nil || len(entries) == 0 {
		t.Fatal(len(entries), err)
	}
	all := s.Records()
	for _, e := range entries {
		all = append(all, string(e.Event))
	}
	for _, text := range all {
		if strings.Contains(text, "canary") {
			t.Errorf("%s", text)
		}
	}
	for _, file := range []string{s.Path, s.Path + "-wal"} {
		if text, err := os.ReadFile(file); err != nil || bytes.Contains(text, []byte("canary-sealed")) {
			t.Errorf("%s has a sealed value, or %v", file, err)
		}
	}
}
