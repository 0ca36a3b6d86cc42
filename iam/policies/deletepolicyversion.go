package policies

import (
	"slices"

	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type DeletePolicyVersionInput struct {
	PolicyArn string `shape:"arnType,required"`
	VersionId string `shape:"policyVersionIdType,required"`
	op.ByShape
}

func (s *Policies) findDeleteVersion(c *op.Call, in DeletePolicyVersionInput) (
	policyTarget, error) {
	return s.findToChange(c, "DeletePolicyVersion", in.PolicyArn, nil)
}

func (s *Policies) deleteVersion(c *op.Call, in DeletePolicyVersionInput, t policyTarget) (
	op.Commit[op.None], error) {
	v, err := versionOf(t.Row, in.VersionId)
	switch {
	case err != nil:
		return nil, err
	case v.ID == t.Row.Default:
		return nil, model.DeleteConflict("Cannot delete the default version of a policy.")
	}
	to := *t.Row
	to.Versions = slices.DeleteFunc(slices.Clone(to.Versions),
		func(one entity.Version) bool { return one.ID == v.ID })
	return domain.Done(s.Directory.Policies.Update(c, t.Row, &to))
}
