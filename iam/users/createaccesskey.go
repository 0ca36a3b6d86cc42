package users

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/identity"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/internal/wire"
)

// CreateAccessKeyInput means the caller if it has no name.
type CreateAccessKeyInput struct {
	UserName *string `shape:"existingUserNameType"`
	op.ByShape
}

type CreateAccessKeyOutput struct{ AccessKey AccessKey }

// AccessKey is an access key with its secret, which is shown this once.
type AccessKey struct {
	UserName        string
	AccessKeyId     string
	Status          string
	SecretAccessKey string
	CreateDate      wire.Time
}

// mostKeys are as many access keys as a user may have: one in use, and one to replace it.
const mostKeys = 2

func (s *Users) findCreateKey(c *op.Call, in CreateAccessKeyInput) (
	target.Entity[entity.User], error) {
	return s.Self(c, in.UserName, target.Asked{Action: "CreateAccessKey"})
}

// createKey records the id of the key, which nobody could name before. The secret is in no record.
func (s *Users) createKey(c *op.Call, _ CreateAccessKeyInput, t target.Entity[entity.User]) (
	op.Commit[CreateAccessKeyOutput], error) {
	owner, there, err := s.owner(c, t)
	if err != nil {
		return nil, err
	}
	keys, err := s.keys.AccessKeysOf(c, c.Caller.Account, owner)
	if err != nil {
		return nil, err
	}
	if len(keys) >= mostKeys {
		return nil, model.CannotExceed("AccessKeysPerUser", mostKeys)
	}
	k, secret, insert, err := s.keys.NewAccessKey(c, c.Caller.Account, owner, c.Time)
	if err != nil {
		return nil, err
	}
	fewer := identity.FewerAccessKeys(c.Caller.Account, owner, mostKeys)
	out := AccessKey{AccessKeyId: k.ID, Status: k.Status, SecretAccessKey: secret,
		CreateDate: wire.Time{Time: k.Created}}
	if t.Row != nil {
		out.UserName = t.Row.Name
	}
	return op.Apply(domain.InOrder(there, fewer, insert), CreateAccessKeyOutput{out}), nil
}

// owner returns the id of whoever a key is for, and the change that has him there still when that
// is committed. An account isn't taken away.
func (s *Users) owner(c *op.Call, t target.Entity[entity.User]) (string, domain.Change, error) {
	if t.Row != nil {
		return t.Row.ID, s.Directory.Users.Present(t.Row.Account, t.Row.ID), nil
	}
	a, err := s.Account(c, c.Caller.Account)
	if err == nil && a == nil {
		err = model.NoSuchEntity("The account %s cannot be found.", c.Caller.Account)
	}
	return c.Caller.Account, domain.Nothing, err
}
