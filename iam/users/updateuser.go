package users

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type UpdateUserInput struct {
	UserName    string  `shape:"existingUserNameType,required"`
	NewPath     *string `shape:"pathType"`
	NewUserName *string `shape:"userNameType"`
	op.ByShape
}

// findUpdate asks for the right to both names: whoever may change one user may else make it another
// whom he may not touch ("Renaming an IAM user" of the IAM user guide).
func (s *Users) findUpdate(c *op.Call, in UpdateUserInput) (target.Entity[entity.User], error) {
	t := s.Kinds.Users.Named(c, in.UserName, target.Asked{Action: "UpdateUser"})
	if t.Row == nil || in.NewPath == nil && in.NewUserName == nil {
		return t, nil
	}
	path, name := domain.Or(in.NewPath, t.Row.Path), domain.Or(in.NewUserName, t.Row.Name)
	return t.And(s.Kinds.Users.At(c, "UpdateUser", path, name)), nil
}

func (s *Users) update(c *op.Call, in UpdateUserInput, t target.Entity[entity.User]) (
	op.Commit[op.None], error) {
	to := *t.Row
	to.Path, to.Name = domain.Or(in.NewPath, to.Path), domain.Or(in.NewUserName, to.Name)
	other, err := s.Directory.Users.ByName(c, to.Account, to.Name)
	switch {
	case err != nil:
		return nil, err
	case other != nil && other.ID != to.ID:
		return nil, model.EntityAlreadyExists("User with name %s already exists.", to.Name)
	case to.Path == t.Row.Path && to.Name == t.Row.Name:
		return op.Unchanged(op.None{}), nil
	}
	return domain.Done(s.Directory.Users.Update(c, t.Row, &to))
}
