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

// What whoever runs the service does to accounts, users and access keys. by is the command that
// asks for it, such as "claviger init": the records name it. What it changes holds for the next
// request.

// CreateAccount makes an account. One that is there already stays as it is.
func (s *Service) CreateAccount(ctx context.Context, account, by string) error {
	_, err := command(s.commanded(ctx, account, by), s.services.identities.Accounts.CreateAccount,
		accounts.CreateAccountInput{Account: account})
	if f := fault.Of(err); f != nil && f.Kind == fault.Exists {
		return nil
	}
	return err
}

// CreateUser makes a user of an account, who may do nothing yet.
func (s *Service) CreateUser(ctx context.Context, account, name, by string) error {
	_, err := command(s.commanded(ctx, account, by), s.services.identities.Users.CreateUser,
		users.CreateUserInput{UserName: name})
	return err
}

// CreateAccessKey makes an access key for a user of an account, or for its root user if none is
// named, and returns its id and its secret, which can't be read again.
func (s *Service) CreateAccessKey(ctx context.Context, account, user, by string) (
	id, secret string, err error) {
	made, err := command(s.commanded(ctx, account, by), s.services.identities.Users.CreateAccessKey,
		users.CreateAccessKeyInput{UserName: named(user)})
	return made.AccessKey.AccessKeyId, made.AccessKey.SecretAccessKey, err
}

// AccessKeys returns the access keys of an account, or of all accounts if none is named, the oldest
// of each first.
func (s *Service) AccessKeys(ctx context.Context, account, by string) (
	keys []users.OwnedKey, err error) {
	numbers := []string{account}
	if account == "" {
		if numbers, err = s.accounts(ctx); err != nil {
			return nil, err
		}
	}
	for _, account := range numbers {
		more, err := command(s.commanded(ctx, account, by),
			s.services.identities.Users.ListAccountAccessKeys, users.ListAccountAccessKeysInput{})
		if err != nil {
			return nil, err
		}
		keys = append(keys, more...)
	}
	return keys, nil
}

func (s *Service) accounts(ctx context.Context) (numbers []string, err error) {
	all, err := s.entities.Accounts(ctx)
	for _, a := range all {
		numbers = append(numbers, a.Number)
	}
	return numbers, err
}

// AccountOf returns the account that an access key is of. A key that is unknown is an error.
func (s *Service) AccountOf(ctx context.Context, id string) (string, error) {
	account, _, err := s.ownerOf(ctx, id)
	return account, err
}

// ownerOf returns the account of an access key and the name of its user, nil for the root user.
func (s *Service) ownerOf(ctx context.Context, id string) (
	account string, user *string, err error) {
	k, err := s.callers.AccessKey(ctx, id)
	switch {
	case err != nil:
		return "", nil, err
	case k == nil:
		return "", nil, model.NoSuchEntity("The Access Key with id %s cannot be found", id)
	case k.PrincipalID == k.Account:
		return k.Account, nil, nil
	}
	u, err := s.entities.Users.ByID(ctx, k.Account, k.PrincipalID)
	if err == nil && u == nil {
		err = model.NoSuchEntity("The user of access key %s cannot be found.", id)
	}
	if err != nil {
		return "", nil, err
	}
	return k.Account, &u.Name, nil
}

// SetAccessKeyStatus makes an access key [identity.Active] or [identity.Inactive].
func (s *Service) SetAccessKeyStatus(ctx context.Context, id, status, by string) error {
	account, user, err := s.ownerOf(ctx, id)
	if err != nil {
		return err
	}
	_, err = command(s.commanded(ctx, account, by), s.services.identities.Users.UpdateAccessKey,
		users.UpdateAccessKeyInput{UserName: user, AccessKeyId: id, Status: status})
	return err
}

// DeleteAccessKey deletes an access key for good.
func (s *Service) DeleteAccessKey(ctx context.Context, id, by string) error {
	account, user, err := s.ownerOf(ctx, id)
	if err != nil {
		return err
	}
	_, err = command(s.commanded(ctx, account, by), s.services.identities.Users.DeleteAccessKey,
		users.DeleteAccessKeyInput{UserName: user, AccessKeyId: id})
	return err
}

func named(user string) *string {
	if user == "" {
		return nil
	}
	return &user
}

// commanded returns a call of the service's own at somebody's command.
func (s *Service) commanded(ctx context.Context, account, by string) *op.Call {
	c := s.runner.Own(ctx, account, identity.GlobalRegion, model.IAM.Name)
	c.SourceIP, c.UserAgent = by, by
	return c
}

// command performs an operation of IAM as the service's own principal.
func command[I op.Input, O any](c *op.Call, o op.Performer[I, O], in I) (O, error) {
	return op.AsService(c, model.IAM.Name, c.Caller.Account, o, in)
}
