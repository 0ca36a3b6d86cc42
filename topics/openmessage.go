package topics

import (
	"context"

	"claviger/internal/domain"
	"claviger/internal/envelope"
	"claviger/internal/op"
	"claviger/topics/topic"
)

// openInput names a sealed message and the topic that it is of.
type openInput struct {
	TopicArn string `shape:"topicARN,required"`
	KeyId    string `shape:"String,required"`
	Epoch    int64  `shape:"epoch"`
	Sealed   []byte `shape:"Binary"`
	op.ByShape
}

type openOutput struct{ clear []byte }

// openSealed opens a message of an encrypted topic, as the service itself, whom it is published
// through.
func (s *Topics) openSealed(ctx context.Context, ref topic.Ref, e envelope.Envelope) (
	[]byte, error) {
	c := s.config.Own(ctx, ref.Account, ref.Region)
	out, err := op.AsService(c, topic.Service, ref.Account, s.open,
		openInput{TopicArn: ref.ARN(), KeyId: e.KeyARN, Epoch: e.Epoch, Sealed: e.Sealed})
	return out.clear, err
}

// opened is a message that is opened: what is demanded is on its key.
type opened struct{ domain.Account }

func (s *Topics) findOpen(*op.Call, openInput) (opened, error) {
	return opened{domain.OnAccount(topic.Service + ":OpenMessage")}, nil
}

func (s *Topics) openMessage(c *op.Call, in openInput, _ opened) (openOutput, error) {
	ref, err := topic.ReadARN("TopicArn", in.TopicArn, c.Region)
	if err != nil {
		return openOutput{}, err
	}
	e := envelope.Envelope{KeyARN: in.KeyId, Epoch: in.Epoch, Sealed: in.Sealed}
	clear, err := s.config.Keys.Unseal(c, topic.Service, e, contextOf(ref))
	return openOutput{clear}, err
}
