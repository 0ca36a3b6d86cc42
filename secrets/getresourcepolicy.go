package secrets

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/secrets/secretrows"
	"claviger/secrets/target"
)

// GetResourcePolicyOutput names the secret. ResourcePolicy is absent where there is none, which is
// no error: infrastructure tools ask at every read of a secret.
type GetResourcePolicyOutput struct {
	ARN, Name      string
	ResourcePolicy *string `json:",omitzero"`
}

// getResourcePolicy returns the text as it was given: tools compare it with what they have put.
func (s *Secrets) getResourcePolicy(c *op.Call, _ target.Input,
	e *secretrows.Entry) (out GetResourcePolicyOutput, err error) {
	out = GetResourcePolicyOutput{ARN: e.ARN(), Name: e.Name}
	if e.Policy == "" {
		return out, nil
	}
	text, err := domain.ShownPolicy(c, s.people, e.Policy)
	out.ResourcePolicy = &text
	return out, err
}
