package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/policy"
)

// Tag is a tag of a secret. Its key has 1 to 128 characters, its value up to 256.
type Tag struct {
	Key   string `shape:"TagKeyType"`
	Value string `shape:"TagValueType"`
}

// Pair implements [domain.Tag].
func (t Tag) Pair() (key, value string) { return t.Key, t.Value }

const maxTags = 50 // AWS's quota of tags on a secret

var tagRules = domain.TagRules{
	Most:     maxTags,
	NoKey:    invalidParameter("A tag needs a Key."),
	Reserved: invalidParameter("Tag keys that begin with aws: are reserved."),
	Duplicate: func(key string) error {
		return invalidParameter("The tag key " + key + " appears more than once.")
	},
	TooMany: fault.Newf(fault.Invalid, "InvalidParameterException",
		"A secret has at most %d tags.", maxTags),
}

// TagResourceInput puts tags on a secret. A tag without a value has an empty one.
type TagResourceInput struct {
	SecretId string `shape:"SecretIdType,required"`
	Tags     []Tag  `shape:"TagListType,required"`
}

// Validate implements [op.Input].
func (in TagResourceInput) Validate() error { return domain.CheckTags(tagRules, in.Tags) }

func (in TagResourceInput) secretID() string { return in.SecretId }

// Conditions implements [domain.Conditional].
func (in TagResourceInput) Conditions(v policy.Values) { domain.SetTags(v, in.Tags) }

// tagResource overwrites the tags that are there already.
func (s *Secrets) tagResource(c *op.Call, in TagResourceInput,
	t *target) (*change, op.None, error) {
	tags, err := domain.AddTags(tagRules, t.entry.Tags, in.Tags)
	if err != nil {
		return nil, op.None{}, err
	}
	return t.retagged(c, tags)
}

// retagged gives the secret other tags. Where policies turn on them the caller could lose what it
// may do, and then AWS denies it ("TagResource" of the API reference).
func (t *target) retagged(c *op.Call, tags []Tag) (*change, op.None, error) {
	next := t.entry.changed(c, func(n *Secret) { n.setTags(tags) })
	return &change{secret: next}, op.None{}, t.could(c, t.operation, next)
}
