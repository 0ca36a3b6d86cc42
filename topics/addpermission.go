package topics

import (
	"claviger/internal/op"
	"claviger/topics/topic"
)

// AddPermissionInput lets accounts do something with a topic.
type AddPermissionInput struct {
	TopicArn     string   `shape:"topicARN,required"`
	Label        string   `shape:"label,required"`
	AWSAccountId []string `shape:"DelegatesList,required"`
	ActionName   []string `shape:"ActionsList,required"`
}

// Validate implements [op.Input].
func (in AddPermissionInput) Validate() error {
	return topic.CheckPermission(in.Label, in.AWSAccountId, in.ActionName)
}

func (in AddPermissionInput) topicARN() (member, arn string) { return "TopicArn", in.TopicArn }

func (s *Topics) addPermission(c *op.Call, in AddPermissionInput, t *topic.Topic) (
	*topic.Topic, error) {
	now, err := s.policyOf(c, t)
	if err != nil {
		return nil, err
	}
	next, err := topic.Permit(now, t.Ref, in.Label, in.AWSAccountId, in.ActionName)
	if err != nil {
		return nil, err
	}
	return s.withPolicy(c, t, next)
}
