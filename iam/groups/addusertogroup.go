package groups

import (
	"slices"

	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type AddUserToGroupInput struct {
	GroupName string `shape:"groupNameType,required"`
	UserName  string `shape:"existingUserNameType,required"`
	op.ByShape
}

// mostGroupsOfUser are as many groups as a user may be a member of.
const mostGroupsOfUser = 10

func (s *Groups) findAdd(c *op.Call, in AddUserToGroupInput) (target.Entity[entity.Group], error) {
	return s.named(c, "AddUserToGroup", in.GroupName)
}

// add changes the user's row, which says what it is a member of.
func (s *Groups) add(c *op.Call, in AddUserToGroupInput, t target.Entity[entity.Group]) (
	op.Commit[op.None], error) {
	u, err := s.user(c, in.UserName)
	switch {
	case err != nil:
		return nil, err
	case slices.Contains(u.Groups, t.Row.ID):
		return op.Unchanged(op.None{}), nil
	case len(u.Groups) >= mostGroupsOfUser:
		return nil, model.CannotExceed("GroupsPerUser", mostGroupsOfUser)
	}
	to := *u
	to.Groups = append(slices.Clone(u.Groups), t.Row.ID)
	change, err := s.Directory.Users.Update(c, u, &to)
	if err != nil {
		return nil, err
	}
	there := s.Directory.Groups.Present(t.Row.Account, t.Row.ID)
	return op.Apply(domain.InOrder(there, change), op.None{}), nil
}
