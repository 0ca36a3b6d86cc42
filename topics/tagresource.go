package topics

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/topics/snsfault"
	"claviger/topics/topic"
)

// TagResourceInput puts tags on a topic, over those with the same keys.
type TagResourceInput struct {
	ResourceArn string      `shape:"AmazonResourceName,required"`
	Tags        []topic.Tag `shape:"TagList,required"`
}

// Validate implements [op.Input].
func (in TagResourceInput) Validate() error { return domain.CheckTags(topic.TagRules, in.Tags) }

// TagResourceOutput is empty, and there: AWS answers it so.
type TagResourceOutput struct{}

func (in TagResourceInput) topicARN() (member, arn string) { return "ResourceArn", in.ResourceArn }
func (TagResourceInput) misses() error                     { return snsfault.NoResource }

// Conditions implements [domain.Conditional].
func (in TagResourceInput) Conditions(v policy.Values) { domain.SetTags(v, in.Tags) }

func (s *Topics) tagResource(_ *op.Call, in TagResourceInput, t *topic.Topic) (
	*topic.Topic, error) {
	tags, err := domain.AddTags(topic.TagRules, t.Tags, in.Tags)
	if err != nil {
		return nil, err
	}
	return t.Next(func(n *topic.Topic) { n.Tags = tags }), nil
}
