package roles

import (
	"claviger/iam/entity"
	"claviger/iam/target"
	"claviger/internal/op"
)

type ListInstanceProfilesForRoleInput struct {
	RoleName string  `shape:"roleNameType,required"`
	Marker   *string `shape:"markerType"`
	MaxItems *int32  `shape:"maxItemsType"`
	op.ByShape
}

// ListInstanceProfilesForRoleOutput is always empty.
type ListInstanceProfilesForRoleOutput struct {
	InstanceProfiles []InstanceProfile
	IsTruncated      bool
}

// InstanceProfile would give a role to a virtual machine of AWS's. There is none.
type InstanceProfile struct{}

func (s *Roles) findInstanceProfiles(c *op.Call, in ListInstanceProfilesForRoleInput) (
	target.Entity[entity.Role], error) {
	return s.named(c, "ListInstanceProfilesForRole", in.RoleName, nil)
}

// listInstanceProfiles answers tools that ask before they delete a role, such as Terraform.
func (s *Roles) listInstanceProfiles(c *op.Call, in ListInstanceProfilesForRoleInput,
	t target.Entity[entity.Role]) (out ListInstanceProfilesForRoleOutput, err error) {
	_, err = s.Page(c, "ListInstanceProfilesForRole", t.Row.ID, in.MaxItems, in.Marker)
	out.InstanceProfiles = []InstanceProfile{}
	return out, err
}
