package groups

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type ListGroupsInput struct {
	PathPrefix *string `shape:"pathPrefixType"`
	Marker     *string `shape:"markerType"`
	MaxItems   *int32  `shape:"maxItemsType"`
	op.ByShape
}

// ListGroupsOutput is a page, in order of name.
type ListGroupsOutput struct {
	Groups      []model.Group
	IsTruncated bool
	Marker      string `json:",omitzero"`
}

func (s *Groups) findList(c *op.Call, in ListGroupsInput) (domain.Account, error) {
	return s.Kinds.Groups.All(c, "ListGroups", in.PathPrefix), nil
}

func (s *Groups) list(c *op.Call, in ListGroupsInput, _ domain.Account) (
	out ListGroupsOutput, err error) {
	prefix := domain.Or(in.PathPrefix, "/")
	p, err := s.Page(c, "ListGroups", prefix, in.MaxItems, in.Marker)
	if err != nil {
		return out, err
	}
	rows, err := s.Directory.Groups.List(c, c.Caller.Account, prefix, p.After, p.Size+1)
	if err != nil {
		return out, err
	}
	rows, out.Marker = domain.Cut(p, rows, func(g *entity.Group) string { return g.Name })
	out.Groups, out.IsTruncated = shown(rows), out.Marker != ""
	return out, nil
}

func shown(rows []*entity.Group) []model.Group {
	out := []model.Group{}
	for _, g := range rows {
		out = append(out, model.GroupOf(g))
	}
	return out
}
