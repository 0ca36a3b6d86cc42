package users

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/policy"
)

// GetUserInput means the caller if it has no name.
type GetUserInput struct {
	UserName *string `shape:"existingUserNameType"`
	op.ByShape
}

type GetUserOutput struct{ User model.User }

func (s *Users) findGet(c *op.Call, in GetUserInput) (target.Entity[entity.User], error) {
	return s.Self(c, in.UserName, target.Asked{Action: "GetUser"})
}

// get answers for the account's root user, too, whom no name means.
func (s *Users) get(c *op.Call, _ GetUserInput, t target.Entity[entity.User]) (
	GetUserOutput, error) {
	if t.Row != nil {
		return GetUserOutput{model.WholeUser(t.Row)}, nil
	}
	a, err := s.Account(c, c.Caller.Account)
	if err != nil || a == nil || c.Caller.Type != policy.Root {
		return GetUserOutput{}, err
	}
	return GetUserOutput{model.User{UserId: a.Number, Arn: c.Caller.ARN,
		CreateDate: wire.Time{Time: a.Created}}}, nil
}
