package users

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/identity"
	"claviger/internal/op"
)

// ownerID is the id of the principal that a target is about: of the account's root user the
// account.
func ownerID(c *op.Call, t target.Entity[entity.User]) string {
	if t.Row == nil {
		return c.Caller.Account
	}
	return t.Row.ID
}

// keyOf returns an access key of a target's principal. AWS shows nobody's key under another's name.
func (s *Users) keyOf(c *op.Call, t target.Entity[entity.User], id string) (
	*identity.AccessKey, error) {
	k, err := s.keys.AccessKey(c, id)
	switch {
	case err != nil:
		return nil, err
	case k == nil || k.Account != c.Caller.Account || k.PrincipalID != ownerID(c, t):
		return nil, model.NoSuchEntity("The Access Key with id %s cannot be found", id)
	}
	return k, nil
}
