package service

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"claviger/iam/model"
	"claviger/iam/users"
	"claviger/identity"
)

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
		all, err := s.entities.Accounts(ctx)
		if err != nil {
			return nil, err
		}
		numbers = nil
		for _, a := range all {
			numbers = append(numbers, a.Number)
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

// FinishRotation takes the older of a user's two access keys, or of the root user's if none is
// named, out of use, once the newer one has signed: it is disabled, and deleted if it is disabled
// already. done says which.
func (s *Service) FinishRotation(ctx context.Context, account, user, by string) (
	id, done string, err error) {
	listed, err := command(s.commanded(ctx, account, by), s.services.identities.Users.ListAccessKeys,
		users.ListAccessKeysInput{UserName: named(user)})
	if err != nil {
		return "", "", err
	}
	keys := listed.AccessKeyMetadata
	if len(keys) != 2 {
		return "", "", errors.New("a rotation ends with two access keys, and there are not two: " +
			"`claviger access-key rotate` makes the second")
	}
	slices.SortFunc(keys, func(a, b users.AccessKeyMetadata) int {
		return a.CreateDate.Compare(b.CreateDate.Time)
	})
	older, newer := keys[0], keys[1]
	used, err := s.callers.LastUse(newer.AccessKeyId)
	switch {
	case err != nil:
		return "", "", err
	case used.Time.IsZero() || newer.Status != identity.Active:
		return "", "", fmt.Errorf("the newer access key, %s, has not signed yet or is disabled: "+
			"without the older one nobody could get in", newer.AccessKeyId)
	case older.Status == identity.Active:
		return older.AccessKeyId, "disabled",
			s.SetAccessKeyStatus(ctx, older.AccessKeyId, identity.Inactive, by)
	}
	return older.AccessKeyId, "deleted", s.DeleteAccessKey(ctx, older.AccessKeyId, by)
}
