package simulate

import "claviger/internal/op"

// GetContextKeysForPrincipalPolicyInput names a user, group or role. More policies may be added to
// its own.
type GetContextKeysForPrincipalPolicyInput struct {
	PolicySourceArn string   `shape:"arnType,required"`
	PolicyInputList []string `shape:"SimulationPolicyListType"`
}

// Validate implements [op.Input].
func (in GetContextKeysForPrincipalPolicyInput) Validate() error {
	return checkSource(in.PolicySourceArn)
}

func (s *Simulator) findAsked(c *op.Call, in GetContextKeysForPrincipalPolicyInput) (
	*subject, error) {
	return s.find(c, "GetContextKeysForPrincipalPolicy", in.PolicySourceArn)
}

func (s *Simulator) getContextKeysForPrincipalPolicy(_ *op.Call,
	in GetContextKeysForPrincipalPolicyInput, of *subject) (out GetContextKeysOutput, err error) {
	sources, err := inputPolicies(in.PolicyInputList)
	if err != nil {
		return out, err
	}
	own, err := storedPolicies(of.Policies)
	return GetContextKeysOutput{ContextKeyNames: keysOf(append(own, sources...))}, err
}
