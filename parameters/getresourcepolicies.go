package parameters

import (
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/parameters/parameter"
	"claviger/parameters/ssmfault"
)

// GetResourcePoliciesInput names a parameter by its ARN.
type GetResourcePoliciesInput struct {
	ResourceArn string  `shape:"ResourceArnString,required"`
	MaxResults  *int32  `shape:"ResourcePolicyMaxResults"` // 1 to 50
	NextToken   *string `shape:"String"`
}

// Validate refuses a page that nobody was told of: a parameter has one policy, which is on the
// first.
func (in GetResourcePoliciesInput) Validate() error {
	if domain.Or(in.NextToken, "") != "" {
		return ssmfault.NoPolicyPage
	}
	return nil
}

// ParameterARN implements [target.Resource].
func (in GetResourcePoliciesInput) ParameterARN() string { return in.ResourceArn }

// GetResourcePoliciesOutput has one policy or none.
type GetResourcePoliciesOutput struct {
	NextToken string `json:",omitzero"`
	Policies  []GetResourcePoliciesResponseEntry
}

// GetResourcePoliciesResponseEntry is a policy, by its text as it was put.
type GetResourcePoliciesResponseEntry struct{ PolicyId, PolicyHash, Policy string }

func (s *Parameters) getResourcePolicies(c *op.Call, _ GetResourcePoliciesInput,
	p *parameter.Parameter) (out GetResourcePoliciesOutput, err error) {
	out.Policies = []GetResourcePoliciesResponseEntry{}
	if !p.Sharing.There() {
		return out, nil
	}
	text, err := domain.ShownPolicy(c, s.people, p.Sharing.Policy)
	out.Policies = append(out.Policies, GetResourcePoliciesResponseEntry{PolicyId: p.Sharing.PolicyID,
		PolicyHash: p.Sharing.Hash(), Policy: text})
	return out, err
}
