package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

// UntagResourceInput names the tags of a secret that go.
type UntagResourceInput struct {
	SecretId string   `shape:"SecretIdType,required"`
	TagKeys  []string `shape:"TagKeyListType,required"`
	op.ByShape
}

func (in UntagResourceInput) secretID() string { return in.SecretId }

// Conditions implements [domain.Conditional].
func (in UntagResourceInput) Conditions(v policy.Values) { domain.SetTagKeys(v, in.TagKeys) }

// untagResource ignores keys that the secret doesn't have, as AWS does.
func (s *Secrets) untagResource(c *op.Call, in UntagResourceInput,
	t *target) (*change, op.None, error) {
	return retagged(c, t, domain.RemoveTags(t.entry.Tags, in.TagKeys))
}
