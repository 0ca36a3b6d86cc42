package attachments

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

type AttachUserPolicyInput struct {
	UserName  string `shape:"userNameType,required"`
	PolicyArn string `shape:"arnType,required"`
	op.ByShape
}

type AttachGroupPolicyInput struct {
	GroupName string `shape:"groupNameType,required"`
	PolicyArn string `shape:"arnType,required"`
	op.ByShape
}

type AttachRolePolicyInput struct {
	RoleName  string `shape:"roleNameType,required"`
	PolicyArn string `shape:"arnType,required"`
	op.ByShape
}

func (in AttachUserPolicyInput) entity() string  { return in.UserName }
func (in AttachGroupPolicyInput) entity() string { return in.GroupName }
func (in AttachRolePolicyInput) entity() string  { return in.RoleName }
func (in AttachUserPolicyInput) arn() string     { return in.PolicyArn }
func (in AttachGroupPolicyInput) arn() string    { return in.PolicyArn }
func (in AttachRolePolicyInput) arn() string     { return in.PolicyArn }

// managed is the input of an operation on an entity and a managed policy.
type managed interface {
	named
	arn() string
}

// mostAttached managed policies may be on one entity.
const mostAttached = 10

// attach makes the operation that attaches a managed policy. One that is attached stays so.
func attach[I managed, E any](n op.Info, h *holders[E]) op.Command[I, op.None] {
	return op.Write(n, findManaged[I](n, h),
		func(c *op.Call, in I, t target.Entity[E]) (op.Commit[op.None], error) {
			p, there, err := h.Attachable(c, in.arn())
			has := h.permissions(t.Row)
			switch {
			case err != nil:
				return nil, err
			case p == nil:
				return nil, model.NoSuchEntity("Policy %s does not exist or is not attachable.", in.arn())
			case has.Has(in.arn()):
				return op.Unchanged(op.None{}), nil
			case len(has.Attached) >= mostAttached:
				return nil, model.CannotExceed(h.quota, mostAttached)
			}
			change, err := h.change(c, t.Row, func(e *E) { h.permissions(e).Attach(in.arn()) })
			return domain.Done(domain.InOrder(there, change), err)
		})
}

// findManaged is the find of an operation on an entity and a managed policy, which iam:PolicyARN
// names.
func findManaged[I managed, E any](n op.Info, h *holders[E]) func(*op.Call, I) (
	target.Entity[E], error) {
	return func(c *op.Call, in I) (target.Entity[E], error) {
		if err := checkARN(in.arn()); err != nil {
			return target.Entity[E]{}, err
		}
		return h.find(c, n, in.entity(), policy.Values{model.PolicyARN: {in.arn()}}), nil
	}
}

// checkARN refuses what is no ARN at all. One of another kind names no policy that there is.
func checkARN(arn string) error {
	if _, ok := domain.ParseARN(arn); ok {
		return nil
	}
	return model.Invalid("Invalid ARN:  Could not be parsed!") // recorded with its two blanks
}

// nameOf is the name in the ARN of a policy.
func nameOf(arn string) string {
	_, _, _, name, _ := entity.ParseARN(arn)
	return name
}
