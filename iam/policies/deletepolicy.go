package policies

import (
	"slices"

	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type DeletePolicyInput struct {
	PolicyArn string `shape:"arnType,required"`
	op.ByShape
}

func (s *Policies) findDelete(c *op.Call, in DeletePolicyInput) (policyTarget, error) {
	return s.findToChange(c, "DeletePolicy", in.PolicyArn, nil)
}

// delete refuses a policy that is in use: what it denies would be allowed unseen.
func (s *Policies) delete(c *op.Call, in DeletePolicyInput, t policyTarget) (
	op.Commit[op.None], error) {
	uses, err := s.UsesOf(c.Caller.Account, in.PolicyArn)
	switch {
	case err != nil:
		return nil, err
	case uses != entity.Uses{}:
		return nil, model.DeleteConflict("Cannot delete a policy attached to entities.")
	case len(t.Row.Versions) > 1:
		return nil, model.DeleteConflict("This policy has more than one version. Before you delete a " +
			"policy, you must delete the policy's versions. The default version is deleted with the " +
			"policy.")
	}
	unused := entity.Unlinked(c.Caller.Account, in.PolicyArn,
		slices.Concat(entity.Attached, entity.Bounding)...)
	return op.Apply(domain.InOrder(unused, s.Directory.Policies.Delete(t.Row)), op.None{}), nil
}
