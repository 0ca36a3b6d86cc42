package groups

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/op"
)

type GetGroupInput struct {
	GroupName string  `shape:"groupNameType,required"`
	Marker    *string `shape:"markerType"`
	MaxItems  *int32  `shape:"maxItemsType"`
	op.ByShape
}

// GetGroupOutput is a group with a page of its members, in order of name.
type GetGroupOutput struct {
	Group       model.Group
	Users       []model.User
	IsTruncated bool
	Marker      string `json:",omitzero"`
}

func (s *Groups) findGet(c *op.Call, in GetGroupInput) (target.Entity[entity.Group], error) {
	return s.named(c, "GetGroup", in.GroupName)
}

func (s *Groups) get(c *op.Call, in GetGroupInput, t target.Entity[entity.Group]) (
	out GetGroupOutput, err error) {
	p, err := s.Page(c, "GetGroup", t.Row.ID, in.MaxItems, in.Marker)
	if err != nil {
		return out, err
	}
	members, err := s.members(c, t.Row)
	if err != nil {
		return out, err
	}
	members, out.Marker = model.Cut(p, members, func(u *entity.User) string { return u.Name })
	out.Group, out.Users = model.GroupOf(t.Row), []model.User{}
	for _, u := range members {
		out.Users = append(out.Users, model.ListedUser(u))
	}
	out.IsTruncated = out.Marker != ""
	return out, nil
}
