package topics

import (
	"claviger/internal/op"
	"claviger/topics/topic"
)

// RemovePermissionInput takes a statement out of a topic's policy. One that isn't there is none to
// take.
type RemovePermissionInput struct {
	TopicArn string `shape:"topicARN,required"`
	Label    string `shape:"label,required"`
	op.ByShape
}

func (in RemovePermissionInput) topicARN() (member, arn string) { return "TopicArn", in.TopicArn }

func (s *Topics) removePermission(c *op.Call, in RemovePermissionInput, t *topic.Topic) (
	*topic.Topic, error) {
	now, err := s.policyOf(c, t)
	if err != nil {
		return nil, err
	}
	next, err := topic.Forbid(now, in.Label)
	if err != nil || next == now {
		return nil, err
	}
	return s.withPolicy(c, t, next)
}
