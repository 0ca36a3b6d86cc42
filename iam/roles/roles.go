// Package roles performs IAM's operations on roles: who may act as one, and what is known of it.
package roles

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

// Roles performs the operations. [New] makes it.
type Roles struct {
	target.Entities

	// RevokeRoleSessions is for commands alone.
	RevokeRoleSessions op.Command[RevokeRoleSessionsInput, op.None]
}

// New returns the roles among entities.
func New(e target.Entities) *Roles {
	s := &Roles{Entities: e}
	s.RevokeRoleSessions = op.Write(domain.Routes{Service: model.IAM}.Internal("RevokeRoleSessions"),
		s.findRevocation, s.revoke)
	return s
}

// tags are the rules of roles' tags.
var tags = model.Tags{CaseIgnored: true}

// named is the target of an operation on the role of a name.
func (s *Roles) named(c *op.Call, action, name string, values policy.Values) (
	target.Entity[entity.Role], error) {
	return s.Kinds.Roles.Named(c, name, target.Asked{Action: action, Values: values}), nil
}

// change stores a changed role and answers out.
func change[O any](s *Roles, c *op.Call, from, to *entity.Role, out O) (op.Commit[O], error) {
	change, err := s.Directory.Roles.Update(c, from, to)
	if err != nil {
		return nil, err
	}
	return op.Apply(change, out), nil
}

// shown returns a role with what every answer shows of it.
func (s *Roles) shown(c *op.Call, r *entity.Role) (model.Role, error) {
	trust, err := domain.ShownPolicy(c, s.Directory, r.Trust)
	return model.RoleOf(r, trust), err
}

// whole returns a role with all that is shown of it but its last use.
func (s *Roles) whole(c *op.Call, r *entity.Role) (model.Role, error) {
	out, err := s.shown(c, r)
	out.MaxSessionDuration = int32(r.MaxSessionDuration)
	out.PermissionsBoundary, out.Tags = model.BoundaryOf(r.Boundary), r.Tags
	return out, err
}

// Operations is the table of contents.
func (s *Roles) Operations() []op.Operation {
	iam := domain.Routes{Service: model.IAM}
	roles := iam.Of("/v1/iam/roles", "RoleName")
	return []op.Operation{
		op.Write(domain.Large(iam.Post("CreateRole", "/v1/iam/roles",
			"Makes a role, which those may assume whom its trust policy lets.").
			Makes("/v1/iam/roles/{RoleName}")), s.findCreate, s.create),
		op.Read(iam.Get("GetRole", "/v1/iam/roles/{RoleName}",
			"Returns a role with its trust policy."), s.findGet, s.get),
		op.Read(iam.Get("ListRoles", "/v1/iam/roles", "Lists the roles of the account."),
			s.findList, s.list),
		op.Write(iam.Patch("UpdateRole", "/v1/iam/roles/{RoleName}",
			"Changes a role's description and how long its sessions may last."),
			s.findUpdate, s.update),
		op.Write(roles.Put("UpdateRoleDescription", "description",
			"Changes a role's description."), s.findDescribe, s.describe),
		op.Write(domain.Large(roles.Put("UpdateAssumeRolePolicy", "trust-policy",
			"Changes who may assume a role; sessions that there are go on.")),
			s.findTrust, s.setTrust),
		op.Write(iam.Delete("DeleteRole", "/v1/iam/roles/{RoleName}",
			"Deletes a role that has no policies any more, and ends its sessions."),
			s.findDelete, s.delete),
		op.Write(roles.Post("TagRole", "tags", "Puts tags on a role."), s.findTag, s.tag),
		op.Write(roles.Delete("UntagRole", "tags", "Takes tags off a role."),
			s.findUntag, s.untag),
		op.Read(roles.Get("ListRoleTags", "tags", "Lists the tags of a role."),
			s.findTags, s.listTags),
		op.Read(roles.Get("ListInstanceProfilesForRole", "instance-profiles",
			"Lists no instance profiles: there are no instances."),
			s.findInstanceProfiles, s.listInstanceProfiles),
	}
}
