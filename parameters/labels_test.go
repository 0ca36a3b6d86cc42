package parameters_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"claviger/parameters"
	"claviger/store"
)

// label puts labels on a version, or on the newest where it is 0.
func (s *service) label(name string, version int,
	labels ...string) parameters.LabelParameterVersionOutput {
	s.T.Helper()
	in := M{"Name": name, "Labels": labels}
	if version != 0 {
		in["ParameterVersion"] = version
	}
	return must[parameters.LabelParameterVersionOutput](s, "LabelParameterVersion", in)
}

func (s *service) unlabel(name string, version int,
	labels ...string) parameters.UnlabelParameterVersionOutput {
	s.T.Helper()
	return must[parameters.UnlabelParameterVersionOutput](s, "UnlabelParameterVersion",
		M{"Name": name, "ParameterVersion": version, "Labels": labels})
}

// labels are those of each version, the oldest first.
func (s *service) labels(name string) (all [][]string) {
	s.T.Helper()
	for _, v := range s.history(name) {
		all = append(all, v.Labels)
	}
	return all
}

func (s *service) hasLabels(name string, want ...[]string) {
	s.T.Helper()
	if got := s.labels(name); !slices.EqualFunc(got, want, slices.Equal) {
		s.T.Errorf("%s has the labels %q, want %q", name, got, want)
	}
}

var qRevision = store.SQL(`SELECT rev FROM parameters WHERE account = $1 AND region = $2 AND name = $3`)

// revision is how often a parameter was changed, by its row.
func (s *service) revision(name string) (rev int64) {
	s.T.Helper()
	if err := s.DB.Row(qRevision, []any{account, region, name}, &rev); err != nil {
		s.T.Fatal(err)
	}
	return rev
}

func TestLabelParameterVersion_VersionLeftOut_IsTheNewest(t *testing.T) {
	s := start(t)
	s.put("/a", "1")
	s.put("/a", "2")
	if out := s.label("/a", 0, "new"); out.ParameterVersion != 2 || out.InvalidLabels == nil ||
		len(out.InvalidLabels) != 0 {
		t.Errorf("%+v", out)
	}
	if out := s.label("/a", 1, "old"); out.ParameterVersion != 1 {
		t.Errorf("%+v", out)
	}
	s.put("/a", "3")
	s.hasLabels("/a", []string{"old"}, []string{"new"}, nil)
}

// TestLabelParameterVersion_LabelsThatNoneCanBe_AreNamed: the others are attached.
func TestLabelParameterVersion_LabelsThatNoneCanBe_AreNamed(t *testing.T) {
	s := start(t)
	s.put("/a", "1")
	bad := []string{"1st", "aws", "AWSx", "ssm-1", "SsM", "a b", "a:b", "a/b", "ä"}
	out := s.label("/a", 1, append(bad, "good")...)
	if !slices.Equal(out.InvalidLabels, bad) {
		t.Errorf("invalid %q, want %q", out.InvalidLabels, bad)
	}
	if out := s.label("/a", 1, "a\n", " a", "*"); len(out.InvalidLabels) != 3 {
		t.Errorf("%+v", out)
	}
	s.label("/a", 1, "x.y-z_1", "-", ".", "_", "xaws", "GOOD", strings.Repeat("l", 100))
	s.hasLabels("/a", []string{"-", ".", "GOOD", "_", "good", strings.Repeat("l", 100), "x.y-z_1",
		"xaws"})
}

func TestLabelParameterVersion_LabelsOfNoLength_AreRefused(t *testing.T) {
	s := start(t)
	s.put("/a", "1")
	long := strings.Repeat("l", 101)
	for _, label := range []string{long, ""} {
		s.Refused("LabelParameterVersion", M{"Name": "/a", "Labels": []string{"fine", label}},
			"ValidationException", "1 validation error detected: Value '[fine, "+label+"]' at 'labels' failed "+
				"to satisfy constraint: Member must satisfy constraint: [Member must have length less than or "+
				"equal to 100, Member must have length greater than or equal to 1]")
	}
	s.Refused("LabelParameterVersion", M{"Name": "/a", "Labels": []string{}}, "ValidationException",
		"1 validation error detected: Value '[]' at 'labels' failed to satisfy constraint: Member must "+
			"have length greater than or equal to 1")
	s.Refused("LabelParameterVersion", M{"Name": "/a", "Labels": slices.Repeat([]string{"l"}, 11)},
		"ValidationException", "")
	s.hasLabels("/a", nil)
}

