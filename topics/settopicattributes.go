package topics

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/topics/topic"
)

// SetTopicAttributesInput sets an attribute of a topic, or takes it away with an empty value.
type SetTopicAttributesInput struct {
	TopicArn       string  `shape:"topicARN,required"`
	AttributeName  string  `shape:"attributeName,required"`
	AttributeValue *string `shape:"attributeValue"`
}

// Validate implements [op.Input].
func (in SetTopicAttributesInput) Validate() error {
	value := domain.Or(in.AttributeValue, "")
	if value == "" && (in.AttributeName == topic.SignatureAttribute ||
		in.AttributeName == topic.TracingAttribute) {
		return nil // as it was at first
	}
	return topic.CheckAttribute(in.AttributeName, value)
}

func (in SetTopicAttributesInput) topicARN() (member, arn string) { return "TopicArn", in.TopicArn }

func (s *Topics) setTopicAttributes(c *op.Call, in SetTopicAttributesInput, t *topic.Topic) (
	*topic.Topic, error) {
	value := domain.Or(in.AttributeValue, "")
	switch {
	case in.AttributeName == topic.PolicyAttribute:
		return s.withPolicy(c, t, value)
	case in.AttributeName == "FifoTopic", t.Attributes[in.AttributeName] == value:
		return nil, nil
	}
	return t.Set(in.AttributeName, value), nil
}
