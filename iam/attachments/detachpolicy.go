package attachments

import (
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type DetachUserPolicyInput struct {
	UserName  string `shape:"userNameType,required"`
	PolicyArn string `shape:"arnType,required"`
	op.ByShape
}

type DetachGroupPolicyInput struct {
	GroupName string `shape:"groupNameType,required"`
	PolicyArn string `shape:"arnType,required"`
	op.ByShape
}

type DetachRolePolicyInput struct {
	RoleName  string `shape:"roleNameType,required"`
	PolicyArn string `shape:"arnType,required"`
	op.ByShape
}

func (in DetachUserPolicyInput) entity() string  { return in.UserName }
func (in DetachGroupPolicyInput) entity() string { return in.GroupName }
func (in DetachRolePolicyInput) entity() string  { return in.RoleName }
func (in DetachUserPolicyInput) arn() string     { return in.PolicyArn }
func (in DetachGroupPolicyInput) arn() string    { return in.PolicyArn }
func (in DetachRolePolicyInput) arn() string     { return in.PolicyArn }

// detach makes the operation that detaches a managed policy.
func detach[I managed, E any](n op.Info, h *holders[E]) op.Command[I, op.None] {
	return op.Write(n, findManaged[I](n, h),
		func(c *op.Call, in I, t target.Entity[E]) (op.Commit[op.None], error) {
			if !h.permissions(t.Row).Has(in.arn()) {
				return nil, model.NoSuchEntity("Policy %s was not found.", in.arn())
			}
			return domain.Done(h.change(c, t.Row, func(e *E) { h.permissions(e).Detach(in.arn()) }))
		})
}
