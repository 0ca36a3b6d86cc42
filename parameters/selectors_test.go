package parameters_test

import (
	"slices"
	"testing"

	"claviger/parameters"
)

// labelled makes a parameter with three versions of which the first has a label.
func labelled(s *service, name string) {
	s.T.Helper()
	for _, value := range []string{"one", "two", "three"} {
		s.put(name, value)
	}
	s.Do("LabelParameterVersion", M{"Name": name, "ParameterVersion": 1, "Labels": []string{"first"}})
}

func TestGetParameter_Selector_NamesAVersion(t *testing.T) {
	s := start(t)
	labelled(s, "/a")
	for selector, want := range map[string]string{"": "three", ":1": "one", ":2": "two", ":3": "three",
		":first": "one", ":01": "one"} {
		for _, name := range []string{"/a", "a", prefix + "/a"} {
			got := s.get(name + selector)
			shown := name
			if name != "a" {
				shown = "/a"
			}
			if got.Value != want || got.Name != shown || got.ARN != prefix+"/a" ||
				got.Selector != selector && selector != ":01" {
				t.Errorf("%s%s: %+v", name, selector, got)
			}
		}
	}
}

func TestGetParameter_SelectorOfNoVersion_IsRefused(t *testing.T) {
	s := start(t)
	labelled(s, "/a")
	for name, version := range map[string]string{"/a:9": "9", "/a:0": "0", "/a:none": "none",
		"/a:First": "First", "/a:1x": "1x", "/a:99999999999999999999": "99999999999999999999"} {
		s.Refused("GetParameter", M{"Name": name}, "ParameterVersionNotFound",
			"Systems Manager could not find version "+version+" of /a. Verify the version and try again.")
	}
	for _, name := range []string{"/a:2:3", "/a:first:2", "/a:", "/a::1"} {
		s.Refused("GetParameter", M{"Name": name}, "ParameterNotFound", "Parameter "+name+" not found.")
	}
	for _, name := range []string{"/none", "/none:1", "/none:label", prefix + "/none:1"} {
		s.Refused("GetParameter", M{"Name": name}, "ParameterNotFound", "")
	}
}

// TestGetParameters_Names_AreReadOnceEach: in order of name, and those that nobody has as they were
// written.
func TestGetParameters_Names_AreReadOnceEach(t *testing.T) {
	s := start(t)
	labelled(s, "/b")
	s.put("/a", "v")
	out := must[parameters.GetParametersOutput](s, "GetParameters", M{"Names": []string{"/z",
		"/b:first", "/b", "/a", "/b", "/b:7", "/b:none", "/a:1:1", " /a", prefix + "/none:3"}})
	var got []string
	for _, p := range out.Parameters {
		got = append(got, p.Name+p.Selector+"="+p.Value)
	}
	if want := []string{"/a=v", "/a=v", "/b=three", "/b:first=one"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	want := []string{"/a:1:1", "/b:7", "/b:none", "/z", prefix + "/none:3"}
	if !slices.Equal(out.InvalidParameters, want) {
		t.Errorf("invalid %v, want %v", out.InvalidParameters, want)
	}
}

func TestGetParameters_MoreThanTen_AreRefused(t *testing.T) {
	s := start(t)
	names := slices.Repeat([]string{"/a"}, 11)
	s.Refused("GetParameters", M{"Names": names}, "ValidationException",
		"1 validation error detected: Value '[/a, /a, /a, /a, /a, /a, /a, /a, /a, /a, /a]' at 'names' failed to satisfy constraint: "+
			"Member must have length less than or equal to 10")
	s.Refused("DeleteParameters", M{"Names": names}, "ValidationException", "")
	s.Refused("GetParameters", M{"Names": []string{}}, "ValidationException", "1 validation error "+
		"detected: Value '[]' at 'names' failed to satisfy constraint: Member must have length greater "+
		"than or equal to 1")
}

// TestSelectors_OfThoseWhoChange_NameNothing: a version can't be deleted, labelled or tagged by it.
func TestSelectors_OfThoseWhoChange_NameNothing(t *testing.T) {
	s := start(t)
	labelled(s, "/a")
	for _, name := range []string{"/a:1", "/a:first"} {
		for operation, in := range byName(name) {
			if operation == "DeleteParameters" {
				out := must[parameters.DeleteParametersOutput](s, operation, in)
				if !slices.Equal(out.InvalidParameters, []string{name, "/other"}) ||
					len(out.DeletedParameters) != 0 {
					t.Errorf("%+v", out)
				}
				continue
			}
			s.Refused(operation, in, "ParameterNotFound", "Parameter "+name+" not found.")
		}
		for operation, in := range byResource(name) {
			s.Refused(operation, in, "InvalidResourceId", "")
		}
		s.Refused("GetParameterHistory", M{"Name": name}, "ParameterNotFound",
			"Parameter "+name+" not found.")
	}
	s.get("/a:first")
}

func TestAbsentParameter_EachOperation_SaysSo(t *testing.T) {
	s := start(t)
	for operation, in := range byName("/none") {
		if operation != "DeleteParameters" {
			s.Refused(operation, in, "ParameterNotFound", "")
		}
	}
	for operation, in := range byResource("/none") {
		s.Refused(operation, in, "InvalidResourceId", "")
	}
	s.Refused("GetParameterHistory", M{"Name": "/none"}, "ParameterNotFound", "")
	for operation, in := range byResource("/none") {
		in["ResourceType"] = "Document"
		s.Refused(operation, in, "InvalidResourceType", "")
		in["ResourceType"] = "Secret"
		s.Refused(operation, in, "ValidationException", "1 validation error detected: Value 'Secret' at "+
			"'resourceType' failed to satisfy constraint: Member must satisfy enum value set: [Document, "+
			"ManagedInstance, MaintenanceWindow, Parameter, PatchBaseline, OpsItem, OpsMetadata, "+
			"Automation, Association, CloudConnector]")
	}
}
