package users

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type TagUserInput struct {
	UserName string       `shape:"existingUserNameType,required"`
	Tags     []entity.Tag `shape:"tagListType,required"`
}

// Validate implements [op.Input].
func (in TagUserInput) Validate() error { return tags.Check(in.Tags) }

func (s *Users) findTag(c *op.Call, in TagUserInput) (target.Entity[entity.User], error) {
	return s.named(c, "TagUser", in.UserName, model.TagValues(in.Tags))
}

func (s *Users) tag(c *op.Call, in TagUserInput, t target.Entity[entity.User]) (
	op.Commit[op.None], error) {
	to := *t.Row
	all, err := tags.Add(to.Tags, in.Tags)
	if err != nil {
		return nil, err
	}
	to.Tags = all
	return domain.Done(s.Directory.Users.Update(c, t.Row, &to))
}
