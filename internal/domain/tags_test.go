package domain_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"claviger/internal/domain"
)

type tag struct{ Key, Value string }

func (t tag) Pair() (key, value string) { return t.Key, t.Value }

var (
	errReserved  = errors.New("reserved")
	errDuplicate = errors.New("duplicate")
	errTooMany   = errors.New("too many")
	errNoKey     = errors.New("no key")
	errInvalid   = errors.New("invalid")

	rules = domain.TagRules{Most: 3, NoKey: errNoKey, Reserved: errReserved, TooMany: errTooMany,
		Duplicate: func(string) error { return errDuplicate }}
	strict = domain.TagRules{Most: 3, Reserved: errReserved, Invalid: errInvalid,
		Duplicate: func(string) error { return errDuplicate }}
	noQuota = domain.TagRules{Most: 1 << 20}
)

func TestCheckTags_BrokenRule_IsTheServicesError(t *testing.T) {
	for _, c := range []struct {
		tags []tag
		want error
	}{
		{nil, nil},
		{[]tag{{"a", ""}, {"A", ""}, {"aws", ""}}, nil},
		{[]tag{{"", "x"}}, errNoKey},
		{[]tag{{"aws:x", ""}}, errReserved},
		{[]tag{{"AwS:x", ""}}, errReserved},
		{[]tag{{"a", "1"}, {"a", "2"}}, errDuplicate},
		{[]tag{{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}}, errTooMany},
	} {
		if got := domain.CheckTags(rules, c.tags); got != c.want {
			t.Errorf("%v: %v, want %v", c.tags, got, c.want)
		}
	}
}

func TestAddTags_WrittenOver_CountsOnce(t *testing.T) {
	old := []tag{{"a", "1"}, {"b", "1"}, {"c", "1"}}
	got, err := domain.AddTags(rules, old, []tag{{"b", "2"}})
	if want := []tag{{"a", "1"}, {"b", "2"}, {"c", "1"}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if _, err := domain.AddTags(rules, old, []tag{{"d", "1"}}); err != errTooMany {
		t.Errorf("one too many: %v", err)
	}
}

func TestTags_OnesThatAreThere_AreRemovedAndListed(t *testing.T) {
	tags := []tag{{"a", "1"}, {"b", "1"}, {"c", "1"}}
	want := []tag{{"a", "1"}, {"c", "1"}}
	if got := domain.RemoveTags(tags, []string{"b", "x"}); !slices.Equal(got, want) {
		t.Errorf("without b: %v", got)
	}
	for after, want := range map[string]int{"": 3, "a": 2, "aa": 2, "c": 0, "z": 0} {
		if got := domain.TagsAfter(tags, after); len(got) != want {
			t.Errorf("after %q: %v", after, got)
		}
	}
	if got := domain.TagMap(tags); len(got) != 3 || got["b"] != "1" {
		t.Errorf("%v", got)
	}
}

// tagsOf turns bytes into tags: few keys, so that they meet.
func tagsOf(b []byte) (tags []tag) {
	for i, c := range b {
		tags = append(tags, tag{fmt.Sprintf("k%d", c%11), fmt.Sprint(i)})
	}
	return tags
}

// FuzzAddTags: tags are a map in order of key, and what was there before is not touched: others may
// be reading it.
func FuzzAddTags(f *testing.F) {
	f.Add([]byte{}, []byte{1})
	f.Add([]byte{3, 1, 2}, []byte{2, 2, 4})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		old, _ := domain.AddTags(noQuota, nil, tagsOf(a))
		before := slices.Clone(old)
		added := tagsOf(b)
		got, _ := domain.AddTags(noQuota, old, added)
		want := domain.TagMap(old)
		maps.Copy(want, domain.TagMap(added))
		if !maps.Equal(domain.TagMap(got), want) || len(got) != len(want) {
			t.Errorf("%v with %v is %v", old, added, got)
		}
		if !slices.IsSortedFunc(got, func(x, y tag) int { return strings.Compare(x.Key, y.Key) }) {
			t.Errorf("not in order: %v", got)
		}
		if !slices.Equal(old, before) {
			t.Errorf("what was there was changed: %v", old)
		}
	})
}

// Letters, digits and blanks are those of any script.
func TestCheckTags_CharactersOfTags_AreThoseOfAWS(t *testing.T) {
	for text, want := range map[string]error{
		"": nil, "Team_1.a:b/c=d+e-f@g": nil, "a b": nil, "Größe": nil, "部署": nil, "٣": nil,
		"a\u00a0b": nil, "½": nil,
		"a&b": errInvalid, "a,b": errInvalid, "{a}": errInvalid, "a*": errInvalid, "a\tb": errInvalid,
		"a\nb": errInvalid, "a\x00": errInvalid, "😀": errInvalid, "a\u0301": errInvalid, "a'": errInvalid,
	} {
		for _, given := range []tag{{"k" + text, ""}, {"k", text}} {
			if err := domain.CheckTags(strict, []tag{given}); err != want {
				t.Errorf("%q: %v, want %v", given, err, want)
			}
		}
		if err := domain.CheckTags(rules, []tag{{"k" + text, text}}); err != nil {
			t.Errorf("%q, where any character may be: %v", text, err)
		}
	}
}
