package policies

import (
	"strings"

	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type ListPoliciesInput struct {
	Scope             *string `shape:"policyScopeType"` // All unless it is said
	OnlyAttached      *bool   `shape:"booleanType"`
	PathPrefix        *string `shape:"policyPathType"`
	PolicyUsageFilter *string `shape:"PolicyUsageType"`
	Marker            *string `shape:"markerType"`
	MaxItems          *int32  `shape:"maxItemsType"`
	op.ByShape
}

// ListPoliciesOutput is a page: AWS's policies in order of name, and then the account's.
type ListPoliciesOutput struct {
	Policies    []model.Policy
	IsTruncated bool
	Marker      string `json:",omitzero"`
}

// The values of PolicyUsageFilter.
const (
	asPermissions = "PermissionsPolicy"
	asBoundary    = "PermissionsBoundary"
)

func (s *Policies) findList(_ *op.Call, in ListPoliciesInput) (domain.Account, error) {
	all := domain.OnAccount("iam:ListPolicies")
	all.Asked = "policy path " + domain.Or(in.PathPrefix, "/")
	return all, nil
}

func (s *Policies) list(c *op.Call, in ListPoliciesInput, _ domain.Account) (
	out ListPoliciesOutput, err error) {
	l := listing{Policies: s, Call: c, scope: domain.Or(in.Scope, "All"),
		prefix: domain.Or(in.PathPrefix, "/"), only: domain.Or(in.OnlyAttached, false),
		usage: domain.Or(in.PolicyUsageFilter, "")}
	p, err := s.Page(c, "ListPolicies", l.filter(), in.MaxItems, in.Marker)
	if err != nil {
		return out, err
	}
	if l.uses, err = s.Uses(c.Caller.Account); err != nil {
		return out, err
	}
	if err := l.take(p); err != nil {
		return out, err
	}
	found, marker := domain.Cut(p, l.found, (*entity.Policy).ARN)
	out.Policies, out.Marker, out.IsTruncated = []model.Policy{}, marker, marker != ""
	for _, one := range found {
		out.Policies = append(out.Policies, model.ListedPolicy(one, l.uses[one.ARN()]))
	}
	return out, nil
}

// listing is one page of policies in the making.
type listing struct {
	*Policies
	*op.Call
	scope, prefix, usage string
	only                 bool
	uses                 map[string]entity.Uses
	found                []*entity.Policy
}

// filter is what a marker is good for.
func (l *listing) filter() string {
	only := ""
	if l.only {
		only = "only"
	}
	return strings.Join([]string{l.scope, l.prefix, l.usage, only}, " ")
}

// shows reports whether a policy is among those that are asked for.
func (l *listing) shows(p *entity.Policy) bool {
	used := l.uses[p.ARN()]
	switch {
	case !strings.HasPrefix(p.Path, l.prefix):
		return false
	case l.usage == asBoundary:
		return used.Bounding > 0
	case l.only:
		return used.Attached > 0
	case l.usage == asPermissions:
		return used.Attached > 0 || used.Bounding == 0
	}
	return true
}

// take finds the policies of a page, and one more if there is one.
func (l *listing) take(p domain.Page) error {
	owner, _, _, after, ok := entity.ParseARN(p.After)
	local := ok && owner != entity.AWS
	if l.scope != "Local" && !local {
		l.takeAWSs(p, after)
	}
	if l.scope == "AWS" {
		return nil
	}
	if !local {
		after = ""
	}
	for len(l.found) <= p.Size {
		rows, err := l.Directory.Policies.List(l, l.Caller.Account, l.prefix, after, p.Size+1)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if l.shows(row) && len(l.found) <= p.Size {
				l.found = append(l.found, row)
			}
		}
		if len(rows) <= p.Size {
			return nil
		}
		after = rows[len(rows)-1].Name
	}
	return nil
}

func (l *listing) takeAWSs(p domain.Page, after string) {
	behind := after == ""
	for _, one := range entity.AWSPolicies() {
		if behind && l.shows(one) && len(l.found) <= p.Size {
			l.found = append(l.found, one)
		}
		behind = behind || one.Name == after
	}
}
