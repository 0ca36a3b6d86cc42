package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/keystore/key"
)

// policyName is the one name that a key policy has.
const policyName = "default"

type GetKeyPolicyInput struct {
	KeyId      string  `shape:"KeyIdType,required"`
	PolicyName *string `shape:"PolicyNameType"`
	op.ByShape
}

// KeyID implements [target.Keyed].
func (in GetKeyPolicyInput) KeyID() string { return in.KeyId }

// GetKeyPolicyOutput: Policy is a JSON document as text.
type GetKeyPolicyOutput struct{ Policy, PolicyName string }

// getKeyPolicy takes any other name for that of a policy which isn't there. Only PutKeyPolicy
// refuses the name itself.
func (s *Keys) getKeyPolicy(c *op.Call, in GetKeyPolicyInput,
	k *key.Key) (out GetKeyPolicyOutput, err error) {
	if domain.Or(in.PolicyName, policyName) != policyName {
		return out, fault.New(fault.NotFound, "NotFoundException", "No such policy exists")
	}
	text, err := domain.ShownPolicy(c, s.policies.People, k.PolicyText())
	return GetKeyPolicyOutput{text, policyName}, err
}
