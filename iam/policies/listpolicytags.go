package policies

import (
	"claviger/iam/entity"
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
	out.Tags, out.Marker, err = s.TagPage(c, "ListPolicyTags", t.Row.ID, t.Row.Tags,
		in.MaxItems, in.Marker)
	out.IsTruncated = out.Marker != ""
	return out, err
}
