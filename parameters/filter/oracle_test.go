package filter

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// oracle is Matches as AWS's documents tell it: a name is its parts, with or without a slash in
// front.
func oracle(filters []ParameterStringFilter, s Subject) bool {
	for _, f := range filters {
		if !oracleHolds(f, s) {
			return false
		}
	}
	return true
}

func oracleHolds(f ParameterStringFilter, s Subject) bool {
	attribute := map[string]string{"Type": s.Type, "KeyId": s.KeyID, "Tier": s.Tier,
		"DataType": s.DataType}
	for key, value := range s.Tags {
		if f.Key == "tag:"+key && len(f.Values) == 0 {
			return true
		}
		attribute["tag:"+key] = value
	}
	for _, v := range f.Values {
		switch {
		case f.Key == "Path" && oracleBelow(v, s.Name, f.Option != nil && *f.Option == "Recursive"):
			return true
		case f.Key == "Name" && oracleName(f.Option, v, s.Name):
			return true
		case f.Key == "Label" && slices.Contains(s.Labels, v):
			return true
		case attribute[f.Key] == "":
		case attribute[f.Key] == v, f.Option != nil && *f.Option == "BeginsWith" &&
			strings.Index(attribute[f.Key], v) == 0:
			return true
		}
	}
	return false
}

func oracleName(option *string, value, name string) bool {
	if option != nil && *option == "Contains" {
		return strings.Contains(name, value)
	}
	value, name = strings.TrimPrefix(value, "/"), name[1:]
	if option != nil && *option == "BeginsWith" {
		return strings.Index(name, value) == 0
	}
	return name == value
}

func oracleBelow(path, name string, all bool) bool {
	var above []string
	for _, part := range strings.Split(path, "/") {
		if part != "" {
			above = append(above, part)
		}
	}
	parts := strings.Split(name[1:], "/")
	depth := len(parts) - len(above)
	return depth > 0 && (all || depth == 1) && slices.Equal(parts[:len(above)], above)
}

// served reports whether an index finds a name by what is said of it.
func served(i Index, name string) bool {
	parent := name[:strings.LastIndex(name, "/")+1]
	switch i.By {
	case ByName:
		return slices.Contains(i.Names, name)
	case ByPrefix:
		return strings.HasPrefix(name, i.Prefix)
	case ByParent:
		return slices.Contains(i.Paths, parent)
	case ByTree:
		below := func(path string) bool { return strings.HasPrefix(parent, path) }
		n := len(slices.DeleteFunc(slices.Clone(i.Paths), func(p string) bool { return !below(p) }))
		return n == 1 // in one tree alone: it would be listed twice
	}
	return true
}

// agree holds a filter to the oracle and to its own index.
func agree(t *testing.T, filter *Filter, filters []ParameterStringFilter, s Subject) (found bool) {
	t.Helper()
	found = filter.Matches(s)
	if want := oracle(filters, s); found != want {
		t.Errorf("%s of %+v: %v, want %v", filter, s, found, want)
	}
	index := filter.Index()
	if found && !served(index, s.Name) {
		t.Errorf("%s finds %s, and its index doesn't: %+v", filter, s.Name, index)
	}
	if !slices.IsSorted(index.Names) || !slices.IsSorted(index.Paths) {
		t.Errorf("%s: %+v has no order", filter, index)
	}
	return found
}

type draw struct{ *rand.Rand }

func (d draw) of(texts ...string) string { return texts[d.IntN(len(texts))] }

// name draws from few letters, so that names and filters meet.
func (d draw) name() string {
	name := ""
	for range 1 + d.IntN(3) {
		name += "/" + d.of("a", "b", "ab", "a-b", "aa", "A")
	}
	return name
}

