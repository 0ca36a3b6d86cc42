package service

import (
	"context"

	"claviger/iam/accounts"
	"claviger/iam/model"
	"claviger/iam/users"
	"claviger/identity"
	"claviger/internal/fault"
	"claviger/internal/op"
)

// What whoever runs the service does to accounts, users and access keys: operations of IAM that are
// performed as the service's own principal. by is the command that asks for it, such as
// "claviger init": the records name it. What it changes holds for the next request.

// CreateAccount makes an account. One that is there already stays as it is.
func (s *Service) CreateAccount(ctx context.Context, account, by string) error {
	_, _, err := s.NewAccount(ctx, account, "", false, by)
	if f := fault.Of(err); f != nil && f.Kind == fault.Exists {
		return nil
	}
	return err
}

// NewAccount makes an account that isn't there, with an alias or an empty one, and if it is asked
// for with an access key of its root user, whose secret can't be read again.
func (s *Service) NewAccount(ctx context.Context, account, alias string, key bool, by string) (
	id, secret string, err error) {
	made, err := command(commanded{Call: s.own(ctx, account, by)},
		s.services.identities.Accounts.CreateAccount, accounts.CreateAccountInput{Account: account,
			AccountAlias: named(alias), WithAccessKey: &key})
	if err != nil || made.RootAccessKey == nil {
		return "", "", err
	}
	return made.RootAccessKey.AccessKeyId, made.RootAccessKey.SecretAccessKey, nil
}

// Accounts returns all accounts of the installation in order of number.
func (s *Service) Accounts(ctx context.Context, by string) (
	all []accounts.AccountFacts, err error) {
	first, err := s.entities.First(ctx)
	if err != nil || first == nil {
		return nil, err
	}
	in := accounts.ListAccountsInput{}
	for {
		page, err := command(s.commanded(ctx, first.Number, by),
			s.services.identities.Accounts.ListAccounts, in)
		if err != nil {
			return nil, err
		}
		all, in.Marker = append(all, page.Accounts...), &page.Marker
		if !page.IsTruncated {
			return all, nil
		}
	}
}

// CreateUser makes a user of an account, who may do nothing yet.
func (s *Service) CreateUser(ctx context.Context, account, name, by string) error {
	_, err := command(s.commanded(ctx, account, by), s.services.identities.Users.CreateUser,
		users.CreateUserInput{UserName: name})
	return err
}

// Users returns the users of an account in order of name.
func (s *Service) Users(ctx context.Context, account, by string) (all []model.User, err error) {
	in := users.ListUsersInput{}
	for {
		page, err := command(s.commanded(ctx, account, by), s.services.identities.Users.ListUsers, in)
		if err != nil {
			return nil, err
		}
		all, in.Marker = append(all, page.Users...), &page.Marker
		if !page.IsTruncated {
			return all, nil
		}
	}
}

// DeleteUser deletes a user who has nothing any more.
func (s *Service) DeleteUser(ctx context.Context, account, name, by string) error {
	_, err := command(s.commanded(ctx, account, by), s.services.identities.Users.DeleteUser,
		users.DeleteUserInput{UserName: name})
	return err
}

func named(user string) *string {
	if user == "" {
		return nil
	}
	return &user
}

// commanded is a call of the service's own at somebody's command.
type commanded struct {
	*op.Call
	err error // why there can be none
}

// commanded returns a call in an account of the installation. In a number that is no account's
// nobody finds what a command has made.
func (s *Service) commanded(ctx context.Context, account, by string) commanded {
	a, err := s.entities.Account(ctx, account)
	if err == nil && a == nil {
		err = model.NoSuchEntity("There is no account %s.", account)
	}
	return commanded{s.own(ctx, account, by), err}
}

func (s *Service) own(ctx context.Context, account, by string) *op.Call {
	c := s.runner.Own(ctx, account, identity.GlobalRegion, model.IAM.Name)
	c.SourceIP, c.UserAgent = by, by
	return c
}

// command performs an operation of IAM as the service's own principal.
func command[I op.Input, O any](c commanded, o op.Performer[I, O], in I) (out O, err error) {
	if c.err != nil {
		return out, c.err
	}
	return op.AsService(c.Call, model.IAM.Name, c.Caller.Account, o, in)
}
