package roles

import (
	"claviger/iam/entity"
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
	out.Tags, out.Marker, err = s.TagPage(c, "ListRoleTags", t.Row.ID, t.Row.Tags,
		in.MaxItems, in.Marker)
	out.IsTruncated = out.Marker != ""
	return out, err
}
