package topics

import (
	"errors"

	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/topics/snsfault"
	"claviger/topics/topic"
)

// readPolicy returns a policy of a request as it is stored.
func (s *Topics) readPolicy(c *op.Call, text, arn string) (stored string, err error) {
	if text == "" {
		return "", nil // the default one
	}
	d, err := topic.ReadPolicy(text, arn)
	if err != nil {
		return "", err
	}
	if err := s.config.UnknownKeys.Check(c, d); err != nil {
		return "", snsfault.Invalid("Policy Error: %s", err)
	}
	stored, err = domain.StoredPolicy(c, s.config.Principals, text)
	if errors.Is(err, domain.ErrNobody) {
		return "", topic.ErrNobody
	}
	return stored, err
}

// policyOf returns the policy of a topic as it is read.
func (s *Topics) policyOf(c *op.Call, t *topic.Topic) (string, error) {
	if t.Policy == "" {
		return topic.DefaultPolicy(t.Ref), nil
	}
	return domain.ShownPolicy(c, s.config.Principals, t.Policy)
}

// withPolicy returns the topic with another policy, which AWS's rules were held to.
func (s *Topics) withPolicy(c *op.Call, t *topic.Topic, text string) (*topic.Topic, error) {
	stored, err := s.readPolicy(c, text, t.ARN())
	if err != nil {
		return nil, err
	}
	return t.Next(func(n *topic.Topic) { n.Policy = stored }), nil
}
