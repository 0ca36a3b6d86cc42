package roles

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type UntagRoleInput struct {
	RoleName string   `shape:"roleNameType,required"`
	TagKeys  []string `shape:"tagKeyListType,required"`
	op.ByShape
}

func (s *Roles) findUntag(c *op.Call, in UntagRoleInput) (target.Entity[entity.Role], error) {
	return s.named(c, "UntagRole", in.RoleName, model.KeyValues(in.TagKeys))
}

func (s *Roles) untag(c *op.Call, in UntagRoleInput, t target.Entity[entity.Role]) (
	op.Commit[op.None], error) {
	to := *t.Row
	to.Tags = tags.Remove(to.Tags, in.TagKeys)
	return domain.Done(s.Directory.Roles.Update(c, t.Row, &to))
}
