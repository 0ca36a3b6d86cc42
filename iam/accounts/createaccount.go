package accounts

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

// CreateAccountInput names the account that is to be made.
type CreateAccountInput struct {
	Account string `shape:"accountNumberType,required"` // 12 digits
	op.ByShape
}

// newAccount is an account that is to be made.
type newAccount struct {
	found *entity.Account // that is there already, or nil
	op.There
}

// Demands implements [op.Target].
func (newAccount) Demands() []policy.Demand {
	return []policy.Demand{domain.On("iam:CreateAccount", "*", "")}
}

func (s *Accounts) findCreate(c *op.Call, in CreateAccountInput) (newAccount, error) {
	found, err := s.Account(c, in.Account)
	return newAccount{found: found}, err
}

func (s *Accounts) create(c *op.Call, in CreateAccountInput, t newAccount) (
	op.Commit[op.None], error) {
	if t.found != nil {
		return nil, model.EntityAlreadyExists("Account %s already exists.", in.Account)
	}
	change, err := s.NewAccount(c, in.Account, c.Time)
	if err != nil {
		return nil, err
	}
	return op.Apply(change, op.None{}), nil
}
