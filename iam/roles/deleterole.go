package roles

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/op"
)

type DeleteRoleInput struct {
	RoleName string `shape:"roleNameType,required"`
	op.ByShape
}

func (s *Roles) findDelete(c *op.Call, in DeleteRoleInput) (target.Entity[entity.Role], error) {
	return s.named(c, "DeleteRole", in.RoleName, nil)
}

// delete refuses a role that still has policies: what goes with it would be gone unseen.
func (s *Roles) delete(_ *op.Call, _ DeleteRoleInput, t target.Entity[entity.Role]) (
	op.Commit[op.None], error) {
	switch r := t.Row; {
	case len(r.Attached) > 0:
		return nil, model.DeleteConflict("Cannot delete entity, must detach all policies first.")
	case len(r.Inline) > 0:
		return nil, model.DeleteConflict("Cannot delete entity, must delete policies first.")
	}
	return op.Apply(s.DeleteRole(t.Row), op.None{}), nil
}
