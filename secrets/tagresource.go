package secrets

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"claviger/internal/op"
)

// Tag is a tag of a secret.
type Tag struct {
	Key   string `shape:"TagKeyType"`
	Value string `shape:"TagValueType"`
}

// maxTags is AWS's quota of tags on a secret.
const maxTags = 50

var errTooManyTags = invalidParameter(fmt.Sprintf("A secret has at most %d tags.", maxTags))

// checkTags holds a list of tags to AWS's rules for tag keys, which are case-sensitive.
func checkTags(tags []Tag) error {
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case t.Key == "":
			return invalidParameter("A tag needs a Key.")
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return invalidParameter("Tag keys that begin with aws: are reserved.")
		case seen[t.Key]:
			return invalidParameter("The tag key " + t.Key + " appears more than once.")
		}
		seen[t.Key] = true
	}
	if len(tags) > maxTags {
		return errTooManyTags
	}
	return nil
}

// merge returns old with the tags of added put in or over, in order of key.
func merge(old, added []Tag) []Tag {
	out := slices.Clone(old)
	for _, t := range added {
		i := sort.Search(len(out), func(i int) bool { return out[i].Key >= t.Key })
		if i < len(out) && out[i].Key == t.Key {
			out[i] = t
			continue
		}
		out = slices.Insert(out, i, t)
	}
	return out
}

// TagResourceInput is TagResourceRequest of AWS. A tag without a value has an empty one.
type TagResourceInput struct {
	SecretId string `shape:"SecretIdType,required"`
	Tags     []Tag  `shape:"TagListType,required"`
}

// Validate implements [op.Input].
func (in TagResourceInput) Validate() error  { return checkTags(in.Tags) }
func (in TagResourceInput) secretID() string { return in.SecretId }

// tagResource checks the quota against what will be there: tags that are overwritten count once.
func (s *Secrets) tagResource(c *op.Call, in TagResourceInput, sec *Secret) (*change, op.None, error) {
	tags := merge(sec.Tags, in.Tags)
	if len(tags) > maxTags {
		return nil, op.None{}, errTooManyTags
	}
	return &change{secret: sec.changed(c, func(n *Secret) { n.Tags = tags })}, op.None{}, nil
}

// UntagResourceInput is UntagResourceRequest of AWS.
type UntagResourceInput struct {
	SecretId string   `shape:"SecretIdType,required"`
	TagKeys  []string `shape:"TagKeyListType,required"`
	op.ByShape
}

func (in UntagResourceInput) secretID() string { return in.SecretId }

// untagResource ignores keys that the secret doesn't have, as AWS does.
func (s *Secrets) untagResource(c *op.Call, in UntagResourceInput, sec *Secret) (*change, op.None, error) {
	tags := slices.DeleteFunc(slices.Clone(sec.Tags), func(t Tag) bool { return slices.Contains(in.TagKeys, t.Key) })
	return &change{secret: sec.changed(c, func(n *Secret) { n.Tags = tags })}, op.None{}, nil
}
