package policies

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/internal/op"
)

type ListPolicyTagsInput struct {
	PolicyArn string  `shape:"arnType,required"`
	Marker    *string `shape:"markerType"`
	MaxItems  *int32  `shape:"maxItemsType"`
	op.ByShape
}

// ListPolicyTagsOutput is a page, in order of key.
type ListPolicyTagsOutput struct {
	Tags        []entity.Tag
	IsTruncated bool
	Marker      string `json:",omitzero"`
}

func (s *Policies) findTags(c *op.Call, in ListPolicyTagsInput) (policyTarget, error) {
	return s.find(c, "ListPolicyTags", in.PolicyArn)
}

func (s *Policies) listTags(c *op.Call, in ListPolicyTagsInput, t policyTarget) (
	out ListPolicyTagsOutput, err error) {
	p, err := s.Page(c, "ListPolicyTags", t.Row.ID, in.MaxItems, in.Marker)
	if err != nil {
		return out, err
	}
	out.Tags, out.Marker = model.Cut(p, t.Row.Tags, func(t entity.Tag) string { return t.Key })
	out.IsTruncated = out.Marker != ""
	return out, nil
}
