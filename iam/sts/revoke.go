package sts

import (
	"time"

	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/identity/accesskey"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"
	"claviger/policy"
)

// revokeRoleInput names a role whose sessions end.
type revokeRoleInput struct {
	RoleArn string     `shape:"arnType,required"`
	Before  *wire.Time `shape:"dateType"` // those that began later go on; nil: none does
	op.ByShape
}

// revokedRole is a role whose sessions end, there or not.
type revokedRole struct{ assumption }

// Demands implements [op.Target].
func (t revokedRole) Demands() []policy.Demand {
	return []policy.Demand{domain.On("sts:RevokeRoleSessions", t.arn, t.account)}
}

// Missing implements [op.Target].
func (t revokedRole) Missing() error {
	if t.role == nil {
		return fault.New(fault.NotFound, "NoSuchEntity", "There is no role "+t.arn+".")
	}
	return nil
}

func (s *STS) findRevokeRole(c *op.Call, in revokeRoleInput) (revokedRole, error) {
	t, err := s.findRole(c, in.RoleArn)
	return revokedRole{t}, err
}

// revokeRoleSessions ends what began before. What was revoked stays so: an earlier time than before
// changes nothing.
func (s *STS) revokeRoleSessions(c *op.Call, in revokeRoleInput, t revokedRole) (
	op.Commit[op.None], error) {
	before := c.Time
	if in.Before != nil {
		before = in.Before.Time
	}
	switch {
	case before.After(c.Time):
		return nil, invalid("Sessions that are still to begin can't be revoked.")
	case !before.After(t.role.Revoked):
		return op.Unchanged(op.None{}), nil
	}
	to := *t.role
	to.Revoked = before
	change, err := s.entities.Roles.Update(c, t.role, &to)
	if err != nil {
		return nil, err
	}
	return op.Apply(change, op.None{}), nil
}

// RevokeRole ends the sessions of a role that began before a time, at the command of whoever runs
// the service; the zero time is now.
func (s *STS) RevokeRole(c *op.Call, arn string, before time.Time) error {
	account, _, _, _, _ := entity.ParseARN(arn)
	_, err := op.AsService(c, model.STS.Name, account, s.revokeRole,
		revokeRoleInput{RoleArn: arn, Before: wire.At(before)})
	return err
}

// revokeSessionInput names a session that ends, by the id of its access key.
type revokeSessionInput struct {
	AccessKeyId string `shape:"accessKeyIdType,required"`
	op.ByShape
}

// revokedSession is one session. Whether there is one nobody knows: it rests with its holder.
type revokedSession struct {
	account string
	op.There
}

// Demands implements [op.Target].
func (t revokedSession) Demands() []policy.Demand {
	return []policy.Demand{domain.On("sts:RevokeSession", "*", t.account)}
}

// ErrNoSession says that an id is of no session.
var ErrNoSession = invalid("A session is named by the id of its access key, which begins with " +
	accesskey.Temporary + ".")

func findRevokeSession(_ *op.Call, in revokeSessionInput) (revokedSession, error) {
	account, err := SessionAccount(in.AccessKeyId)
	return revokedSession{account: account}, err
}

// SessionAccount returns the account of a session, or [ErrNoSession].
func SessionAccount(id string) (string, error) {
	account, ok := accesskey.Account(id)
	if !ok || id[:len(accesskey.Temporary)] != accesskey.Temporary {
		return "", ErrNoSession
	}
	return account, nil
}

func (s *STS) revokeOneSession(c *op.Call, in revokeSessionInput, t revokedSession) (
	op.Commit[op.None], error) {
	change, err := s.sessions.RevokeSession(c, in.AccessKeyId, t.account, c.Time)
	if err != nil {
		return nil, err
	}
	return op.Apply(change, op.None{}), nil
}

// RevokeSession ends a session, at the command of whoever runs the service.
func (s *STS) RevokeSession(c *op.Call, id string) error {
	account, err := SessionAccount(id)
	if err != nil {
		return err
	}
	_, err = op.AsService(c, model.STS.Name, account, s.revokeSession,
		revokeSessionInput{AccessKeyId: id})
	return err
}
