package public

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestTrees_Nil_AreEmpty: a site that declares none has no special case.
func TestTrees_Nil_AreEmpty(t *testing.T) {
	none, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, trees := range []*Trees{nil, none} {
		if _, ok := trees.Get(site); ok || trees.Len() != 0 ||
			len(trees.Under("/", true, "", 10)) != 0 || len(trees.Under(site, false, site, 10)) != 0 {
			t.Errorf("%v has parameters", trees)
		}
	}
}

func TestParameter_ARN_HasNoAccount(t *testing.T) {
	p, ok := load(t, "a: b\n").Get(site + "/a")
	const want = "arn:aws:ssm:eu-central-1::parameter/aws/service/site/a"
	if got := p.ARN("eu-central-1"); !ok || got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestGet_OtherNames_AreNotThere(t *testing.T) {
	trees := load(t, "b: 1\nc: {d: 2}\n")
	for _, name := range []string{"", "/", "b", site, site + "/", site + "/a", site + "/b/",
		site + "/B",
		site + "/c", site + "/c/", site + "/z", "aws/service/site/b", "/aws/service/list"} {
		if p, ok := trees.Get(name); ok {
			t.Errorf("%q is %+v", name, p)
		}
	}
}

// under is what Under promises, one parameter after the other.
func under(all []Parameter, path string, recursive bool, after string,
	limit int) (found []Parameter) {
	for _, p := range all {
		below, ok := strings.CutPrefix(p.Name, strings.TrimSuffix(path, "/")+"/")
		if ok && (recursive || !strings.Contains(below, "/")) && p.Name > after && len(found) < limit {
			found = append(found, p)
		}
	}
	return found
}

// TestUnder_AnyPath_IsWhatASearchOfAllFinds: names with characters before and after the slash, in
// order, are what a binary search goes wrong on.
func TestUnder_AnyPath_IsWhatASearchOfAllFinds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	segments := []string{"a", "a-", "a.", "a0", "A", "b", "_", "-", "0", "ab"}
	name := func(most int) (name string) {
		for range random.IntN(most + 1) {
			name += "/" + segments[random.IntN(len(segments))]
		}
		return name
	}
	for range 200 {
		var all []found
		seen := map[string]bool{}
		for range random.IntN(60) {
			if n := name(4); n != "" && !seen[n] {
				seen[n] = true
				all = append(all, found{Parameter: Parameter{Name: n}})
			}
		}
		trees, err := join(all)
		if err != nil {
			t.Fatal(err)
		}
		for range 200 {
			path, after, limit := name(3)+[]string{"", "/"}[random.IntN(2)], name(4), random.IntN(12)-1
			recursive := random.IntN(2) == 0
			got := trees.Under(path, recursive, after, limit)
			if want := under(trees.all, path, recursive, after, limit); !slices.Equal(got, want) {
				t.Fatalf("%q recursive %t after %q limit %d of %v:\n%v\nwant\n%v", path, recursive, after,
					limit, trees.all, got, want)
			}
		}
	}
}

// TestUnder_LongTree_IsNotCopied: a page costs what is on it.
func TestUnder_LongTree_IsNotCopied(t *testing.T) {
	var text strings.Builder
	for i := range 20_000 {
		text.WriteString("p" + strconv.Itoa(i) + ": {a: {b: c}}\n")
	}
	text.WriteString("last: d\n")
	trees := load(t, text.String())
	pages := func() {
		if page := trees.Under(site, true, site+"/p1", 10); len(page) != 10 || cap(page) != 10 {
			t.Fatal(len(page), cap(page))
		}
	}
	if n := testing.AllocsPerRun(10, pages); n > 2 {
		t.Errorf("a page makes %v allocations", n)
	}
	if page := trees.Under(site, false, "", 10); len(page) != 1 || page[0].Name != site+"/last" {
		t.Errorf("right below it are %v", page)
	}
}
