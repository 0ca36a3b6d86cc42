package parameters_test

import (
	"fmt"
	"testing"

	"claviger/parameters"
)

func tag(key, value string) M { return M{"Key": key, "Value": value} }

// tags are those of a parameter, each as key=value.
func (s *service) tags(name string) string {
	s.T.Helper()
	out := must[parameters.ListTagsForResourceOutput](s, "ListTagsForResource",
		M{"ResourceType": "Parameter", "ResourceId": name})
	text := ""
	for _, t := range out.TagList {
		text += t.Key + "=" + t.Value + " "
	}
	return text
}

func (s *service) tag(name string, tags ...M) {
	s.T.Helper()
	s.Do("AddTagsToResource", M{"ResourceType": "Parameter", "ResourceId": name, "Tags": tags})
}

// TestTags_OfAParameter_StayUntilTheyAreTaken: a new version has them, its dates don't tell, and
// who has the name next has none.
func TestTags_OfAParameter_StayUntilTheyAreTaken(t *testing.T) {
	s := start(t)
	s.Do("PutParameter", M{"Name": "/a", "Value": "v", "Type": "String",
		"Tags": []M{tag("b", "1"), tag("a", "")}})
	modified := s.get("/a").LastModifiedDate
	s.Clock.Pass(60e9)
	s.tag("/a", tag("b", "2"), tag("B", "3"))
	if got := s.get("/a").LastModifiedDate; got != modified {
		t.Errorf("tags changed the date from %v to %v", modified, got)
	}
	s.put("/a", "w")
	if got := s.tags("/a"); got != "B=3 a= b=2 " {
		t.Errorf("%s", got)
	}
	before := s.revision("/a")
	take := M{"ResourceType": "Parameter", "ResourceId": "/a", "TagKeys": []string{"none", "A"}}
	s.Do("RemoveTagsFromResource", take)
	if got := s.revision("/a"); got != before {
		t.Errorf("keys that are not there changed revision %d to %d", before, got)
	}
	take["TagKeys"] = []string{"a", "none", "B"}
	s.Do("RemoveTagsFromResource", take)
	if got := s.tags("/a"); got != "b=2 " {
		t.Errorf("%s", got)
	}
	s.Do("DeleteParameter", M{"Name": "/a"})
	s.put("/a", "v")
	if got := s.tags("/a"); got != "" {
		t.Errorf("%s", got)
	}
}

// TestTags_MoreThanFifty_AreRefused: at once, one by one, and on a new parameter.
func TestTags_MoreThanFifty_AreRefused(t *testing.T) {
	s := start(t)
	var all []M
	for i := range 51 {
		all = append(all, tag(fmt.Sprint("k", i), "v"))
	}
	in := M{"Name": "/a", "Value": "v", "Type": "String", "Tags": all}
	s.Refused("PutParameter", in, "TooManyTagsError", "")
	in["Tags"] = all[:50]
	s.Do("PutParameter", in)
	s.tag("/a", tag("k1", "again"))
	add := M{"ResourceType": "Parameter", "ResourceId": "/a", "Tags": all[50:]}
	s.Refused("AddTagsToResource", add, "TooManyTagsError", "")
	add["Tags"] = all
	s.Refused("AddTagsToResource", add, "TooManyTagsError", "")
}

func TestTags_ThatNoneCanBe_AreRefused(t *testing.T) {
	s := start(t)
	s.put("/a", "v")
	for _, tags := range [][]M{{tag("aws:x", "v")}, {tag("AWS:x", "v")}, {tag("", "v")},
		{tag("k", "1"), tag("k", "2")}, {tag("k*", "v")}, {tag("k", "v*")}, {{"Key": "k"}},
		{{"Value": "v"}}} {
		s.Refused("AddTagsToResource", M{"ResourceType": "Parameter", "ResourceId": "/a", "Tags": tags},
			"ValidationException", "")
		s.Refused("PutParameter", M{"Name": "/b", "Value": "v", "Type": "String", "Tags": tags},
			"ValidationException", "")
	}
	if got := s.tags("/a"); got != "" {
		t.Errorf("%s", got)
	}
}
