package roles

import (
	"claviger/iam/entity"
	"claviger/iam/target"
	"claviger/internal/op"
)

// RevokeRoleSessionsInput names the role whose sessions are to end.
type RevokeRoleSessionsInput struct {
	RoleName string `shape:"roleNameType,required"`
	op.ByShape
}

func (s *Roles) findRevocation(c *op.Call, in RevokeRoleSessionsInput) (
	target.Entity[entity.Role], error) {
	return s.named(c, "RevokeRoleSessions", in.RoleName)
}

// revoke ends all sessions of a role that began before now. Whoever may still assume it may begin
// another.
func (s *Roles) revoke(c *op.Call, _ RevokeRoleSessionsInput, t target.Entity[entity.Role]) (
	op.Commit[op.None], error) {
	to := *t.Row
	to.Revoked = c.Time
	return change(s, c, t.Row, &to, op.None{})
}
