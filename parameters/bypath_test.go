package parameters_test

import (
	"slices"
	"testing"

	"claviger/parameters"
)

const badPath = `The parameter doesn't meet the parameter name requirements. The parameter name must ` +
	`begin with a forward slash "/". It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). ` +
	`It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ ` +
	`(underscore). Special characters are not allowed. All sub-paths, if specified, must use the ` +
	`forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.`

// below is what one page has below a path: each as name, selector and value.
func (s *service) below(in M) (found []string) {
	s.T.Helper()
	out := must[parameters.GetParametersByPathOutput](s, "GetParametersByPath", in)
	for _, p := range out.Parameters {
		found = append(found, p.Name+p.Selector+"="+p.Value)
	}
	return found
}

func TestGetParametersByPath_PathThatIsNone_IsRefused(t *testing.T) {
	s := start(t)
	for _, path := range []string{"a", "a/b", "//", "/a//", "//a", "/a//b", "/a b", "/a:1", "/a*",
		"   ", prefix + "/a"} {
		s.Refused("GetParametersByPath", M{"Path": path}, "ValidationException", badPath)
	}
}

// TestGetParametersByPath_Paths_HaveWhatIsBelowThem: who is called as the path is not below it, and
// nothing is no mistake.
func TestGetParametersByPath_Paths_HaveWhatIsBelowThem(t *testing.T) {
	s := start(t)
	for _, name := range []string{"top", "/app", "/app/a", "/app/dev/a", "/app/dev/b", "/apps"} {
		s.put(name, "v")
	}
	everything := []string{"/app=v", "/app/a=v", "/app/dev/a=v", "/app/dev/b=v", "/apps=v", "top=v"}
	for _, c := range []struct {
		path      string
		recursive bool
		want      []string
	}{
		{"/", false, []string{"/app=v", "/apps=v", "top=v"}},
		{"/", true, everything},
		{"/app", false, []string{"/app/a=v"}},
		{"/app/", false, []string{"/app/a=v"}},
		{" /app ", false, []string{"/app/a=v"}},
		{"/app", true, []string{"/app/a=v", "/app/dev/a=v", "/app/dev/b=v"}},
		{"/app/dev/", true, []string{"/app/dev/a=v", "/app/dev/b=v"}},
		{"/app/dev/a", true, nil},
		{"/none", true, nil},
		{"/App", true, nil},
	} {
		in := M{"Path": c.path, "Recursive": c.recursive}
		if got := s.below(in); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", in, got, c.want)
		}
	}
}

// TestGetParametersByPath_Filters_ChooseParametersAndVersions: a label chooses the version that has
// it, which is shown without a selector.
func TestGetParametersByPath_Filters_ChooseParametersAndVersions(t *testing.T) {
	s := start(t)
	labelled(s, "/p/a")
	s.put("/p/b", "b")
	s.Do("PutParameter", M{"Name": "/p/s", "Value": "s", "Type": "SecureString"})
	s.label("/p/s", 1, "other")
	for _, c := range []struct {
		filters []M
		want    []string
	}{
		{[]M{{"Key": "Label", "Values": []string{"first"}}}, []string{"/p/a=one"}},
		{[]M{{"Key": "Label", "Values": []string{"first", "other"}}}, []string{"/p/a=one", "/p/s=s"}},
		{[]M{{"Key": "Label", "Values": []string{"none"}}}, nil},
		{[]M{{"Key": "Type", "Values": []string{"String"}}}, []string{"/p/a=three", "/p/b=b"}},
		{[]M{{"Key": "Type", "Option": "BeginsWith", "Values": []string{"String"}}},
			[]string{"/p/a=three", "/p/b=b"}},
		{[]M{{"Key": "KeyId", "Values": []string{"alias/aws/ssm"}}}, []string{"/p/s=s"}},
		{[]M{{"Key": "Type", "Values": []string{"String"}},
			{"Key": "Label", "Values": []string{"first", "other"}}}, []string{"/p/a=one"}},
	} {
		got := s.below(M{"Path": "/p", "WithDecryption": true, "ParameterFilters": c.filters})
		if !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.filters, got, c.want)
		}
	}
}

func TestGetParametersByPath_Pages_AreOfTenAndOfOneListing(t *testing.T) {
	s := start(t)
	for i := range 11 {
		s.put("/p/"+string(rune('a'+i)), "v")
	}
	first := must[parameters.GetParametersByPathOutput](s, "GetParametersByPath", M{"Path": "/p"})
	if len(first.Parameters) != 10 || first.NextToken == "" {
		t.Errorf("%d on the first page", len(first.Parameters))
	}
	next := M{"Path": "/p", "NextToken": first.NextToken}
	if got := s.below(next); !slices.Equal(got, []string{"/p/k=v"}) {
		t.Errorf("%v on the second page", got)
	}
	for _, other := range []M{{"Path": "/"}, {"Path": "/p", "Recursive": true},
		{"Path": "/p", "ParameterFilters": []M{{"Key": "Type", "Values": []string{"String"}}}}} {
		other["NextToken"] = first.NextToken
		s.Refused("GetParametersByPath", other, "InvalidNextToken", "")
	}
	for size, broken := range map[int]string{0: "greater than or equal to 1",
		11: "less than or equal to 10"} {
		_, err := s.Ask(t.Context(), "GetParametersByPath", M{"Path": "/p", "MaxResults": size})
		if err == nil {
			t.Errorf("a page of %d, which is not %s", size, broken)
		}
	}
}
