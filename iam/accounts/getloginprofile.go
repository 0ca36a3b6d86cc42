package accounts

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/op"
)

// GetLoginProfileInput means the caller if it has no name.
type GetLoginProfileInput struct {
	UserName *string `shape:"userNameType"`
	op.ByShape
}

func (s *Accounts) findLogin(c *op.Call, in GetLoginProfileInput) (
	target.Entity[entity.User], error) {
	return s.Self(c, in.UserName, target.Asked{Action: "GetLoginProfile"})
}

func getLogin(_ *op.Call, _ GetLoginProfileInput, t target.Entity[entity.User]) (op.None, error) {
	return op.None{}, noPassword(t)
}

// noPassword says that a user has no password, as none has.
func noPassword(t target.Entity[entity.User]) error {
	if t.Row == nil {
		return model.NoSuchEntity("Login Profile for the root user cannot be found.")
	}
	return model.NoSuchEntity("Login Profile for User %s cannot be found.", t.Row.Name)
}
