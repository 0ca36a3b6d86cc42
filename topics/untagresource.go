package topics

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/topics/snsfault"
	"claviger/topics/topic"
)

// UntagResourceInput takes tags from a topic. A key that no tag has is none to take.
type UntagResourceInput struct {
	ResourceArn string   `shape:"AmazonResourceName,required"`
	TagKeys     []string `shape:"TagKeyList,required"`
	op.ByShape
}

// UntagResourceOutput is empty, and there: AWS answers it so.
type UntagResourceOutput struct{}

func (in UntagResourceInput) topicARN() (member, arn string) {
	return "ResourceArn", in.ResourceArn
}
func (UntagResourceInput) misses() error { return snsfault.NoResource }

// Conditions implements [domain.Conditional].
func (in UntagResourceInput) Conditions(v policy.Values) { domain.SetTagKeys(v, in.TagKeys) }

func (s *Topics) untagResource(_ *op.Call, in UntagResourceInput, t *topic.Topic) (
	*topic.Topic, error) {
	tags := domain.RemoveTags(t.Tags, in.TagKeys)
	if len(tags) == len(t.Tags) {
		return nil, nil
	}
	return t.Next(func(n *topic.Topic) { n.Tags = tags }), nil
}
