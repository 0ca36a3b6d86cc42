package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/secrets/secretrows"
	"claviger/secrets/target"
)

// UntagResourceInput names the tags of a secret that go.
type UntagResourceInput struct {
	SecretId string   `shape:"SecretIdType,required"`
	TagKeys  []string `shape:"TagKeyListType,required"`
	op.ByShape
}

func (in UntagResourceInput) SecretID() string { return in.SecretId }

// Conditions implements [domain.Conditional].
func (in UntagResourceInput) Conditions(v policy.Values) { domain.SetTagKeys(v, in.TagKeys) }

// untagResource ignores keys that the secret doesn't have, as AWS does.
func (s *Secrets) untagResource(c *op.Call, in UntagResourceInput,
	t *target.Target) (*secretrows.Change, op.None, error) {
	return retagged(c, t, domain.RemoveTags(t.Entry.Tags, in.TagKeys))
}
