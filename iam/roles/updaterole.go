package roles

import (
	"claviger/iam/entity"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

// UpdateRoleInput leaves as it is what it doesn't name.
type UpdateRoleInput struct {
	RoleName           string  `shape:"roleNameType,required"`
	Description        *string `shape:"roleDescriptionType"`
	MaxSessionDuration *int32  `shape:"roleMaxSessionDurationType"` // seconds
	op.ByShape
}

// UpdateRoleOutput is empty, and there.
type UpdateRoleOutput struct{}

func (s *Roles) findUpdate(c *op.Call, in UpdateRoleInput) (target.Entity[entity.Role], error) {
	return s.named(c, "UpdateRole", in.RoleName, nil)
}

func (s *Roles) update(c *op.Call, in UpdateRoleInput, t target.Entity[entity.Role]) (
	op.Commit[UpdateRoleOutput], error) {
	to := *t.Row
	to.Description = domain.Or(in.Description, to.Description)
	if in.MaxSessionDuration != nil {
		to.MaxSessionDuration = int64(*in.MaxSessionDuration)
	}
	return change(s, c, t.Row, &to, UpdateRoleOutput{})
}
