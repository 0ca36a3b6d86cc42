package keystore

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/keystore/key"
	"claviger/keystore/kmsfault"
	"claviger/keystore/multiregion"
	"claviger/keystore/target"
	"claviger/policy"
)

type PutKeyPolicyInput struct {
	KeyId                          string  `shape:"KeyIdType,required"`
	PolicyName                     *string `shape:"PolicyNameType"`
	Policy                         string  `shape:"PolicyType,required"`
	BypassPolicyLockoutSafetyCheck *bool   `shape:"BooleanType"`
	op.ByShape
}

// KeyID implements [target.Keyed].
func (in PutKeyPolicyInput) KeyID() string { return in.KeyId }

// Conditions says whether the lockout check is to be left out.
func (in PutKeyPolicyInput) Conditions(v policy.Values) {
	target.SetBypass(v, in.BypassPolicyLockoutSafetyCheck)
}

// putKeyPolicy stores the document byte for byte. Terraform compares what it reads with what it
// wrote.
func (s *Keys) putKeyPolicy(c *op.Call, in PutKeyPolicyInput,
	k *key.Key) (multiregion.Change, op.None, error) {
	if domain.Or(in.PolicyName, policyName) != policyName {
		return multiregion.Change{}, op.None{},
			kmsfault.Unsupported("A key has one policy, and its name is " + policyName + ".")
	}
	stored, err := s.policies.Check(c, &in.Policy, k.ARN(), in.BypassPolicyLockoutSafetyCheck)
	if err != nil {
		return multiregion.Change{}, op.None{}, err
	}
	return multiregion.Change{Key: k.Changed(func(k *key.Key) { k.Policy = stored })}, op.None{}, nil
}
