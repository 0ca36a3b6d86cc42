package policies

import (
	"claviger/iam/model"
	"claviger/internal/domain"
	"claviger/internal/op"
)

type UntagPolicyInput struct {
	PolicyArn string   `shape:"arnType,required"`
	TagKeys   []string `shape:"tagKeyListType,required"`
	op.ByShape
}

func (s *Policies) findUntag(c *op.Call, in UntagPolicyInput) (policyTarget, error) {
	return s.findToChange(c, "UntagPolicy", in.PolicyArn, model.KeyValues(in.TagKeys))
}

func (s *Policies) untag(c *op.Call, in UntagPolicyInput, t policyTarget) (
	op.Commit[op.None], error) {
	to := *t.Row
	to.Tags = tags.Remove(to.Tags, in.TagKeys)
	return domain.Done(s.Directory.Policies.Update(c, t.Row, &to))
}
