package attachments

import (
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type PutUserPermissionsBoundaryInput struct {
	UserName            string `shape:"userNameType,required"`
	PermissionsBoundary string `shape:"arnType,required"`
	op.ByShape
}

type PutRolePermissionsBoundaryInput struct {
	RoleName            string `shape:"roleNameType,required"`
	PermissionsBoundary string `shape:"arnType,required"`
	op.ByShape
}

func (in PutUserPermissionsBoundaryInput) entity() string { return in.UserName }
func (in PutRolePermissionsBoundaryInput) entity() string { return in.RoleName }
func (in PutUserPermissionsBoundaryInput) arn() string    { return in.PermissionsBoundary }
func (in PutRolePermissionsBoundaryInput) arn() string    { return in.PermissionsBoundary }

// bound makes the operation that sets a permissions boundary. iam:PermissionsBoundary is the new
// one.
func bound[I managed, E any](n op.Info, h *holders[E]) op.Operation {
	return op.Write(n, func(c *op.Call, in I) (target.Entity[E], error) {
		if err := checkARN(in.arn()); err != nil {
			return target.Entity[E]{}, err
		}
		arn := in.arn()
		return h.find(c, n, in.entity(), target.Bounded(nil, &arn)), nil
	}, func(c *op.Call, in I, t target.Entity[E]) (op.Commit[op.None], error) {
		arn := in.arn()
		there, err := h.Boundary(c, &arn)
		switch {
		case err != nil:
			return nil, err
		case *h.boundary(t.Row) == arn:
			return op.Unchanged(op.None{}), nil
		}
		change, err := h.change(c, t.Row, func(e *E) { *h.boundary(e) = arn })
		return domain.Done(domain.InOrder(there, change), err)
	})
}
