package policies

import (
	"cmp"
	"slices"
	"strings"

	"claviger/iam/entity"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type ListEntitiesForPolicyInput struct {
	PolicyArn         string  `shape:"arnType,required"`
	EntityFilter      *string `shape:"EntityType"` // User, Group or Role; the others are none of these
	PathPrefix        *string `shape:"pathType"`   // of the entities
	PolicyUsageFilter *string `shape:"PolicyUsageType"`
	Marker            *string `shape:"markerType"`
	MaxItems          *int32  `shape:"maxItemsType"`
	op.ByShape
}

// ListEntitiesForPolicyOutput is a page across the three lists.
type ListEntitiesForPolicyOutput struct {
	PolicyGroups []PolicyGroup
	PolicyUsers  []PolicyUser
	PolicyRoles  []PolicyRole
	IsTruncated  bool
	Marker       string `json:",omitzero"`
}

// PolicyGroup is a group that a managed policy is attached to.
type PolicyGroup struct{ GroupName, GroupId string }

// PolicyUser is a user that a managed policy is attached to or bounds.
type PolicyUser struct{ UserName, UserId string }

// PolicyRole is a role that a managed policy is attached to or bounds.
type PolicyRole struct{ RoleName, RoleId string }

func (s *Policies) findEntities(c *op.Call, in ListEntitiesForPolicyInput) (policyTarget, error) {
	return s.find(c, "ListEntitiesForPolicy", in.PolicyArn)
}

func (s *Policies) listEntities(c *op.Call, in ListEntitiesForPolicyInput, _ policyTarget) (
	out ListEntitiesForPolicyOutput, err error) {
	kind, usage := domain.Or(in.EntityFilter, ""), domain.Or(in.PolicyUsageFilter, "")
	prefix := domain.Or(in.PathPrefix, "/")
	p, err := s.Page(c, "ListEntitiesForPolicy",
		strings.Join([]string{in.PolicyArn, kind, usage, prefix}, " "), in.MaxItems, in.Marker)
	if err != nil {
		return out, err
	}
	all, err := s.users(c, in.PolicyArn, kind, usage)
	if err != nil {
		return out, err
	}
	all = slices.DeleteFunc(all, func(u using) bool {
		return u.Head == nil || !strings.HasPrefix(u.Path, prefix) || u.at() <= p.After
	})
	all, out.Marker = domain.Cut(p, all, using.at)
	out.IsTruncated = out.Marker != ""
	out.PolicyGroups, out.PolicyUsers, out.PolicyRoles = []PolicyGroup{}, []PolicyUser{},
		[]PolicyRole{}
	for _, u := range all {
		switch u.kind {
		case "Group":
			out.PolicyGroups = append(out.PolicyGroups, PolicyGroup{u.Name, u.ID})
		case "User":
			out.PolicyUsers = append(out.PolicyUsers, PolicyUser{u.Name, u.ID})
		default:
			out.PolicyRoles = append(out.PolicyRoles, PolicyRole{u.Name, u.ID})
		}
	}
	return out, nil
}

// using is an entity that names a policy. Its Head is nil if its row is gone.
type using struct {
	kind string // Group, User or Role
	*entity.Head
}

// at is where an entity stands in the listing: by kind, and by id among its kind.
func (u using) at() string { return u.kind + " " + u.ID }

// ways are how entities name policies, by kind of entity and of use.
var ways = []struct{ link, kind, usage string }{
	{entity.GroupAttached, "Group", asPermissions},
	{entity.RoleAttached, "Role", asPermissions},
	{entity.RoleBoundary, "Role", asBoundary},
	{entity.UserAttached, "User", asPermissions},
	{entity.UserBoundary, "User", asBoundary},
}

// users returns the entities that use a policy, each once and in order. Without a kind or a usage
// all are meant.
func (s *Policies) users(c *op.Call, arn, kind, usage string) (all []using, err error) {
	seen := map[string]bool{}
	for _, way := range ways {
		if cmp.Or(kind, way.kind) != way.kind || cmp.Or(usage, way.usage) != way.usage {
			continue
		}
		ids, err := s.Linked(c.Caller.Account, arn, way.link)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if seen[id] {
				continue
			}
			seen[id] = true
			h, err := s.head(c, way.kind, id)
			if err != nil {
				return nil, err
			}
			all = append(all, using{way.kind, h})
		}
	}
	slices.SortFunc(all, func(a, b using) int { return strings.Compare(a.at(), b.at()) })
	return all, nil
}

// head returns the head of an entity by its id, nil if its row is gone.
func (s *Policies) head(c *op.Call, kind, id string) (*entity.Head, error) {
	switch kind {
	case "Group":
		g, err := s.Directory.Groups.ByID(c, c.Caller.Account, id)
		if g == nil {
			return nil, err
		}
		return &g.Head, err
	case "User":
		u, err := s.Directory.Users.ByID(c, c.Caller.Account, id)
		if u == nil {
			return nil, err
		}
		return &u.Head, err
	}
	r, err := s.Directory.Roles.ByID(c, c.Caller.Account, id)
	if r == nil {
		return nil, err
	}
	return &r.Head, err
}
