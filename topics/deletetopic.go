package topics

import (
	"claviger/internal/op"
	"claviger/topics/topic"
)

// DeleteTopicInput deletes a topic with its subscriptions, none of which is told. One that isn't
// there is deleted already.
type DeleteTopicInput struct {
	TopicArn string `shape:"topicARN,required"`
	op.ByShape
}

// deleted is a topic that is not to be there.
type deleted struct{ *target }

// Missing implements [op.Target]: it may be absent.
func (t deleted) Missing() error { return t.unread }

func (s *Topics) findDeleted(c *op.Call, in DeleteTopicInput) (deleted, error) {
	ref, err := topic.ReadARN("TopicArn", in.TopicArn, c.Region)
	if err != nil {
		return deleted{}, err
	}
	return deleted{s.find(c, "DeleteTopic", ref, in)}, nil
}

func (s *Topics) deleteTopic(_ *op.Call, _ DeleteTopicInput, t deleted) (
	op.Commit[op.None], error) {
	if t.found == nil {
		return op.Unchanged(op.None{}), nil
	}
	return op.Apply(s.rows.Remove(t.found), op.None{}), nil
}
