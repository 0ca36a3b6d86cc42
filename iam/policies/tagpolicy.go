package policies

import (
	"claviger/iam/entity"
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type TagPolicyInput struct {
	PolicyArn string       `shape:"arnType,required"`
	Tags      []entity.Tag `shape:"tagListType,required"`
}

// Validate implements [op.Input].
func (in TagPolicyInput) Validate() error { return tags.Check(in.Tags) }

func (s *Policies) findTag(c *op.Call, in TagPolicyInput) (policyTarget, error) {
	return s.findToChange(c, "TagPolicy", in.PolicyArn, model.TagValues(in.Tags))
}

func (s *Policies) tag(c *op.Call, in TagPolicyInput, t policyTarget) (op.Commit[op.None], error) {
	to := *t.Row
	all, err := tags.Add(to.Tags, in.Tags)
	if err != nil {
		return nil, err
	}
	to.Tags = all
	return domain.Done(s.Directory.Policies.Update(c, t.Row, &to))
}
