package service

import (
	"context"

	"claviger/iam/model"
	"claviger/identity"
	"claviger/internal/op"
	"claviger/policy"
)

// What whoever runs the service does to access keys. by is the command that asks for it, such as
// "claviger init": the records name it. What it changes holds for the next request.

// CreateAccessKey makes an access key for a principal and returns its id and its secret, which
// can't be read again.
func (s *Service) CreateAccessKey(ctx context.Context, principal policy.Caller, by string) (
	id, secret string, err error) {
	return s.services.identities.CreateAccessKey(s.commanded(ctx, principal.Account, by), principal)
}

// AccessKeys returns the access keys of an account, or of all accounts if none is named, the oldest
// of each first.
func (s *Service) AccessKeys(ctx context.Context, account, by string) (
	keys []*identity.AccessKey, err error) {
	accounts := []string{account}
	if account == "" {
		if accounts, err = s.callers.Accounts(ctx); err != nil {
			return nil, err
		}
	}
	for _, account := range accounts {
		more, err := s.services.identities.ListAccessKeys(s.commanded(ctx, account, by))
		if err != nil {
			return nil, err
		}
		keys = append(keys, more...)
	}
	return keys, nil
}

// AccountOf returns the account that an access key is of. A key that is unknown is an error.
func (s *Service) AccountOf(ctx context.Context, id string) (string, error) {
	return s.services.identities.AccountOf(ctx, id)
}

// SetAccessKeyStatus makes an access key [identity.Active] or [identity.Inactive].
func (s *Service) SetAccessKeyStatus(ctx context.Context, id, status, by string) error {
	account, err := s.AccountOf(ctx, id)
	if err != nil {
		return err
	}
	return s.services.identities.UpdateAccessKey(s.commanded(ctx, account, by), id, status)
}

// DeleteAccessKey deletes an access key for good.
func (s *Service) DeleteAccessKey(ctx context.Context, id, by string) error {
	account, err := s.AccountOf(ctx, id)
	if err != nil {
		return err
	}
	return s.services.identities.DeleteAccessKey(s.commanded(ctx, account, by), id)
}

// commanded returns a call of the service's own at somebody's command.
func (s *Service) commanded(ctx context.Context, account, by string) *op.Call {
	c := s.runner.Own(ctx, account, identity.GlobalRegion, model.IAM.Name)
	c.SourceIP, c.UserAgent = by, by
	return c
}
