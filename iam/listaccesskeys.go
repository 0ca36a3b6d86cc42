package iam

import (
	"claviger/iam/model"
	"claviger/identity"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// listAccessKeysInput is empty: the keys are the account's.
type listAccessKeysInput struct{ op.ByShape }

func findKeys(*op.Call, listAccessKeysInput) (domain.Account, error) {
	return domain.OnAccount("iam:ListAccessKeys"), nil
}

func (s *Identities) listAccessKeys(c *op.Call, _ listAccessKeysInput, _ domain.Account) (
	[]*identity.AccessKey, error) {
	return s.keys.AccessKeys(c, c.Caller.Account)
}

// ListAccessKeys returns the access keys of the call's account, the oldest first, at the command of
// whoever runs the service.
func (s *Identities) ListAccessKeys(c *op.Call) ([]*identity.AccessKey, error) {
	return op.AsService(c, model.IAM.Name, c.Caller.Account, s.list, listAccessKeysInput{})
}
