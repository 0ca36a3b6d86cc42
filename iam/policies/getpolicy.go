package policies

import (
	"claviger/iam/model"
	"claviger/internal/op"
)

type GetPolicyInput struct {
	PolicyArn string `shape:"arnType,required"`
	op.ByShape
}

type GetPolicyOutput struct{ Policy model.Policy }

func (s *Policies) findGet(c *op.Call, in GetPolicyInput) (policyTarget, error) {
	return s.find(c, "GetPolicy", in.PolicyArn)
}

func (s *Policies) get(c *op.Call, in GetPolicyInput, t policyTarget) (
	out GetPolicyOutput, err error) {
	uses, err := s.UsesOf(c.Caller.Account, in.PolicyArn)
	if err != nil {
		return out, err
	}
	return GetPolicyOutput{model.WholePolicy(t.Row, uses)}, nil
}
