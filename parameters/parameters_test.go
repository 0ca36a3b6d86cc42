package parameters_test

import (
	"fmt"
	"slices"
	"testing"

	"claviger/parameters"
	"claviger/parameters/settings"
)

func TestPutParameter_EachType_IsReadAsItWasPut(t *testing.T) {
	s := start(t)
	for _, kind := range []string{"String", "StringList", "SecureString"} {
		name := "/app/" + kind
		out := must[parameters.PutParameterOutput](s, "PutParameter",
			M{"Name": name, "Value": "a,b", "Type": kind})
		if out.Version != 1 || out.Tier != "Standard" {
			t.Errorf("%s: %+v", kind, out)
		}
		got := s.get(name)
		if got.Value != "a,b" || got.Type != kind || got.Name != name || got.ARN != prefix+name ||
			got.DataType != "text" || got.Version != 1 {
			t.Errorf("%s: %+v", kind, got)
		}
	}
}

func TestGetParameter_SlashBeforeTheName_IsTheSameParameter(t *testing.T) {
	s := start(t)
	s.put("db", "1")
	s.put("/db", "2")
	for _, name := range []string{"db", "/db", "/db:2", "db:2", prefix + "/db", prefix + "/db:2"} {
		if got := s.get(name); got.Value != "2" || got.Version != 2 || got.ARN != prefix+"/db" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	s.Refused("PutParameter", M{"Name": "/db", "Value": "3", "Type": "String"},
		"ParameterAlreadyExists", "")
}

func TestGetParametersByPath_Pages_HaveAllOnceInOrder(t *testing.T) {
	s := start(t)
	var want []string
	for i := range 25 {
		name := fmt.Sprintf("/a/b/%02d", i)
		s.put(name, "v")
		want = append(want, name)
	}
	s.put("/a/b", "v")
	s.put("/a/b/c/d", "v")
	s.put("/a/bc", "v")
	for recursive, want := range map[bool][]string{false: want, true: append(want, "/a/b/c/d")} {
		var got []string
		in := M{"Path": "/a/b", "Recursive": recursive}
		for {
			out := must[parameters.GetParametersByPathOutput](s, "GetParametersByPath", in)
			for _, p := range out.Parameters {
				got = append(got, p.Name)
			}
			if out.NextToken == "" {
				break
			}
			in["NextToken"] = out.NextToken
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("recursive %v: %v, want %v", recursive, got, want)
		}
	}
}

func TestDescribeParameters_EachIndex_FindsWhatIsThere(t *testing.T) {
	s := start(t)
	for _, name := range []string{"top", "/a/x", "/a/b/y", "/a/b/z", "/ab"} {
		s.put(name, "v")
	}
	for _, c := range []struct {
		filter M
		want   []string
	}{
		{M{"Key": "Name", "Values": []string{"/top", "/none", "a/x"}}, []string{"/a/x", "top"}},
		{M{"Key": "Name", "Option": "BeginsWith", "Values": []string{"/a"}},
			[]string{"/a/b/y", "/a/b/z", "/a/x", "/ab"}},
		{M{"Key": "Path", "Values": []string{"/a", "/a/b"}}, []string{"/a/x", "/a/b/y", "/a/b/z"}},
		{M{"Key": "Path", "Option": "Recursive", "Values": []string{"/a"}},
			[]string{"/a/b/y", "/a/b/z", "/a/x"}},
		{M{"Key": "Type", "Values": []string{"SecureString"}}, nil},
	} {
		var got []string
		in := M{"ParameterFilters": []M{c.filter}, "MaxResults": 2}
		for {
			out := must[parameters.DescribeParametersOutput](s, "DescribeParameters", in)
			for _, p := range out.Parameters {
				got = append(got, p.Name)
			}
			if out.NextToken == "" {
				break
			}
			in["NextToken"] = out.NextToken
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.filter, got, c.want)
		}
	}
}

func TestGetParameterHistory_HundredVersions_LoseTheOldest(t *testing.T) {
	s := start(t)
	for range 101 {
		s.put("/h", "v")
	}
	out := must[parameters.GetParameterHistoryOutput](s, "GetParameterHistory", M{"Name": "/h"})
	if len(out.Parameters) != 50 || out.Parameters[0].Version != 2 || out.NextToken == "" {
		t.Fatalf("%d versions from %d", len(out.Parameters), out.Parameters[0].Version)
	}
	s.Do("LabelParameterVersion", M{"Name": "/h", "ParameterVersion": 2, "Labels": []string{"old"}})
	s.Refused("PutParameter", M{"Name": "/h", "Value": "v", "Overwrite": true},
		"ParameterMaxVersionLimitExceeded", "")
	if got := s.get("/h:old"); got.Version != 2 || got.Selector != ":old" {
		t.Errorf("%+v", got)
	}
	s.Refused("GetParameter", M{"Name": "/h:1"}, "ParameterVersionNotFound",
		"Systems Manager could not find version 1 of /h. Verify the version and try again.")
}

func TestDeleteParameters_SomeAbsent_AreNamed(t *testing.T) {
	s := start(t)
	s.put("/a", "1")
	s.put("/b", "1")
	out := must[parameters.DeleteParametersOutput](s, "DeleteParameters",
		M{"Names": []string{"/b", "/a", "/c", "/a:1", "/a"}})
	if !slices.Equal(out.DeletedParameters, []string{"/a", "/b"}) ||
		!slices.Equal(out.InvalidParameters, []string{"/a:1", "/c"}) {
		t.Errorf("%+v", out)
	}
	s.Refused("GetParameter", M{"Name": "/a"}, "ParameterNotFound", "")
	if out := s.put("/a", "2"); out.Version != 1 {
		t.Errorf("made again: %+v", out)
	}
}

func TestServiceSetting_DefaultTier_IsWhatCountsWithoutTier(t *testing.T) {
	s := start(t)
	id := "/ssm/parameter-store/default-parameter-tier"
	s.Do("UpdateServiceSetting", M{"SettingId": id, "SettingValue": "Advanced"})
	if out := s.put("/a", "1"); out.Tier != "Advanced" {
		t.Errorf("%+v", out)
	}
	s.Do("ResetServiceSetting", M{"SettingId": id})
	if out := s.put("/b", "1"); out.Tier != "Standard" {
		t.Errorf("%+v", out)
	}
	if out := s.put("/a", "1"); out.Tier != "Advanced" {
		t.Errorf("%+v", out)
	}
	got := must[settings.Output](s, "GetServiceSetting", M{"SettingId": id}).ServiceSetting
	if got.SettingValue != "Standard" || got.Status != "Default" {
		t.Errorf("%+v", got)
	}
}
