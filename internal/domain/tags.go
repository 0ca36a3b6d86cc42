package domain

import (
	"slices"
	"sort"
	"strings"
	"unicode"
)

// Tag is a tag as some service spells its members. It is kept in order of key, and a key is there
// once. Keys are compared with regard to case.
type Tag interface{ Pair() (key, value string) }

// TagRules are the rules of AWS for lists of tags, and a service's answers to
// those that break them.
type TagRules struct {
	Most      int // tags on one resource
	NoKey     error
	Reserved  error // the key begins with aws:
	Invalid   error // characters that no tag may hold; nil: any may be there
	Duplicate func(key string) error
	TooMany   error
}

// CheckTags holds the tags of a request to the rules.
func CheckTags[T Tag](r TagRules, tags []T) error {
	seen := map[string]bool{}
	for _, t := range tags {
		key, value := t.Pair()
		switch {
		case key == "" && r.NoKey != nil:
			return r.NoKey
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return r.Reserved
		case seen[key]:
			return r.Duplicate(key)
		case r.Invalid != nil && !(isTagText(key) && isTagText(value)):
			return r.Invalid
		}
		seen[key] = true
	}
	if len(tags) > r.Most {
		return r.TooMany
	}
	return nil
}

// isTagText reports whether s holds nothing but what AWS lets tags hold: letters, digits and blanks
// of any script, and _.:/=+-@ ("Tag naming limits and requirements" of the tagging user guide).
func isTagText(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool {
		return !unicode.In(r, unicode.L, unicode.N, unicode.Z) && !strings.ContainsRune("_.:/=+-@", r)
	}) < 0
}

// SortTags returns the tags of a request, which were checked, in the order in which they are kept.
func SortTags[T Tag](tags []T) []T {
	return slices.SortedFunc(slices.Values(tags), func(a, b T) int {
		return strings.Compare(keyOf(a), keyOf(b))
	})
}

// AddTags returns old with those of added put in or over. The quota is held to what is there then:
// a tag that is written over counts once.
func AddTags[T Tag](r TagRules, old, added []T) ([]T, error) {
	out := slices.Clone(old)
	for _, t := range added {
		key, _ := t.Pair()
		at := searchTags(out, key)
		if at < len(out) && keyOf(out[at]) == key {
			out[at] = t
			continue
		}
		out = slices.Insert(out, at, t)
	}
	if len(out) > r.Most {
		return nil, r.TooMany
	}
	return out, nil
}

// RemoveTags returns tags without those of the given keys. A key that no tag has is none to remove.
func RemoveTags[T Tag](tags []T, keys []string) []T {
	return slices.DeleteFunc(slices.Clone(tags), func(t T) bool {
		return slices.Contains(keys, keyOf(t))
	})
}

// TagsAfter returns the tags whose keys follow key: all of them for an empty one.
func TagsAfter[T Tag](tags []T, key string) []T {
	if key == "" {
		return tags
	}
	return tags[sort.Search(len(tags), func(i int) bool { return keyOf(tags[i]) > key }):]
}

// TagMap returns tags as conditions see them.
func TagMap[T Tag](tags []T) map[string]string {
	out := make(map[string]string, len(tags))
	for _, t := range tags {
		key, value := t.Pair()
		out[key] = value
	}
	return out
}

func searchTags[T Tag](tags []T, key string) int {
	return sort.Search(len(tags), func(i int) bool { return keyOf(tags[i]) >= key })
}

func keyOf[T Tag](t T) string {
	key, _ := t.Pair()
	return key
}
