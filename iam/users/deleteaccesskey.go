package users

import (
	"claviger/iam/entity"
	"claviger/iam/target"
	"claviger/internal/op"
)

// DeleteAccessKeyInput means the caller if it has no name.
type DeleteAccessKeyInput struct {
	UserName    *string `shape:"existingUserNameType"`
	AccessKeyId string  `shape:"accessKeyIdType,required"`
	op.ByShape
}

func (s *Users) findDeleteKey(c *op.Call, in DeleteAccessKeyInput) (
	target.Entity[entity.User], error) {
	return s.Self(c, in.UserName, target.Asked{Action: "DeleteAccessKey"})
}

func (s *Users) deleteKey(c *op.Call, in DeleteAccessKeyInput, t target.Entity[entity.User]) (
	op.Commit[op.None], error) {
	k, err := s.keyOf(c, t, in.AccessKeyId)
	if err != nil {
		return nil, err
	}
	return op.Apply(s.keys.Delete(k), op.None{}), nil
}
