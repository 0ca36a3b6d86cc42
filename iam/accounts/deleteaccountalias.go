package accounts

import (
	"claviger/iam/model"
	"claviger/internal/op"
)

type DeleteAccountAliasInput struct {
	AccountAlias string `shape:"accountAliasType,required"`
	op.ByShape
}

func (s *Accounts) deleteAlias(c *op.Call, in DeleteAccountAliasInput, _ aliased) (
	op.Commit[op.None], error) {
	a, err := s.Account(c, c.Caller.Account)
	if err != nil {
		return nil, err
	}
	if a == nil || a.Alias != in.AccountAlias {
		return nil, model.NoSuchEntity("The account alias with name %s cannot be found.",
			in.AccountAlias)
	}
	return s.setAlias(c, "")
}
