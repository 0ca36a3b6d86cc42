package events

import (
	"claviger/events/rule"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

// TagResourceInput puts tags on a rule or bus, over those with the same keys.
type TagResourceInput struct {
	ResourceARN string     `shape:"Arn,required"`
	Tags        []rule.Tag `shape:"TagList,required"`
}

// Validate implements [op.Input].
func (in TagResourceInput) Validate() error { return domain.CheckTags(tagRules, in.Tags) }

func (in TagResourceInput) resource() string { return in.ResourceARN }

// Conditions implements [domain.Conditional].
func (in TagResourceInput) Conditions(v policy.Values) { domain.SetTags(v, in.Tags) }

func (s *Events) tagResource(c *op.Call, in TagResourceInput,
	t *tagged) (op.Commit[op.None], error) {
	tags, err := domain.AddTags(tagRules, t.tags(), in.Tags)
	if err != nil {
		return nil, err
	}
	return s.retag(c, t, tags)
}
