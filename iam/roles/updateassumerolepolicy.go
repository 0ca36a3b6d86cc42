package roles

import (
	"claviger/iam/entity"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type UpdateAssumeRolePolicyInput struct {
	RoleName       string `shape:"roleNameType,required"`
	PolicyDocument string `shape:"policyDocumentType,required"`
	op.ByShape
}

func (s *Roles) findTrust(c *op.Call, in UpdateAssumeRolePolicyInput) (
	target.Entity[entity.Role], error) {
	return s.named(c, "UpdateAssumeRolePolicy", in.RoleName, nil)
}

// setTrust names those who are there now: whoever was deleted and made again counts from here on.
func (s *Roles) setTrust(c *op.Call, in UpdateAssumeRolePolicyInput,
	t target.Entity[entity.Role]) (op.Commit[op.None], error) {
	trust, err := s.trust(c, in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	to := *t.Row
	to.Trust = trust
	return domain.Done(s.Directory.Roles.Update(c, t.Row, &to))
}
