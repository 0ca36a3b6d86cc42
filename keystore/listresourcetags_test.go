package keystore

import (
	"fmt"
	"testing"

	"claviger/internal/domain"
	"claviger/keystore/key"
)

func TestListResourceTags_EachLimit_ListsEachTagOnce(t *testing.T) {
	s := start(t)
	id := s.key()
	for n := 0; n < 50; n += 25 {
		var tags []M
		for i := n; i < n+25; i++ {
			tags = append(tags, M{"TagKey": fmt.Sprintf("key%02d", i), "TagValue": fmt.Sprint(i)})
		}
		must[any](s, "TagResource", M{"KeyId": id, "Tags": tags})
	}
	for _, limit := range []int{1, 7, 49, 50, 1000} {
		var all []key.Tag
		in := M{"KeyId": id, "Limit": limit}
		for page := 1; ; page++ {
			out := must[ListResourceTagsOutput](s, "ListResourceTags", in)
			if len(out.Tags) > min(limit, 50) || out.Truncated != (out.NextMarker != "") {
				t.Fatalf("limit %d: %d tags, truncated %v, marker %q", limit, len(out.Tags), out.Truncated,
					out.NextMarker)
			}
			if all = append(all, out.Tags...); !out.Truncated {
				if want := (50 + min(limit, 50) - 1) / min(limit, 50); page != want {
					t.Errorf("limit %d: %d pages, want %d", limit, page, want)
				}
				break
			}
			in["Marker"] = out.NextMarker
		}
		if len(all) != 50 || len(domain.TagMap(all)) != 50 {
			t.Errorf("limit %d: %d tags in all", limit, len(all))
		}
	}
}

func TestListResourceTags_TagOfMarkerRemoved_GoesOn(t *testing.T) {
	s := start(t)
	id := s.key()
	must[any](s, "TagResource",
		M{"KeyId": id, "Tags": []M{{"TagKey": "a", "TagValue": ""}, {"TagKey": "b", "TagValue": ""},
			{"TagKey": "c", "TagValue": ""}}})
	first := must[ListResourceTagsOutput](s, "ListResourceTags", M{"KeyId": id, "Limit": 2})
	must[any](s, "UntagResource", M{"KeyId": id, "TagKeys": []string{"b", "unknown"}})
	rest := must[ListResourceTagsOutput](s, "ListResourceTags",
		M{"KeyId": id, "Marker": first.NextMarker})
	if len(rest.Tags) != 1 || rest.Tags[0].TagKey != "c" || rest.Truncated {
		t.Errorf("after b was gone: %+v", rest)
	}
	other := s.key()
	if _, code := ask[any](s, "ListResourceTags",
		M{"KeyId": other, "Marker": first.NextMarker}); code != "InvalidMarkerException" {
		t.Errorf("another key's marker: %q", code)
	}
	if _, code := ask[any](s, "ListKeys",
		M{"Marker": first.NextMarker}); code != "InvalidMarkerException" {
		t.Errorf("another operation's marker: %q", code)
	}
}
