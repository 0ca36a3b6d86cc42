package model

import (
	"slices"
	"strings"

	"claviger/iam/entity"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/policy"
)

// Tags are how IAM treats the tags of a kind of entity.
type Tags struct {
	// CaseIgnored: keys are the same whatever their case, as those of users and roles; those of
	// policies and identity providers are not.
	CaseIgnored bool
}

// mostTags may be on one entity.
const mostTags = 50

// Check holds the tags of a request to the rules.
func (r Tags) Check(tags []entity.Tag) error {
	for i, t := range tags {
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return InvalidInput("Tag keys with the prefix aws: are reserved and can't be set or removed.")
		}
		if !slices.ContainsFunc(tags[:i], func(o entity.Tag) bool { return r.same(o.Key, t.Key) }) {
			continue
		}
		if r.CaseIgnored {
			return InvalidInput(
				"Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		return InvalidInput("Duplicate tag keys found.")
	}
	return nil
}

func (r Tags) same(a, b string) bool {
	return a == b || r.CaseIgnored && strings.EqualFold(a, b)
}

// Add returns old with those of added put in or over, in order of key. Where case makes no
// difference the new spelling of a key wins.
func (r Tags) Add(old, added []entity.Tag) ([]entity.Tag, *fault.Error) {
	out := r.Remove(old, keysOf(added))
	out = domain.SortTags(append(out, added...))
	if len(out) > mostTags {
		return nil, LimitExceeded("The number of tags has reached the maximum limit.")
	}
	return out, nil
}

// Remove returns tags without those of the given keys. A key that no tag has is none to remove.
func (r Tags) Remove(tags []entity.Tag, keys []string) []entity.Tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t entity.Tag) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return r.same(key, t.Key) })
	})
}

func keysOf(tags []entity.Tag) (keys []string) {
	for _, t := range tags {
		keys = append(keys, t.Key)
	}
	return keys
}

// TagValues are the values of condition keys of a request that passes tags.
func TagValues(tags []entity.Tag) policy.Values {
	v := policy.Values{}
	domain.SetTags(v, tags)
	return v
}

// KeyValues are the values of condition keys of a request that passes the keys of tags.
func KeyValues(keys []string) policy.Values {
	v := policy.Values{}
	domain.SetTagKeys(v, keys)
	return v
}
