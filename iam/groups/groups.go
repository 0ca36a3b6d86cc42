// Package groups performs IAM's operations on groups and on who is a member of them.
package groups

import (
	"context"
	"slices"
	"strings"

	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// Groups performs the operations. [New] makes it.
type Groups struct{ target.Entities }

// New returns the groups among entities.
func New(e target.Entities) *Groups { return &Groups{e} }

// named is the target of an operation on the group of a name. AWS asks for nothing on the users
// who come or go.
func (s *Groups) named(c *op.Call, action, name string) (target.Entity[entity.Group], error) {
	return s.Kinds.Groups.Named(c, name, target.Asked{Action: action}), nil
}

// user returns the user of a name, who has to be there.
func (s *Groups) user(c *op.Call, name string) (*entity.User, error) {
	u, err := s.Kinds.Users.Find(c, name)
	if err == nil && u == nil {
		err = s.Kinds.Users.Absent(name)
	}
	return u, err
}

// members returns the members of a group, in order of name.
func (s *Groups) members(ctx context.Context, g *entity.Group) (members []*entity.User, err error) {
	ids, err := s.Linked(g.Account, g.ID, entity.Member)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		u, err := s.Directory.Users.ByID(ctx, g.Account, id)
		if err != nil {
			return nil, err
		}
		if u != nil && slices.Contains(u.Groups, g.ID) { // its row is what says so
			members = append(members, u)
		}
	}
	slices.SortFunc(members, func(a, b *entity.User) int { return strings.Compare(a.Name, b.Name) })
	return members, nil
}

// Operations is the table of contents.
func (s *Groups) Operations() []op.Operation {
	iam := domain.Routes{Service: model.IAM}
	return []op.Operation{
		op.Write(iam.Post("CreateGroup", "/v1/iam/groups",
			"Makes a group, whose policies are those of its members.").
			Makes("/v1/iam/groups/{GroupName}"), s.findCreate, s.create),
		op.Read(iam.Get("GetGroup", "/v1/iam/groups/{GroupName}",
			"Returns a group and the users who are its members."), s.findGet, s.get),
		op.Read(iam.Get("ListGroups", "/v1/iam/groups", "Lists the groups of the account."),
			s.findList, s.list),
		op.Write(iam.Patch("UpdateGroup", "/v1/iam/groups/{GroupName}",
			"Gives a group another name or path; its members stay."), s.findUpdate, s.update),
		op.Write(iam.Delete("DeleteGroup", "/v1/iam/groups/{GroupName}",
			"Deletes a group that has no members and policies any more."),
			s.findDelete, s.delete),
		op.Write(iam.Put("AddUserToGroup", "/v1/iam/groups/{GroupName}/users/{UserName}",
			"Makes a user a member of a group."), s.findAdd, s.add),
		op.Write(iam.Delete("RemoveUserFromGroup", "/v1/iam/groups/{GroupName}/users/{UserName}",
			"Takes a user out of a group."), s.findRemove, s.remove),
		op.Read(iam.Of("/v1/iam/users", "UserName").Get("ListGroupsForUser", "groups",
			"Lists the groups that a user is a member of."), s.findOfUser, s.listOfUser),
	}
}
