package attachments

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

type PutUserPolicyInput struct {
	UserName       string `shape:"existingUserNameType,required"`
	PolicyName     string `shape:"policyNameType,required"`
	PolicyDocument string `shape:"policyDocumentType,required"`
	op.ByShape
}

type PutGroupPolicyInput struct {
	GroupName      string `shape:"groupNameType,required"`
	PolicyName     string `shape:"policyNameType,required"`
	PolicyDocument string `shape:"policyDocumentType,required"`
	op.ByShape
}

type PutRolePolicyInput struct {
	RoleName       string `shape:"roleNameType,required"`
	PolicyName     string `shape:"policyNameType,required"`
	PolicyDocument string `shape:"policyDocumentType,required"`
	op.ByShape
}

func (in PutUserPolicyInput) entity() string    { return in.UserName }
func (in PutGroupPolicyInput) entity() string   { return in.GroupName }
func (in PutRolePolicyInput) entity() string    { return in.RoleName }
func (in PutUserPolicyInput) name() string      { return in.PolicyName }
func (in PutGroupPolicyInput) name() string     { return in.PolicyName }
func (in PutRolePolicyInput) name() string      { return in.PolicyName }
func (in PutUserPolicyInput) document() string  { return in.PolicyDocument }
func (in PutGroupPolicyInput) document() string { return in.PolicyDocument }
func (in PutRolePolicyInput) document() string  { return in.PolicyDocument }

// inline is the input of an operation on an entity and one of its inline policies.
type inline interface {
	named
	name() string
}

// put makes the operation that puts an inline policy.
func put[I interface {
	inline
	document() string
}, E any](n op.Info, h *holders[E]) op.Operation {
	return op.Write(n, findInline[I](n, h),
		func(c *op.Call, in I, t target.Entity[E]) (op.Commit[op.None], error) {
			d, err := policy.ParseInline(in.document())
			if err != nil {
				return nil, model.MalformedPolicyDocument(err)
			}
			if err := h.CheckKeys(c, d); err != nil {
				return nil, err
			}
			has := h.permissions(t.Row)
			if sizeWith(has, in.name(), in.document()) > h.inlineLimit {
				return nil, model.LimitExceeded("Maximum policy size of %d bytes exceeded for %s %s",
					h.inlineLimit, h.kind.Word, nameOf(h.kind.Facts(t.Row).ARN))
			}
			if old := has.Find(in.name()); old != nil && old.Document == in.document() {
				return op.Unchanged(op.None{}), nil
			}
			return domain.Done(h.change(c, t.Row,
				func(e *E) { h.permissions(e).Put(in.name(), in.document()) }))
		})
}

// sizeWith is the size of all inline policies of an entity once one of them is put.
func sizeWith(has *entity.Permissions, name, document string) int {
	size := policy.Size(document)
	for _, i := range has.Inline {
		if i.Name != name {
			size += policy.Size(i.Document)
		}
	}
	return size
}

// findInline is the find of an operation on an entity and one of its inline policies.
func findInline[I inline, E any](n op.Info, h *holders[E]) func(*op.Call, I) (
	target.Entity[E], error) {
	return func(c *op.Call, in I) (target.Entity[E], error) {
		return h.find(c, n, in.entity(), nil), nil
	}
}

// inlineOf returns an inline policy of the entity that was found.
func (h *holders[E]) inlineOf(t target.Entity[E], name string) (*entity.Inline, error) {
	i := h.permissions(t.Row).Find(name)
	if i == nil {
		return nil, model.NoSuchEntity("The %s policy with name %s cannot be found.", h.kind.Word, name)
	}
	return i, nil
}
