package attachments

import (
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type DeleteUserPermissionsBoundaryInput struct {
	UserName string `shape:"userNameType,required"`
	op.ByShape
}

type DeleteRolePermissionsBoundaryInput struct {
	RoleName string `shape:"roleNameType,required"`
	op.ByShape
}

func (in DeleteUserPermissionsBoundaryInput) entity() string { return in.UserName }
func (in DeleteRolePermissionsBoundaryInput) entity() string { return in.RoleName }

// unbound makes the operation that takes a permissions boundary away. iam:PermissionsBoundary is
// the one that is there.
func unbound[I named, E any](n op.Info, h *holders[E]) op.Operation {
	return op.Write(n, func(c *op.Call, in I) (target.Entity[E], error) {
		return h.find(c, n, in.entity(), nil), nil
	}, func(c *op.Call, _ I, t target.Entity[E]) (op.Commit[op.None], error) {
		if *h.boundary(t.Row) == "" {
			return nil, model.NoSuchEntity("The %s %s has no permissions boundary.", h.kind.Word,
				nameOf(h.kind.Facts(t.Row).ARN))
		}
		return domain.Done(h.change(c, t.Row, func(e *E) { *h.boundary(e) = "" }))
	})
}
