package roles

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type ListRolesInput struct {
	PathPrefix *string `shape:"pathPrefixType"`
	Marker     *string `shape:"markerType"`
	MaxItems   *int32  `shape:"maxItemsType"`
	op.ByShape
}

// ListRolesOutput is a page, in order of name.
type ListRolesOutput struct {
	Roles       []model.Role
	IsTruncated bool
	Marker      string `json:",omitzero"`
}

func (s *Roles) findList(c *op.Call, in ListRolesInput) (domain.Account, error) {
	return s.Kinds.Roles.All(c, "ListRoles", in.PathPrefix), nil
}

func (s *Roles) list(c *op.Call, in ListRolesInput, _ domain.Account) (
	out ListRolesOutput, err error) {
	prefix := domain.Or(in.PathPrefix, "/")
	p, err := s.Page(c, "ListRoles", prefix, in.MaxItems, in.Marker)
	if err != nil {
		return out, err
	}
	rows, err := s.Directory.Roles.List(c, c.Caller.Account, prefix, p.After, p.Size+1)
	if err != nil {
		return out, err
	}
	rows, out.Marker = domain.Cut(p, rows, func(r *entity.Role) string { return r.Name })
	out.Roles, out.IsTruncated = []model.Role{}, out.Marker != ""
	for _, r := range rows {
		shown, err := s.shown(c, r)
		if err != nil {
			return out, err
		}
		shown.MaxSessionDuration = int32(r.MaxSessionDuration)
		out.Roles = append(out.Roles, shown)
	}
	return out, nil
}
