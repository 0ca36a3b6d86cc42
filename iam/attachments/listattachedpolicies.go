package attachments

import (
	"slices"
	"strings"

	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/iam/target"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type ListAttachedUserPoliciesInput struct {
	UserName   string  `shape:"userNameType,required"`
	PathPrefix *string `shape:"policyPathType"` // of the policies
	Marker     *string `shape:"markerType"`
	MaxItems   *int32  `shape:"maxItemsType"`
	op.ByShape
}

type ListAttachedGroupPoliciesInput struct {
	GroupName  string  `shape:"groupNameType,required"`
	PathPrefix *string `shape:"policyPathType"`
	Marker     *string `shape:"markerType"`
	MaxItems   *int32  `shape:"maxItemsType"`
	op.ByShape
}

type ListAttachedRolePoliciesInput struct {
	RoleName   string  `shape:"roleNameType,required"`
	PathPrefix *string `shape:"policyPathType"`
	Marker     *string `shape:"markerType"`
	MaxItems   *int32  `shape:"maxItemsType"`
	op.ByShape
}

func (in ListAttachedUserPoliciesInput) entity() string   { return in.UserName }
func (in ListAttachedGroupPoliciesInput) entity() string  { return in.GroupName }
func (in ListAttachedRolePoliciesInput) entity() string   { return in.RoleName }
func (in ListAttachedUserPoliciesInput) prefix() *string  { return in.PathPrefix }
func (in ListAttachedGroupPoliciesInput) prefix() *string { return in.PathPrefix }
func (in ListAttachedRolePoliciesInput) prefix() *string  { return in.PathPrefix }

func (in ListAttachedUserPoliciesInput) page() (*int32, *string) {
	return in.MaxItems, in.Marker
}

func (in ListAttachedGroupPoliciesInput) page() (*int32, *string) {
	return in.MaxItems, in.Marker
}

func (in ListAttachedRolePoliciesInput) page() (*int32, *string) {
	return in.MaxItems, in.Marker
}

// ListAttachedPoliciesOutput is a page, in order of the policies' names.
type ListAttachedPoliciesOutput struct {
	AttachedPolicies []model.AttachedPolicy
	IsTruncated      bool
	Marker           string `json:",omitzero"`
}

// at is where a policy stands in the listing. AWS's and the account's may have one name.
func at(p model.AttachedPolicy) string { return p.PolicyName + " " + p.PolicyArn }

// listAttached makes the operation that lists the managed policies of an entity.
func listAttached[I interface {
	listed
	prefix() *string
}, E any](n op.Info, h *holders[E]) op.Operation {
	return op.Read(n, func(c *op.Call, in I) (target.Entity[E], error) {
		return h.find(c, n, in.entity(), nil), nil
	}, func(c *op.Call, in I, t target.Entity[E]) (out ListAttachedPoliciesOutput, err error) {
		prefix := domain.Or(in.prefix(), "/")
		size, marker := in.page()
		p, err := h.Page(c, n.Name, h.kind.Facts(t.Row).ARN+" "+prefix, size, marker)
		if err != nil {
			return out, err
		}
		out.AttachedPolicies, out.Marker = model.Cut(p,
			attachedUnder(h.permissions(t.Row), prefix), at)
		out.IsTruncated = out.Marker != ""
		return out, nil
	})
}

// attachedUnder returns the managed policies whose paths begin with a prefix, in order.
func attachedUnder(has *entity.Permissions, prefix string) []model.AttachedPolicy {
	all := []model.AttachedPolicy{}
	for _, arn := range has.Attached {
		if _, _, path, _, _ := entity.ParseARN(arn); strings.HasPrefix(path, prefix) {
			all = append(all, model.AttachedPolicy{PolicyName: nameOf(arn), PolicyArn: arn})
		}
	}
	slices.SortFunc(all, func(a, b model.AttachedPolicy) int {
		return strings.Compare(at(a), at(b))
	})
	return all
}
