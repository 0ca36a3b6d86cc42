package groups

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type DeleteGroupInput struct {
	GroupName string `shape:"groupNameType,required"`
	op.ByShape
}

func (s *Groups) findDelete(c *op.Call, in DeleteGroupInput) (target.Entity[entity.Group], error) {
	return s.named(c, "DeleteGroup", in.GroupName)
}

// delete refuses a group that still has members or policies. Nobody may come in meanwhile: who is a
// member of a group that isn't there is denied everything, since that may have held a Deny.
func (s *Groups) delete(_ *op.Call, _ DeleteGroupInput, t target.Entity[entity.Group]) (
	op.Commit[op.None], error) {
	g := t.Row
	members, err := s.CountLinks(g.Account, g.ID, entity.Member)
	switch {
	case err != nil:
		return nil, err
	case members > 0:
		return nil, model.DeleteConflict("Cannot delete entity, must remove users from group first.")
	case len(g.Attached) > 0:
		return nil, model.DeleteConflict("Cannot delete entity, must detach all policies first.")
	case len(g.Inline) > 0:
		return nil, model.DeleteConflict("Cannot delete entity, must delete policies first.")
	}
	empty := entity.Unlinked(g.Account, g.ID, entity.Member)
	return op.Apply(domain.InOrder(empty, s.Directory.Groups.Delete(g)), op.None{}), nil
}
