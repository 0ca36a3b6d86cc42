package policies

import (
	"claviger/internal/domain"
	"claviger/internal/op"
)

type SetDefaultPolicyVersionInput struct {
	PolicyArn string `shape:"arnType,required"`
	VersionId string `shape:"policyVersionIdType,required"`
	op.ByShape
}

func (s *Policies) findSetDefault(c *op.Call, in SetDefaultPolicyVersionInput) (
	policyTarget, error) {
	return s.findToChange(c, "SetDefaultPolicyVersion", in.PolicyArn, nil)
}

func (s *Policies) setDefault(c *op.Call, in SetDefaultPolicyVersionInput, t policyTarget) (
	op.Commit[op.None], error) {
	v, err := versionOf(t.Row, in.VersionId)
	switch {
	case err != nil:
		return nil, err
	case v.ID == t.Row.Default:
		return op.Unchanged(op.None{}), nil
	}
	to := *t.Row
	to.Default, to.Updated = v.ID, c.Time
	return domain.Done(s.Directory.Policies.Update(c, t.Row, &to))
}
