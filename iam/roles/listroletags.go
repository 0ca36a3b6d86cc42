package roles

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/op"
)

type ListRoleTagsInput struct {
	RoleName string  `shape:"roleNameType,required"`
	Marker   *string `shape:"markerType"`
	MaxItems *int32  `shape:"maxItemsType"`
	op.ByShape
}

// ListRoleTagsOutput is a page, in order of key.
type ListRoleTagsOutput struct {
	Tags        []entity.Tag
	IsTruncated bool
	Marker      string `json:",omitzero"`
}

func (s *Roles) findTags(c *op.Call, in ListRoleTagsInput) (target.Entity[entity.Role], error) {
	return s.named(c, "ListRoleTags", in.RoleName, nil)
}

func (s *Roles) listTags(c *op.Call, in ListRoleTagsInput, t target.Entity[entity.Role]) (
	out ListRoleTagsOutput, err error) {
	p, err := s.Page(c, "ListRoleTags", t.Row.ID, in.MaxItems, in.Marker)
	if err != nil {
		return out, err
	}
	out.Tags, out.Marker = model.Cut(p, t.Row.Tags, func(t entity.Tag) string { return t.Key })
	out.IsTruncated = out.Marker != ""
	return out, nil
}
