package roles

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type TagRoleInput struct {
	RoleName string       `shape:"roleNameType,required"`
	Tags     []entity.Tag `shape:"tagListType,required"`
}

// Validate implements [op.Input].
func (in TagRoleInput) Validate() error { return tags.Check(in.Tags) }

func (s *Roles) findTag(c *op.Call, in TagRoleInput) (target.Entity[entity.Role], error) {
	return s.named(c, "TagRole", in.RoleName, model.TagValues(in.Tags))
}

func (s *Roles) tag(c *op.Call, in TagRoleInput, t target.Entity[entity.Role]) (
	op.Commit[op.None], error) {
	to := *t.Row
	all, err := tags.Add(to.Tags, in.Tags)
	if err != nil {
		return nil, err
	}
	to.Tags = all
	return domain.Done(s.Directory.Roles.Update(c, t.Row, &to))
}
