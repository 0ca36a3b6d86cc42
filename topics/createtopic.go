package topics

import (
	"maps"
	"slices"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
	"claviger/topics/snsfault"
	"claviger/topics/topic"

	"github.com/google/uuid"
)

// CreateTopicInput makes a topic. A name that there is already answers its topic, if nothing is
// asked for otherwise.
type CreateTopicInput struct {
	Name       string            `shape:"topicName,required"`
	Attributes map[string]string `shape:"TopicAttributesMap"`
	Tags       []topic.Tag       `shape:"TagList"`

	DataProtectionPolicy *string `shape:"attributeValue"`
}

// Validate implements [op.Input].
func (in CreateTopicInput) Validate() error {
	if err := topic.CheckName(in.Name); err != nil {
		return err
	}
	if in.DataProtectionPolicy != nil {
		return snsfault.Invalid("DataProtectionPolicy Reason: data protection policies are not " +
			"supported by this service")
	}
	for _, name := range slices.Sorted(maps.Keys(in.Attributes)) {
		if err := topic.CheckAttribute(name, in.Attributes[name]); err != nil {
			return snsfault.Reason("Attributes", err)
		}
	}
	return domain.CheckTags(topic.TagRules, in.Tags)
}

// Conditions implements [domain.Conditional].
func (in CreateTopicInput) Conditions(v policy.Values) { domain.SetTags(v, in.Tags) }

// CreateTopicOutput is the topic, new or not.
type CreateTopicOutput struct{ TopicArn string }

// newTopic is a topic that is to be there.
type newTopic struct{ *target }

// Missing implements [op.Target]: it may be absent.
func (t newTopic) Missing() error { return t.unread }

func (s *Topics) findNewTopic(c *op.Call, in CreateTopicInput) (newTopic, error) {
	account, region := c.Namespace()
	return newTopic{s.find(c, "CreateTopic", topic.Ref{Account: account, Region: region,
		Name: in.Name}, in)}, nil
}

func (s *Topics) createTopic(c *op.Call, in CreateTopicInput, t newTopic) (
	op.Commit[CreateTopicOutput], error) {
	out := CreateTopicOutput{TopicArn: t.ARN()}
	made := &topic.Topic{Ref: t.Ref, ID: uuid.NewString(), Rev: 1, Attributes: map[string]string{},
		Tags: domain.SortTags(in.Tags), Created: c.Time}
	for name, value := range in.Attributes {
		if name == topic.PolicyAttribute {
			stored, err := s.readPolicy(c, value, t.ARN())
			if err != nil {
				return nil, snsfault.Reason("Attributes", err)
			}
			made.Policy = stored
		} else if value != "" && name != "FifoTopic" {
			made.Attributes[name] = value
		}
	}
	if t.found != nil {
		return op.Unchanged(out), asThere(made, t.found, in)
	}
	change, err := s.rows.Insert(c, made)
	if err != nil {
		return nil, err
	}
	return op.Apply(change, out), nil
}

// asThere compares what was asked for with the topic that there is: what the request doesn't say
// may be anything.
func asThere(asked, there *topic.Topic, in CreateTopicInput) error {
	for name, value := range in.Attributes {
		same := there.Attributes[name] == value
		switch name {
		case topic.PolicyAttribute:
			same = asked.Policy == there.Policy
		case "FifoTopic":
			same = true
		case topic.SignatureAttribute:
			same = there.SignatureVersion() == value
		}
		if !same {
			return snsfault.OtherAttributes
		}
	}
	if len(in.Tags) > 0 && !slices.Equal(asked.Tags, there.Tags) {
		return snsfault.OtherTags
	}
	return nil
}
