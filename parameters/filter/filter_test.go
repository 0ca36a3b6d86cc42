package filter

import (
	"strings"
	"testing"
)

func described(filters ...ParameterStringFilter) *Filter { return NewDescribed(nil, filters) }

func TestFilter_Names_MatchAsAWSDoes(t *testing.T) {
	all := []string{"/param", "/param-2", "/tangent-3", "/tangram-4", "/standby-5", "/a/tan", "/A"}
	for _, test := range []struct {
		filter ParameterStringFilter
		want   string
	}{
		{with("Name", "", "param"), "/param"},
		{with("Name", "", "/param"), "/param"},
		{with("Name", "Equals", "param-2"), "/param-2"},
		{with("Name", "", "param-2", "/param", "/param", "none"), "/param /param-2"},
		{with("Name", "", "a"), ""},
		{with("Name", "", "//param"), ""},
		{with("Name", "", "para"), ""},
		{with("Name", "BeginsWith", "param"), "/param /param-2"},
		{with("Name", "BeginsWith", "/param"), "/param /param-2"},
		{with("Name", "BeginsWith", "tan", "standby"), "/tangent-3 /tangram-4 /standby-5"},
		{with("Name", "BeginsWith", "/a/", "/A"), "/a/tan /A"},
		{with("Name", "BeginsWith", "/"), strings.Join(all, " ")},
		{with("Name", "Contains", "ram"), "/param /param-2 /tangram-4"},
		{with("Name", "Contains", "/tan"), "/tangent-3 /tangram-4 /a/tan"},
		{with("Name", "Contains", "tan"), "/tangent-3 /tangram-4 /standby-5 /a/tan"},
		{with("Name", "Contains", "a/", "-2"), "/param-2 /a/tan"},
	} {
		var got []string
		for _, name := range all {
			if described(test.filter).Matches(Subject{Name: name}) {
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: %q, want %s", described(test.filter), got, test.want)
		}
	}
}

func TestFilter_Paths_MatchAsAWSDoes(t *testing.T) {
	all := []string{"/foo/name1", "/foo/name2", "/bar/name3", "/bar/name3/name4", "/foo"}
	for _, test := range []struct {
		option, paths, want string
	}{
		{"", "/fo", ""},
		{"", "/", "/foo"},
		{"OneLevel", "/", "/foo"},
		{"", "/ /foo", "/foo/name1 /foo/name2 /foo"},
		{"", "/foo/", "/foo/name1 /foo/name2"},
		{"", "/bar", "/bar/name3"},
		{"OneLevel", "/bar/name3", "/bar/name3/name4"},
		{"OneLevel", "/bar/name3/name4", ""},
		{"Recursive", "/fo", ""},
		{"Recursive", "/FOO", ""},
		{"Recursive", "/", strings.Join(all, " ")},
		{"Recursive", "/bar", "/bar/name3 /bar/name3/name4"},
		{"Recursive", "/foo /bar", "/foo/name1 /foo/name2 /bar/name3 /bar/name3/name4"},
		{"Recursive", "/foo/", "/foo/name1 /foo/name2"},
		{"Recursive", "/bar/name3", "/bar/name3/name4"},
	} {
		filter := described(with("Path", test.option, strings.Fields(test.paths)...))
		var got []string
		for _, name := range all {
			if filter.Matches(Subject{Name: name}) {
				got = append(got, name)
			}
			if path, ok := single(test.paths); ok && NewByPath(path, test.option == "Recursive",
				nil).Matches(Subject{Name: name}) != filter.Matches(Subject{Name: name}) {
				t.Errorf("%s below %s: GetParametersByPath sees it otherwise", name, path)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s %s: %q, want %s", test.option, test.paths, got, test.want)
		}
	}
}

func single(paths string) (path string, ok bool) { return paths, !strings.Contains(paths, " ") }

func TestFilter_Attributes_MatchByTheirText(t *testing.T) {
	secure := Subject{Name: "/s", Type: "SecureString", KeyID: "alias/custom", Tier: "Advanced",
		DataType: "text", Tags: map[string]string{"env": "prod-1", "blank": ""},
		Labels: []string{"live", "v1"}}
	plain := Subject{Name: "/p", Type: "StringList", Tier: "Standard", DataType: "aws:ec2:image"}
	for _, test := range []struct {
		filter        ParameterStringFilter
		secure, plain bool
	}{
		{with("Type", "", "SecureString"), true, false},
		{with("Type", "", "SecureString", "StringList"), true, true},
		{with("Type", "", "String"), false, false},
		{with("Type", "BeginsWith", "String"), false, true},
		{with("KeyId", "", "alias/custom"), true, false},
		{with("KeyId", "", "alias"), false, false},
		{with("KeyId", "BeginsWith", "alias"), true, false},
		{with("Tier", "", "Standard"), false, true},
		{with("Tier", "BeginsWith", "Advanced", "Standard"), true, true},
		{with("DataType", "", "text"), true, false},
		{with("DataType", "BeginsWith", "aws:"), false, true},
		{with("DataType", "", "Text"), false, false},
		{with("tag:env", ""), true, false},
		{with("tag:blank", ""), true, false},
		{with("tag:blank", "BeginsWith"), true, false},
		{with("tag:Env", ""), false, false},
		{with("tag:env", "", "prod"), false, false},
		{with("tag:env", "", "x", "prod-1"), true, false},
		{with("tag:env", "BeginsWith", "prod"), true, false},
		{with("Label", "", "v1"), true, false},
		{with("Label", "", "v"), false, false},
		{with("Label", "", "x", "live"), true, false},
	} {
		filter := described(test.filter)
		if test.filter.Key == "Label" {
			filter = NewByPath("/", false, []ParameterStringFilter{test.filter})
		}
		if got := filter.Matches(secure); got != test.secure {
			t.Errorf("%s on SecureString: %v", filter, got)
		}
		if got := filter.Matches(plain); got != test.plain {
			t.Errorf("%s on StringList: %v", filter, got)
		}
	}
}

func TestFilter_Several_MustAllHold(t *testing.T) {
	s := Subject{Name: "/a/b", Type: "String", Tags: map[string]string{"x": "1", "y": "2"}}
	name, wrong := with("Name", "BeginsWith", "/a"), with("Type", "", "StringList")
	for _, test := range []struct {
		filter *Filter
		want   bool
	}{
		{described(), true},
		{described(with("tag:x", "", "1"), with("tag:y", "", "2"), name), true},
		{described(with("tag:x", "", "1"), with("tag:y", "", "1")), false},
		{described(name, wrong), false},
		{described(wrong, name), false},
		{NewByPath("/a", false, list(with("Type", "", "String"))), true},
		{NewByPath("/a", false, list(wrong)), false},
		{NewByPath("/", false, list(with("Type", "", "String"))), false},
		{NewDescribed([]ParametersFilter{{Key: "Name", Values: []string{"a/", "z"}},
			{Key: "Type", Values: []string{"SecureString", "String"}}}, nil), true},
		{NewDescribed([]ParametersFilter{{Key: "Name", Values: []string{"/a"}},
			{Key: "Type", Values: []string{"Str"}}}, nil), false},
		{NewDescribed([]ParametersFilter{{Key: "KeyId", Values: []string{"alias/x"}}}, nil), false},
	} {
		if got := test.filter.Matches(s); got != test.want {
			t.Errorf("%s: %v, want %v", test.filter, got, test.want)
		}
	}
}

func TestFilter_Labels_AreThoseAskedFor(t *testing.T) {
	got := NewByPath("/", true, list(with("Label", "", "b", "a", "b"))).Labels()
	if strings.Join(got, " ") != "a b" {
		t.Errorf("%q", got)
	}
	if got := NewByPath("/", true, list(with("Type", "", "String"))).Labels(); got != nil {
		t.Errorf("without such a filter: %q", got)
	}
}

func TestFilterString_SameMeaning_IsTheSame(t *testing.T) {
	for _, same := range [][]*Filter{
		{described(with("Name", "", "b", "a", "a"), with("tag:x", "")),
			described(with("tag:x", "BeginsWith"), with("Name", "Equals", "/a", "b"))},
		{described(with("Name", "BeginsWith", "a"), with("Type", "Equals", "String")),
			NewDescribed([]ParametersFilter{{Key: "Type", Values: []string{"String"}},
				{Key: "Name", Values: []string{"/a"}}}, nil)},
		{NewByPath("/a", true, nil), NewByPath(" /a/ ", true, nil)},
	} {
		if same[0].String() != same[1].String() {
			t.Errorf("%s is not %s", same[0], same[1])
		}
	}
	seen := map[string]int{}
	for i, f := range []*Filter{
		described(), described(with("Name", "", "a")), described(with("Name", "BeginsWith", "a")),
		described(with("Name", "Contains", "a")), described(with("Name", "Contains", "/a")),
		described(with("tag:a", "")), described(with("tag:a", "", "b")),
		described(with("tag:a", "", "b", "c")), described(with("tag:a", "", `b" "c`)),
		described(with("tag:a", "", "b"), with("tag:c", "")),
		NewByPath("/a", true, nil), NewByPath("/a", false, nil), NewByPath("/", false, nil),
		NewByPath("/a", false, list(with("Label", "", "b"))),
	} {
		if other, ok := seen[f.String()]; ok {
			t.Errorf("%d and %d are both %s", other, i, f)
		}
		seen[f.String()] = i
	}
}
