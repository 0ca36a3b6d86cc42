package roles

import (
	"claviger/iam/entity"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/fault"
	"claviger/internal/op"
	"claviger/internal/wire"
)

// RevokeRoleSessionsInput names the role whose sessions are to end.
type RevokeRoleSessionsInput struct {
	RoleName string     `shape:"roleNameType,required"`
	Before   *wire.Time `shape:"dateType"` // those that began later go on; nil: none does
	op.ByShape
}

func (s *Roles) findRevocation(c *op.Call, in RevokeRoleSessionsInput) (
	target.Entity[entity.Role], error) {
	return s.named(c, "RevokeRoleSessions", in.RoleName, nil)
}

var errToCome = fault.New(fault.Invalid, "InvalidInput",
	"Sessions that are still to begin can't be revoked.")

// revoke ends the sessions of a role that began before a time, or before now. What was revoked
// stays so: an earlier time than before changes nothing. Whoever may still assume the role may
// begin another.
func (s *Roles) revoke(c *op.Call, in RevokeRoleSessionsInput, t target.Entity[entity.Role]) (
	op.Commit[op.None], error) {
	before := c.Time
	if in.Before != nil {
		before = in.Before.Time
	}
	switch {
	case before.After(c.Time):
		return nil, errToCome
	case !before.After(t.Row.Revoked):
		return op.Unchanged(op.None{}), nil
	}
	to := *t.Row
	to.Revoked = before
	return domain.Done(s.Directory.Roles.Update(c, t.Row, &to))
}
