package filter

import (
	"reflect"
	"testing"
)

func TestIndex_Filters_FindTheirNarrowest(t *testing.T) {
	for _, test := range []struct {
		filters []ParameterStringFilter
		want    Index
	}{
		{nil, Index{}},
		{list(with("Type", "", "String"), with("tag:a", "")), Index{}},
		{list(with("Name", "Contains", "/a/b")), Index{}},
		{list(with("Name", "", "b", "/a", "a")), Index{By: ByName, Names: []string{"/a", "/b"}}},
		{list(with("Name", "BeginsWith", "x")), Index{By: ByPrefix, Prefix: "/x"}},
		{list(with("Name", "BeginsWith", "/x/y/")), Index{By: ByPrefix, Prefix: "/x/y/"}},
		{list(with("Name", "BeginsWith", "/x/dev", "x/prod", "/x/dev2")),
			Index{By: ByPrefix, Prefix: "/x/"}},
		{list(with("Name", "BeginsWith", "/xé", "/xè")), Index{By: ByPrefix, Prefix: "/x"}},
		{list(with("Name", "BeginsWith", "a", "b")), Index{}},
		{list(with("Name", "BeginsWith", "/")), Index{}},
		{list(with("Path", "", "/")), Index{By: ByParent, Paths: []string{"/"}}},
		{list(with("Path", "OneLevel", "/b", "/a/", "/a", "/a/b")),
			Index{By: ByParent, Paths: []string{"/a/", "/a/b/", "/b/"}}},
		{list(with("Path", "Recursive", "/a/b")), Index{By: ByTree, Paths: []string{"/a/b/"}}},
		{list(with("Path", "Recursive", "/a/b", "/a", "/a-b", "/a/c/d", "/c")),
			Index{By: ByTree, Paths: []string{"/a-b/", "/a/", "/c/"}}},
		{list(with("Path", "Recursive", "/")), Index{}},
		{list(with("Path", "Recursive", "/a", "/")), Index{}},

		{list(with("Name", "", "/a/b"), with("Path", "", "/a")),
			Index{By: ByName, Names: []string{"/a/b"}}},
		{list(with("Path", "Recursive", "/a"), with("Name", "BeginsWith", "/a/b")),
			Index{By: ByPrefix, Prefix: "/a/b"}},
		{list(with("Path", "Recursive", "/a/b"), with("Name", "BeginsWith", "/a")),
			Index{By: ByTree, Paths: []string{"/a/b/"}}},
		{list(with("Path", "", "/a/b", "/c"), with("Name", "BeginsWith", "/a/")),
			Index{By: ByParent, Paths: []string{"/a/b/", "/c/"}}},
		{list(with("Path", "", "/a/b", "/c"), with("Name", "BeginsWith", "/a/b")),
			Index{By: ByPrefix, Prefix: "/a/b"}},
		{list(with("Path", "", "/a"), with("Name", "BeginsWith", "/a/")),
			Index{By: ByParent, Paths: []string{"/a/"}}},
		{list(with("Path", "Recursive", "/"), with("Name", "BeginsWith", "/a")),
			Index{By: ByPrefix, Prefix: "/a"}},
		{list(with("Name", "BeginsWith", "/"), with("Path", "", "/")),
			Index{By: ByParent, Paths: []string{"/"}}},
	} {
		if got := described(test.filters...).Index(); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v, want %+v", described(test.filters...), got, test.want)
		}
	}
	got := NewByPath("/a", true, list(with("Type", "", "String"))).Index()
	if want := (Index{By: ByTree, Paths: []string{"/a/"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("a path: %+v, want %+v", got, want)
	}
}
