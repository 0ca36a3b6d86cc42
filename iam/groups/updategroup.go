package groups

import (
	"claviger/iam/entity"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type UpdateGroupInput struct {
	GroupName    string  `shape:"groupNameType,required"`
	NewPath      *string `shape:"pathType"`
	NewGroupName *string `shape:"groupNameType"`
	op.ByShape
}

// findUpdate asks for the right to both names, as the renaming of a user does.
func (s *Groups) findUpdate(c *op.Call, in UpdateGroupInput) (target.Entity[entity.Group], error) {
	t, err := s.named(c, "UpdateGroup", in.GroupName)
	if err != nil || t.Row == nil || in.NewPath == nil && in.NewGroupName == nil {
		return t, err
	}
	path, name := domain.Or(in.NewPath, t.Row.Path), domain.Or(in.NewGroupName, t.Row.Name)
	return t.And(s.Kinds.Groups.At(c, "UpdateGroup", path, name)), nil
}

func (s *Groups) update(c *op.Call, in UpdateGroupInput, t target.Entity[entity.Group]) (
	op.Commit[op.None], error) {
	to := *t.Row
	to.Path, to.Name = domain.Or(in.NewPath, to.Path), domain.Or(in.NewGroupName, to.Name)
	other, err := s.Directory.Groups.ByName(c, to.Account, to.Name)
	switch {
	case err != nil:
		return nil, err
	case other != nil && other.ID != to.ID:
		return nil, taken(to.Name)
	case to.Path == t.Row.Path && to.Name == t.Row.Name:
		return op.Unchanged(op.None{}), nil
	}
	return domain.Done(s.Directory.Groups.Update(c, t.Row, &to))
}