func TestLabelParameterVersion_MoreThanTenOnOneVersion_AreRefused(t *testing.T) {
	s := start(t)
	s.put("/a", "1")
	s.put("/a", "2")
	var ten []string
	for i := range 10 {
		ten = append(ten, fmt.Sprintf("l%d", i))
	}
	s.label("/a", 1, ten...)
	s.label("/a", 1, ten...)
	for _, version := range []int{1, 2} {
		if version == 2 {
			s.label("/a", 2, "m", "n", "o", "p", "q", "r", "s", "t", "u")
			s.label("/a", 2, "v")
		}
		s.Refused("LabelParameterVersion", M{"Name": "/a", "ParameterVersion": version,
			"Labels": []string{"new", "l1"}}, "ParameterVersionLabelLimitExceeded", "A parameter version can "+
			"have maximum 10 labels. Move one or more labels to another version and try again.")
	}
	if out := s.label("/a", 1, "1bad"); len(out.InvalidLabels) != 1 {
		t.Errorf("%+v", out)
	}
	s.unlabel("/a", 1, "l0")
	s.label("/a", 1, "new")
	s.put("/a", "3")
	s.label("/a", 3, ten[1:]...)
	s.hasLabels("/a", []string{"new"}, strings.Split("m n o p q r s t u v", " "), ten[1:])
}

func TestLabelParameterVersion_LabelOfAnotherVersion_Moves(t *testing.T) {
	s := start(t)
	s.put("/a", "1")
	s.put("/a", "2")
	s.label("/a", 1, "prod", "stays")
	if got := s.get("/a:prod"); got.Version != 1 || got.Value != "1" {
		t.Errorf("%+v", got)
	}
	s.label("/a", 2, "prod")
	if got := s.get("/a:prod"); got.Version != 2 || got.Value != "2" {
		t.Errorf("%+v", got)
	}
	s.hasLabels("/a", []string{"stays"}, []string{"prod"})
}

// TestLabels_AsTheyAreAlready_LeaveNoChange: neither the parameter's revision nor a date moves.
func TestLabels_AsTheyAreAlready_LeaveNoChange(t *testing.T) {
	s := start(t)
	s.put("/a", "1")
	modified := s.get("/a").LastModifiedDate
	s.label("/a", 1, "l")
	s.Clock.Pass(60e9)
	before := s.revision("/a")
	s.label("/a", 1, "l")
	s.label("/a", 1, "1bad", "l")
	s.unlabel("/a", 1, "none")
	if got := s.revision("/a"); got != before {
		t.Errorf("the revision went from %d to %d", before, got)
	}
	s.unlabel("/a", 1, "l")
	if got := s.revision("/a"); got != before+1 {
		t.Errorf("the revision went from %d to %d", before, got)
	}
	if got := s.get("/a").LastModifiedDate; got != modified {
		t.Errorf("labels changed the date from %v to %v", modified, got)
	}
}

func TestUnlabelParameterVersion_Labels_AreRemovedOrInvalid(t *testing.T) {
	s := start(t)
	s.put("/a", "1")
	s.put("/a", "2")
	s.label("/a", 1, "a", "b", "c")
	s.label("/a", 2, "d")
	out := s.unlabel("/a", 1, "c", "d", "a", "none", "1bad", "a")
	if !slices.Equal(out.RemovedLabels, []string{"c", "a"}) ||
		!slices.Equal(out.InvalidLabels, []string{"d", "none", "1bad"}) {
		t.Errorf("%+v", out)
	}
	s.hasLabels("/a", []string{"b"}, []string{"d"})
	s.Refused("UnlabelParameterVersion", M{"Name": "/a", "Labels": []string{"b"}},
		"ValidationException", "1 validation error detected: Value null at 'parameterVersion' failed to satisfy constraint: "+
			"Member must not be null")
}

func TestLabels_OfAVersionThatIsNot_AreRefused(t *testing.T) {
	s := start(t)
	s.put("/a", "1")
	for _, version := range []int{-1, 0, 2} {
		for _, operation := range []string{"LabelParameterVersion", "UnlabelParameterVersion"} {
			s.Refused(operation, M{"Name": " /a ", "ParameterVersion": version, "Labels": []string{"l"}},
				"ParameterVersionNotFound", fmt.Sprintf("Systems Manager could not find version %d of /a. "+
					"Verify the version and try again.", version))
		}
	}
}

// TestLabels_OfADeletedParameter_AreGone: who has its name next has none.
func TestLabels_OfADeletedParameter_AreGone(t *testing.T) {
	s := start(t)
	s.put("/a", "1")
	s.label("/a", 1, "l")
	s.Do("DeleteParameter", M{"Name": "/a"})
	s.put("/a", "2")
	s.hasLabels("/a", nil)
	s.Refused("GetParameter", M{"Name": "/a:l"}, "ParameterVersionNotFound", "")
}
