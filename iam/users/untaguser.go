package users

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type UntagUserInput struct {
	UserName string   `shape:"existingUserNameType,required"`
	TagKeys  []string `shape:"tagKeyListType,required"`
	op.ByShape
}

func (s *Users) findUntag(c *op.Call, in UntagUserInput) (target.Entity[entity.User], error) {
	return s.named(c, "UntagUser", in.UserName, model.KeyValues(in.TagKeys))
}

func (s *Users) untag(c *op.Call, in UntagUserInput, t target.Entity[entity.User]) (
	op.Commit[op.None], error) {
	to := *t.Row
	to.Tags = tags.Remove(to.Tags, in.TagKeys)
	return domain.Done(s.Directory.Users.Update(c, t.Row, &to))
}
