package roles

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/op"
	"claviger/internal/wire"
)

type GetRoleInput struct {
	RoleName string `shape:"roleNameType,required"`
	op.ByShape
}

type GetRoleOutput struct{ Role model.Role }

func (s *Roles) findGet(c *op.Call, in GetRoleInput) (target.Entity[entity.Role], error) {
	return s.named(c, "GetRole", in.RoleName, nil)
}

func (s *Roles) get(c *op.Call, _ GetRoleInput, t target.Entity[entity.Role]) (
	out GetRoleOutput, err error) {
	if out.Role, err = s.whole(c, t.Row); err != nil {
		return out, err
	}
	used, err := s.RoleUse(t.Row)
	out.Role.RoleLastUsed = &model.RoleLastUsed{LastUsedDate: wire.At(used.At), Region: used.Region}
	return out, err
}
