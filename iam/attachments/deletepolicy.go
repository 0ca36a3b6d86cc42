package attachments

import (
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type DeleteUserPolicyInput struct {
	UserName   string `shape:"existingUserNameType,required"`
	PolicyName string `shape:"policyNameType,required"`
	op.ByShape
}

type DeleteGroupPolicyInput struct {
	GroupName  string `shape:"groupNameType,required"`
	PolicyName string `shape:"policyNameType,required"`
	op.ByShape
}

type DeleteRolePolicyInput struct {
	RoleName   string `shape:"roleNameType,required"`
	PolicyName string `shape:"policyNameType,required"`
	op.ByShape
}

func (in DeleteUserPolicyInput) entity() string  { return in.UserName }
func (in DeleteGroupPolicyInput) entity() string { return in.GroupName }
func (in DeleteRolePolicyInput) entity() string  { return in.RoleName }
func (in DeleteUserPolicyInput) name() string    { return in.PolicyName }
func (in DeleteGroupPolicyInput) name() string   { return in.PolicyName }
func (in DeleteRolePolicyInput) name() string    { return in.PolicyName }

// remove makes the operation that deletes an inline policy.
func remove[I inline, E any](n op.Info, h *holders[E]) op.Operation {
	return op.Write(n, findInline[I](n, h),
		func(c *op.Call, in I, t target.Entity[E]) (op.Commit[op.None], error) {
			if _, err := h.inlineOf(t, in.name()); err != nil {
				return nil, err
			}
			return domain.Done(h.change(c, t.Row, func(e *E) { h.permissions(e).Remove(in.name()) }))
		})
}