func (d draw) subject() Subject {
	s := Subject{Name: d.name(), Type: d.of("String", "StringList", "SecureString"),
		Tier: d.of("Standard", "Advanced"), DataType: d.of("text", "aws:ec2:image"),
		KeyID: d.of("", "alias/aws/ssm", "alias/a"), Tags: map[string]string{}}
	for range d.IntN(3) {
		s.Tags[d.of("a", "b", "ab")] = d.of("", "a", "ab", "b")
		s.Labels = append(s.Labels, d.of("l", "ll", "m"))
	}
	return s
}

// filter draws values that may be, and options that may or may not.
func (d draw) filter() ParameterStringFilter {
	f := with(d.of("Name", "Name", "Path", "Path", "Type", "KeyId", "Tier", "DataType", "Label",
		"tag:a", "tag:b"), d.of("", "Equals", "BeginsWith", "Contains", "OneLevel", "Recursive"))
	for range d.IntN(4) {
		s := d.subject()
		value := map[string]string{"Name": s.Name[d.IntN(3)%len(s.Name):], "Path": s.Name,
			"Type": s.Type, "KeyId": s.KeyID, "Tier": s.Tier, "DataType": s.DataType,
			"Label": d.of("l", "ll", "m"), "tag:a": d.of("a", "ab"), "tag:b": d.of("a", "ab")}[f.Key]
		switch {
		case value == "", f.Key == "Path" && d.IntN(8) == 0:
			value = "/"
		case f.Key != "Path" && f.Key != "Type" && f.Key != "Tier":
			value = value[:1+d.IntN(len(value))]
		case f.Key == "Path":
			value = value[:strings.LastIndex(value, "/")+1]
		}
		f.Values = append(f.Values, value)
	}
	return f
}

func TestFilter_DrawnQuestions_AreAnsweredAsByTheDocuments(t *testing.T) {
	d := draw{rand.New(rand.NewPCG(1, 2))}
	found, asked := 0, 0
	for range 20_000 {
		var filters []ParameterStringFilter
		for range d.IntN(4) {
			filters = append(filters, d.filter())
		}
		subjects := []Subject{d.subject(), d.subject(), d.subject(), d.subject()}
		if CheckDescribed(nil, filters) == nil {
			for _, s := range subjects {
				if asked++; agree(t, NewDescribed(nil, filters), filters, s) {
					found++
				}
			}
		}
		path, option := d.of("/", d.name(), d.name()+"/"), d.of("OneLevel", "Recursive")
		if CheckByPath(path, filters) == nil {
			for _, s := range subjects {
				f := NewByPath(path, option == "Recursive", filters)
				if asked++; agree(t, f, append(filters, with("Path", option, path)), s) {
					found++
				}
			}
		}
	}
	if found < asked/10 || found > asked*9/10 {
		t.Errorf("%d of %d were found: too one-sided to show anything", found, asked)
	}
}

func FuzzFilter(f *testing.F) {
	f.Add("a/b", "Name", "BeginsWith", "/a,b", "Path", "Recursive", "/a,/a/b")
	f.Add("a", "tag:x", "", "", "Name", "Contains", "/a")
	f.Add("é", "Name", "BeginsWith", "é,è", "Type", "BeginsWith", "String")
	f.Fuzz(func(t *testing.T, name, key1, option1, values1, key2, option2, values2 string) {
		filters := list(with(key1, option1), with(key2, option2))
		for i, values := range []string{values1, values2} {
			if values != "" {
				filters[i].Values = strings.Split(values, ",")
			}
			if slices.Contains(filters[i].Values, "") {
				return // no shape lets them pass
			}
		}
		s := Subject{Name: "/" + name, Type: "String", KeyID: "alias/a", Tier: "Standard",
			DataType: "text", Tags: map[string]string{"x": "y"}, Labels: []string{"l"}}
		if CheckDescribed(nil, filters) == nil {
			agree(t, NewDescribed(nil, filters), filters, s)
		}
		if CheckByPath("/"+name, filters) == nil {
			NewByPath("/"+name, true, filters).Matches(s)
		}
	})
}
