package topics

import (
	"claviger/internal/op"
	"claviger/topics/snsfault"
	"claviger/topics/topic"
)

// ListTagsForResourceInput asks for the tags of a topic.
type ListTagsForResourceInput struct {
	ResourceArn string `shape:"AmazonResourceName,required"`
	op.ByShape
}

func (in ListTagsForResourceInput) topicARN() (member, arn string) {
	return "ResourceArn", in.ResourceArn
}
func (ListTagsForResourceInput) misses() error { return snsfault.NoResource }

// ListTagsForResourceOutput has all of them, in order of key.
type ListTagsForResourceOutput struct{ Tags []topic.Tag }

func (s *Topics) listTagsForResource(_ *op.Call, _ ListTagsForResourceInput, t *topic.Topic) (
	ListTagsForResourceOutput, error) {
	return ListTagsForResourceOutput{Tags: append([]topic.Tag{}, t.Tags...)}, nil
}
