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

// membership is a group that a user is to be a member of, or no more.
type membership struct {
	target.Entity[entity.Group]
	changes []string
}

// Changes implements [op.Changer]: the user's row says what it is a member of.
func (m membership) Changes() []string { return m.changes }

func (s *Groups) membership(c *op.Call, action, group, user string) (m membership, err error) {
	m.Entity, err = s.named(c, action, group)
	if err != nil {
		return m, err
	}
	u, err := s.Kinds.Users.Find(c, user)
	if err == nil && u != nil {
		m.changes = []string{s.Kinds.Users.Facts(u).ARN}
	}
	return m, nil // that there is no such user is for those to know who may change the group
}

func (s *Groups) findAdd(c *op.Call, in AddUserToGroupInput) (membership, error) {
	return s.membership(c, "AddUserToGroup", in.GroupName, in.UserName)
}

func (s *Groups) add(c *op.Call, in AddUserToGroupInput, t membership) (
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
