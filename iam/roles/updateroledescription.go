package roles

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/op"
)

type UpdateRoleDescriptionInput struct {
	RoleName    string `shape:"roleNameType,required"`
	Description string `shape:"roleDescriptionType,required"`
	op.ByShape
}

type UpdateRoleDescriptionOutput struct{ Role model.Role }

func (s *Roles) findDescribe(c *op.Call, in UpdateRoleDescriptionInput) (
	target.Entity[entity.Role], error) {
	return s.named(c, "UpdateRoleDescription", in.RoleName, nil)
}

func (s *Roles) describe(c *op.Call, in UpdateRoleDescriptionInput,
	t target.Entity[entity.Role]) (op.Commit[UpdateRoleDescriptionOutput], error) {
	to := *t.Row
	to.Description = in.Description
	out, err := s.whole(c, &to)
	if err != nil {
		return nil, err
	}
	return change(s, c, t.Row, &to, UpdateRoleDescriptionOutput{out})
}
