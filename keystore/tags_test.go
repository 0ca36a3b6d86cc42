package keystore

import (
	"claviger/keystore/key"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// tagsOf turns bytes into tags: few keys, so that they meet.
func tagsOf(b []byte) (tags []key.Tag) {
	for i, c := range b {
		tags = append(tags, key.Tag{TagKey: fmt.Sprintf("k%d", c%11), TagValue: fmt.Sprint(i)})
	}
	return tags
}

func asMap(tags []key.Tag) map[string]string {
	m := map[string]string{}
	for _, t := range tags {
		m[t.TagKey] = t.TagValue
	}
	return m
}

// FuzzMerge: tags are a map in order of key, and what was there before is not touched: others may be reading it.
func FuzzMerge(f *testing.F) {
	f.Add([]byte{}, []byte{1})
	f.Add([]byte{3, 1, 2}, []byte{2, 2, 4})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		old := merge(nil, tagsOf(a))
		before := slices.Clone(old)
		added := tagsOf(b)
		got := merge(old, added)
		want := asMap(old)
		maps.Copy(want, asMap(added))
		if !maps.Equal(asMap(got), want) || len(got) != len(want) {
			t.Errorf("merge(%v, %v) = %v", old, added, got)
		}
		if !slices.IsSortedFunc(got, func(x, y key.Tag) int { return strings.Compare(x.TagKey, y.TagKey) }) {
			t.Errorf("not in order: %v", got)
		}
		if !slices.Equal(old, before) {
			t.Errorf("merge changed what it was given: %v", old)
		}
	})
}

func TestPagesOfTagsAreAllOfThem(t *testing.T) {
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
				t.Fatalf("limit %d: %d tags, truncated %v, marker %q", limit, len(out.Tags), out.Truncated, out.NextMarker)
			}
			if all = append(all, out.Tags...); !out.Truncated {
				if want := (50 + min(limit, 50) - 1) / min(limit, 50); page != want {
					t.Errorf("limit %d: %d pages, want %d", limit, page, want)
				}
				break
			}
			in["Marker"] = out.NextMarker
		}
		if len(all) != 50 || len(asMap(all)) != 50 {
			t.Errorf("limit %d: %d tags in all", limit, len(all))
		}
	}
}

func TestAMarkerOutlivesItsTag(t *testing.T) {
	s := start(t)
	id := s.key()
	must[any](s, "TagResource", M{"KeyId": id, "Tags": []M{{"TagKey": "a", "TagValue": ""}, {"TagKey": "b", "TagValue": ""}, {"TagKey": "c", "TagValue": ""}}})
	first := must[ListResourceTagsOutput](s, "ListResourceTags", M{"KeyId": id, "Limit": 2})
	must[any](s, "UntagResource", M{"KeyId": id, "TagKeys": []string{"b", "unknown"}})
	rest := must[ListResourceTagsOutput](s, "ListResourceTags", M{"KeyId": id, "Marker": first.NextMarker})
	if len(rest.Tags) != 1 || rest.Tags[0].TagKey != "c" || rest.Truncated {
		t.Errorf("after b was gone: %+v", rest)
	}
	other := s.key()
	if _, code := ask[any](s, "ListResourceTags", M{"KeyId": other, "Marker": first.NextMarker}); code != "InvalidMarkerException" {
		t.Errorf("another key's marker: %q", code)
	}
	if _, code := ask[any](s, "ListKeys", M{"Marker": first.NextMarker}); code != "InvalidMarkerException" {
		t.Errorf("another operation's marker: %q", code)
	}
}
