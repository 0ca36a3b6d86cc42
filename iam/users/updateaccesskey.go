package users

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// UpdateAccessKeyInput means the caller if it has no name.
type UpdateAccessKeyInput struct {
	UserName    *string `shape:"existingUserNameType"`
	AccessKeyId string  `shape:"accessKeyIdType,required"`
	Status      string  `shape:"statusType,required"` // Active or Inactive
}

// Validate implements [op.Input]. A status that keys come to by themselves can't be given.
func (in UpdateAccessKeyInput) Validate() error {
	if in.Status == "Expired" {
		return model.InvalidInput("The status of an access key can be set to Active or Inactive.")
	}
	return nil
}

func (s *Users) findUpdateKey(c *op.Call, in UpdateAccessKeyInput) (
	target.Entity[entity.User], error) {
	return s.Self(c, in.UserName, target.Asked{Action: "UpdateAccessKey"})
}

// updateKey makes an access key active or inactive. What is so already stays as it is.
func (s *Users) updateKey(c *op.Call, in UpdateAccessKeyInput, t target.Entity[entity.User]) (
	op.Commit[op.None], error) {
	k, err := s.keyOf(c, t, in.AccessKeyId)
	if err != nil {
		return nil, err
	}
	if k.Status == in.Status {
		return op.Unchanged(op.None{}), nil
	}
	return domain.Done(s.keys.SetStatus(c, k, in.Status))
}
