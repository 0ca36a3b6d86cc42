package parameters_test

import (
	"fmt"
	"testing"

	"claviger/internal/op/optest"
	"claviger/parameters"
)

// TestGetParameterHistory_Versions_AreAllThatWasSaid: each as it was made, the oldest first.
func TestGetParameterHistory_Versions_AreAllThatWasSaid(t *testing.T) {
	s := start(t)
	s.Do("PutParameter", M{"Name": "x", "Value": "1", "Type": "String", "Description": "first"})
	s.Clock.Pass(1e9)
	back := s.By(optest.Root(account))
	s.Do("PutParameter", M{"Name": "/x", "Value": "2", "Type": "SecureString", "Overwrite": true,
		"Tier": "Advanced", "AllowedPattern": ".*", "Policies": aPolicy})
	back()
	s.label("x", 1, "b", "a")
	for _, name := range []string{"x", "/x", " x ", prefix + "/x"} {
		all := s.history(name)
		if len(all) != 2 {
			t.Fatalf("%s: %d versions", name, len(all))
		}
		one, two := all[0], all[1]
		if one.Name != "x" || one.Version != 1 || one.Value != "1" || one.Type != "String" ||
			one.Description != "first" || one.Tier != "Standard" || one.DataType != "text" ||
			one.KeyId != "" || fmt.Sprint(one.Labels) != "[a b]" || len(one.Policies) != 0 ||
			!one.LastModifiedDate.Equal(optest.Began) ||
			one.LastModifiedUser != "arn:aws:iam::"+account+":root" {
			t.Errorf("%+v", one)
		}
		if two.Version != 2 || two.Value != "2" || two.Type != "SecureString" || two.Tier != "Advanced" ||
			two.KeyId != "alias/aws/ssm" || two.AllowedPattern != ".*" || len(two.Policies) != 1 ||
			!two.LastModifiedDate.Equal(optest.Began.Add(1e9)) || len(two.Labels) != 0 {
			t.Errorf("%+v", two)
		}
	}
}

func TestGetParameterHistory_Pages_HaveAllOnceInOrder(t *testing.T) {
	s := start(t)
	for i := range 7 {
		s.put("/a", fmt.Sprint(i+1))
	}
	s.put("/b", "1")
	for _, size := range []int{1, 3, 7, 50} {
		in, next := M{"Name": "/a", "MaxResults": size}, int64(1)
		for {
			out := must[parameters.GetParameterHistoryOutput](s, "GetParameterHistory", in)
			for _, v := range out.Parameters {
				if v.Version != next || v.Value != fmt.Sprint(next) {
					t.Errorf("%+v, want version %d", v, next)
				}
				next++
			}
			if out.NextToken == "" {
				break
			}
			in["NextToken"] = out.NextToken
			s.Refused("GetParameterHistory", M{"Name": "/b", "NextToken": out.NextToken}, "InvalidNextToken",
				"")
		}
		if next != 8 {
			t.Errorf("%d versions in pages of %d", next-1, size)
		}
	}
	s.Refused("GetParameterHistory", M{"Name": "/a", "NextToken": "x"}, "InvalidNextToken", "")
	s.Refused("GetParameterHistory", M{"Name": "/a", "MaxResults": 51}, "ValidationException",
		"1 validation error detected: Value '51' at 'maxResults' failed to satisfy constraint: Member "+
			"must have value less than or equal to 50")
}

// TestHistory_HundredVersions_AreKept: the next one takes the place of the oldest, unless that has
// a label. Numbers go on until the parameter is deleted.
func TestHistory_HundredVersions_AreKept(t *testing.T) {
	s := start(t)
	for i := range 100 {
		s.put("/h", fmt.Sprint(i+1))
	}
	s.label("/h", 1, "old")
	const refusal = "You attempted to create a new version of %s by calling the PutParameter API with the " +
		"overwrite flag. Version %d, the oldest version, can't be deleted because it has a label " +
		"associated with it. Move the label to another version of the parameter, and try again."
	before := s.revision("/h")
	for _, name := range []string{"/h", "h"} {
		s.Refused("PutParameter", M{"Name": name, "Value": "v", "Overwrite": true},
			"ParameterMaxVersionLimitExceeded", fmt.Sprintf(refusal, name, 1))
	}
	if got := s.revision("/h"); got != before {
		t.Errorf("a refused version changed revision %d to %d", before, got)
	}
	s.label("/h", 2, "old")
	s.put("/h", "101")
	s.Refused("PutParameter", M{"Name": "/h", "Value": "v", "Overwrite": true},
		"ParameterMaxVersionLimitExceeded", fmt.Sprintf(refusal, "/h", 2))
	s.unlabel("/h", 2, "old")
	s.put("/h", "102")
	in, next := M{"Name": "/h"}, int64(3)
	for range 2 {
		out := must[parameters.GetParameterHistoryOutput](s, "GetParameterHistory", in)
		for _, v := range out.Parameters {
			if v.Version != next || v.Value != fmt.Sprint(next) {
				t.Errorf("%+v, want version %d", v, next)
			}
			next++
		}
		in["NextToken"] = out.NextToken
	}
	if next != 103 {
		t.Errorf("history ends before version %d", next)
	}
	s.Refused("GetParameter", M{"Name": "/h:2"}, "ParameterVersionNotFound", "")
	s.Refused("LabelParameterVersion", M{"Name": "/h", "ParameterVersion": 2, "Labels": []string{"l"}},
		"ParameterVersionNotFound", "")
	s.Do("DeleteParameter", M{"Name": "/h"})
	if out := s.put("/h", "v"); out.Version != 1 {
		t.Errorf("%+v", out)
	}
	if all := s.history("/h"); len(all) != 1 || all[0].Value != "v" {
		t.Errorf("%+v", all)
	}
}
