package groups

import (
	"slices"
	"strings"

	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/op"
)

type ListGroupsForUserInput struct {
	UserName string  `shape:"existingUserNameType,required"`
	Marker   *string `shape:"markerType"`
	MaxItems *int32  `shape:"maxItemsType"`
	op.ByShape
}

// ListGroupsForUserOutput is a page, in order of name.
type ListGroupsForUserOutput struct {
	Groups      []model.Group
	IsTruncated bool
	Marker      string `json:",omitzero"`
}

func (s *Groups) findOfUser(c *op.Call, in ListGroupsForUserInput) (
	target.Entity[entity.User], error) {
	return s.Kinds.Users.Named(c, in.UserName, target.Asked{Action: "ListGroupsForUser"}), nil
}

func (s *Groups) listOfUser(c *op.Call, in ListGroupsForUserInput,
	t target.Entity[entity.User]) (out ListGroupsForUserOutput, err error) {
	p, err := s.Page(c, "ListGroupsForUser", t.Row.ID, in.MaxItems, in.Marker)
	if err != nil {
		return out, err
	}
	var rows []*entity.Group
	for _, id := range t.Row.Groups {
		g, err := s.Directory.Groups.ByID(c, t.Row.Account, id)
		if err != nil {
			return out, err
		}
		if g != nil {
			rows = append(rows, g)
		}
	}
	slices.SortFunc(rows, func(a, b *entity.Group) int { return strings.Compare(a.Name, b.Name) })
	rows, out.Marker = model.Cut(p, rows, func(g *entity.Group) string { return g.Name })
	out.Groups, out.IsTruncated = shown(rows), out.Marker != ""
	return out, nil
}
