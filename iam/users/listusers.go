package users

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type ListUsersInput struct {
	PathPrefix *string `shape:"pathPrefixType"`
	Marker     *string `shape:"markerType"`
	MaxItems   *int32  `shape:"maxItemsType"`
	op.ByShape
}

// ListUsersOutput is a page, in order of name.
type ListUsersOutput struct {
	Users       []model.User
	IsTruncated bool
	Marker      string `json:",omitzero"`
}

func (s *Users) findList(c *op.Call, in ListUsersInput) (domain.Account, error) {
	return s.Kinds.Users.All(c, "ListUsers", in.PathPrefix), nil
}

func (s *Users) list(c *op.Call, in ListUsersInput, _ domain.Account) (
	out ListUsersOutput, err error) {
	prefix := domain.Or(in.PathPrefix, "/")
	p, err := s.Page(c, "ListUsers", prefix, in.MaxItems, in.Marker)
	if err != nil {
		return out, err
	}
	rows, err := s.Directory.Users.List(c, c.Caller.Account, prefix, p.After, p.Size+1)
	if err != nil {
		return out, err
	}
	rows, out.Marker = domain.Cut(p, rows, func(u *entity.User) string { return u.Name })
	out.Users, out.IsTruncated = []model.User{}, out.Marker != ""
	for _, u := range rows {
		out.Users = append(out.Users, model.ListedUser(u))
	}
	return out, nil
}
