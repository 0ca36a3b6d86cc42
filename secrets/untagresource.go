package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/op"
)

// UntagResourceInput names the tags of a secret that go.
type UntagResourceInput struct {
	SecretId string   `shape:"SecretIdType,required"`
	TagKeys  []string `shape:"TagKeyListType,required"`
	op.ByShape
}

func (in UntagResourceInput) secretID() string { return in.SecretId }

// untagResource ignores keys that the secret doesn't have, as AWS does.
func (s *Secrets) untagResource(c *op.Call, in UntagResourceInput,
	sec *Secret) (*change, op.None, error) {
	tags := domain.RemoveTags(sec.Tags, in.TagKeys)
	return &change{secret: sec.changed(c, func(n *Secret) { n.setTags(tags) })}, op.None{}, nil
}
