package secrets

import "claviger/internal/op"

// GetResourcePolicyOutput names the secret. ResourcePolicy is absent where there is none, which is
// no error: infrastructure tools ask at every read of a secret.
type GetResourcePolicyOutput struct {
	ARN, Name      string
	ResourcePolicy *string `json:",omitzero"`
}

// getResourcePolicy answers that there is no policy: no secret here can have one.
func (s *Secrets) getResourcePolicy(_ *op.Call, _ SecretInput,
	e *entry) (GetResourcePolicyOutput, error) {
	return GetResourcePolicyOutput{ARN: e.ARN(), Name: e.Name}, nil
}
