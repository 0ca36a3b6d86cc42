package accounts

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/policy"
)

// CreateAccountInput names the account that is to be made.
type CreateAccountInput struct {
	Account       string  `shape:"accountNumberType,required"` // 12 digits
	AccountAlias  *string `shape:"accountAliasType"`
	WithAccessKey *bool   `shape:"booleanType"` // for the account's root user
	op.ByShape
}

// CreateAccountOutput is the account, and what opens it if that was asked for.
type CreateAccountOutput struct {
	Account       AccountFacts
	RootAccessKey *RootAccessKey `json:",omitzero"`
}

// AccountFacts is an account as it is shown to those who may make some.
type AccountFacts struct {
	AccountNumber string // 12 digits
	AccountAlias  string `json:",omitzero"`
	CreateDate    wire.Time
}

// RootAccessKey is an access key of an account's root user with its secret, which is shown this
// once.
type RootAccessKey struct{ AccessKeyId, SecretAccessKey string }

// installation is the target of operations on the installation's accounts: they belong to the first
// one. To everybody else other accounts don't exist, and nobody's policy here can say otherwise.
type installation struct {
	actions []string
	first   string          // the number of the account, or nothing before there is one
	found   *entity.Account // the account that the request names, nil if there is none
	op.There
}

// Demands implements [op.Target].
func (t installation) Demands() (demands []policy.Demand) {
	for _, action := range t.actions {
		demands = append(demands, domain.On(action, "*", t.first))
	}
	return demands
}

// onInstallation returns the target that demands the actions on the installation's accounts. The
// service itself, at a command, acts in the account that the command is about.
func (s *Accounts) onInstallation(c *op.Call, actions ...string) (installation, error) {
	first, err := s.First(c)
	t := installation{actions: actions}
	if first != nil && c.Caller.Type != policy.Service {
		t.first = first.Number
	}
	return t, err
}

func (s *Accounts) findCreate(c *op.Call, in CreateAccountInput) (installation, error) {
	actions := []string{"iam:CreateAccount"}
	if domain.Or(in.WithAccessKey, false) {
		actions = append(actions, "iam:CreateAccessKey")
	}
	t, err := s.onInstallation(c, actions...)
	if err == nil {
		t.found, err = s.Account(c, in.Account)
	}
	return t, err
}

// create makes the root user's key in the same transaction: an account that nobody can open is
// never left behind.
func (s *Accounts) create(c *op.Call, in CreateAccountInput, t installation) (
	op.Commit[CreateAccountOutput], error) {
	if t.found != nil {
		return nil, model.EntityAlreadyExists("Account %s already exists.", in.Account)
	}
	a := &entity.Account{Number: in.Account, Alias: domain.Or(in.AccountAlias, ""), Created: c.Time}
	change, err := s.NewAccount(c, a)
	if err != nil {
		return nil, err
	}
	out := CreateAccountOutput{Account: factsOf(a)}
	if !domain.Or(in.WithAccessKey, false) {
		return op.Apply(change, out), nil
	}
	k, secret, insert, err := s.keys.NewAccessKey(c, a.Number, a.Number, c.Time)
	if err != nil {
		return nil, err
	}
	out.RootAccessKey = &RootAccessKey{AccessKeyId: k.ID, SecretAccessKey: secret}
	return op.Apply(domain.InOrder(change, insert), out), nil
}

func factsOf(a *entity.Account) AccountFacts {
	return AccountFacts{AccountNumber: a.Number, AccountAlias: a.Alias,
		CreateDate: wire.Time{Time: a.Created}}
}
