package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/secrets/secret"
	"claviger/secrets/secretrows"
	"claviger/secrets/target"
)

// TagResourceInput puts tags on a secret. A tag without a value has an empty one.
type TagResourceInput struct {
	SecretId string       `shape:"SecretIdType,required"`
	Tags     []secret.Tag `shape:"TagListType,required"`
}

// Validate implements [op.Input].
func (in TagResourceInput) Validate() error { return domain.CheckTags(secret.TagRules, in.Tags) }

func (in TagResourceInput) SecretID() string { return in.SecretId }

// Conditions implements [domain.Conditional].
func (in TagResourceInput) Conditions(v policy.Values) { domain.SetTags(v, in.Tags) }

// tagResource overwrites the tags that are there already.
func (s *Secrets) tagResource(c *op.Call, in TagResourceInput,
	t *target.Target) (*secretrows.Change, op.None, error) {
	tags, err := domain.AddTags(secret.TagRules, t.Entry.Tags, in.Tags)
	if err != nil {
		return nil, op.None{}, err
	}
	return retagged(c, t, tags)
}

// retagged gives the secret other tags. Where policies turn on them the caller could lose what it
// may do, and then AWS denies it ("TagResource" of the API reference).
func retagged(c *op.Call, t *target.Target,
	tags []secret.Tag) (*secretrows.Change, op.None, error) {
	next := t.Entry.Next(c, func(n *secret.Secret) { n.SetTags(tags) })
	return &secretrows.Change{Secret: next}, op.None{}, t.Could(c, t.Operation, next)
}
