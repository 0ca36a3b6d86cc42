package attachments

import (
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/op"
)

type ListUserPoliciesInput struct {
	UserName string  `shape:"existingUserNameType,required"`
	Marker   *string `shape:"markerType"`
	MaxItems *int32  `shape:"maxItemsType"`
	op.ByShape
}

type ListGroupPoliciesInput struct {
	GroupName string  `shape:"groupNameType,required"`
	Marker    *string `shape:"markerType"`
	MaxItems  *int32  `shape:"maxItemsType"`
	op.ByShape
}

type ListRolePoliciesInput struct {
	RoleName string  `shape:"roleNameType,required"`
	Marker   *string `shape:"markerType"`
	MaxItems *int32  `shape:"maxItemsType"`
	op.ByShape
}

func (in ListUserPoliciesInput) entity() string          { return in.UserName }
func (in ListGroupPoliciesInput) entity() string         { return in.GroupName }
func (in ListRolePoliciesInput) entity() string          { return in.RoleName }
func (in ListUserPoliciesInput) page() (*int32, *string) { return in.MaxItems, in.Marker }
func (in ListGroupPoliciesInput) page() (*int32, *string) {
	return in.MaxItems, in.Marker
}
func (in ListRolePoliciesInput) page() (*int32, *string) { return in.MaxItems, in.Marker }

// ListInlinePoliciesOutput is a page, in order of name.
type ListInlinePoliciesOutput struct {
	PolicyNames []string
	IsTruncated bool
	Marker      string `json:",omitzero"`
}

// list makes the operation that lists the inline policies of an entity.
func list[I listed, E any](n op.Info, h *holders[E]) op.Operation {
	return op.Read(n, func(c *op.Call, in I) (target.Entity[E], error) {
		return h.find(c, n, in.entity(), nil), nil
	}, func(c *op.Call, in I, t target.Entity[E]) (out ListInlinePoliciesOutput, err error) {
		size, marker := in.page()
		p, err := h.Page(c, n.Name, h.kind.Facts(t.Row).ARN, size, marker)
		if err != nil {
			return out, err
		}
		all := []string{}
		for _, i := range h.permissions(t.Row).Inline {
			all = append(all, i.Name)
		}
		out.PolicyNames, out.Marker = model.Cut(p, all, func(name string) string { return name })
		out.IsTruncated = out.Marker != ""
		return out, nil
	})
}
