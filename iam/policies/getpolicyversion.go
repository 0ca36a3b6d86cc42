package policies

import (
	"claviger/iam/model"
	"claviger/internal/op"
)

type GetPolicyVersionInput struct {
	PolicyArn string `shape:"arnType,required"`
	VersionId string `shape:"policyVersionIdType,required"`
	op.ByShape
}

type GetPolicyVersionOutput struct{ PolicyVersion model.PolicyVersion }

func (s *Policies) findVersion(c *op.Call, in GetPolicyVersionInput) (policyTarget, error) {
	return s.find(c, "GetPolicyVersion", in.PolicyArn)
}

func (s *Policies) getVersion(_ *op.Call, in GetPolicyVersionInput, t policyTarget) (
	out GetPolicyVersionOutput, err error) {
	v, err := versionOf(t.Row, in.VersionId)
	if err != nil {
		return out, err
	}
	out.PolicyVersion = model.ListedVersion(t.Row, v)
	out.PolicyVersion.Document = model.Document(v.Document)
	return out, nil
}
