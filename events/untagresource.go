package events

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

// UntagResourceInput takes tags from a rule or bus.
type UntagResourceInput struct {
	ResourceARN string   `shape:"Arn,required"`
	TagKeys     []string `shape:"TagKeyList,required"`
	op.ByShape
}

func (in UntagResourceInput) resource() string { return in.ResourceARN }

// Conditions implements [domain.Conditional].
func (in UntagResourceInput) Conditions(v policy.Values) { domain.SetTagKeys(v, in.TagKeys) }

func (s *Events) untagResource(c *op.Call, in UntagResourceInput,
	t *tagged) (op.Commit[op.None], error) {
	tags := domain.RemoveTags(t.tags(), in.TagKeys)
	if len(tags) == len(t.tags()) {
		return op.Unchanged(op.None{}), nil
	}
	return s.retag(c, t, tags)
}
