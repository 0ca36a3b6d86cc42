package events

import (
	"claviger/events/rule"
	"claviger/internal/op"
)

// ListTagsForResourceInput names a rule or bus.
type ListTagsForResourceInput struct {
	ResourceARN string `shape:"Arn,required"`
	op.ByShape
}

func (in ListTagsForResourceInput) resource() string { return in.ResourceARN }

// ListTagsForResourceOutput has all tags, in order of key.
type ListTagsForResourceOutput struct{ Tags []rule.Tag }

func (s *Events) listTagsForResource(_ *op.Call, _ ListTagsForResourceInput,
	t *tagged) (ListTagsForResourceOutput, error) {
	return ListTagsForResourceOutput{Tags: append([]rule.Tag{}, t.tags()...)}, nil
}
