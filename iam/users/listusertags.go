package users

import (
	"claviger/iam/entity"
	"claviger/iam/target"
	"claviger/internal/op"
)

type ListUserTagsInput struct {
	UserName string  `shape:"existingUserNameType,required"`
	Marker   *string `shape:"markerType"`
	MaxItems *int32  `shape:"maxItemsType"`
	op.ByShape
}

// ListUserTagsOutput is a page, in order of key.
type ListUserTagsOutput struct {
	Tags        []entity.Tag
	IsTruncated bool
	Marker      string `json:",omitzero"`
}

func (s *Users) findTags(c *op.Call, in ListUserTagsInput) (target.Entity[entity.User], error) {
	return s.named(c, "ListUserTags", in.UserName, nil)
}

func (s *Users) listTags(c *op.Call, in ListUserTagsInput, t target.Entity[entity.User]) (
	out ListUserTagsOutput, err error) {
	out.Tags, out.Marker, err = s.TagPage(c, "ListUserTags", t.Row.ID, t.Row.Tags,
		in.MaxItems, in.Marker)
	out.IsTruncated = out.Marker != ""
	return out, err
}
