package accounts

import (
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type CreateAccountAliasInput struct {
	AccountAlias string `shape:"accountAliasType,required"`
	op.ByShape
}

// aliased is an account whose alias is to be another one.
type aliased struct {
	domain.Account
	number string
}

// Changes implements [op.Changer].
func (a aliased) Changes() []string { return []string{"iam/" + a.number} }

// findAlias demands an action on the account as a whole.
func findAlias[I any](action string) func(*op.Call, I) (aliased, error) {
	return func(c *op.Call, _ I) (aliased, error) {
		return aliased{domain.OnAccount("iam:" + action), c.Caller.Account}, nil
	}
}

// createAlias replaces the alias that the account has. Another account may have the same one: to
// refuse it would say that there is such an account.
func (s *Accounts) createAlias(c *op.Call, in CreateAccountAliasInput, _ aliased) (
	op.Commit[op.None], error) {
	return s.setAlias(c, in.AccountAlias)
}

func (s *Accounts) setAlias(c *op.Call, alias string) (op.Commit[op.None], error) {
	a, err := s.Account(c, c.Caller.Account)
	switch {
	case err != nil:
		return nil, err
	case a == nil:
		return nil, model.NoSuchEntity("The account %s cannot be found.", c.Caller.Account)
	case a.Alias == alias:
		return op.Unchanged(op.None{}), nil
	}
	return domain.Done(s.SetAlias(c, a, alias))
}
