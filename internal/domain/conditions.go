package domain

import (
	"maps"
	"slices"

	"claviger/policy"
)

// The condition keys of requests that give tags. The key of a tag is behind the slash.
const (
	RequestTag = "aws:RequestTag/"
	TagKeys    = "aws:TagKeys"
)

// Conditional is an input whose members are values of condition keys.
type Conditional interface{ Conditions(policy.Values) }

// Set gives a condition key the member of a request that is its value. One that was left out leaves
// the key absent.
func Set[T any](v policy.Values, name string, member *T, text func(T) string) {
	if member != nil {
		v[name] = []string{text(*member)}
	}
}

// SetText is [Set] for texts.
func SetText(v policy.Values, name string, member *string) {
	Set(v, name, member, func(s string) string { return s })
}

// SetTags says which tags a request gives.
func SetTags[T Tag](v policy.Values, tags []T) {
	given := TagMap(tags)
	for name, value := range given {
		v[RequestTag+name] = []string{value}
	}
	SetTagKeys(v, slices.Sorted(maps.Keys(given)))
}

// SetTagKeys says which tags a request is about. Without any the key is absent.
func SetTagKeys(v policy.Values, names []string) {
	if len(names) > 0 {
		v[TagKeys] = names
	}
}
