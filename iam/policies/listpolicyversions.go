package policies

import (
	"slices"

	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type ListPolicyVersionsInput struct {
	PolicyArn string  `shape:"arnType,required"`
	Marker    *string `shape:"markerType"`
	MaxItems  *int32  `shape:"maxItemsType"`
	op.ByShape
}

// ListPolicyVersionsOutput is a page, the newest version first and none with its document.
type ListPolicyVersionsOutput struct {
	Versions    []model.PolicyVersion
	IsTruncated bool
	Marker      string `json:",omitzero"`
}

func (s *Policies) findVersions(c *op.Call, in ListPolicyVersionsInput) (policyTarget, error) {
	return s.find(c, "ListPolicyVersions", in.PolicyArn)
}

func (s *Policies) listVersions(c *op.Call, in ListPolicyVersionsInput, t policyTarget) (
	out ListPolicyVersionsOutput, err error) {
	p, err := s.Page(c, "ListPolicyVersions", t.Row.ID, in.MaxItems, in.Marker)
	if err != nil {
		return out, err
	}
	all := []model.PolicyVersion{}
	for i := range t.Row.Versions {
		all = append(all, model.ListedVersion(t.Row, &t.Row.Versions[i]))
	}
	slices.Reverse(all)
	// A version that the page before ended with may be gone: those that follow are older.
	for len(all) > 0 && p.After != "" && !older(all[0].VersionId, p.After) {
		all = all[1:]
	}
	out.Versions, out.Marker = domain.Cut(p, all,
		func(v model.PolicyVersion) string { return v.VersionId })
	out.IsTruncated = out.Marker != ""
	return out, nil
}

// older reports whether version a was made before b: v9 before v10.
func older(a, b string) bool { return len(a) < len(b) || len(a) == len(b) && a < b }
