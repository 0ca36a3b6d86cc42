package accounts

import (
	"claviger/iam/entity"
	"claviger/iam/target"
	"claviger/internal/op"
)

// DeleteLoginProfileInput means the caller if it has no name.
type DeleteLoginProfileInput struct {
	UserName *string `shape:"userNameType"`
	op.ByShape
}

func (s *Accounts) findDeleteLogin(c *op.Call, in DeleteLoginProfileInput) (
	target.Entity[entity.User], error) {
	return s.Self(c, in.UserName, target.Asked{Action: "DeleteLoginProfile"})
}

func deleteLogin(_ *op.Call, _ DeleteLoginProfileInput, t target.Entity[entity.User]) (
	op.Commit[op.None], error) {
	return nil, noPassword(t)
}
