package groups

import (
	"slices"

	"claviger/internal/domain"
	"claviger/internal/op"
)

type RemoveUserFromGroupInput struct {
	GroupName string `shape:"groupNameType,required"`
	UserName  string `shape:"existingUserNameType,required"`
	op.ByShape
}

func (s *Groups) findRemove(c *op.Call, in RemoveUserFromGroupInput) (membership, error) {
	return s.membership(c, "RemoveUserFromGroup", in.GroupName, in.UserName)
}

// remove takes away a membership that there is. One that there isn't is as good.
func (s *Groups) remove(c *op.Call, in RemoveUserFromGroupInput,
	t membership) (op.Commit[op.None], error) {
	u, err := s.user(c, in.UserName)
	if err != nil {
		return nil, err
	}
	at := slices.Index(u.Groups, t.Row.ID)
	if at < 0 {
		return op.Unchanged(op.None{}), nil
	}
	to := *u
	to.Groups = slices.Delete(slices.Clone(u.Groups), at, at+1)
	return domain.Done(s.Directory.Users.Update(c, u, &to))
}
