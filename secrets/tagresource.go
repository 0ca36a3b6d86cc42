package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

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
	return retagged(c, t, tags)
}

// retagged gives the secret other tags. Where policies turn on them the caller could lose what it
// may do, and then AWS denies it ("TagResource" of the API reference).
func retagged(c *op.Call, t *target, tags []Tag) (*change, op.None, error) {
	next := t.entry.changed(c, func(n *Secret) { n.setTags(tags) })
	return &change{secret: next}, op.None{}, t.could(c, t.operation, next)
}
