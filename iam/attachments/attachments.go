// Package attachments performs IAM's operations that hang policies on users, groups and roles: they
// attach managed ones, keep inline ones, and set permissions boundaries. Each is written once for
// all kinds of entities, in the file of its name without the kind: AttachUserPolicy,
// AttachGroupPolicy and AttachRolePolicy are in attachpolicy.go.
package attachments

import (
	"context"

	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
	"claviger/policy"
)

// Attachments performs the operations. [New] makes it.
type Attachments struct {
	users  holders[entity.User]
	groups holders[entity.Group]
	roles  holders[entity.Role]

	// Those that commands have performed, too.
	AttachUserPolicy op.Command[AttachUserPolicyInput, op.None]
	DetachUserPolicy op.Command[DetachUserPolicyInput, op.None]
}

// New returns the attachments of entities.
func New(e target.Entities) *Attachments {
	s := &Attachments{
		users: holders[entity.User]{Entities: e, kind: e.Kinds.Users, rows: e.Directory.Users,
			quota: "PoliciesPerUser", inlineLimit: policy.UserInlineLimit,
			permissions: func(u *entity.User) *entity.Permissions { return &u.Permissions },
			boundary:    func(u *entity.User) *string { return &u.Boundary }},
		groups: holders[entity.Group]{Entities: e, kind: e.Kinds.Groups, rows: e.Directory.Groups,
			quota: "PoliciesPerGroup", inlineLimit: policy.GroupInlineLimit,
			permissions: func(g *entity.Group) *entity.Permissions { return &g.Permissions }},
		roles: holders[entity.Role]{Entities: e, kind: e.Kinds.Roles, rows: e.Directory.Roles,
			quota: "PoliciesPerRole", inlineLimit: policy.RoleInlineLimit,
			permissions: func(r *entity.Role) *entity.Permissions { return &r.Permissions },
			boundary:    func(r *entity.Role) *string { return &r.Boundary }},
	}
	s.AttachUserPolicy = attach[AttachUserPolicyInput](routes.Put("AttachUserPolicy",
		aUser+attachedPolicy, "Attaches a managed policy to a user."), &s.users)
	s.DetachUserPolicy = detach[DetachUserPolicyInput](routes.Delete("DetachUserPolicy",
		aUser+attachedPolicy, "Detaches a managed policy from a user."), &s.users)
	return s
}

var routes = domain.Routes{Service: model.IAM}

// aUser is the path of a user as a resource.
const aUser = "/v1/iam/users/{UserName}"

// holders are the entities of one kind, as those that have policies.
type holders[E any] struct {
	target.Entities
	kind target.Kind[E]
	rows interface {
		Update(ctx context.Context, from, to *E) (domain.Change, error)
	}
	quota       string // of managed policies on one entity
	inlineLimit int    // characters of all inline policies of one entity
	permissions func(*E) *entity.Permissions
	boundary    func(*E) *string // nil: the kind has none
}

// find returns the entity of a name for an operation with such values of condition keys.
func (h *holders[E]) find(c *op.Call, n op.Info, name string, v policy.Values) target.Entity[E] {
	return h.kind.Named(c, name, target.Asked{Action: n.Name, Values: v})
}

// change stores an entity with what edit does to a copy of it.
func (h *holders[E]) change(c *op.Call, row *E, edit func(*E)) (domain.Change, error) {
	to := *row
	edit(&to)
	return h.rows.Update(c, row, &to)
}

// named is the input of an operation on the entity of a name.
type named interface {
	op.Input
	entity() string
}

// listed is [named] for an operation that lists in pages.
type listed interface {
	named
	page() (size *int32, marker *string)
}

// Operations is the table of contents.
func (s *Attachments) Operations() []op.Operation {
	return append(append(s.ofUsers(routes), s.ofGroups(routes)...), s.ofRoles(routes)...)
}

