package topics

import (
	"regexp"

	"claviger/internal/delivery"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/topics/snsfault"
	"claviger/topics/topic"

	"github.com/google/uuid"
)

// PublishBatchInput sends up to ten messages.
type PublishBatchInput struct {
	TopicArn string `shape:"topicARN,required"`

	PublishBatchRequestEntries []PublishBatchRequestEntry `shape:"PublishBatchRequestEntryList,required"`
}

// PublishBatchRequestEntry is one of them.
type PublishBatchRequestEntry struct {
	Id               string  `shape:"String,required"`
	Message          string  `shape:"message,required"`
	Subject          *string `shape:"subject"`
	MessageStructure *string `shape:"messageStructure"`

	MessageAttributes map[string]topic.MessageAttributeValue `shape:"MessageAttributeMap" query:"Name"`

	MessageDeduplicationId *string `shape:"String"`
	MessageGroupId         *string `shape:"String"`
}

func (e PublishBatchRequestEntry) published() published {
	return published{e.Message, e.Subject, e.MessageStructure, e.MessageAttributes,
		e.MessageDeduplicationId, e.MessageGroupId}
}

// mostOfBatch is how many messages a batch has at most.
const mostOfBatch = 10

var entryID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// Validate implements [op.Input]. What is wrong with one entry fails the call, as with AWS.
func (in PublishBatchInput) Validate() error {
	all := in.PublishBatchRequestEntries
	switch {
	case len(all) == 0:
		return snsfault.EmptyBatch
	case len(all) > mostOfBatch:
		return snsfault.LargeBatch
	}
	ids, size := map[string]bool{}, 0
	for _, e := range all {
		if !entryID.MatchString(e.Id) {
			return snsfault.BadID(op.Clip(e.Id, 128))
		}
		if ids[e.Id] {
			return snsfault.SameIDs
		}
		ids[e.Id] = true
		size += topic.Size(e.Message, e.MessageAttributes)
	}
	if size > topic.MostMessage {
		return snsfault.LongBatch(size)
	}
	for _, e := range all {
		if _, err := e.published().read(); err != nil {
			return err
		}
	}
	return nil
}

func (in PublishBatchInput) topicARN() (member, arn string) { return "TopicArn", in.TopicArn }

// PublishBatchOutput names the messages. None fails by itself.
type PublishBatchOutput struct {
	Successful []PublishBatchResultEntry
	Failed     []BatchResultErrorEntry
}

// PublishBatchResultEntry is a message that was published.
type PublishBatchResultEntry struct {
	Id             string
	MessageId      string
	SequenceNumber *string `json:",omitzero"` // never there: the topic is no FIFO topic
}

// BatchResultErrorEntry is a message that was not.
type BatchResultErrorEntry struct {
	Id          string
	Code        string
	Message     string `json:",omitzero"`
	SenderFault bool
}

func (s *Topics) findPublishBatch(c *op.Call, in PublishBatchInput) (publishing, error) {
	t, err := finding[PublishBatchInput](s, "Publish")(c, in)
	return publishing{t}, err
}

func (s *Topics) publishBatch(c *op.Call, in PublishBatchInput, t publishing) (
	op.Commit[PublishBatchOutput], error) {
	out := PublishBatchOutput{Successful: []PublishBatchResultEntry{},
		Failed: []BatchResultErrorEntry{}}
	var all []delivery.Message
	for _, e := range in.PublishBatchRequestEntries {
		m, err := e.published().read()
		if err != nil {
			return nil, err
		}
		m.ID = uuid.NewString()
		of, err := s.deliveries(c, t.found, domain.Or(e.MessageGroupId, ""), m)
		if err != nil {
			return nil, err
		}
		all = append(all, of...)
		out.Successful = append(out.Successful,
			PublishBatchResultEntry{Id: e.Id, MessageId: m.ID})
	}
	return op.Apply(s.config.Queue.Offer(all...), out), nil
}