func (s *Attachments) ofUsers(iam domain.Routes) []op.Operation {
	const one = aUser
	return []op.Operation{
		s.AttachUserPolicy, s.DetachUserPolicy,
		listAttached[ListAttachedUserPoliciesInput](iam.Get("ListAttachedUserPolicies",
			one+attachedPolicies, "Lists the managed policies that are attached to a user."), &s.users),
		put[PutUserPolicyInput](domain.Large(iam.Put("PutUserPolicy", one+inlinePolicy,
			"Puts an inline policy on a user, or writes over that of its name.")), &s.users),
		get[GetUserPolicyInput](iam.Get("GetUserPolicy", one+inlinePolicy,
			"Returns an inline policy of a user."), &s.users, shownOfUser),
		remove[DeleteUserPolicyInput](iam.Delete("DeleteUserPolicy", one+inlinePolicy,
			"Deletes an inline policy of a user."), &s.users),
		list[ListUserPoliciesInput](iam.Get("ListUserPolicies", one+inlinePolicies,
			"Lists the inline policies of a user by name."), &s.users),
		bound[PutUserPermissionsBoundaryInput](iam.Put("PutUserPermissionsBoundary", one+boundary,
			"Bounds what a user may do by a managed policy."), &s.users),
		unbound[DeleteUserPermissionsBoundaryInput](iam.Delete("DeleteUserPermissionsBoundary",
			one+boundary, "Takes the bounds off a user."), &s.users),
	}
}

func (s *Attachments) ofGroups(iam domain.Routes) []op.Operation {
	const one = "/v1/iam/groups/{GroupName}"
	return []op.Operation{
		attach[AttachGroupPolicyInput](iam.Put("AttachGroupPolicy", one+attachedPolicy,
			"Attaches a managed policy to a group, and so to its members."), &s.groups),
		detach[DetachGroupPolicyInput](iam.Delete("DetachGroupPolicy", one+attachedPolicy,
			"Detaches a managed policy from a group."), &s.groups),
		listAttached[ListAttachedGroupPoliciesInput](iam.Get("ListAttachedGroupPolicies",
			one+attachedPolicies, "Lists the managed policies that are attached to a group."), &s.groups),
		put[PutGroupPolicyInput](domain.Large(iam.Put("PutGroupPolicy", one+inlinePolicy,
			"Puts an inline policy on a group, or writes over that of its name.")), &s.groups),
		get[GetGroupPolicyInput](iam.Get("GetGroupPolicy", one+inlinePolicy,
			"Returns an inline policy of a group."), &s.groups, shownOfGroup),
		remove[DeleteGroupPolicyInput](iam.Delete("DeleteGroupPolicy", one+inlinePolicy,
			"Deletes an inline policy of a group."), &s.groups),
		list[ListGroupPoliciesInput](iam.Get("ListGroupPolicies", one+inlinePolicies,
			"Lists the inline policies of a group by name."), &s.groups),
	}
}

func (s *Attachments) ofRoles(iam domain.Routes) []op.Operation {
	const one = "/v1/iam/roles/{RoleName}"
	return []op.Operation{
		attach[AttachRolePolicyInput](iam.Put("AttachRolePolicy", one+attachedPolicy,
			"Attaches a managed policy to a role."), &s.roles),
		detach[DetachRolePolicyInput](iam.Delete("DetachRolePolicy", one+attachedPolicy,
			"Detaches a managed policy from a role."), &s.roles),
		listAttached[ListAttachedRolePoliciesInput](iam.Get("ListAttachedRolePolicies",
			one+attachedPolicies, "Lists the managed policies that are attached to a role."), &s.roles),
		put[PutRolePolicyInput](domain.Large(iam.Put("PutRolePolicy", one+inlinePolicy,
			"Puts an inline policy on a role, or writes over that of its name.")), &s.roles),
		get[GetRolePolicyInput](iam.Get("GetRolePolicy", one+inlinePolicy,
			"Returns an inline policy of a role."), &s.roles, shownOfRole),
		remove[DeleteRolePolicyInput](iam.Delete("DeleteRolePolicy", one+inlinePolicy,
			"Deletes an inline policy of a role."), &s.roles),
		list[ListRolePoliciesInput](iam.Get("ListRolePolicies", one+inlinePolicies,
			"Lists the inline policies of a role by name."), &s.roles),
		bound[PutRolePermissionsBoundaryInput](iam.Put("PutRolePermissionsBoundary", one+boundary,
			"Bounds what sessions of a role may do by a managed policy."), &s.roles),
		unbound[DeleteRolePermissionsBoundaryInput](iam.Delete("DeleteRolePermissionsBoundary",
			one+boundary, "Takes the bounds off a role."), &s.roles),
	}
}

// The facets of an entity in REST.
const (
	attachedPolicies = "/attached-policies"
	attachedPolicy   = attachedPolicies + "/{PolicyArn...}"
	inlinePolicies   = "/policies"
	inlinePolicy     = inlinePolicies + "/{PolicyName}"
	boundary         = "/permissions-boundary"
)
